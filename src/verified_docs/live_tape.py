"""Takes down what an example and a real server say to each other, with every secret replaced in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import yaml
from vcr.cassette import Cassette as Tape
from vcr.filters import decode_response
from vcr.record_mode import RecordMode
from vcr.request import Request

from verified_docs.adapter import Adapter
from verified_docs.whole import write_whole


class Replacing(Protocol):
    """Replaces names of one server and its secrets by those of every recording."""

    def text(self, text: str) -> str:
        """A text with every replacement made."""
        ...

    def content(self, content: bytes) -> bytes:
        """The bytes of a body with every replacement made, or a ValueError where that cannot be."""
        ...

    def credential(self, value: str, labelled: Any) -> str:
        """A credential as a label, or a ValueError where it has none."""
        ...


class Elsewhere(PermissionError):
    """The example sends a request to another server than the one that is recorded."""


class LiveTape(Tape):
    """A vcrpy cassette that lets every request through to one server, and keeps it with its answer.

    What it keeps went through the replacements first; the rest of the headers is dropped. It never writes by itself.

    Args:
        url: Address of the only server that may be asked.
        alias: The replacements.
        adapter: Which headers matter.
    """

    def __init__(self, url: str, alias: Replacing, adapter: Adapter) -> None:
        super().__init__(path="live", record_mode=RecordMode.ALL)  # type: ignore[no-untyped-call]
        self.rows: list[dict[str, Any]] = []
        self.refused: list[str] = []
        self._url = urlsplit(url)
        self._alias = alias
        self._adapter = adapter
        self._writing = threading.Lock()

    def can_play_response_for(self, request: Request) -> bool:
        """Never: the server answers.

        Raises:
            Elsewhere: It is another server.
        """
        asked = urlsplit(request.uri)
        if (asked.scheme, asked.hostname, asked.port or 0) != (
            self._url.scheme,
            self._url.hostname,
            self._url.port or (asked.port or 0),
        ):
            self.refused.append(f"a request to {asked.scheme}://{asked.hostname}")
            raise Elsewhere(self.refused[-1])
        return False

    def append(self, request: Request, response: Mapping[str, Any]) -> None:
        """Keeps a request and its answer, replaced. What cannot be kept is told at the end: the client goes on."""
        with self._writing:
            try:
                plain = decode_response(dict(response))  # type: ignore[no-untyped-call]
                self.rows.append(self._row(request, plain))
            except ValueError as error:
                self.refused.append(str(error))

    def _row(self, request: Request, response: Mapping[str, Any]) -> dict[str, Any]:
        # The answer first: it may name a secret that the request already held.
        answer = self._alias.content(bytes(response["body"]["string"] or b""))
        sent = request.body_bytes
        body = self._alias.content(sent.encode() if isinstance(sent, str) else bytes(sent)) if sent else None
        answer_headers = {
            name: [self._alias.text(str(value)) for value in values]
            for name, values in response["headers"].items()
            if name.lower() in self._adapter.answer_headers
        }
        return {
            "request": {
                "body": _readable(body),
                "headers": dict(self._headers(request)),
                "method": request.method,
                "uri": self._alias.text(request.uri),
            },
            "response": {
                "body": {"string": _readable(answer)},
                "headers": dict(sorted(answer_headers.items())),
                "status": dict(response["status"]),
            },
        }

    def _headers(self, request: Request) -> list[tuple[str, list[str]]]:
        kept: list[tuple[str, list[str]]] = []
        for name, value in request.headers.items():
            text = value.decode() if isinstance(value, bytes) else str(value)
            if name.lower() in self._adapter.credential_headers:
                kept.append((name, [self._alias.credential(text, self._adapter.labelled)]))
            elif name.lower() in self._adapter.request_headers:
                kept.append((name, [self._alias.text(text)]))
        return sorted(kept)

    def credentials(self) -> list[str]:
        """The credentials that were sent, as labels, in the order of their first use."""
        sent = [
            f"{name}: {values[0]}"
            for row in self.rows
            for name, values in row["request"]["headers"].items()
            if name.lower() in self._adapter.credential_headers
        ]
        return list(dict.fromkeys(sent)) or ["none"]

    def write(self, path: Path) -> None:
        """Writes what was said in vcrpy's format."""
        document = {"interactions": self.rows, "version": 1}
        write_whole(path, yaml.dump(document, Dumper=yaml.CSafeDumper, allow_unicode=True, width=10_000))

    def _save(self, force: bool = False) -> None:
        """Never by itself: the example may have failed."""


def _readable(content: bytes | None) -> str | bytes | None:
    if content is None:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content
