"""Says of one difference between two recordings how much it matters, and shows it without secrets."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field

from verified_docs.leaks import find_leaks
from verified_docs.problem import Problem
from verified_docs.provenance import Frozen
from verified_docs.structure import ABSENT

_LONGEST = 160


class Tier(StrEnum):
    """How much a difference matters, the least first."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """A number that is higher the more it matters."""
        return list(Tier).index(self)


Kind = Literal[
    "new-field",
    "header",
    "download-moved",
    "new-cassette",
    "removed-field",
    "order",
    "new-row",
    "removed-row",
    "value",
    "type",
    "status",
    "path",
    "query",
    "body",
    "credential",
    "content-type",
    "request-added",
    "request-removed",
    "request-moved",
    "output",
    "exception",
    "removed-cassette",
    "unreadable",
]
# Clients fetch files in threads: the order of downloads differs between two recordings of the same server.
_INFO = frozenset({"new-field", "header", "download-moved", "new-cassette"})
# Programs that read one value may go on; one that prints it has another output, which is an error by itself.
_WARNING = frozenset({"removed-field", "order", "new-row", "removed-row", "value"})


Part = Literal["request", "answer", "sequence", "program", "cassette"]


class Finding(Frozen):
    """One difference.

    Attributes:
        tier: How much it matters; it follows from the kind.
        kind: What differs.
        part: Where: what was sent, what was answered, the order of requests, what the program did, or the whole file.
        request: Method and address, without the host, as in the older recording where it has the request.
        old: The number of the request in the older recording, counted from 0.
        new: Its number in the newer one.
        pointer: The place in the JSON document (RFC 6901); it goes on in a text that is JSON itself.
        before: What was there, shortened; a secret is never shown.
        after: What is there now.
    """

    tier: Tier
    kind: Kind
    part: Part
    request: str | None = None
    old: int | None = None
    new: int | None = None
    pointer: str = ""
    before: str | None = Field(default=None, description="JSON, or plain text for what a program printed")
    after: str | None = None


def tier_of(kind: str) -> Tier:
    """How much a kind of difference matters."""
    if kind in _INFO:
        return Tier.INFO
    return Tier.WARNING if kind in _WARNING else Tier.ERROR


@dataclass(frozen=True)
class Place:
    """Which request a difference belongs to."""

    request: str
    old: int | None
    new: int | None


class Text(str):
    """Shown as it is, not as JSON."""


def finding(
    kind: Kind,
    part: Part,
    at: Place | None = None,
    pointer: str = "",
    before: Any = ABSENT,
    after: Any = ABSENT,
) -> Finding:
    """A difference as it is reported: shortened, and without secrets."""
    name = pointer.rpartition("/")[2]
    return Finding(
        tier=tier_of(kind),
        kind=kind,
        part=part,
        request=told(at.request) if at else None,
        old=at.old if at else None,
        new=at.new if at else None,
        pointer=plain(pointer) if safe(pointer) else "(hidden)",
        before=None if before is ABSENT else _shown(before, name),
        after=None if after is ABSENT else _shown(after, name),
    )


def _shown(value: Any, name: str) -> str:
    text = str(value) if isinstance(value, Text) else json.dumps(value, ensure_ascii=False)
    # Alone, a value does not say that it is a secret: its name does.
    return told(text) if safe(f'"{name}": {text}') else "(hidden: it looks like a secret)"


def told(text: str) -> str:
    """A text of a recording as it may be told: without secrets, signs that cannot be printed, and at length."""
    if not safe(text):
        return "(hidden: it looks like a secret)"
    text = plain(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


# The same addresses and values stand in many recordings.
@lru_cache(maxsize=8192)
def safe(text: str) -> bool:
    """Whether nothing in a text looks like a secret."""
    return next(find_leaks(plain(text)), None) is None


_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202f\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """A text with signs that cannot be printed, or that turn others around, written as numbers."""
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def unreadable(problem: Problem) -> Finding:
    """A recording that cannot be read."""
    return finding("unreadable", "cassette", None, "", Text(f"{problem.path.name}:{problem.line or 1}: {problem.what}"))
