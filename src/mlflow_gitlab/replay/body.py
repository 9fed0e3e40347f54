"""Reads the body of a request in every form that clients send it, and never more than the limit."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from io import BufferedIOBase

LIMIT = 64 * 2**20
_LONGEST_LINE = 4096


class Refused(Exception):
    """A body that is not read.

    Attributes:
        status: The status that says why.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def read_body(stream: BufferedIOBase, headers: Mapping[str, str], limit: int = LIMIT) -> bytes:
    """The body of a request, in one piece and unpacked.

    Args:
        stream: Where the body comes from; it is left right behind the body.
        headers: Those of the request, found whatever their case.
        limit: The number of bytes that a body may have, packed and unpacked.

    Raises:
        Refused: It is too long, malformed or packed in an unknown way. The stream is of no use any more.
    """
    length = announced_length(headers, limit)
    transfer = headers.get("Transfer-Encoding")
    if transfer is None:
        content = stream.read(length) if length else b""
        if len(content) < length:
            raise Refused(400, "the body ends before its Content-Length")
    elif transfer.strip().lower() != "chunked":
        raise Refused(501, "the only transfer encoding here is chunked")
    else:
        content = _chunks(stream, limit)
    packing = headers.get("Content-Encoding", "identity").strip().lower()
    if packing == "identity":
        return content
    if packing not in {"gzip", "x-gzip", "deflate"}:
        raise Refused(415, "a body may be packed with gzip or deflate only")
    return _unpacked(content, limit)


def announced_length(headers: Mapping[str, str], limit: int = LIMIT) -> int:
    """The length that a request says its body has; 0 where it says none.

    Raises:
        Refused: It is no number, too large, or said twice in different ways.
    """
    said = headers.get("Content-Length")
    if said is None:
        return 0
    if "Transfer-Encoding" in headers:
        raise Refused(400, "a body has a Content-Length or a Transfer-Encoding, not both")
    if not (said.isascii() and said.isdecimal()):
        raise Refused(400, "the Content-Length is not a number")
    if len(said) > 18 or int(said) > limit:
        raise Refused(413, f"a body may have {limit} bytes here")
    return int(said)


def _chunks(stream: BufferedIOBase, limit: int) -> bytes:
    content = bytearray()
    while True:
        size = _line(stream).partition(b";")[0].strip()
        try:
            if not size or not all(sign in b"0123456789abcdefABCDEF" for sign in size) or len(size) > 16:
                raise ValueError
            count = int(size, 16)
        except ValueError:
            raise Refused(400, "the size of a chunk is not a number") from None
        if count == 0:
            while _line(stream).strip():
                pass
            return bytes(content)
        if len(content) + count > limit:
            raise Refused(413, f"a body may have {limit} bytes here")
        chunk = stream.read(count)
        if len(chunk) < count or _line(stream).strip():
            raise Refused(400, "a chunk has another size than it says")
        content += chunk


def _line(stream: BufferedIOBase) -> bytes:
    line = stream.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise Refused(400, "the body ends in the middle of a chunk")
    return line


def _unpacked(content: bytes, limit: int) -> bytes:
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        try:
            unpacker = zlib.decompressobj(window)
            unpacked = unpacker.decompress(content, limit + 1)
        except zlib.error:
            continue
        if len(unpacked) > limit:
            raise Refused(413, f"an unpacked body may have {limit} bytes here")
        if unpacker.eof and not unpacker.unused_data:
            return unpacked
        break
    raise Refused(400, "the body is not packed as it says")
