"""Makes notebooks of sources, breaks the sources, and compares committed notebooks with others."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT, rewrite
from verified_docs.agreement import check_agreement
from verified_docs.evidence import Evidence
from verified_docs.example import load_example, load_examples
from verified_docs.notebooks.document import document, is_same, proven_blocks
from verified_docs.notebooks.source import Source, load_sources, notebook_path, read_source, source_path
from verified_docs.pages import Pages
from verified_docs.problem import Problem, Problems

NOTEBOOKS = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))
EXAMPLE = load_example(ROOT / "examples/guide/explore_runs.py", ROOT)
SOURCE = EXAMPLE.path.with_suffix(".md")


def read(tmp_path: Path, *edits: tuple[str, str]) -> Source:
    """The source of the second notebook, with some of its text replaced."""
    text = SOURCE.read_text("utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    rewrite(tmp_path / "explore_runs.md", text)
    return read_source(tmp_path / "explore_runs.md", EXAMPLE)


def cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["cells"]
    return found


# --- What is committed -----------------------------------------------------------------------------------------------


def test_there_are_notebooks_and_each_has_its_source() -> None:
    made = {notebook_path(ROOT, source.path) for source in load_sources(ROOT, load_examples(ROOT))}
    assert made == set(NOTEBOOKS)
    assert len(made) >= 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_code_is_that_of_the_example_and_a_plot(path: Path) -> None:
    example = load_example((source_path(ROOT, path) or path).with_suffix(".py"), ROOT)
    code = ["".join(one["source"]) for one in cells(path) if one["cell_type"] == "code"]
    drawing = [text for text in code if "plt.show()" in text]
    rows = [row for text in code if text not in drawing for row in text.split("\n") if row.strip()]
    assert rows == [row for row in example.code().split("\n") if row.strip()]
    assert len(drawing) == 1
    assert not any("mlflow" in text for text in drawing)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_prints_what_the_example_promises(path: Path) -> None:
    example = load_example((source_path(ROOT, path) or path).with_suffix(".py"), ROOT)
    outputs = [one for cell in cells(path) for one in cell.get("outputs", [])]
    printed = "".join("".join(one["text"]) for one in outputs if one["output_type"] == "stream")
    assert [row.rstrip() for row in printed.splitlines()] == [one.text for one in example.expected]
    figures = [one for one in outputs if one["output_type"] == "display_data"]
    assert [bool(one["metadata"]["image/svg+xml"]["alt"]) for one in figures] == [True]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_of_a_machine_or_a_day_is_in_it(path: Path) -> None:
    text = path.read_text("utf-8")
    whole = json.loads(text)
    assert set(whole) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert set(whole["metadata"]) == {"kernelspec", "language_info"}
    code = [one for one in whole["cells"] if one["cell_type"] == "code"]
    assert [one["execution_count"] for one in code] == list(range(1, len(code) + 1))
    assert all(one["metadata"] == {} for one in whole["cells"])
    assert not re.search(r"dc:date|Matplotlib v|ipykernel_|/tmp/|\d{4}-\d{2}-\d{2}T", text)
    assert len(text) < 40_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_a_page_like_any_other(path: Path) -> None:
    prose = "".join("".join(one["source"]) + "\n" for one in cells(path) if one["cell_type"] == "markdown")
    for words in ("Use this notebook when", '!!! info "You need"', "## What can go wrong", "## Where to go next"):
        assert words in prose


# --- Sources ---------------------------------------------------------------------------------------------------------


def test_cells_know_their_rows(tmp_path: Path) -> None:
    source = read(tmp_path)
    rows = source.path.read_text("utf-8").split("\n")
    for cell in source.cells:
        assert rows[cell.line - 1].strip()
        if cell.kind == "markdown":
            assert rows[cell.line - 1] == cell.text.partition("\n")[0]
        else:
            assert rows[cell.line - 1].startswith("{{ section" if cell.section else "```python alt=")
    assert [cell.section for cell in source.code] == ["grid", "pivot", None]


@pytest.mark.parametrize(
    ("edit", "message", "row"),
    [
        (('section("grid")', 'section("gone")'), "no section 'gone'; it has grid, pivot", "gone"),
        (('{{ section("pivot") }}', ""), "not the whole of guide/explore_runs", "grid"),
        (('section("pivot")', 'section("grid")'), "not the whole", "grid"),
        (('{{ section("grid") }}', '{{ example("grid") }}'), "no section of the example", "example"),
        (('{{ section("grid") }}', '  {{ section("grid") }}'), "no section of the example", "grid"),
        (('```python alt="', '```python title="'), "say in words what it shows", "```python"),
    ],
)
def test_a_broken_source_is_named(edit: tuple[str, str], message: str, row: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=message) as caught:
        read(tmp_path, edit)
    problem = caught.value
    assert row in (tmp_path / "explore_runs.md").read_text("utf-8").split("\n")[(problem.line or 0) - 1]
    assert "make notebooks" in problem.fix


def test_prose_without_an_example(project: Path) -> None:
    rewrite(project / "examples/guide/nothing.md", "# Nothing\n")
    with pytest.raises(Problem, match="no example of its name"):
        load_sources(project, load_examples(project))


def test_two_sources_of_one_name(project: Path) -> None:
    for ending in (".py", ".md"):
        text = SOURCE.with_suffix(ending).read_text("utf-8")
        rewrite(project / f"examples/tracking/explore_runs{ending}", text)
    with pytest.raises(Problem, match="would make one notebook"):
        load_sources(project, load_examples(project))


@given(st.lists(st.sampled_from(["prose", "", "## Title", "- row", "> quote", "```text", "~~~"]), max_size=30))
def test_no_row_of_prose_is_lost(tmp_path_factory: pytest.TempPathFactory, rows: list[str]) -> None:
    whole = [f"{row} {at}" if row and row[0] not in "`~" else row for at, row in enumerate(rows)]
    closed = [*whole, "", '{{ section("grid") }}', "", '{{ section("pivot") }}']
    path = tmp_path_factory.mktemp("source") / "explore_runs.md"
    rewrite(path, "\n".join(closed))
    try:
        source = read_source(path, EXAMPLE)
    except Problem:
        return
    kept = [row for cell in source.cells if cell.kind == "markdown" for row in cell.text.split("\n") if row.strip()]
    assert kept == [row for row in whole if row.strip()]


# --- Comparing -------------------------------------------------------------------------------------------------------


def figure(text: str) -> str:
    output = {"output_type": "display_data", "data": {"image/svg+xml": [text]}, "metadata": {}}
    return json.dumps({"cells": [{"outputs": [output]}]})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (figure("<path d='M 1.25 2'/>"), figure("<path d='M 1.5 2'/>"), True),
        (figure("<path d='M 1.25 2'/>"), figure("<path d='M 1.25 3'/>"), False),
        (figure("<path d='M 1 2'/>"), figure("<path d='L 1 2'/>"), False),
        (figure("<a/>"), json.dumps({"cells": []}), False),
        ('{"cells": [], "a": 1}', '{"cells": [], "a": 1.2}', False),
        ("no JSON", "{}", False),
        ("[]", "{}", False),
    ],
)
def test_text_counts_to_the_letter_and_figures_to_half_a_point(one: str, other: str, same: bool) -> None:
    assert is_same(one, other) is same


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_committed_document_is_made_of_its_source(path: Path) -> None:
    found = source_path(ROOT, path)
    assert found
    source = read_source(found, load_example(found.with_suffix(".py"), ROOT))
    outputs = [one["outputs"] for one in cells(path) if one["cell_type"] == "code"]
    assert document(source, outputs) == path.read_text("utf-8")


# --- Evidence and census ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "break_it",
    [
        lambda text: text.replace("0.905", "0.995"),
        lambda text: text.replace("figsize=(6, 3.2)", "figsize=(6, 3.3)"),
        lambda text: text.replace("Six runs", "Seven runs"),
        lambda text: text.replace("<svg", "<svg "),
    ],
    ids=["output", "code", "prose", "figure"],
)
def test_a_notebook_that_was_not_executed_is_not_published(
    break_it: Callable[[str], str], project: Path, evidence: Evidence
) -> None:
    path = project / "docs/notebooks/explore-runs.ipynb"
    examples = {one.id: one for one in load_examples(project)}
    check_agreement(project, examples, evidence)
    text = path.read_text("utf-8")
    assert break_it(text) != text
    rewrite(path, break_it(text))
    with pytest.raises(Problems, match="not the one that was executed") as caught:
        check_agreement(project, examples, evidence)
    assert caught.value.found[0].path == path
    assert "make notebooks UPDATE=1" in caught.value.found[0].fix


def test_every_cell_and_every_text_counts_as_executed(evidence: Evidence) -> None:
    pages = Pages(ROOT, evidence, {one.id: one for one in load_examples(ROOT)})
    for path in NOTEBOOKS:
        pages.take_notebook(path)
    assert {(one.kind, one.by) for one in pages.blocks} == {("executed", "replay")}
    assert all("ran as shown in 4" in one.verdict for one in pages.blocks)
    assert len(pages.blocks) == sum(len(proven_blocks(path)) - 1 for path in NOTEBOOKS)
    assert {one.language for one in pages.blocks} == {"python", "text"}
