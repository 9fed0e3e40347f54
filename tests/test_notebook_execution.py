"""Executes notebooks in a kernel under replay, broken ones as well: each fault is seen, and named by its cell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conftest import LANES_HERE, ROOT, rewrite
from verified_docs.example import load_example
from verified_docs.notebooks.document import verify_notebook
from verified_docs.notebooks.execute import execute_in
from verified_docs.notebooks.source import Source, notebook_path, read_source
from verified_docs.problem import Problem

PATH = ROOT / "examples/guide/explore_runs.md"
SOURCE = read_source(PATH, load_example(PATH.with_suffix(".py"), ROOT))
NEWEST = LANES_HERE[-1]


def edited(cell: int, old: str, new: str) -> Source:
    """The source with some code of a cell replaced."""
    code = SOURCE.code[cell]
    assert old in code.text
    changed = replace(code, text=code.text.replace(old, new))
    return replace(SOURCE, cells=tuple(changed if one is code else one for one in SOURCE.cells))


def fault(source: Source) -> Problem:
    with pytest.raises(Problem) as caught:
        next(execute_in([NEWEST], source, ROOT))
    return caught.value


@pytest.mark.parametrize(
    ("cell", "old", "new", "kind", "words"),
    [
        (0, '"wine-grid"', '"wine-tree"', "unrecorded", "experiment_name"),
        # The client's own writes would hide it, and so would the cell.
        (
            2,
            "plt.show()",
            "try:\n    mlflow.set_experiment('x')\nexcept Exception:\n    pass",
            "unrecorded",
            "get-by-name",
        ),
        (
            1,
            "runs = mlflow.search_runs([experiment.experiment_id])",
            "runs = __import__('pandas')",
            "exception",
            "pivot",
        ),
        (2, "axes.legend()", "__import__('socket').create_connection(('192.0.2.1', 80))", "network", "192.0.2.1"),
        (2, "plt.show()", "plt.close()", "plot", "draws none"),
        (2, "plt.show()", "plt.show()\ntable", "notebook", "text/html"),
    ],
    ids=["changed", "swallowed", "exception", "network", "no plot", "a table"],
)
def test_a_broken_cell_is_named(cell: int, old: str, new: str, kind: str, words: str) -> None:
    problem = fault(edited(cell, old, new))
    assert problem.kind == kind
    assert words in f"{problem.what} {problem.detail}"
    assert (problem.path, problem.line) == (PATH, SOURCE.code[cell].line)
    assert "make notebooks" in problem.fix


def test_a_request_that_is_never_sent_is_named_by_its_recording() -> None:
    problem = fault(edited(0, "for trees in (5, 20)", "for trees in (5,)"))
    assert problem.kind == "unrecorded"
    short = replace(SOURCE, cells=tuple(one for one in SOURCE.cells if one is not SOURCE.code[1])[:4])
    problem = fault(replace(short, cells=tuple(one for one in short.cells if not one.alt)))
    assert problem.kind == "unplayed"
    assert problem.path.suffix == ".yaml"
    assert "runs/search" in problem.what


def test_a_kernel_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Problem, match="ended by itself") as caught:
        next(execute_in([NEWEST], SOURCE, ROOT, "verified_docs.no_such_module"))
    assert "no_such_module" in caught.value.detail


def test_what_differs_is_shown_and_written_on_demand(project: Path) -> None:
    path = notebook_path(project, PATH)
    before = path.read_text("utf-8")
    rewrite(path, before.replace("0.905", "0.995"))
    source = replace(SOURCE, path=project / PATH.relative_to(ROOT))
    with pytest.raises(Problem, match="something else than is committed") as caught:
        verify_notebook(source, [NEWEST], project)
    problem = caught.value
    assert "0.995" in path.read_text("utf-8").splitlines()[(problem.line or 0) - 1]
    assert "0.905" in problem.detail
    assert "UPDATE=1" in problem.fix
    proven = verify_notebook(source, [NEWEST], project, update=True)
    assert path.read_text("utf-8") == before
    assert proven[0].content == before
