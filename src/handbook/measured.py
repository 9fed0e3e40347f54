"""Holds what was measured on real servers outside the examples, as data with its provenance."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
    model_validator,
)

from verified_docs.cassette import file_sha256, first_line
from verified_docs.problem import Problem, read_text, shown
from verified_docs.provenance import Frozen, Software

MEASURED = Path("measured")
MANIFEST = "manifest.json"
IMPORT = "make measured FROM=folder"


class _Misplaced(ValueError):
    """A fault that a check of the whole document finds; pydantic has no place for it but the whole."""

    def __init__(self, place: tuple[str | int, ...], what: str) -> None:
        super().__init__(what)
        self.place = place


class Source(Frozen):
    """Where measured data comes from.

    Attributes:
        server: The GitLab that answered.
        recorded_at: When.
        recording_sha256: Hash of the file as it was measured.
        client: The MLflow client that asked, or None where plain HTTP was used.
    """

    server: Software
    recorded_at: AwareDatetime
    recording_sha256: str
    client: Software | None = None

    @property
    def series(self) -> str:
        """The first two numbers of the server's version."""
        return ".".join(self.server.version.split(".")[:2])


class Operation(Frozen):
    """One request that was tried with every credential.

    Attributes:
        method: Its HTTP method.
        path_template: Its path; what stands in braces differs from project to project.
        group: The operations that it belongs to.
        note: What it was tried on, or its GraphQL document.
    """

    method: str
    path_template: str
    group: str
    note: str | None = None


class Credential(Frozen):
    """What a request identified itself with.

    Attributes:
        kind: Its kind, such as `personal`, `job` or `none`.
        role: The role of its owner in the project, or None.
        scopes: Its scopes, or the permissions of a fine-grained token.
        sent_as: How it was sent: `bearer`, `basic`, in a header or in the query.
        note: What else was special about it.
    """

    kind: str
    role: str | None = None
    scopes: tuple[str, ...]
    sent_as: str
    note: str | None = None


class Project(Frozen):
    """A project with one setting under test."""

    id: int
    path: str
    visibility: str | None = None
    archived: bool | None = None
    model_experiments_access_level: str | None = None
    model_registry_access_level: str | None = None
    package_registry_access_level: str | None = None
    packages_enabled: bool | None = None
    members: tuple[str, ...] = ()
    note: str | None = None


class Answer(Frozen):
    """What GitLab answered.

    Attributes:
        status: The HTTP status.
        ok: Whether the operation was done; GraphQL answers 200 to what it refuses as well.
        body: The body, to the letter; long ones are cut.
        body_length: The length of a body that was cut, in characters.
        location: Where a redirect leads.
        www_authenticate: The challenge of a 401.
    """

    status: Annotated[StrictInt, Field(ge=100, le=599)]
    ok: StrictBool
    body: str | None = None
    body_length: int | None = None
    location: str | None = None
    www_authenticate: str | None = None


class Permissions(Frozen):
    """Every operation with every credential on every kind of project, of one GitLab.

    Attributes:
        source: Where it comes from.
        operations: By name.
        credentials: By name.
        projects: By kind.
        answers: The different answers that came.
        cells: Kind of project, then credential, to the number of the answer for each operation, in the order of
            `operations`; -1 where it was not tried.
    """

    source: Source
    operations: dict[str, Operation]
    credentials: dict[str, Credential]
    projects: dict[str, Project]
    answers: tuple[Answer, ...]
    cells: dict[str, dict[str, tuple[int, ...]]]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for kind, by_credential in self.cells.items():
            if kind not in self.projects:
                raise _Misplaced(("cells", kind), f"a cell names the project {kind!r}, which nothing describes")
            for credential, numbers in by_credential.items():
                place = ("cells", kind, credential)
                if credential not in self.credentials:
                    raise _Misplaced(place, f"a cell names the credential {credential!r}, which nothing describes")
                if len(numbers) != len(self.operations):
                    what = f"the row of {credential!r} on {kind!r} does not fit the operations"
                    raise _Misplaced(place, f"{what}: it has {len(numbers)} numbers for {len(self.operations)}")
                for column, number in enumerate(numbers):
                    if not -1 <= number < len(self.answers):
                        raise _Misplaced((*place, column), f"there is no answer with the number {number}")
        return self

    def answer(self, operation: str, credential: str, project: str) -> Answer | None:
        """What was answered, or None where it was not tried.

        Raises:
            KeyError: There is no such operation.
        """
        place = self._places[operation]
        numbers = self.cells.get(project, {}).get(credential)
        return None if numbers is None or numbers[place] < 0 else self.answers[numbers[place]]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.operations)}

    @property
    def count(self) -> int:
        """How many requests were made."""
        return sum(number >= 0 for rows in self.cells.values() for numbers in rows.values() for number in numbers)


Status = Literal["works", "works-with-caveat", "ignored", "fails", "client-only", "not-in-client"]


class Exchange(Frozen):
    """One request of a measured call, with its answer.

    Attributes:
        phase: `call` for what the call itself sent, `verify` for what read its effect back.
        method: The HTTP method.
        path: Path and query.
        status: The HTTP status, or None where no answer came.
        request: The body that was sent: JSON, a note on bytes, or None.
        response: The body that came back, to the letter; long ones are cut.
        error: What went wrong before there was an answer.
        note: What else is to be said.
    """

    phase: Literal["call", "verify"]
    method: str
    path: str
    status: Annotated[StrictInt, Field(ge=100, le=599)] | None = None
    request: dict[str, Any] | str | None = None
    response: str | None = None
    error: str | None = None
    note: str | None = None


class Refusal(Frozen):
    """The answer that an exception of the client comes from.

    Attributes:
        method: The HTTP method of the request.
        path: Its path and query.
        status: The HTTP status of the answer.
        body: The body of the answer, to the letter.
        error: What went wrong on the way, in the client's words.
    """

    method: str
    path: str
    status: int | None = None
    body: str | None = None
    error: str | None = None


class Probe(Frozen):
    """One call of the client, in one variant.

    Attributes:
        api: The function or command.
        variant: What was special about this call.
        call: The call as it was made.
        status: How it went: `works` after its effect was read back; `works-with-caveat` and `ignored` have a
            caveat; `client-only` sends nothing.
        caveat: The id of the caveat, if any.
        note: What else was seen.
        exception: Type and message of the error, if any.
        refusal: The answer that the error comes from, where it comes from one.
        expected_error: Whether an MLflow server raises this error too.
        log: What the client wrote to its log.
        requests: The number of requests that the call sent.
        exchanges: The requests, in their order.
    """

    api: str
    variant: str
    call: str
    status: Status
    caveat: str | None = None
    note: str | None = None
    exception: tuple[str, str] | None = None
    refusal: Refusal | None = None
    expected_error: bool = False
    log: tuple[str, ...] = ()
    requests: int
    exchanges: tuple[Exchange, ...] = ()

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        sent = sum(exchange.phase == "call" for exchange in self.exchanges)
        if sent != self.requests:
            raise ValueError(f"{self.api}:{self.variant} counts {self.requests} requests and holds {sent}")
        if self.status in {"works-with-caveat"} and not self.caveat:
            raise ValueError(f"{self.api}:{self.variant} has a caveat that it does not name")
        return self


class Coverage(Frozen):
    """Every call of one client against one GitLab.

    Attributes:
        source: Where it comes from.
        credential: The token that all calls used.
        caveats: What each caveat id means.
        probes: By id, `<api>:<variant>`.
    """

    source: Source
    credential: str
    caveats: dict[str, str]
    probes: dict[str, Probe]


def load_permissions(root: Path) -> list[Permissions]:
    """The measured permissions of every GitLab, oldest first.

    Raises:
        Problem: There are none, or a file is broken.
    """
    return sorted(_load(root, "permissions-*.json", Permissions), key=_age)


def load_coverage(root: Path) -> list[Coverage]:
    """The measured coverage of every lane, oldest GitLab first, then oldest client.

    Raises:
        Problem: There is none, or a file is broken.
    """
    return sorted(_load(root, "coverage-*.json", Coverage), key=_age)


def _age(data: Permissions | Coverage) -> tuple[list[int], list[int]]:
    client = data.source.client
    return _numbers(data.source.server.version), _numbers(client.version) if client else []


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _load[Data: BaseModel](root: Path, pattern: str, model: type[Data]) -> list[Data]:
    paths = sorted((root / MEASURED).glob(pattern))
    if not paths:
        raise Problem(root / MEASURED, None, f"there is no {pattern}", IMPORT, kind="measured")
    known = load_manifest(root)
    for path in paths:
        if known.get(path.name) != file_sha256(path):
            what = "the data is cut off or was edited: its hash is not the one of its import"
            raise Problem(path, None, what, f"git checkout -- {shown(path)}", kind="measured")
    return [validated(path, partial(model.model_validate_json, read_text(path))) for path in paths]


def load_manifest(root: Path) -> dict[str, str]:
    """The hash of every file that an import wrote, by name."""
    path = root / MEASURED / MANIFEST
    try:
        return {str(name): str(value) for name, value in json.loads(read_text(path, IMPORT)).items()}
    except (ValueError, AttributeError) as error:
        raise Problem(path, None, "the manifest is broken", IMPORT, kind="measured") from error


def validated[Data](path: Path, read: Callable[[], Data]) -> Data:
    """What a reader gives, or a message that names the file that it was reading, and the place as a JSON pointer."""
    try:
        return read()
    except (ValidationError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        what = f"the data is cut off or malformed ({_where(error)})"
        raise Problem(path, None, what, IMPORT, kind="measured") from error


def _where(error: Exception) -> str:
    """What an error says, after a JSON pointer (RFC 6901) to what is wrong; never the value: that may be a secret."""
    if not isinstance(error, ValidationError):
        return first_line(error)
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    what = str(cause) if isinstance(cause, _Misplaced) else first["msg"].lower()
    place = (*first["loc"], *(cause.place if isinstance(cause, _Misplaced) else ()))
    # A request's body may have two types; pydantic adds the one that it tried.
    place = place[:-1] if place[-2:-1] == ("request",) else place
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in place)
    return f"{pointer}: {what}" if pointer else what
