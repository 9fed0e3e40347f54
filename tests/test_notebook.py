"""Counts the code of a made-up notebook, and breaks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import rewrite
from verified_docs.blocks import Block
from verified_docs.evidence import Evidence
from verified_docs.example import load_examples
from verified_docs.notebook import notebook_blocks
from verified_docs.pages import Pages
from verified_docs.problem import Problem, Problems


def cell(kind: str, source: str | list[str], **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": source, **more}


CELLS = [
    cell("markdown", ["# Title\n", "\n", "```bash\n", "echo a\n", "```\n"]),
    cell("code", ["%pip install mlflow\n", "x = 1\n", "!ls"], outputs=[], execution_count=None),
    cell("code", "%%bash\necho a\n", outputs=[], execution_count=None),
    cell("code", "", outputs=[], execution_count=None),
    cell("raw", "anything"),
]


def notebook(path: Path, cells: list[dict[str, Any]], **more: Any) -> Path:
    rewrite(path, json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}, indent=1))
    return path


def test_each_block_with_its_row(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", CELLS)
    found = notebook_blocks(path)
    assert [(one.language, one.content) for one in found] == [
        ("bash", "echo a\n"),
        ("python", "# %pip install mlflow\nx = 1\n# !ls\n"),
        ("bash", "echo a\n"),
    ]
    rows = path.read_text("utf-8").splitlines()
    assert '"code"' in "".join(rows[found[1].line - 1 : found[1].line + 1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no notebook"),
        ("[]", "no notebook"),
        ('{"cells": []}', "no notebook"),
        ('{"cells": [], "nbformat": 3}', "format is not 4"),
        ('{"cells": [{}], "nbformat": 4}', "no notebook"),
        ('{"cells": {}, "nbformat": 4}', "no notebook"),
    ],
)
def test_no_notebook(text: str, message: str, tmp_path: Path) -> None:
    rewrite(tmp_path / "a.ipynb", text)
    with pytest.raises(Problem, match=message) as caught:
        notebook_blocks(tmp_path / "a.ipynb")
    assert caught.value.kind == "census"


def test_saved_output_is_refused(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", [cell("code", "print(1)", outputs=[{"text": "1"}])])
    with pytest.raises(Problem, match="saved output") as caught:
        notebook_blocks(path)
    assert "--clear-output" in caught.value.fix


def counted(project: Path, evidence: Evidence, cells: list[dict[str, Any]]) -> list[Block]:
    notebook(project / "docs/how-to/try.ipynb", cells)
    pages = Pages(project, evidence, {one.id: one for one in load_examples(project)})
    pages.take_notebook(project / "docs/how-to/try.ipynb")
    return pages.blocks


def test_a_notebook_is_in_the_census(project: Path, evidence: Evidence) -> None:
    example = next(one for one in load_examples(project) if one.id == "tracking/check_connection")
    found = counted(project, evidence, [*CELLS, cell("code", example.code())])
    assert [(one.page, one.language, one.kind) for one in found] == [
        ("how-to/try.ipynb", "bash", "checked"),
        ("how-to/try.ipynb", "python", "checked"),
        ("how-to/try.ipynb", "bash", "checked"),
        ("how-to/try.ipynb", "python", "executed"),
    ]
    assert found[1].by == "Python’s compiler"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = (\n", "not valid Python"),
        ("%%bash\nif x\n", "not sound shell"),
        ("%%ruby\nx\n", "neither run nor checked"),
    ],
)
def test_a_broken_cell_is_named(source: str, message: str, project: Path, evidence: Evidence) -> None:
    with pytest.raises(Problems, match=message) as caught:
        counted(project, evidence, [cell("code", source, outputs=[])])
    (problem,) = caught.value.found
    assert problem.path.name == "try.ipynb"
    assert problem.line
