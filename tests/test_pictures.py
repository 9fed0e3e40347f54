"""Shows pictures and diagrams: each with its words, small enough, and never older than its source."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image

from conftest import ROOT
from handbook import diagrams
from handbook.screens import FOLDER, INDEX, Screens, read_screens, write_screens
from handbook.table import Unmeasured
from verified_docs.problem import Problem

ROWS = json.loads((ROOT / FOLDER / INDEX).read_text("utf-8"))["screens"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One picture with its index, as they come."""
    folder = tmp_path / "screens"
    folder.mkdir()
    Image.new("RGBA", (1920, 1080), (9, 99, 199, 255)).save(folder / "list.png")
    row = {
        "file": "list.png",
        "title": "List",
        "path": "/-/ml/experiments",
        "shows": "A list.",
        "alt": 'A "list" of <two>.',
        "signed_in_as": "a member",
        "gitlab": "18.9.0-pre (FOSS)",
        "date": "2026-11-22",
    }
    (folder / INDEX).write_text(json.dumps({"screens": [row]}), "utf-8")
    return folder


def import_screens(folder: Path, root: Path) -> list[Path]:
    return write_screens(read_screens(folder), root)


def test_import_makes_a_picture_small_and_keeps_its_words(folder: Path, tmp_path: Path) -> None:
    written = import_screens(folder, tmp_path)
    assert [path.name for path in written] == ["list.webp", INDEX]
    with Image.open(written[0]) as picture:
        assert picture.size == (1280, 720)
    figure = Screens(tmp_path).figure("list", "../")
    assert "![A &quot;list&quot; of &lt;two&gt;.](../assets/screens/list.webp)" in figure
    assert "width=1280 height=720 loading=lazy" in figure
    assert "A list. GitLab 18.9.0-pre (FOSS), 2026-11-22." in figure


def test_a_broken_picture_changes_nothing(folder: Path, tmp_path: Path) -> None:
    (folder / "list.png").write_bytes(b"\x89PNG")
    with pytest.raises(Problem, match="picture cannot be read"):
        import_screens(folder, tmp_path)
    (folder / "list.png").unlink()
    with pytest.raises(Problem, match="picture cannot be read"):
        import_screens(folder, tmp_path)
    assert not (tmp_path / FOLDER).exists()


@pytest.mark.parametrize("text", ["", "[]", '{"screens": 1}', '{"screens": [{"file": "list.png"}]}'])
def test_a_broken_index(text: str, folder: Path, tmp_path: Path) -> None:
    (folder / INDEX).write_text(text, "utf-8")
    with pytest.raises(Problem, match="index of the pictures is broken"):
        import_screens(folder, tmp_path)
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / INDEX).write_text(text, "utf-8")
    if "file" not in text:
        with pytest.raises(Problem, match="index of the pictures is broken"):
            Screens(tmp_path)


def test_two_pictures_of_one_name(folder: Path, tmp_path: Path) -> None:
    index = json.loads((folder / INDEX).read_text("utf-8"))
    index["screens"].append(index["screens"][0] | {"file": "other/list.jpg"})
    (folder / INDEX).write_text(json.dumps(index), "utf-8")
    with pytest.raises(Problem, match="two pictures are called list"):
        import_screens(folder, tmp_path)


@pytest.mark.parametrize("alt", [None, "", 3])
def test_a_picture_without_words(alt: object, folder: Path) -> None:
    index = json.loads((folder / INDEX).read_text("utf-8"))
    index["screens"][0]["alt"] = alt
    (folder / INDEX).write_text(json.dumps(index), "utf-8")
    with pytest.raises(Problem, match="index of the pictures is broken"):
        read_screens(folder)


def test_a_picture_that_is_not_named_any_more_goes(folder: Path, tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "old.webp").write_bytes(b"old")
    import_screens(folder, tmp_path)
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == [INDEX, "list.webp"]
    assert [path.name for path in (tmp_path / FOLDER).parent.iterdir()] == ["screens"]


def test_a_write_that_fails_leaves_the_old_pictures(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = read_screens(folder)
    write_screens(files, tmp_path)
    monkeypatch.setattr(Path, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_screens({**files, INDEX: b"{}"}, tmp_path)
    assert (tmp_path / FOLDER / INDEX).read_bytes() == files[INDEX]
    assert [path.name for path in (tmp_path / FOLDER).parent.iterdir()] == ["screens"]


def test_what_is_transparent_is_shown_on_white(folder: Path, tmp_path: Path) -> None:
    Image.new("RGBA", (1920, 1080), (0, 0, 0, 0)).save(folder / "list.png")
    picture, _ = import_screens(folder, tmp_path)
    with Image.open(picture) as shown:
        assert shown.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_a_secret_in_the_index(folder: Path, tmp_path: Path) -> None:
    path = folder / INDEX
    path.write_text(path.read_text("utf-8").replace("A list.", "glpat-" + "a1" * 10), "utf-8")
    with pytest.raises(Problem, match="holds a secret"):
        import_screens(folder, tmp_path)


def test_no_such_picture() -> None:
    with pytest.raises(Unmeasured, match="no picture 'moon'"):
        Screens(ROOT).figure("moon", "")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_committed_picture(row: dict[str, Any]) -> None:
    path = ROOT / FOLDER / row["file"]
    assert path.stat().st_size <= 60_000
    with Image.open(path) as picture:
        assert picture.size == (row["width"], row["height"])
        assert not picture.getexif()
    assert len(row["alt"]) > 20
    assert "GitLab" in row["gitlab"] or row["gitlab"].startswith("18.9")


def test_no_picture_without_words() -> None:
    pictures = {path.name for path in (ROOT / FOLDER).iterdir()} - {INDEX}
    assert pictures == {row["file"] for row in ROWS} | {"wine-classifier.csv"}


@pytest.mark.parametrize("source", sorted((ROOT / diagrams.FOLDER).glob("*.mmd")), ids=lambda path: path.stem)
def test_committed_diagram(source: Path) -> None:
    figure = diagrams.figure(ROOT, source.stem)
    svg = ElementTree.fromstring(figure.removeprefix('<figure class="diagram" tabindex="0">').removesuffix("</figure>"))
    assert svg.get("role") == "img"
    words = {element.get("id"): element.text for element in svg.iter() if element.get("id")}
    assert words[svg.get("aria-labelledby")]
    assert len(words[svg.get("aria-describedby")] or "") > 80
    assert "<script" not in figure
    assert "<style" not in figure
    assert "\n" not in figure, "Markdown would end the block at an empty line"
    assert len(figure) < 40_000


def test_a_diagram_that_changed_after_it_was_drawn(tmp_path: Path) -> None:
    shutil.copytree(ROOT / diagrams.FOLDER, tmp_path / diagrams.FOLDER)
    source = tmp_path / diagrams.FOLDER / "topology.mmd"
    assert diagrams.figure(tmp_path, "topology")
    source.write_text(source.read_text("utf-8") + "  project --> run\n", "utf-8")
    with pytest.raises(Problem, match="changed after it was drawn") as caught:
        diagrams.figure(tmp_path, "topology")
    assert caught.value.fix == "make diagrams"
    source.with_suffix(".svg").unlink()
    with pytest.raises(Problem) as caught:
        diagrams.figure(tmp_path, "topology")
    assert caught.value.fix == "make diagrams"
    with pytest.raises(Unmeasured, match="no diagram 'moon'"):
        diagrams.figure(tmp_path, "moon")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<g>", "<g><script>alert(1)</script>"),
        (">Params<", ">Nothing<"),
        ("<g>", '<g onload="alert(1)">'),
        ("</svg>", ""),
    ],
)
def test_a_drawing_that_was_edited_by_hand(old: str, new: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / diagrams.FOLDER, tmp_path / diagrams.FOLDER)
    drawing = tmp_path / diagrams.FOLDER / "topology.svg"
    text = drawing.read_text("utf-8")
    assert old in text
    drawing.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(Problem, match="edited by hand") as caught:
        diagrams.figure(tmp_path, "topology")
    assert caught.value.path == drawing


def fake_browser(folder: Path, answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that gives back what the test says."""
    browser = folder / "chromium"
    browser.write_text(f"#!/bin/sh\ncat <<'EOF'\n<body><div id=\"drawn\">{answer}</div></body>\nEOF\n", "utf-8")
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_drawing_keeps_the_shapes_and_drops_the_style(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / diagrams.FOLDER / "one.mmd"
    source.parent.mkdir(parents=True)
    source.write_text("flowchart LR\n  a --> b\n", "utf-8")
    library = tmp_path / "mermaid.min.js"
    library.write_text("var a = '</script>';", "utf-8")
    svg = '<svg id="one" role="x"><style>.a{}</style><g>\n<rect class="basic label-container"/></g></svg><svg></svg>'
    fake_browser(tmp_path, svg, monkeypatch)
    (drawn,) = diagrams.draw(tmp_path, library)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    shown = '<svg role="img" id="one"><g> <rect class="label-container"/></g></svg>\n'
    marks = f'<svg data-source="{digest}" data-drawing="{hashlib.sha256(shown.encode()).hexdigest()}"'
    assert drawn.read_text("utf-8") == shown.replace("<svg", marks, 1)
    assert diagrams.figure(tmp_path, "one")


def test_a_diagram_that_mermaid_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / diagrams.FOLDER / "one.mmd"
    source.parent.mkdir(parents=True)
    source.write_text("flowchart\n", "utf-8")
    (tmp_path / "mermaid.min.js").write_text("", "utf-8")
    fake_browser(tmp_path, "ERROR Parse error on line 1", monkeypatch)
    with pytest.raises(Problem, match="Parse error on line 1") as caught:
        diagrams.draw(tmp_path, tmp_path / "mermaid.min.js")
    assert caught.value.path == source
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(Problem, match="no Chromium"):
        diagrams.draw(tmp_path, tmp_path / "mermaid.min.js")
