"""Problems as a Code Quality report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample import EXAMPLE, evidence, replace_in, run

from verified_docs.code_quality import report, reported
from verified_docs.problem import Problem, Problems
from verified_docs.scaffold import scaffold

PATHS = st.sampled_from([Path("docs/a.md"), Path("examples/b.py"), Path("pyproject.toml")])
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
FOUND = st.builds(Problem, PATHS, st.none() | st.integers(1, 99), WORDS, WORDS, kind=st.sampled_from(["a", "b"]))


@given(st.lists(FOUND, max_size=12))
def test_each_problem_is_an_entry_of_its_own(found: list[Problem]) -> None:
    rows = json.loads(report(found, Path("/nowhere/handbook")))
    assert len(rows) == len(found)
    assert len({row["fingerprint"] for row in rows}) == len(rows)
    for row in rows:
        assert row.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert row["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert row["location"].keys() == {"path", "lines"}
        assert row["location"]["lines"]["begin"] >= 1
        assert not row["location"]["path"].startswith("/")
    assert report(reversed(found), Path("/nowhere/handbook")) == report(found, Path("/nowhere/handbook"))


def test_a_problem_whose_line_moves_stays_the_same() -> None:
    one, other = (json.loads(report([Problem(Path("a.md"), line, "x", "y")], Path("/n")))[0] for line in (3, 30))
    assert one["fingerprint"] == other["fingerprint"]
    assert one["location"] != other["location"]


def test_paths_begin_at_the_repository(tmp_path: Path) -> None:
    root = tmp_path / "team/handbook"
    root.mkdir(parents=True)
    problem = Problem(root / "docs/a.md", 2, "x", "y")
    assert json.loads(report([problem], root))[0]["location"]["path"] == "docs/a.md"
    (tmp_path / "team/.git").mkdir()
    assert json.loads(report([problem], root))[0]["location"]["path"] == "handbook/docs/a.md"


@pytest.mark.parametrize("kind", ["raised", "several", "told", "usage", "nothing"])
def test_the_report_is_written_however_a_run_ends(kind: str, tmp_path: Path) -> None:
    problem = Problem(tmp_path / "a.md", 1, "x", "y", kind="usage" if kind == "usage" else "a")
    path = tmp_path / "build/report.json"
    try:
        with reported(path, tmp_path) as found:
            if kind == "told":
                found.append(problem)
            elif kind == "several":
                raise Problems([problem, problem])
            elif kind != "nothing":
                raise problem
    except (Problem, Problems):
        assert kind in {"raised", "several", "usage"}
    numbers = {"raised": 1, "several": 2, "told": 1, "usage": 0, "nothing": 0}
    assert len(json.loads(path.read_text("utf-8"))) == numbers[kind]


def test_without_a_path_nothing_is_written(tmp_path: Path) -> None:
    with reported(None, tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_verify_writes_what_is_wrong(tmp_path: Path) -> None:
    root, path = tmp_path / "handbook", tmp_path / "report.json"
    scaffold(root, "Our handbook")
    options = ("verify", "--evidence", evidence(root), "--code-quality", str(path))
    assert run(root, *options)[0] == 0
    assert path.read_text("utf-8") == "[]\n"
    # Also where nothing has changed, and nothing runs.
    path.unlink()
    assert run(root, *options)[0] == 0
    assert path.read_text("utf-8") == "[]\n"
    replace_in(root / EXAMPLE, "#> your role: DEVELOPER", "#> your role: OWNER")
    assert run(root, *options)[0] == 1
    rows = json.loads(path.read_text("utf-8"))
    assert {row["location"]["path"] for row in rows} == {EXAMPLE}
    assert all("fix: make update" in row["description"] for row in rows)
    (root / "cassettes/manifest.json").write_text("{", "utf-8")
    assert run(root, *options)[0] == 1
    assert json.loads(path.read_text("utf-8"))[0]["location"]["path"] == "cassettes/manifest.json"
