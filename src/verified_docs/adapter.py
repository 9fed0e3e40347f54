"""The one place where knowledge of a particular server and client enters verified_docs."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from verified_docs.cassette import Interaction
from verified_docs.example import Example
from verified_docs.lane import CONFIG, Lane, load_settings
from verified_docs.problem import Problem
from verified_docs.provenance import Software


class Adapter(Protocol):
    """What verified_docs has to be told about the server and the client.

    Nothing of it loads the client: only a run does, with `settings` in its environment.

    Attributes:
        server: The server's name in provenance.
        client: The client's name in provenance.
        host: The only host that recordings and examples may name.
        credential_headers: Headers that carry a credential, in lower case.
        request_headers: Other request headers to keep, in lower case.
        answer_headers: Answer headers to keep, in lower case.
        settings: The environment variables that the client has to find when it is loaded.
        placeholder: What stands in a cassette for ids that a server makes up, and is numbered by its place there.
    """

    server: str
    client: str
    host: str
    credential_headers: frozenset[str]
    request_headers: frozenset[str]
    answer_headers: frozenset[str]
    settings: Mapping[str, str]
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

    def recorder(self, root: Path, group: str | None, project: int | None) -> Recorder:
        """What gives examples a place of their own on a real server, for `verified-docs record`.

        Args:
            root: The project's folder.
            group: Where to make places, as the server names it; None for a place of its choice.
            project: A place that is there already, to use instead.

        Raises:
            Problem: This adapter records nothing, or the server's address or credentials are missing.
        """
        ...


# What a class of a project's own most likely lacks.
_MEMBERS = sorted({*Adapter.__annotations__, *(name for name in vars(Adapter) if not name.startswith("_"))})


def load_adapter(root: Path) -> Adapter:
    """The adapter of a project: `adapter = "module:Class"` under `[tool.verified_docs]`.

    Args:
        root: The project's folder; its modules may stand there, too.

    Raises:
        Problem: None is named, or what is named is no adapter.
    """
    name = load_settings(root).get("adapter")
    fix = "name a class as module:Class, in a module that stands here or is installed, then make verify"
    if name is None:
        what = "no adapter is named: nothing says what is volatile, and what is secret"
        raise Problem(root / CONFIG, None, what, f'add adapter = "…" under [tool.verified_docs]: {fix}', kind="config")
    module, _, attribute = str(name).partition(":")
    try:
        with _importable(root):
            adapter = getattr(importlib.import_module(module), attribute)()
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        what = f"adapter = {name!r} under [tool.verified_docs] cannot be used ({error})"
        raise Problem(root / CONFIG, None, what, fix, kind="config") from error
    if missing := [member for member in _MEMBERS if not hasattr(adapter, member)]:
        what = f"{name} is no adapter: it has no {', '.join(missing)}"
        raise Problem(root / CONFIG, None, what, f"add them to the class, or {fix}", kind="config")
    return cast("Adapter", adapter)


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Finds the modules of a folder too, after all that are installed; examples find none of them."""
    place = str(folder.resolve())
    sys.path.append(place)
    try:
        yield
    finally:
        # The last one: it may have been there before.
        del sys.path[len(sys.path) - 1 - sys.path[::-1].index(place)]


def code_of(adapter: Adapter) -> list[Path]:
    """The code that a result depends on: what examples run with, and the adapter itself, which may be a project's own.

    Args:
        adapter: Knowledge of server and client.

    Returns:
        Folders of packages, and files of modules that stand alone.
    """
    found = list(adapter.code())
    for one in type(adapter).__mro__[:-1]:
        file = Path(inspect.getfile(one))
        found.append(file.parent if "." in one.__module__ or file.name == "__init__.py" else file)
    return found


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
    """Gives examples a place of their own on a real server, and takes it away again.

    Attributes:
        address: The address of the server.
    """

    address: str

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
