"""Notebooks are executed in a process of their own while examples are replayed; what they say comes back whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import LANES_HERE, ROOT
from test_notebook_execution import SOURCE
from verified_docs.cli import app
from verified_docs.notebooks.aside import Aside
from verified_docs.notebooks.document import proven_blocks
from verified_docs.notebooks.source import notebook_path
from verified_docs.problem import Problem

NAME = SOURCE.example.id
RUN = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb"})


def test_what_is_proven_aside_is_what_is_committed() -> None:
    with Aside(ROOT) as aside:
        aside.begin(SOURCE, LANES_HERE[-1:])
        assert aside.proven(SOURCE) == proven_blocks(notebook_path(ROOT, SOURCE.path))


def test_a_problem_comes_back_with_all_that_it_says() -> None:
    with Aside(ROOT, "verified_docs.no_such_module") as aside:
        aside.begin(SOURCE, LANES_HERE[-1:])
        with pytest.raises(Problem, match="the kernel of the notebook ended by itself") as caught:
            aside.proven(SOURCE)
    assert (caught.value.path, caught.value.kind) == (SOURCE.path, "kernel")
    assert "make setup" in caught.value.fix


def test_a_notebook_that_nobody_waits_for_is_no_harm() -> None:
    with Aside(ROOT, "verified_docs.no_such_module") as aside:
        aside.begin(SOURCE, LANES_HERE[-1:])


def verify(project: Path) -> str:
    done = RUN.invoke(app, ["verify", NAME, "--why", "--root", str(project)])
    return f"{done.exit_code}\n{done.output}"


def test_one_example_runs_its_notebook_and_takes_it_the_next_time(project: Path) -> None:
    first = verify(project)
    assert first.startswith("0\n"), first
    assert "runs: the notebook docs/notebooks/" in first
    assert "and 1 notebooks" in first
    assert "runs: " not in verify(project)


def test_a_notebook_that_was_edited_fails_each_time(project: Path) -> None:
    path = notebook_path(project, project / SOURCE.path.relative_to(ROOT))
    path.write_text(path.read_text("utf-8").replace('"stdout"', '"stderr"', 1), "utf-8")
    for _ in range(2):
        said = verify(project)
        assert said.startswith("1\n"), said
        assert "the notebook gives something else than is committed" in said


def test_of_an_example_that_fails_the_notebook_says_nothing_more(project: Path) -> None:
    path = project / SOURCE.example.path.relative_to(ROOT)
    path.write_text(path.read_text("utf-8").replace("#> ", "#> not ", 1), "utf-8")
    said = verify(project)
    assert said.startswith("1\n"), said
    assert "prints something else" in said
    assert "the notebook gives" not in said
