"""Writes notebooks as they are committed, and says where a committed one is not what execution gives."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verified_docs.census import Fence
from verified_docs.comparison import difference
from verified_docs.lane import Lane
from verified_docs.notebook import notebook_blocks
from verified_docs.notebooks.source import Source, notebook_path
from verified_docs.problem import Problem, read_text
from verified_docs.process import MODULE
from verified_docs.whole import write_whole

if TYPE_CHECKING:
    from verified_docs.notebooks.execute import Output

UPDATE = "make notebooks UPDATE=1, and read the difference"
WHOLE = "ipynb"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
# In points, of which an inch has 72: another machine may measure letters a little otherwise.
_NEAR = 0.5


def document(source: Source, outputs: Sequence[list[Output]]) -> str:
    """The text of a notebook: always the same for the same source and outputs.

    Args:
        source: What it is made of.
        outputs: What each cell of code gave.
    """
    of_code = iter(outputs)
    cells: list[dict[str, Any]] = []
    for number, cell in enumerate(source.cells, start=1):
        rows = cell.text.splitlines(keepends=True)
        common: dict[str, Any] = {"cell_type": cell.kind, "id": f"cell-{number}", "metadata": {}, "source": rows}
        if cell.kind == "code":
            count = sum(one["cell_type"] == "code" for one in cells) + 1
            common |= {"execution_count": count, "outputs": next(of_code)}
        cells.append(dict(sorted(common.items())))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def verify_notebook(
    source: Source, lanes: Iterable[Lane], root: Path, *, update: bool = False, kernel: str = MODULE
) -> list[Fence]:
    """Executes a notebook in lanes, and holds the committed one to what that gives.

    Args:
        source: What it is made of.
        lanes: The lanes; their client has to be the one that is installed.
        root: The project's folder.
        update: Write the notebook that the first lane gives, where another one is committed.
        kernel: The module that serves the kernel.

    Returns:
        What it proves: the blocks of the notebook, and the whole file as one of language `ipynb`.

    Raises:
        Problem: It fails in a lane, or the committed one differs.
    """
    path = notebook_path(root, source.path)
    # Only here: the library of kernels takes long to load, and pages need none.
    from verified_docs.notebooks.execute import execute_in

    chosen = list(lanes)
    for lane, outputs in zip(chosen, execute_in(chosen, source, root, kernel), strict=True):
        made = document(source, outputs)
        if update and (not path.exists() or not is_same(read_text(path), made)):
            write_whole(path, made)
        _check(path, made, lane)
        update = False
    return proven_blocks(path)


def proven_blocks(path: Path) -> list[Fence]:
    """A notebook that was executed, as one block, and its blocks by line."""
    text = read_text(path, UPDATE)
    return [Fence(path, 1, WHOLE, text), *notebook_blocks(path, saved=True)]


def _check(path: Path, made: str, lane: Lane) -> None:
    if not path.exists():
        raise Problem(path, None, "this notebook is not made yet", UPDATE, kind="notebook")
    found = read_text(path, UPDATE)
    if is_same(found, made):
        return
    rows = zip(_readable(found), _readable(made), strict=False)
    line = next((at for at, (one, other) in enumerate(rows, start=1) if one != other), 1)
    what = f"in {lane} the notebook gives something else than is committed"
    detail = difference(_readable(found), _readable(made))
    raise Problem(path, line, what, UPDATE, detail, kind="notebook")


def is_same(one: str, other: str) -> bool:
    """Whether two notebooks say and show the same: their text to the letter, their figures to half a point."""
    if one == other:
        return True
    try:
        return all(_alike(*pair) for pair in zip(_parts(one), _parts(other), strict=True))
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """The text of a notebook without figures, and each figure."""
    document: Any = json.loads(text)
    figures: list[str] = []
    for cell in document["cells"]:
        for output in cell.get("outputs", []):
            for kind, rows in output.get("data", {}).items():
                if kind.startswith("image/"):
                    figures.append("".join(rows))
                    output["data"][kind] = []
    yield False, json.dumps(document)
    yield from ((True, figure) for figure in figures)


def _alike(one: tuple[bool, str], other: tuple[bool, str]) -> bool:
    if one == other or not one[0]:
        return one == other
    if _NUMBER.sub("", one[1]) != _NUMBER.sub("", other[1]):
        return False
    numbers = zip(_NUMBER.findall(one[1]), _NUMBER.findall(other[1]), strict=True)
    return all(math.isclose(float(here), float(there), abs_tol=_NEAR) for here, there in numbers)


def _readable(text: str) -> list[str]:
    """The rows of a notebook with long ones cut: those of figures."""
    return [row if len(row) < 200 else f"{row[:160]}…" for row in text.splitlines()]
