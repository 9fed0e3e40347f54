"""Finds text that must never be written: tokens, unlabelled credentials, addresses of people."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

# What replaces a token: it says which credential was sent and is worth nothing to anybody.
LABEL = re.compile(r"<[a-z_]+(?::[a-z_]+)*>")
_REDACTED = re.compile(r"redacted|placeholder|example|your|xxxx", re.I)
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("GitLab token", re.compile(r"\bgl[a-z]{2,6}-[A-Za-z0-9_\-.]{16,}")),
    ("runner registration token", re.compile(r"\bGR1348941[A-Za-z0-9_-]{16,}")),
    ("JSON web token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}")),
    ("private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    (
        "credential that is not a label",
        re.compile(r"\b(?:Bearer|Basic)[ \t]+(?!<)(?P<value>[A-Za-z0-9+/=_\-.~]{16,})"),
    ),
    ("credentials in an address", re.compile(r"https?://[^/\s:@\"'<]+:[^/\s@\"'<]+@")),
)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}\b")
_SAFE_DOMAINS = ("example.com", "example.org", "example.net", "noreply.gitlab.example.com")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{24,}={0,2}")


@dataclass(frozen=True)
class Leak:
    """Something secret in a text.

    Attributes:
        kind: What it looks like.
        line: Where it stands, counted from 1.

    The secret itself is not kept, so that a message about it cannot spread it.
    """

    kind: str
    line: int


def find_leaks(text: str) -> Iterator[Leak]:
    """Looks for secrets in a text, also inside base64.

    Args:
        text: The whole text of a file that is about to be written or published.

    Yields:
        One entry per finding, in no particular order.
    """
    for kind, start in _matches(text):
        yield Leak(kind, text.count("\n", 0, start) + 1)
    for match in _BASE64.finditer(text):
        try:
            decoded = base64.b64decode(match.group() + "=" * (-len(match.group()) % 4)).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            continue
        for kind, _ in _matches(decoded):
            yield Leak(f"{kind} in base64", text.count("\n", 0, match.start()) + 1)


def _matches(text: str) -> Iterator[tuple[str, int]]:
    for kind, pattern in _SHAPES:
        for match in pattern.finditer(text):
            if not _REDACTED.search(match.group()):
                yield kind, match.start()
    for match in _EMAIL.finditer(text):
        if not match.group().lower().rpartition("@")[2].endswith(_SAFE_DOMAINS):
            yield "e-mail address", match.start()
