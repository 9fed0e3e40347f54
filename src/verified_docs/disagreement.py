"""Refuses Markdown that two parsers read in two ways, where one of them shows code: nobody would check that code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from verified_docs.problem import Problem

_STEP = 4
_TICKS = re.compile(r"^(?P<before> *)(?P<ticks>`{3,}|~{3,})(?P<info>.*)$")
_OPENINGS = {
    "container": re.compile(r"^(?:===[!+]{0,2}\s+\"|!!!\s|\?\?\?\+?\s)"),
    "item": re.compile(r"^(?:[-*+]|\d+\.)\s+\S"),
    "meaning": re.compile(r"^:\s"),
    "note": re.compile(r"^\[\^[^\]]+\]:(?:\s|$)"),
}
_OPENS_FENCE = re.compile(r"^\S+\s+(?:`{3}|~{3})")
_TABLE = re.compile(r"^<table\b(?!.*markdown)")
_DIV = re.compile(r"^</?div\b(?!.*markdown)")
_WORDS = re.compile(r"^\w[\w ]*$")
_REMARK = re.compile(r"^<!-- (?:(?!--).)* -->$")
# What stands for something that is not here yet: an example, a table, the description of a module.
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)
_DIRECTIVE = re.compile(r"^::: \S+$")
_QUOTE = re.compile(r"^ *> ?")


@dataclass
class _Owner:
    """What indented rows belong to: its own indent, and which kind of opening it is."""

    indent: int
    kind: str


def refuse_disagreement(page: Path, text: str) -> None:
    """Makes sure that every row of code stands where all Markdown parsers see the same.

    A fence stands alone after an empty row, and ends with a row like its first. Whatever is indented belongs to a tab,
    an admonition or an item above it, and to nothing else.

    Args:
        page: The file, for messages.
        text: Its Markdown.

    Raises:
        Problem: A row could be read in two ways; the first such row is named.
    """
    without_templates = _TEMPLATE.sub(lambda match: "x" + "\nx" * match.group().count("\n"), text)
    _refuse(page, without_templates.split("\n"), 0)


def _refuse(page: Path, rows: list[str], first: int) -> None:
    """Refuses a block whose first row is row `first` of the page, counted from 0."""
    number = 0
    owners: list[_Owner] = []
    while number < len(rows):
        row = rows[number]
        if row.startswith("<!--") and (end := _end_of_comment(rows, number)):
            # A fence in a comment is still one to some parsers, and takes the end of the comment along.
            _refuse(page, rows[number + 1 : end], first + number + 1)
            number = end
            owners.clear()
        elif _TABLE.match(row) and (end := _end_of_table(rows, number)):
            number = end
            owners.clear()
        elif "<!--" in row and "-->" not in row[row.index("<!--") :] and _hides_fence(rows[number + 1 :]):
            raise _problem(page, first + number, "a comment with a fence in it does not stand alone at the margin")
        elif fence := _TICKS.match(row):
            _check_place(page, rows, first, number, fence, owners)
            number = _end(page, rows, first, number, fence)
        elif _QUOTE.match(row):
            edge = row[: row.index(">") + 1]
            end = next((n for n in range(number, len(rows)) if not rows[n].startswith(edge)), len(rows))
            _check_indent(page, rows, first, number, owners)
            if rows[end : end + 1] and rows[end].strip():
                raise _problem(page, first + end, "an empty row is missing after the quote")
            _refuse(page, [_QUOTE.sub("", quoted) for quoted in rows[number:end]], first + number)
            number = end - 1
        elif _DIRECTIVE.match(row):
            number = next((n for n in range(number, len(rows)) if not rows[n].strip()), len(rows))
            owners.clear()
        elif row.strip():
            _check_indent(page, rows, first, number, owners)
        elif number and not rows[number - 1].strip() and owners and owners[0].kind == "note":
            owners.clear()
        number += 1


def _end_of_comment(rows: list[str], start: int) -> int | None:
    """The number of the row that ends a comment of several rows, where empty rows stand around it."""
    if (start and rows[start - 1]) or rows[start] != "<!--":
        return None
    end = next((number for number in range(start + 1, len(rows)) if "-->" in rows[number]), None)
    return end if end and rows[end] == "-->" and not "".join(rows[end + 1 : end + 2]) else None


def _end_of_table(rows: list[str], start: int) -> int | None:
    """The number of the row that ends a table in HTML, which is shown as it is: without an empty row and a fence."""
    end = next((number for number in range(start, len(rows)) if "</table>" in rows[number]), None)
    if end is None or any(not row.strip() or _TICKS.match(row.lstrip(" >")) for row in rows[start:end]):
        return None
    around = [*rows[max(0, start - 1) : start], *rows[end + 1 : end + 2]]
    return end if all(not row.strip() or _DIV.match(row) for row in around) else None


def _hides_fence(rows: list[str]) -> bool:
    """Whether a fence stands before the end of a comment."""
    end = next((number for number, row in enumerate(rows) if "-->" in row), len(rows))
    return any(_TICKS.match(row.lstrip(" >")) for row in rows[:end])


def _end(page: Path, rows: list[str], first: int, start: int, fence: re.Match[str]) -> int:
    """The number of the row that ends a fence."""
    before, ticks = fence["before"], fence["ticks"]
    for number in range(start + 1, len(rows)):
        row = rows[number]
        if row.rstrip() == before + ticks:
            return number
        if row.strip() and not row.startswith(before):
            raise _problem(page, first + number, "this row is further out than the fence that it stands in")
        signs = row.strip(" >")
        if len(signs) >= len(ticks) and set(signs) == {ticks[0]}:
            raise _problem(page, first + number, f"this row looks like the end of a fence that began with {ticks}")
    raise _problem(page, first + start, "the fence does not end")


def _check_place(
    page: Path, rows: list[str], first: int, number: int, fence: re.Match[str], owners: list[_Owner]
) -> None:
    before = fence["before"]
    above = rows[number - 1] if number else ""
    if above.strip() and not (above.startswith(f"{before}<!-- ") and _REMARK.match(above.strip())):
        raise _problem(page, first + number, "the fence does not stand after an empty row")
    if set("`~") & set(fence["info"]):
        raise _problem(page, first + number, "the fence has the signs of a fence in its first row twice")
    _check_indent(page, rows, first, number, owners)
    if len(before) % _STEP:
        raise _problem(page, first + number, f"the fence is indented by {len(before)}, not by a multiple of {_STEP}")


def _check_indent(page: Path, rows: list[str], first: int, number: int, owners: list[_Owner]) -> None:
    """Finds what a row belongs to, and keeps it where other rows may belong to it."""
    row = rows[number]
    text = row.lstrip()
    space = row[: len(row) - len(text)]
    indent = len(space)
    if space.strip(" "):
        raise _problem(page, first + number, "the row is indented by something else than blanks")
    sibling = any(owner.indent == indent and owner.kind == "item" for owner in owners)
    while owners and owners[-1].indent >= indent:
        owners.pop()
    above = rows[number - 1] if number else ""
    alone = above == ""
    if owners and owners[-1].kind != "container" and alone and indent - owners[-1].indent < _STEP:
        owners.pop()  # to CommonMark it still belongs to the item, to others not
    owner = owners[-1] if owners else None
    deep = indent - (owner.indent if owner else 0)
    if deep >= (2 * _STEP if owner else _STEP) or (owner and owner.kind == "container" and deep < _STEP):
        raise _problem(page, first + number, f"the row is indented by {indent}, and nothing above it says why")
    kind = next((name for name, opening in _OPENINGS.items() if opening.match(text)), None)
    if kind is None:
        return
    if kind == "container" and indent % _STEP:
        raise _problem(page, first + number, f"the tab or note is indented by {indent}, not by a multiple of {_STEP}")
    if _OPENS_FENCE.match(text):
        raise _problem(page, first + number, "a fence begins in the row of an item")
    in_list = kind == "item" and (sibling or (owner is not None and owner.kind == "item")) and not _TICKS.match(above)
    of_a_term = kind == "meaning" and not alone and _WORDS.match(above.strip())
    # Parsers disagree on openings in the middle of a text or of a step, and on footnotes inside: they own nothing.
    fits = {"meaning": of_a_term, "note": alone and owner is None}.get(kind, alone or in_list)
    if fits and not indent % _STEP:
        owners.append(_Owner(indent, kind))


def _problem(page: Path, number: int, what: str) -> Problem:
    fix = "write fences at the margin of their block, after an empty row, ended by a row like their first; make census"
    return Problem(page, number + 1, what, fix, kind="census")
