"""Knows of each row of a finished page which row of its source it comes from, so that a message names what to edit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from jinja2 import Environment
from jinja2.ext import Extension

# Signs of Unicode's private area: nobody writes them, and no finished page has them.
_START, _END = "\ue000", "\ue001"
_GIVEN, _TAKEN = "\ue002", "\ue003"
_MARK = re.compile(f"{_START}(\\d+){_END}")
_ANY = re.compile(f"{_START}\\d+{_END}|[{_GIVEN}{_TAKEN}]")
_PIECE = re.compile(f"[{_GIVEN}{_TAKEN}]|[^{_GIVEN}{_TAKEN}]+")
_ROW = re.compile(r"[^\n]*\n|[^\n]+")
_LEADING = re.compile(rf"(?:[ \t]*{_START}\d+{_END})*[ \t]*{_START}(\d+){_END}")


class MarkRows(Extension):
    """Marks each row of the text of a template with its number."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The template with a mark before each row that is text.

        Rows inside `{{ … }}` and `{% … %}` cannot be marked; what they give belongs to the row in which they begin.
        """
        parts = []
        for row, kind, value in Environment.lex(self.environment, source, name, filename):
            if kind == "data":
                parts += [f"{_mark(row + number)}{text}" for number, text in enumerate(_ROW.findall(value))]
            else:
                # Before an expression as well: white space that it takes away may hold rows.
                begins = kind in {"variable_begin", "block_begin"} and not value.endswith("-")
                given = _GIVEN if kind == "variable_begin" else ""
                parts.append(f"{_mark(row) if begins else ''}{given}{value}{_TAKEN if kind == 'variable_end' else ''}")
        return "".join(parts)


def _mark(row: int) -> str:
    return f"{_START}{row}{_END}"


@dataclass(frozen=True)
class Rows:
    """Where each row of a finished page comes from.

    Attributes:
        text: The page.
        sources: For each of its rows, the row of the source, both counted from 1.
        given: The row of the source to what its expressions gave.
    """

    text: str
    sources: tuple[int, ...]
    given: Mapping[int, str] = MappingProxyType({})

    def source(self, row: int) -> int:
        """The row of the source that a row of the page comes from."""
        return self.sources[min(row, len(self.sources)) - 1] if self.sources else 1


def unmarked(text: str) -> Rows:
    """Takes the marks out of what a marked template gave.

    A row that holds several marks belongs to the last before its first word: there begins what stands on it.
    """
    now = 1
    depth = 0
    sources = []
    given: dict[int, list[str]] = {}
    rows = text.split("\n")
    for row in rows:
        leading = _LEADING.match(row)
        sources.append(int(leading[1]) if leading else now)
        now = int((_MARK.findall(row) or [now])[-1])
        for piece in _PIECE.findall(_MARK.sub("", row)):
            depth += {_GIVEN: 1, _TAKEN: -1}.get(piece, 0)
            if depth and piece not in {_GIVEN, _TAKEN}:
                given.setdefault(sources[-1], []).append(piece)
    found = {row: "\n".join(pieces) for row, pieces in given.items()}
    return Rows(_ANY.sub("", text), tuple(sources), found)
