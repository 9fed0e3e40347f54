"""Reads what a notebook is made of: prose, the sections of its example, and plots of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from verified_docs.census import DOCS, PYTHON, find_fences
from verified_docs.example import EXAMPLES, Example
from verified_docs.problem import Problem, read_text, shown

FOLDER = "notebooks"
_SECTION = re.compile(r"^\{\{ section\(\"(?P<name>[\w-]+)\"\) \}\}$")
_ANY_SECTION = re.compile(r"^\s*\{[{%]")
_ALT = re.compile(r'\balt="(?P<alt>[^"]+)"')
_UPDATE = "make notebooks UPDATE=1"


@dataclass(frozen=True)
class Cell:
    """A cell as its source has it.

    Attributes:
        kind: Its type in the notebook.
        text: Its whole text, without a line break at the end.
        line: The row of the source, counted from 1.
        section: The section of the example that it is, or None.
        alt: What its plot shows, in words, for those who do not see it.
    """

    kind: Literal["markdown", "code"]
    text: str
    line: int
    section: str | None = None
    alt: str = ""


@dataclass(frozen=True)
class Source:
    """What a notebook is made of.

    Attributes:
        path: The Markdown beside the example.
        example: The example whose code it runs.
        cells: Prose, sections and plots, in their order.
    """

    path: Path
    example: Example
    cells: tuple[Cell, ...]

    @property
    def code(self) -> list[Cell]:
        """The cells that run."""
        return [cell for cell in self.cells if cell.kind == "code"]


def source_path(root: Path, notebook: Path) -> Path | None:
    """The Markdown that a notebook is made of, or None for one that people wrote.

    Args:
        root: The project's folder.
        notebook: The notebook.
    """
    if notebook.parent != root / DOCS / FOLDER:
        return None
    found = (path for path in sorted((root / EXAMPLES).rglob("*.md")) if notebook_path(root, path) == notebook)
    return next(found, None)


def notebook_path(root: Path, source: Path) -> Path:
    """Where the notebook of a source stands."""
    return root / DOCS / FOLDER / f"{source.stem.replace('_', '-')}.ipynb"


def load_sources(root: Path, examples: Iterable[Example]) -> list[Source]:
    """Reads the sources of all notebooks, in the order of their names.

    Args:
        root: The project's folder.
        examples: All examples, or those whose notebooks are wanted.

    Raises:
        Problem: A source does not fit its example, or two would make one notebook.
    """
    by_path = {example.path: example for example in examples}
    sources: list[Source] = []
    for path in sorted((root / EXAMPLES).rglob("*.md")):
        if not path.with_suffix(".py").exists():
            fix = f"name it as the example that it is of, or git rm {shown(path)}"
            raise Problem(path, 1, "this is the prose of a notebook, and there is no example of its name", fix)
        if example := by_path.get(path.with_suffix(".py")):
            sources.append(read_source(path, example))
    made: dict[str, Path] = {}
    for source in sources:
        other = made.setdefault(notebook_path(root, source.path).name, source.path)
        if other != source.path:
            fix = f"rename one of them, then {_UPDATE}"
            raise Problem(source.path, 1, f"this and {shown(other)} would make one notebook", fix, kind="notebook")
    return sources


def read_source(path: Path, example: Example) -> Source:
    """Reads one source.

    Args:
        path: The Markdown beside the example. A row `{{ section("name") }}` stands for a section of the example; a
            fence of Python is a plot of the notebook's own, whose opening says in `alt="…"` what it shows.
        example: The example whose code it runs.

    Raises:
        Problem: It names no section, or leaves one out, or a plot has no words.
    """
    text = read_text(path, f"save it as UTF-8 text, then {_UPDATE}")
    rows = text.split("\n")
    fences = {one.line: one for one in find_fences(path, text)}
    cells: list[Cell] = []
    prose: list[str] = []

    def end_prose(row: int) -> None:
        if body := "\n".join(prose).strip("\n"):
            first = row - len(prose) + next(at for at, one in enumerate(prose) if one.strip())
            cells.append(Cell("markdown", body, first))
        prose.clear()

    number = 1
    while number <= len(rows):
        row = rows[number - 1]
        fence = fences.get(number)
        height = fence.content.count("\n") + 2 if fence else 1
        if fence and fence.language in PYTHON:
            end_prose(number)
            cells.append(_plot(path, number, row, fence.content))
        elif fence:
            prose += rows[number - 1 : number - 1 + height]
        elif match := _SECTION.match(row):
            end_prose(number)
            cells.append(_section(path, number, match["name"], example))
        elif _ANY_SECTION.match(row):
            what = f"this is no section of the example: {row.strip()}"
            fix = f'write {{{{ section("name") }}}} at the margin, then {_UPDATE}'
            raise Problem(path, number, what, fix, kind="notebook")
        else:
            prose.append(row)
        number += height
    end_prose(number)
    _check_whole(path, example, cells)
    return Source(path, example, tuple(cells))


def _plot(path: Path, line: int, row: str, code: str) -> Cell:
    alt = _ALT.search(row)
    if not row.startswith("`") or not alt:
        what = "the plot of a notebook has to say in words what it shows"
        raise Problem(path, line, what, f'write ```python alt="…" at the margin, then {_UPDATE}', kind="notebook")
    return Cell("code", code.strip("\n"), line, None, alt["alt"])


def _section(path: Path, line: int, name: str, example: Example) -> Cell:
    if name not in example.sections:
        what = f"{example.id} has no section {name!r}; it has {', '.join(example.sections) or 'none'}"
        raise Problem(path, line, what, f"correct the name, then {_UPDATE}", kind="notebook")
    return Cell("code", example.code(name).strip("\n"), line, name)


def _check_whole(path: Path, example: Example, cells: list[Cell]) -> None:
    """The recording is of the whole example: a notebook of a part of it would send other requests."""
    here = [row for cell in cells if cell.section for row in cell.text.split("\n") if row.strip()]
    whole = [row for row in example.code().split("\n") if row.strip()]
    if here != whole:
        there = ", ".join(example.sections) or "none"
        what = f"the sections of the notebook are not the whole of {example.id}, once and in order"
        fix = f"put each row of the example into a section, name all here in order ({there}), then {_UPDATE}"
        raise Problem(path, next((cell.line for cell in cells if cell.section), 1), what, fix, kind="notebook")
