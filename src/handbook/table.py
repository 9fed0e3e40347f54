"""Writes tables and their cells, and refuses to write about what was not measured."""

from __future__ import annotations

import html
import re
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


def cell(kind: str, words: str) -> str:
    """One outcome, as HTML.

    Args:
        kind: Its look: `yes`, `but`, `no` or `none`.
        words: What it says, with a sign that needs no colour.
    """
    return f'<span class="cell cell--{kind}">{words}</span>'


def literal(text: str) -> str:
    """A text whose signs mean nothing, neither to HTML nor to Markdown."""
    return re.sub(r"[`*_\[\]|\\~]", lambda match: f"&#{ord(match.group())};", html.escape(text))


def word(text: str) -> str:
    """The word that a filter knows a text by."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")
