"""Writes Markdown tables, and refuses to write about what was not measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from verified_docs.exchange import NotThere


class Unmeasured(NotThere):
    """A page asks for something that was not measured."""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table.

    Args:
        headings: The headings of its columns.
        rows: The cells of its rows, in Markdown.
    """
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
