"""The one place where knowledge of a particular server and client enters verified_docs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from verified_docs.cassette import Interaction
from verified_docs.example import Example


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

    def is_download(self, method: str, path: str) -> bool:
        """Whether a request fetches a file; clients fetch several at once, in any order."""
        ...

    def is_own(self, path: str, content: bytes) -> bool:
        """Whether an uploaded file's bytes are the example's own, so that a replay must send just these."""
        ...

    def environment(self, example: Example) -> dict[str, str]:
        """The environment variables that the example runs with, credentials as labels."""
        ...

    def client_version(self) -> str:
        """The version of the client that is installed here."""
        ...

    def restored(self) -> AbstractContextManager[None]:
        """Undoes on exit what a run changed in the client's process-wide state."""
        ...
