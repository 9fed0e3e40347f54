"""The one place where knowledge of a particular server and client enters verified_docs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from verified_docs.cassette import Interaction
from verified_docs.example import Example
from verified_docs.lane import Lane
from verified_docs.provenance import Software


class Adapter(Protocol):
    """What verified_docs has to be told about the server and the client.

    Attributes:
        server: The server's name in provenance.
        client: The client's name in provenance.
        host: The only host that recordings and examples may name.
        credential_headers: Headers that carry a credential, in lower case.
        request_headers: Other request headers to keep, in lower case.
        answer_headers: Answer headers to keep, in lower case.
        placeholder: What stands in a cassette for ids that a server makes up, and is numbered by its place there.
    """

    server: str
    client: str
    host: str
    credential_headers: frozenset[str]
    request_headers: frozenset[str]
    answer_headers: frozenset[str]
    placeholder: re.Pattern[str]

    def stabilise(
        self, interactions: Sequence[Interaction], message: str, environment: Mapping[str, str]
    ) -> tuple[list[Interaction], str, dict[str, str]]:
        """Replaces ids and times that differ between recordings by stable ones.

        Args:
            interactions: What went over the wire.
            message: That of the exception at the end, or an empty text.
            environment: Values of the recorded run that show in its requests.

        Returns:
            The three with the same replacements.
        """
        ...

    def comparable(self, body: Any) -> Any:
        """A JSON body without what differs from run to run, for matching."""
        ...

    def masked(self, body: Any) -> Any:
        """A JSON body in which each value that differs from run to run is one and the same, at its place."""
        ...

    def is_volatile_row(self, row: Any) -> bool:
        """Whether a row of a JSON array is there in one run and not in another."""
        ...

    def labelled(self, credential: str) -> str:
        """A credential with the label for what nobody ever issued; any other stays as it is."""
        ...

    def is_upload(self, method: str, path: str) -> bool:
        """Whether a request's body is a file."""
        ...

    def made_up(self, answer: Any) -> list[str]:
        """The names in an answer that the server has made up by chance, in their order."""
        ...

    def is_unordered(self, path: str, key: str) -> bool:
        """Whether the server promises no order for the rows of a list.

        Args:
            path: Of the request that was answered with it.
            key: The name of the list, empty for an answer that is a list.
        """
        ...

    def is_download(self, method: str, path: str) -> bool:
        """Whether a request fetches a file; clients fetch several at once, in any order."""
        ...

    def is_own(self, path: str, content: bytes) -> bool:
        """Whether an uploaded file's bytes are the example's own, so that a replay must send just these."""
        ...

    def environment(self, example: Example) -> dict[str, str]:
        """The environment variables that the example runs with, credentials as labels."""
        ...

    def alias(self, names: Mapping[str, str], labels: Mapping[str, str]) -> Any:
        """The replacements that make one server look like that of every recording: see `live_tape.Replacing`.

        Args:
            names: Those of a `Scratch`.
            labels: Those of a `Scratch`.
        """
        ...

    def code(self) -> Sequence[Path]:
        """The folders of the code that examples run with: the client, and what else they import that changes here."""
        ...

    def client_version(self) -> str:
        """The version of the client that is installed here."""
        ...

    def restored(self) -> AbstractContextManager[None]:
        """Undoes on exit what a run changed in the client's process-wide state."""
        ...


@dataclass(frozen=True)
class Scratch:
    """A place of its own on a server, for one recording.

    Attributes:
        environment: The variables that the example runs with, with real values.
        labels: Each secret among them, with the label that stands for it.
        names: What names the place in requests and answers; `url` is the address of the server.
        server: The server, as it names itself.
        shown: Values of the environment that show in requests and are no secrets.
    """

    environment: dict[str, str] = field(repr=False)
    labels: dict[str, str] = field(repr=False)
    names: dict[str, str]
    server: Software
    shown: dict[str, str] = field(default_factory=dict)


class NotHere(Exception):
    """An example that cannot be recorded on this server; the message says what it needs."""


class ServerGone(Exception):
    """The server does not answer any more: no other example can be recorded now."""


class Recorder(Protocol):
    """Gives examples a place of their own on a real server, and takes it away again."""

    def server(self) -> Software:
        """The server's name and version.

        Raises:
            ServerGone: It does not answer.
            Problem: It does not let us in.
        """
        ...

    def leftovers(self, mine: Sequence[str]) -> list[str]:
        """Removes the places that runs left behind which were killed.

        Args:
            mine: The marks of runs of this machine, which are over.

        Returns:
            What was removed, in words.
        """
        ...

    def scratch(self, example: Example, lane: Lane, mark: str) -> AbstractContextManager[Scratch]:
        """A new place for one example, removed at the end of the block.

        Args:
            example: What is recorded.
            lane: Where.
            mark: What tells this run from all others: 32 hexadecimal digits.

        Raises:
            NotHere: It needs what this server or this person does not have.
            ServerGone: The server does not answer.
            Problem: The server does not let us.
        """
        ...
