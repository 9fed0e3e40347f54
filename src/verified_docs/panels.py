"""Gives each card of a page its address, and the recorded conversation of each example one place on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from verified_docs.accounts import Proven, block
from verified_docs.blocks import Block
from verified_docs.example import Example
from verified_docs.origin import Rows
from verified_docs.problem import Problem
from verified_docs.wire import Wire

_MARK = re.compile(r"^(?P<indent>[ \t]*)<!-- requests: (?P<anchor>[\w-]+) -->$", re.M)


@dataclass(frozen=True)
class _Card:
    example: Example
    section: str | None


class Panels:
    """The cards of one page.

    Args:
        wire: Renders conversations.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._cards: dict[str, _Card] = {}

    def anchor(self, example: Example, section: str | None) -> str:
        """A stable address for one more card: from the names, and numbered only where a page shows a card again."""
        name = re.sub(r"[^\w-]|_", "-", f"example-{example.id}{f'-{section}' if section else ''}")
        anchor, number = name, 1
        while anchor in self._cards:
            number += 1
            anchor = f"{name}-{number}"
        self._cards[anchor] = _Card(example, section)
        return anchor

    def _home(self, example: Example) -> str:
        """The card that carries the conversation: that of the whole script, or else the first."""
        own = [anchor for anchor, card in self._cards.items() if card.example.id == example.id]
        return next((anchor for anchor in own if self._cards[anchor].section is None), own[0])

    def filled(self, text: str, up: str) -> str:
        """A finished page with each conversation in its place, and links to it from the other cards of its example.

        Args:
            text: The page, with the marks of its cards.
            up: The way from the page to the top of the site.
        """

        def panel(mark: re.Match[str]) -> str:
            card = self._cards.get(mark["anchor"])
            if card is None or not (count := self._wire.requests(card.example.id)):
                return ""
            home = self._home(card.example)
            if home == mark["anchor"]:
                return self._wire.panel(card.example, f"{home}-requests", up, card.section is not None)
            whole = "" if card.section is None else " of the whole script"
            counted = f"{count} request{'' if count == 1 else 's'}{whole}"
            return f'<div class="wire__link" markdown="1">\n\n[{counted}](#{home}-requests)\n\n</div>'

        return _MARK.sub(panel, text)

    def blocks(self, page: str, path: Path, rows: Rows) -> list[Block]:
        """The conversations of the page, for the census: each is one block, and stands in its recording.

        Raises:
            Problem: A card is indented, as in a list: HTML cannot be.
        """
        found = []
        for number, row in enumerate(rows.text.split("\n"), start=1):
            mark = _MARK.match(row)
            card = self._cards.get(mark["anchor"]) if mark else None
            if mark is None or card is None:
                continue
            line = rows.source(number)
            if mark["indent"]:
                what = "the card of an example is indented here, where its HTML would be shown as text"
                fix = 'write <details markdown="1"> around it, or end the list before it, then make site'
                raise Problem(path, line, what, fix, kind="page")
            if self._home(card.example) == mark["anchor"] and (count := self._wire.requests(card.example.id)):
                source = self._wire.source(card.example.id)
                words = f"{count} request{'' if count == 1 else 's'} with answers and commands"
                found.append(block(page, line, "http", Proven("checked", "the recording", words, f"{source}:1")))
        return found
