"""Gives a text in every spelling that hides words from a search: escapes, entities, tags, base64, hexadecimal."""

from __future__ import annotations

import base64
import binascii
import html
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from urllib.parse import unquote

from verified_docs.unpacked import TooLargeError, is_packed, members

# JSON in JSON in a page in an address: nobody writes more levels than this.
_LEVELS = 8
_DEPTH = 3
# Stands for a line break that was written as `\n` or `%0A`, so that every line keeps its number.
BREAK = "\x0b"
_INLINE_TAG = re.compile(
    r"</?(?:span|a|b|i|u|em|strong|code|mark|wbr|kbd|samp|var|small|sub|sup|del|ins|font)(?:\s[^<>]*)?/?>", re.I
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,20});")
_ESCAPE = re.compile(r"\\\\*(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[nrtf\"'/])|\\\\+")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}(?:%[0-9a-fA-F]{2})*")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")

# What base64, also that of addresses, and tokens are made of; all else ends a word.
_OF_WORDS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_WORDS_ONLY = bytes(sign if sign in _OF_WORDS else 32 for sign in range(256))
LEAST_WORD = 20
_LONG_WORD = re.compile(rf"[A-Za-z0-9+/_-]{{{LEAST_WORD},}}+")
# More words than this are found in one pass; fewer, one after the other.
_FEW = 64
_ONLY_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:[2-7][0-9A-Fa-f]){12,}(?![0-9A-Fa-f])")
# Base64 in lines, as mail, PEM and YAML have it. The quantifiers never give back: long data takes linear time.
_WRAPPED = re.compile(
    r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40,}+(?:[ \t\r]*+[\n\x0b][ \t]*+[A-Za-z0-9+/]{40,}+)*+"
    r"(?:[ \t\r]*+[\n\x0b][ \t]*+[A-Za-z0-9+/]{2,}+)?+={0,2}"
)
# Where such a line may end: a quick look before the slow one. Lines that end in a hash are none.
_WRAPS = tuple(
    re.compile(rf"{end}(?:(?<=[A-Za-z0-9+/]{{40}}{end})(?<![0-9a-f]{{40}}{end})|(?<=[A-Za-z0-9+/]{{40}}[\r\x0b]{end}))")
    for end in (r"\n", r"\x0b")
)
_SPACE = re.compile(r"\s+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_STRING = re.compile(
    rb"(?:[\x20-\x7e\t]|[\xc3-\xf4][\x80-\xbf]{1,3}){8,}|(?:[\x20-\x7e]\x00){8,}|(?:\x00[\x20-\x7e]){8,}"
)
STANDARD = str.maketrans("-_", "+/")


@dataclass(frozen=True)
class Spelling:
    """A text as one of its readers would get it.

    Attributes:
        text: The text.
        how: How it was hidden, such as ` in base64`; nothing where it was not.
        rows: The line of the source for each line of the text; None where they are the same.
    """

    text: str
    how: str = ""
    rows: tuple[int, ...] | None = None

    def line(self, position: int) -> int:
        """The line of the source, counted from 1, that a position in the text comes from."""
        number = bisect_left(self._breaks, position)
        return number + 1 if self.rows is None else self.rows[number]

    @cached_property
    def _breaks(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.text)]


def spellings(text: str) -> Iterator[Spelling]:
    """Every spelling of a text, the text itself first.

    Args:
        text: A whole text.

    Yields:
        The text; what is left when escapes, entities and inline tags are resolved; what stands in base64 and
        hexadecimal in either, also in base64 in base64.
    """
    yield from _spellings(Spelling(text), _DEPTH)


def _spellings(one: Spelling, depth: int) -> Iterator[Spelling]:
    yield one
    readable = plain(one.text)
    if readable != one.text:
        one = Spelling(readable, one.how, one.rows)
        yield one
    if depth:
        rows = _decoded(one)
        if rows:
            text, how = "\n".join(text for text, _ in rows), one.how or " in base64"
            yield from _spellings(Spelling(text, how, tuple(line for _, line in rows)), depth - 1)


def plain(text: str) -> str:
    """The text as its reader gets it: escapes, entities and inline tags resolved, every line with its number."""
    for _ in range(_LEVELS):
        before = text
        if "<" in text:
            text = _INLINE_TAG.sub(_line_breaks, text)
        if "&" in text:
            text = _ENTITY.sub(lambda match: _entity(match[0]), text)
        if "\\" in text:
            text = _ESCAPE.sub(lambda match: _escape(match[0]), text)
        if "%" in text:
            text = _PERCENT.sub(lambda match: _percent(match[0]), text)
        if not text.isascii():
            text = _INVISIBLE.sub("", text)
        if text == before:
            break
    return text


def strings(content: bytes) -> str:
    """What is readable in bytes that are not text, a line for each piece of eight characters or more."""
    return "\n".join(map(_readable, _STRING.findall(content)))


def as_text(content: bytes) -> str | None:
    """Bytes as text, by their byte order mark or as UTF-8; None where they are something else."""
    name = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(name)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _readable(piece: bytes) -> str:
    text = piece.replace(b"\0", b"").decode("utf-8", "replace")
    # Once more without what may be no letters, but bytes that happen to stand there.
    return text if text.isascii() else f"{text}{BREAK}{_NOT_ASCII.sub(BREAK, text)}"


def _line_breaks(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def _kept(text: str, instead: str) -> str:
    """A decoded text; it stays as it was written where it would be a control character."""
    text = text.replace("\n", BREAK).replace("\r", BREAK)
    return text if all(sign >= " " or sign in "\t\x0b" for sign in text) else instead


@lru_cache(maxsize=4096)
def _entity(written: str) -> str:
    return _kept(html.unescape(written), written)


@lru_cache(maxsize=4096)
def _percent(written: str) -> str:
    try:
        return _kept(unquote(written, errors="strict"), written)
    except UnicodeDecodeError:
        # Characters of one byte may stand beside what is no UTF-8.
        return re.sub(r"%([2-7][0-9a-fA-F])", lambda match: chr(int(match[1], 16)), written)


@lru_cache(maxsize=4096)
def _escape(written: str) -> str:
    what = written.lstrip("\\")
    if not what:
        return "\\"
    if len(what) == 1:
        return what if what in "\"'/" else "\t" if what == "t" else BREAK
    code = int(what[1:], 16)
    return written if 0xD800 <= code < 0xE000 or code > 0x10FFFF else _kept(chr(code), written)


@lru_cache(maxsize=2)
def words(text: str) -> tuple[str, ...]:
    """Every long word of a text, once, in no particular order: what may be a token, or base64."""
    pieces = set(text.encode("latin-1", "replace").translate(_WORDS_ONLY).split())
    return tuple(piece.decode() for piece in pieces if len(piece) >= LEAST_WORD)


def places(text: str, wanted: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Where some of the long words of a text stand, begin and end of each; in time that grows as the text does."""
    chosen = set(wanted)
    if len(chosen) > _FEW:
        yield from (match.span() for match in _LONG_WORD.finditer(text) if match[0] in chosen)
        return
    for word in chosen:
        start = text.find(word)
        while start >= 0:
            yield start, start + len(word)
            start = text.find(word, start + len(word))


def _decoded(one: Spelling) -> list[tuple[str, int]]:
    """What stands in base64 and hexadecimal, with its line."""
    text = one.text
    found: list[tuple[str, str]] = []
    encoded_words: dict[str, str] = {}
    begins: dict[str, int] = {}
    for word in words(text):
        if not _ONLY_HEX.fullmatch(word):
            encoded_words[word] = word
        for match in _HEX.finditer(word):
            found += [(piece, word) for piece in strings(bytes.fromhex(match[0])).splitlines()]
    if any(pattern.search(text) for pattern in _WRAPS):
        for match in _WRAPPED.finditer(text):
            begins.setdefault(match[0], match.start())
            encoded_words[_SPACE.sub("", match[0]).rstrip("=")] = match[0]
    found += _in_base64(encoded_words)
    for start, end in places(text, {source for _, source in found if source not in begins}):
        begins.setdefault(text[start:end], start)
    return [(piece, one.line(begins[source])) for piece, source in found]


def _in_base64(sources: dict[str, str]) -> Iterator[tuple[str, str]]:
    pieces: list[bytes] = []
    begins: list[int] = []
    owners: list[str] = []
    length = 0
    for word, source in sources.items():
        standard = word.translate(STANDARD)
        # Where the encoded part begins is not known: text may stand right before it.
        for skip in range(4):
            part = standard[skip : skip + (len(standard) - skip) // 4 * 4]
            rest = standard[skip + len(part) :]
            decoded = binascii.a2b_base64(part + (rest + "=" * (4 - len(rest)) if len(rest) > 1 else ""))
            if not skip and is_packed(decoded):
                decoded = _unpacked(decoded)
            pieces.append(decoded)
            begins.append(length)
            owners.append(source)
            length += len(decoded) + 1
    for match in _STRING.finditer(b"\n".join(pieces)):
        yield _readable(match[0]), owners[bisect_right(begins, match.start()) - 1]


def _unpacked(content: bytes) -> bytes:
    try:
        return b"\n".join(inside for _, inside in members(content))
    except TooLargeError:
        return content


def encoded(content: bytes) -> set[str]:
    """The pieces of base64 of which one is in the base64 of all that holds some bytes.

    Base64 turns 3 bytes into 4 signs: wherever the bytes begin, one of three pieces is in there.
    """
    pieces = set()
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + content).decode().rstrip("=")
        first = shift + 1 if shift else 0
        last = len(whole) - (1 if (shift + len(content)) % 3 else 0)
        if last - first >= 8:
            pieces |= {whole[first:last], whole[first:last].translate(str.maketrans("+/", "-_"))}
    return pieces
