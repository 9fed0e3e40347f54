"""Puts the address of the replay in the place of the recorded one, and back, in every form that texts have it in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import quote

from mlflow_gitlab.replay.library import HOST

# As it is, inside JSON whose slashes are escaped, and inside another address.
_FORMS: tuple[Callable[[str], str], ...] = (
    lambda address: address,
    lambda address: address.replace("/", "\\/"),
    lambda address: quote(address, safe=""),
)
# What would make it the address of another host.
_ENDS = r"(?![-\w]|\.\w)"


def to_client(text: str, base: str) -> str:
    """A recorded text with the replay's address in it.

    Args:
        text: Of a body or a header.
        base: The replay's address with the session, without a slash at its end.
    """
    return _replaced(text, [HOST], base)


def to_recorded(text: str, bases: Iterable[str]) -> str:
    """A client's text with the recorded address in it.

    Args:
        text: Of an address or a body.
        bases: The addresses under which the client may know the replay's session.
    """
    return _replaced(text, bases, HOST)


def _replaced(text: str, old: Iterable[str], new: str) -> str:
    for address in old:
        for form in _FORMS:
            pattern = re.compile(re.escape(form(address)) + _ENDS, re.IGNORECASE)
            replacement = form(new)
            text = pattern.sub(lambda _, value=replacement: value, text)  # type: ignore[misc]
    return text


def body_to_client(content: bytes, base: str) -> bytes:
    """A recorded body with the replay's address in it; bytes that are no text stay as they are."""
    try:
        return to_client(content.decode(), base).encode()
    except UnicodeDecodeError:
        return content


def body_to_recorded(content: bytes, bases: Iterable[str]) -> bytes:
    """A client's body with the recorded address in it; bytes that are no text stay as they are."""
    try:
        return to_recorded(content.decode(), bases).encode()
    except UnicodeDecodeError:
        return content
