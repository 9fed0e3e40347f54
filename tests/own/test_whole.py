"""Breaks writes in the middle: what was there before stays, and nothing half-made lies beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from verified_docs.whole import new_folder, write_whole


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("before", "utf-8")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_whole(path, "after")
    assert path.read_text("utf-8") == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["x.yaml"]


def test_a_new_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "pages"
    for name in ("before", "after"):
        with new_folder(target) as work:
            (work / name).touch()
    assert [file.name for file in target.iterdir()] == ["after"]
    assert [folder.name for folder in tmp_path.iterdir()] == ["pages"]


@pytest.mark.parametrize("fails_at", [0, 1])
def test_a_new_folder_that_cannot_take_its_place_leaves_the_old_one(
    fails_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "pages"
    target.mkdir()
    (target / "before").touch()
    rename, calls = Path.replace, iter(range(9))

    def replace(path: Path, to: Path) -> Path:
        if next(calls) == fails_at:
            raise OSError("disk full")
        return rename(path, to)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(OSError, match="disk full"), new_folder(target) as work:
        (work / "after").touch()
    assert [file.name for file in target.iterdir()] == ["before"]
    assert [folder.name for folder in tmp_path.iterdir()] == ["pages"]
