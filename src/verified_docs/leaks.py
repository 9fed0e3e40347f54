"""Finds text that must never be written: tokens, unlabelled credentials, addresses of people."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass

# What replaces a token: it says which credential was sent and is worth nothing to anybody.
LABEL = re.compile(r"<[a-z_]+(?::[a-z_]+)*>")
_REDACTED = re.compile(r"(?:redacted|placeholder|example|your|xxxx)", re.I)
# Any word before it counts, but for the tokens that count pages.
_SECRET_NAME = r"(?!(?:next_)?page_token)(?:[a-z0-9]+[_-])*(?:token|secret|passw(?:or)?d)"
# A plain word, as in "the token downloads".
_WORD = r"(?-i:[a-z]){1,19}\.?(?![A-Za-z0-9+/=_\-.~])"
SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("GitLab token", re.compile(r"gl[a-z]{2,6}-(?P<value>[A-Za-z0-9_\-.]{16,})")),
    ("runner registration token", re.compile(r"GR1348941(?P<value>[A-Za-z0-9_-]{16,})")),
    ("cloud access key", re.compile(r"(?P<value>(?:AKIA|ASIA)[A-Z0-9]{16})")),
    ("JSON web token", re.compile(r"(?P<value>eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,})")),
    ("private key", re.compile(r"(?P<value>-----BEGIN [A-Z ]*PRIVATE KEY-----)")),
    (
        "credential that is not a label",
        re.compile(rf"\b(?:Bearer|Basic|Token)[ \t]+(?!<|{_WORD})(?P<value>[A-Za-z0-9+/=_\-.~]{{8,}})", re.I),
    ),
    (
        "credential that is not a label",
        re.compile(
            rf"(?:[\"'?&]|^){_SECRET_NAME}[\"']?(?:=|\s*:\s*[\"'])(?!<)(?P<value>[A-Za-z0-9+/=_\-.~%]{{8,}})",
            re.I | re.M,
        ),
    ),
    (
        "signature in an address",
        re.compile(r"[?&](?:X-Amz-|X-Goog-)?(?:Signature|Credential)=(?P<value>[^&\s\"']{8,})"),
    ),
    ("credentials in an address", re.compile(r"https?://(?P<value>[^/\s@\"'<>?]+)@")),
)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})\b")
_SAFE_DOMAINS = ("example.com", "example.org", "example.net")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")


def is_label(credential: str) -> bool:
    """Whether a credential header holds nothing but a scheme and a label."""
    return bool(LABEL.search(credential)) and LABEL.sub("", credential).strip() in {"", "Bearer", "Basic"}


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
        # Where the encoded part begins is not known: text may stand right before it.
        for skip in range(4):
            part = match.group()[skip:]
            decoded = base64.b64decode(part[: len(part.rstrip("=")) // 4 * 4])
            for kind, _ in _matches(decoded.decode("latin-1"), mails=False):
                yield Leak(f"{kind} in base64", text.count("\n", 0, match.start()) + 1)


def find_leaks_in_bytes(content: bytes) -> Iterator[Leak]:
    """Looks for secrets in bytes that are not text, such as a packed model."""
    for kind, _ in _matches(content.decode("latin-1"), mails=False):
        yield Leak(kind, 1)


# JSON in JSON, and what writers of JSON and addresses do to the signs that tokens and names are made of.
_ESCAPED = re.compile(r'\\+(?="|u0026|u003d|u002d|u003c)')
_SPELLED = {"u0026": "&", "u003d": "=", "u002d": "-", "u003c": "<", "%2d": "-", "%3d": "=", "%26": "&"}
_SPELLING = re.compile("|".join(map(re.escape, _SPELLED)), re.I)


def _unescaped(text: str) -> str:
    """The text as its reader gets it; every line keeps its number."""
    return _SPELLING.sub(lambda match: _SPELLED[match.group().lower()], _ESCAPED.sub("", text))


def _matches(text: str, *, mails: bool = True) -> Iterator[tuple[str, int]]:
    yield from _matches_in(text, mails=mails)
    plain = _unescaped(text)
    if plain != text:
        lines = {text.count("\n", 0, start) for _, start in _matches_in(text, mails=mails)}
        for kind, start in _matches_in(plain, mails=mails):
            line = plain.count("\n", 0, start)
            if line not in lines:
                yield kind, _start_of_line(text, line)


def _start_of_line(text: str, line: int) -> int:
    start = 0
    for _ in range(line):
        start = text.index("\n", start) + 1
    return start


def _matches_in(text: str, *, mails: bool) -> Iterator[tuple[str, int]]:
    for kind, pattern in SHAPES:
        for match in pattern.finditer(text):
            if not _REDACTED.match(match["value"]):
                yield kind, match.start()
    for match in _EMAIL.finditer(text) if mails else ():
        domain = match[1].lower()
        if not any(domain == safe or domain.endswith(f".{safe}") for safe in _SAFE_DOMAINS):
            yield "e-mail address", match.start()
