"""Writes llms.txt: what there is on the site, for a program that reads one file first (llmstxt.org)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

FILE = "llms.txt"
FULL_FILE = "llms-full.txt"
# The name that the specification gives to what may be left out where there is little room.
OPTIONAL = "Optional"


@dataclass(frozen=True)
class Entry:
    """A page, or a file of data.

    Attributes:
        title: Its title.
        address: The whole address of its Markdown, or of the file.
        about: What it is for, in a sentence.
    """

    title: str
    address: str
    about: str = ""


@dataclass
class Section:
    """Entries under one heading.

    Attributes:
        title: The heading.
        entries: The entries, in their order.
    """

    title: str
    entries: list[Entry] = field(default_factory=list)


def llms_txt(name: str, summary: str, notes: Iterable[str], sections: Iterable[Section]) -> str:
    """The file.

    Args:
        name: The name of the site.
        summary: What it is about, in a sentence or two.
        notes: What to know before reading on, one paragraph each.
        sections: The sections, those that may be left out at the end; empty ones are left out.
    """
    parts = [f"# {name}", f"> {summary}", *notes]
    for section in sections:
        if section.entries:
            rows = [
                f"- [{re.sub(r'[][]', '', one.title)}]({one.address}){f': {one.about}' if one.about else ''}"
                for one in section.entries
            ]
            parts += [f"## {section.title}", "\n".join(rows)]
    return "\n\n".join(parts) + "\n"


def llms_full(head: str, twins: Iterable[str]) -> str:
    """All twins in one file, one after the other.

    Args:
        head: What stands before the first.
        twins: The Markdown of each.
    """
    return "\n\n".join([head.rstrip("\n"), *(twin.strip("\n") for twin in twins)]) + "\n"
