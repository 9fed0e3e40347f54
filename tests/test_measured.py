"""Imports measured data, reads it back, and refuses what is cut off, doubled, or secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from conftest import ROOT
from handbook.__main__ import app
from handbook.intake import import_measured
from handbook.measured import (
    MEASURED,
    Coverage,
    Permissions,
    load_coverage,
    load_permissions,
)
from verified_docs.problem import Problem, Problems

PERMISSIONS = load_permissions(ROOT)
COVERAGE = load_coverage(ROOT)
Document = dict[str, Any]


def as_measured(data: Permissions) -> Document:
    """The rows that the data was made of."""
    return {
        "gitlab": {"version": data.source.server.version, "edition": data.source.server.edition},
        "recorded_at": data.source.recorded_at.isoformat(),
        "operations": {name: one.model_dump(exclude_none=True) for name, one in data.operations.items()},
        "credentials": {name: one.model_dump() for name, one in data.credentials.items()},
        "projects": {name: one.model_dump() for name, one in data.projects.items()},
        "results": [
            {"operation": operation, "credential": credential, "project": project}
            | data.answers[number].model_dump(exclude_none=True)
            for project, rows in data.cells.items()
            for credential, numbers in rows.items()
            for operation, number in zip(data.operations, numbers, strict=True)
            if number >= 0
        ],
    }


def as_probed(data: Coverage) -> Document:
    return {
        "gitlab": {"version": data.source.server.version, "edition": data.source.server.edition},
        "mlflow": data.source.client.version if data.source.client else "",
        "recorded_at": data.source.recorded_at.isoformat(),
        "token": data.credential,
        "caveats": data.caveats,
        "probes": [
            one.model_dump(exclude={"exception", "refusal"})
            | {
                "id": name,
                "exception": dict(zip(("class", "message"), one.exception, strict=True))
                | {"request": one.refusal.model_dump() if one.refusal else None}
                if one.exception
                else None,
            }
            for name, one in data.probes.items()
        ],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Measured files as they come, of one GitLab and one lane."""
    (tmp_path / "permissions-19.3.json").write_text(json.dumps(as_measured(PERMISSIONS[-1])), "utf-8")
    (tmp_path / "coverage-gitlab19.3-mlflow3.json").write_text(json.dumps(as_probed(COVERAGE[-1])), "utf-8")
    return tmp_path


def test_import_keeps_every_fact(folder: Path, tmp_path: Path) -> None:
    written = import_measured(folder, tmp_path / "root")
    assert [path.name for path in written] == ["permissions-19.3.json", "coverage-gitlab19.3-mlflow3.json"]
    (permissions,) = load_permissions(tmp_path / "root")
    (coverage,) = load_coverage(tmp_path / "root")
    without = {"source": {"recording_sha256"}}
    assert permissions.model_dump(exclude=without) == PERMISSIONS[-1].model_dump(exclude=without)
    assert coverage.model_dump(exclude=without) == COVERAGE[-1].model_dump(exclude=without)


def test_importing_twice_changes_nothing(folder: Path, tmp_path: Path) -> None:
    once = {path.name: path.read_bytes() for path in import_measured(folder, tmp_path / "root")}
    twice = {path.name: path.read_bytes() for path in import_measured(folder, tmp_path / "root")}
    assert once == twice


def test_what_is_committed() -> None:
    assert [data.source.server.version for data in PERMISSIONS] == ["18.9.0-pre", "19.3.0-pre"]
    assert [data.count for data in PERMISSIONS] == [4687, 5246]
    lanes = [(data.source.server.version, data.source.client and data.source.client.version) for data in COVERAGE]
    assert lanes == [
        ("18.9.0-pre", "2.22.5"),
        ("18.9.0-pre", "3.17.2"),
        ("19.3.0-pre", "2.22.5"),
        ("19.3.0-pre", "3.17.2"),
    ]
    assert {len(data.probes) for data in COVERAGE} == {501}
    names = {path.name for path in (ROOT / MEASURED).iterdir()} - {"manifest.json"}
    assert set(json.loads((ROOT / MEASURED / "manifest.json").read_text("utf-8"))) == names
    for name in names:
        assert (ROOT / MEASURED / name).stat().st_size <= 1_000_000, name
    assert sum(len(probe.exchanges) for data in COVERAGE for probe in data.probes.values()) == 5080


SPOILED: list[tuple[str, Callable[[Document], Any], str]] = [
    ("no operations", lambda data: {key: data[key] for key in data if key != "operations"}, "'operations' is missing"),
    ("a list", lambda data: [data], "malformed"),
    ("a row twice", lambda data: data | {"results": [*data["results"], data["results"][0]]}, "stands twice"),
    (
        "an operation that nothing describes",
        lambda data: data | {"results": [data["results"][0] | {"operation": "x"}]},
        "malformed",
    ),
    (
        "a credential that nothing describes",
        lambda data: data | {"results": [data["results"][0] | {"credential": "x"}]},
        "which nothing describes",
    ),
    (
        "a field that nobody knows",
        lambda data: data | {"results": [data["results"][0] | {"extra": 1}]},
        "extra",
    ),
    (
        "a status that is a word",
        lambda data: data | {"results": [data["results"][0] | {"status": "fine"}]},
        "status",
    ),
    (
        "a word for ok",
        lambda data: data | {"results": [data["results"][0] | {"ok": "no"}]},
        "ok",
    ),
    ("a time that is none", lambda data: data | {"recorded_at": "yesterday"}, "recorded_at"),
    (
        "another GitLab than its name says",
        lambda data: data | {"gitlab": data["gitlab"] | {"version": "18.9.0-pre"}},
        "its name says otherwise",
    ),
    (
        "a token in JSON in a body",
        lambda data: data | {"results": [data["results"][0] | {"body": '{"private_token":"' + "a1" * 10 + '"}'}]},
        "would hold a secret",
    ),
    (
        "a token in a body",
        lambda data: data | {"results": [data["results"][0] | {"body": '{"token": "glpat-' + "a1" * 10 + '"}'}]},
        "would hold a secret",
    ),
    (
        "another host",
        lambda data: data | {"results": [data["results"][0] | {"location": "https://gitlab.corp.test/x"}]},
        "gitlab.corp.test",
    ),
]


@pytest.mark.parametrize(("_what", "spoil", "message"), SPOILED, ids=[row[0] for row in SPOILED])
def test_refused(_what: str, spoil: Callable[[Document], Any], message: str, folder: Path, tmp_path: Path) -> None:
    path = folder / "permissions-19.3.json"
    path.write_text(json.dumps(spoil(as_measured(PERMISSIONS[-1]))), "utf-8")
    with pytest.raises(Problems) as caught:
        import_measured(folder, tmp_path / "root")
    (problem,) = caught.value.found
    assert message in problem.what
    assert problem.path == path
    assert "a1a1" not in str(problem)
    # All or nothing: not even the good file was written.
    assert not (tmp_path / "root").exists()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.floats(0, 0.999))
def test_a_file_that_was_cut_off(part: float, folder: Path, tmp_path: Path) -> None:
    path = folder / "coverage-gitlab19.3-mlflow3.json"
    whole = json.dumps(as_probed(COVERAGE[-1]))
    path.write_text(whole[: int(len(whole) * part)], "utf-8")
    with pytest.raises(Problems, match="cut off or malformed"):
        import_measured(folder, tmp_path / "root")
    assert not (tmp_path / "root").exists()


def test_committed_data_that_was_edited(tmp_path: Path) -> None:
    target = tmp_path / MEASURED / "permissions-19.3.json"
    target.parent.mkdir()
    text = (ROOT / MEASURED / target.name).read_text("utf-8")
    (tmp_path / MEASURED / "manifest.json").write_bytes((ROOT / MEASURED / "manifest.json").read_bytes())
    target.write_text(text, "utf-8")
    assert load_permissions(tmp_path)
    for changed in (text.replace("[0, 0, 0", "[0, 0, 1", 1), text[:1000], text + " "):
        assert changed != text
        target.write_text(changed, "utf-8")
        with pytest.raises(Problem, match="cut off or was edited") as caught:
            load_permissions(tmp_path)
        assert caught.value.fix.startswith("git checkout -- ")
    for manifest in ("", "[]", "3"):
        (tmp_path / MEASURED / "manifest.json").write_text(manifest, "utf-8")
        with pytest.raises(Problem, match="manifest is broken"):
            load_permissions(tmp_path)
    target.unlink()
    with pytest.raises(Problem, match="there is no permissions"):
        load_permissions(tmp_path)


def test_command_tells_what_is_wrong(tmp_path: Path) -> None:
    run = CliRunner()
    done = run.invoke(app, ["import", str(tmp_path / "nothing"), "--root", str(tmp_path)])
    assert (done.exit_code, done.exception is None or isinstance(done.exception, SystemExit)) == (1, True)
    assert "nothing measured" in done.output
    done = run.invoke(app, ["diagrams", str(tmp_path / "mermaid.min.js"), "--root", str(tmp_path)])
    assert done.exit_code == 1
    assert "fix:" in done.output


def test_nothing_is_written_if_the_pictures_are_broken(folder: Path, tmp_path: Path) -> None:
    arguments = ["import", str(folder), "--screens", str(tmp_path / "nothing"), "--root", str(tmp_path / "root")]
    assert CliRunner().invoke(app, arguments).exit_code == 1
    assert not (tmp_path / "root").exists()


def test_data_that_nests_without_end(folder: Path, tmp_path: Path) -> None:
    (folder / "coverage-gitlab19.3-mlflow3.json").write_text("[" * 200_000, "utf-8")
    with pytest.raises(Problems, match="cut off or malformed"):
        import_measured(folder, tmp_path / "root")


def test_command_imports(folder: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["import", str(folder), "--root", str(tmp_path / "root")])
    assert done.exit_code == 0, done.output
    assert "permissions-19.3.json" in done.output
