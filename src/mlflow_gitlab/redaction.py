"""Takes tokens out of everything that is shown or written, whatever form they have taken on."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import quote, quote_plus

from verified_docs.leaks import SHAPES

REDACTED = "[redacted]"


class Redactor:
    """Knows the secrets of a process and takes them out of texts.

    Also what only looks like a token goes: the answer of a server may hold one that nobody told us.

    Args:
        secrets: The values to take out. Values of fewer than four characters are left alone.
    """

    _of_process: ClassVar[set[str]] = set()

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Learns one more secret, such as a token that was just made."""
        if len(secret) < 4:
            return
        Redactor._of_process.add(secret)
        self._secrets |= _forms(secret)
        self._pattern = re.compile("|".join(map(re.escape, sorted(self._secrets, key=len, reverse=True))))

    @classmethod
    def of_process(cls) -> Redactor:
        """Knows every secret that this process has met, and those in its environment."""
        named = (value for name, value in os.environ.items() if name.endswith(("TOKEN", "PASSWORD")))
        return cls({*cls._of_process, *named})

    def text(self, text: str) -> str:
        """The text without them."""
        if self._pattern:
            text = self._pattern.sub(REDACTED, text)
        for _, pattern in SHAPES:
            text = pattern.sub(_without_value, text)
        return text

    def data(self, value: Any) -> Any:
        """JSON data without them, in keys and values."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.data(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(one) for one in value]
        return value


def _without_value(match: re.Match[str]) -> str:
    start, end = match.span("value")
    return match[0][: start - match.start()] + REDACTED + match[0][end - match.start() :]


def _forms(secret: str) -> set[str]:
    """The secret as it is, in an address, in JSON, and inside the base64 of anything around it."""
    forms = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
    # Base64 turns 3 bytes into 4 signs: wherever the secret begins in a longer text, one of three pieces is in there.
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret.encode()).decode().rstrip("=")
        first = 0 if shift == 0 else shift + 1
        last = len(encoded) if (shift + len(secret.encode())) % 3 == 0 else -1
        piece = encoded[first:last] if last == -1 else encoded[first:]
        if len(piece) >= 8:
            forms |= {piece, piece.replace("+", "-").replace("/", "_")}
    return forms
