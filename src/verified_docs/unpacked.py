"""Looks into archives, without ever holding more of one than a limit: a small file may unpack to gigabytes."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

# Of all members of one file together, also of archives in archives (bytes).
LIMIT = 64 * 2**20
_DEEPEST = 4
_GZIP, _ZIP, _INVENTORY = b"\x1f\x8b", b"PK\x03\x04", b"# Sphinx inventory version 2"


class TooLargeError(Exception):
    """An archive unpacks to more than the limit, or holds archives too deep."""


def is_packed(content: bytes) -> bool:
    """Whether bytes are an archive that can be looked into: zip, gzip, or an index of objects of a site."""
    return content.startswith((_GZIP, _ZIP, _INVENTORY))


def members(content: bytes, limit: int = LIMIT) -> Iterator[tuple[str, bytes]]:
    """The files in an archive, and those in archives in it.

    Args:
        content: The archive. A broken one gives what can be read of it, and itself.
        limit: The most bytes that all members may have together.

    Yields:
        The member's name, with those of the archives around it, and its bytes.

    Raises:
        TooLargeError: The members have more bytes than that.
    """
    left = [limit]
    yield from _members(content, left, _DEEPEST)


def _members(content: bytes, left: list[int], deep: int) -> Iterator[tuple[str, bytes]]:
    if not deep:
        raise TooLargeError
    opened = _zip(content, left) if content.startswith(_ZIP) else _stream(content, left)
    for name, inside in opened:
        if is_packed(inside) and inside != content:
            for below, deeper in _members(inside, left, deep - 1):
                yield f"{name}/{below}" if name else below, deeper
        else:
            yield name, inside


def _zip(content: bytes, left: list[int]) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for row in archive.infolist():
                # The name may be the secret, so it is looked at like what it names.
                yield "", row.filename.encode() + b"\n" + row.comment
                if row.is_dir():
                    continue
                try:
                    with archive.open(row) as file:
                        inside = file.read(left[0] + 1)
                except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError, ValueError):
                    # Broken, or locked with a password.
                    yield row.filename, content
                    continue
                _take(left, inside)
                yield row.filename, inside
    except zipfile.BadZipFile:
        yield "", content


def _stream(content: bytes, left: list[int]) -> Iterator[tuple[str, bytes]]:
    if content.startswith(_INVENTORY):
        head = content.split(b"\n", 4)
        content, wrapper = head[-1], zlib.MAX_WBITS
    else:
        head, wrapper = [], zlib.MAX_WBITS | 16
    unpacked, rest = [], content
    try:
        # A gzip file may hold several streams, one after the other.
        while rest:
            machine = zlib.decompressobj(wrapper)
            inside = machine.decompress(rest, left[0] + 1)
            _take(left, inside)
            unpacked.append(inside)
            if machine.unconsumed_tail:
                raise TooLargeError
            rest = machine.unused_data if machine.eof else b""
    except zlib.error:
        # What follows the last stream, or a file that is cut off.
        unpacked.append(rest)
    yield "", b"".join([*unpacked, b"\n", *head[:-1]])


def _take(left: list[int], inside: bytes) -> None:
    if len(inside) > left[0]:
        raise TooLargeError
    left[0] -= len(inside)
