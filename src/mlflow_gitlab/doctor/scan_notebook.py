"""Takes the Python out of a Jupyter notebook, and keeps for each line where it stands."""

from __future__ import annotations

import ast
import bisect
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verified_docs.problem import Problem

# Magics of a whole cell after which the rest is still Python.
_PYTHON_MAGICS = frozenset({"capture", "prun", "time", "timeit"})
_MAGIC = re.compile(r"^(?P<space>\s*)(?:[%!?].*|[\w.]+\?{1,2}|(?P<names>[\w, ]+?)\s*=\s*[%!].*)$")


@dataclass(frozen=True)
class Place:
    """Where a line of a notebook's Python stands.

    Attributes:
        cell: The number of the code cell, counted from 1.
        line: The line within the cell, counted from 1.
        file_line: The line of the file, counted from 1.
    """

    cell: int
    line: int
    file_line: int


def notebook(path: str, text: str) -> tuple[str, tuple[Place, ...], list[Problem]]:
    """The code cells of a notebook as one module.

    Magics and shell commands are left out; a cell that is no Python for another reason is told and left out.

    Args:
        path: The file, for messages.
        text: Its JSON.

    Returns:
        The Python, the place of each of its lines, and the cells that cannot be read.

    Raises:
        json.JSONDecodeError: It is not JSON.
    """
    document = json.loads(text)
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        what = "this is no notebook of format 4: it has no cells"
        return "", (), [Problem(Path(path), None, what, "save it with a newer Jupyter", kind="file")]
    if _language(document) != "python":
        return "", (), []
    rows: list[str] = []
    places: list[Place] = []
    problems: list[Problem] = []
    number = 0
    for cell, lines in zip(cells, _file_lines(text, cells), strict=True):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        number += 1
        own = "".join(_pieces(cell)).split("\n")
        at = [lines[min(row, len(lines) - 1)] if lines else 1 for row in range(len(own))]
        python, fault = _python(own)
        if fault is not None:
            line = fault.lineno or 1
            what = f"line {line} of code cell {number} is not Python that can be read: {fault.msg}"
            file_line = at[min(line, len(at)) - 1]
            problems.append(
                Problem(Path(path), file_line, what, "correct it, or leave it out with --exclude", kind="syntax")
            )
        rows += python
        places += [Place(number, row + 1, at[row]) for row in range(len(python))]
    return "\n".join(rows) + "\n", tuple(places), problems


def _language(document: dict[str, Any]) -> str:
    metadata = document.get("metadata")
    found: object = None
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        section = metadata.get(part) if isinstance(metadata, dict) else None
        found = found or (section.get(key) if isinstance(section, dict) else None)
    return found.lower() if isinstance(found, str) else "python"


def _pieces(cell: Any) -> list[str]:
    """The source of a cell as the file has it: in pieces that end with a line, or as one."""
    source = cell.get("source", "") if isinstance(cell, dict) else ""
    if isinstance(source, str):
        return [source]
    return [one for one in source if isinstance(one, str)] if isinstance(source, list) else []


def _python(rows: list[str]) -> tuple[list[str], SyntaxError | None]:
    """A cell without what is not Python, in as many lines; empty lines for one that cannot be read."""
    fault = _fault(rows)
    if fault is None:
        return rows, None
    first = next((row for row in rows if row.strip()), "")
    magic = re.match(r"%%(\w+)", first)
    if magic and magic[1] not in _PYTHON_MAGICS:
        return [""] * len(rows), None
    python = [_without_magic(row) for row in rows]
    fault = _fault(python)
    return (python, None) if fault is None else ([""] * len(rows), fault)


def _without_magic(row: str) -> str:
    match = _MAGIC.match(row)
    if match is None:
        return row
    return f"{match['space']}{match['names']} = None" if match["names"] else f"{match['space']}pass"


def _fault(rows: list[str]) -> SyntaxError | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse("\n".join(rows))
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxError(str(error) or "it is nested too deeply")
    return None


def _file_lines(text: str, cells: list[Any]) -> Iterator[list[int]]:
    """For each cell, the line of the file where each of its lines stands, or the nearest that is known."""
    ends = [place for place, sign in enumerate(text) if sign == "\n"]
    start = 0
    for cell in cells:
        lines: list[int] = []
        for piece in _pieces(cell):
            found = [text.find(json.dumps(piece, ensure_ascii=plain), start) for plain in (False, True)]
            place = min((one for one in found if one >= 0), default=start)
            start = place
            lines += [bisect.bisect_left(ends, place) + 1] * max(piece.count("\n"), 1)
        yield lines
