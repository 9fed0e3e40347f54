"""Finds text that must never be written: tokens, unlabelled credentials, addresses of people and of machines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from verified_docs.rules import RANDOM, RULES, SHAPES, Known
from verified_docs.spellings import as_text, spellings, strings
from verified_docs.unpacked import TooLargeError, is_packed, members

__all__ = ["CANARY", "LABEL", "SHAPES", "Known", "Leak", "find_leaks", "find_leaks_in_bytes", "is_label", "unspoken"]

# What replaces a token: it says which credential was sent and is worth nothing to anybody.
LABEL = re.compile(r"<[a-z_]+(?::[a-z_]+)*>")
CANARY = "canary"
TOO_LARGE = "archive that is too large to look into"
NOTHING = Known()


def is_label(credential: str) -> bool:
    """Whether a credential header holds nothing but a scheme and a label."""
    return bool(LABEL.search(credential)) and LABEL.sub("", credential).strip() in {"", "Bearer", "Basic"}


@dataclass(frozen=True)
class Leak:
    """Something secret in a text.

    Attributes:
        kind: What it looks like.
        line: Where it stands, counted from 1; None where that is not known.
        inside: How it is hidden: ` in base64`, or the file of an archive in which it stands.

    The secret itself is not kept, so that a message about it cannot spread it.
    """

    kind: str
    line: int | None
    inside: str = ""

    def __str__(self) -> str:
        return self.kind + self.inside


def find_leaks(text: str, known: Known = NOTHING) -> Iterator[Leak]:
    """Looks for secrets in a text, in every spelling.

    Args:
        text: The whole text of a file that is about to be written or published.
        known: What the project knows of itself.

    Yields:
        One entry for each kind and line, in no particular order.
    """
    seen = set()
    for one in spellings(text):
        for kind, start in _matches(one.text, known):
            line = one.line(start)
            if (kind, line) not in seen:
                seen.add((kind, line))
                yield Leak(kind, line, one.how)


def find_leaks_in_bytes(content: bytes, known: Known = NOTHING) -> Iterator[Leak]:
    """Looks for secrets in any bytes: in text, in what is readable in others, and in the files of an archive.

    Args:
        content: The bytes.
        known: What the project knows of itself.

    Yields:
        One entry for each kind and line. The line is 1 in what is not text.
    """
    if is_packed(content):
        try:
            for name, inside in members(content):
                where = f" in {unspoken(name, known)}" if name else ""
                for leak in _in_file(inside, known):
                    yield Leak(leak.kind, 1, where + leak.inside)
        except TooLargeError:
            yield Leak(TOO_LARGE, 1)
    else:
        yield from _in_file(content, known)


def unspoken(text: str, known: Known = NOTHING, instead: str = "(what holds a secret)") -> str:
    """A text for a message: itself, or a remark in its place where it would give a secret away."""
    return instead if any(find_leaks(text, known)) else text


def _in_file(content: bytes, known: Known) -> Iterator[Leak]:
    text = as_text(content)
    if text is not None:
        yield from find_leaks(text, known)
    else:
        for leak in find_leaks(strings(content), known):
            yield Leak(leak.kind, 1, leak.inside)


def _matches(text: str, known: Known) -> Iterator[tuple[str, int]]:
    # The only letter of which the small one is longer.
    lower = text.replace("\u0130", "i").lower()
    told: set[int] = set()
    for rule in RULES:
        for match in rule.find(text, lower):
            # A token is also random text, and is told once, as what it is.
            if rule.keep(match, known) and not (rule.kind == RANDOM and told.intersection(range(*match.span()))):
                told.add(match.start("value"))
                yield rule.kind, match.start("value")
    for form in known.forms:
        start = text.find(form)
        while start >= 0:
            yield CANARY, start
            start = text.find(form, start + len(form))
    for pattern in known.patterns:
        for match in pattern.finditer(text):
            yield CANARY, match.start()
