"""Holds one recorded conversation in vcrpy's format, readable, with its provenance."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml
from pydantic import ValidationError

from verified_docs.lane import Lane
from verified_docs.leaks import NOTHING, Known, Leak, find_leaks, find_leaks_in_bytes
from verified_docs.problem import Problem, shown
from verified_docs.provenance import Provenance
from verified_docs.whole import write_whole

CASSETTES = "cassettes"
FORMAT_VERSION = 1
_FINGERPRINT = re.compile(r"^<(?P<any>any bytes, recorded )?sha256:(?P<sha256>[0-9a-f]{64}), (?P<size>\d+) bytes>$")
_ECHO = re.compile(r"^<the bytes of upload (?P<index>\d+), sha256:(?P<sha256>[0-9a-f]{64}), (?P<size>\d+) bytes>$")


@dataclass(frozen=True)
class Fingerprint:
    """Stands for bytes that are not kept.

    Attributes:
        sha256: Hash of the recorded bytes.
        size: Their number.
        exact: Whether a replay has to send just these bytes.
    """

    sha256: str
    size: int
    exact: bool

    @classmethod
    def of(cls, content: bytes, exact: bool) -> Fingerprint:
        """The fingerprint of some bytes."""
        return cls(hashlib.sha256(content).hexdigest(), len(content), exact)

    def __str__(self) -> str:
        return f"<{'' if self.exact else 'any bytes, recorded '}sha256:{self.sha256}, {self.size} bytes>"


@dataclass(frozen=True)
class Echo:
    """A download that was byte for byte what an earlier interaction had uploaded.

    Attributes:
        index: The interaction that uploaded the bytes.
        sha256: Hash of both, as recorded.
        size: Their number.
    """

    index: int
    sha256: str
    size: int

    def __str__(self) -> str:
        return f"<the bytes of upload {self.index}, sha256:{self.sha256}, {self.size} bytes>"


@dataclass(frozen=True)
class Interaction:
    """One request and its answer.

    Attributes:
        method: The HTTP method.
        uri: The whole address.
        headers: The request's headers that matter: credential and content type.
        body: What was sent: nothing, text, or a fingerprint of bytes.
        status: The answer's status code.
        reason: The answer's reason phrase.
        answer_headers: The answer's headers that matter.
        answer: What came back: text, bytes, or an echo of an upload.
    """

    method: str
    uri: str
    headers: dict[str, str]
    body: str | Fingerprint | None
    status: int
    reason: str
    answer_headers: dict[str, str]
    answer: str | bytes | Echo

    @property
    def path(self) -> str:
        """The address's path, without query."""
        return urlsplit(self.uri).path

    @property
    def query(self) -> list[tuple[str, str]]:
        """The address's query, sorted, blanks kept."""
        return query_of(self.uri)

    def __str__(self) -> str:
        return describe(self.method, self.uri)


@dataclass(frozen=True)
class Cassette:
    """A recorded conversation.

    Attributes:
        path: The file it was read from or is to be written to.
        provenance: Where it comes from.
        interactions: The conversation, in order.
    """

    path: Path
    provenance: Provenance
    interactions: tuple[Interaction, ...] = field(repr=False)

    @cached_property
    def text(self) -> str:
        """The cassette as it stands in its file."""
        document = {
            "version": FORMAT_VERSION,
            "metadata": self.provenance.model_dump(mode="json", exclude_none=False),
            "interactions": [_interaction_to_yaml(interaction) for interaction in self.interactions],
        }
        return yaml.dump(
            document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=False
        )


def query_of(uri: str) -> list[tuple[str, str]]:
    """The query of an address, sorted, blanks kept."""
    return sorted(parse_qsl(urlsplit(uri).query, keep_blank_values=True))


def describe(method: str, uri: str) -> str:
    """A request in one line, without scheme and host."""
    parts = urlsplit(uri)
    return f"{method} {parts.path}{'?' + parts.query if parts.query else ''}"


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, or nothing where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def cassette_path(root: Path, lane: Lane, example_id: str) -> Path:
    """Where the cassette of an example in a lane stands."""
    return root / CASSETTES / lane.id / f"{example_id}.yaml"


def list_cassettes(root: Path) -> list[Path]:
    """Every cassette file of a project, sorted."""
    return sorted((root / CASSETTES).rglob("*.yaml"))


def load_cassette(path: Path, text: str | None = None) -> Cassette:
    """Reads a cassette.

    Args:
        path: Its file.
        text: The text to parse instead of the file's, for checks that change it in memory.

    Returns:
        The cassette.

    Raises:
        Problem: There is no such file, it is cut off, or it is not a cassette.
    """
    restore = f"git checkout -- {shown(path)}"
    if text is None:
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError as error:
            raise Problem(path, None, "there is no such cassette", restore, kind="missing-cassette") from error
        except UnicodeDecodeError as error:
            raise Problem(path, None, f"the cassette is not text: {error}", restore, kind="cassette") from error
    return _parsed(path, text, restore)


@lru_cache(maxsize=1024)
def _parsed(path: Path, text: str, restore: str) -> Cassette:
    """The cassette of a text; pages ask for each of them several times."""
    try:
        document = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise Problem(
            path,
            mark.line + 1 if mark else 1,
            f"the cassette is not valid YAML: {getattr(error, 'problem', None) or first_line(error)}",
            restore,
            kind="cassette",
        ) from error
    try:
        if document["version"] != FORMAT_VERSION:
            raise ValueError(f"version {document['version']!r} is not {FORMAT_VERSION}")
        provenance = Provenance.model_validate(document["metadata"])
    except (TypeError, KeyError, ValueError, ValidationError) as error:
        raise Problem(
            path, 1, f"the cassette has no valid provenance: {first_line(error)}", restore, kind="cassette"
        ) from error
    interactions: list[Interaction] = []
    rows = document.get("interactions")
    for number, row in enumerate(rows if isinstance(rows, list) else [None]):
        try:
            interactions.append(_interaction_from_yaml(row))
            answer = interactions[-1].answer
            if isinstance(answer, Echo) and not (
                answer.index < number and isinstance(interactions[answer.index].body, Fingerprint)
            ):
                raise ValueError(f"interaction {answer.index} uploads no bytes to give back")
        except (TypeError, KeyError, ValueError, AttributeError, IndexError, OverflowError) as error:
            line = line_of_interaction(text, number)
            raise Problem(
                path,
                line,
                f"interaction {number} is cut off or malformed: {first_line(error)}",
                restore,
                kind="cassette",
            ) from error
    return Cassette(path, provenance, tuple(interactions))


def check_cassette(cassette: Cassette, known: Known = NOTHING) -> None:
    """Makes sure that a cassette may be written.

    Args:
        cassette: What is about to be written.
        known: What the project and this machine know; the host that it may name is the recorded one.

    Raises:
        Problem: It holds something secret, or would not read back as it is.
    """
    for leak in _leaks(cassette, known):
        raise Problem(
            cassette.path,
            leak.line,
            f"the cassette would hold a secret ({leak}); nothing was written",
            "replace it by a label such as <project:developer:api> in the recording, then make import FROM=FOLDER "
            f"EX={cassette.path.parent.name}/{cassette.path.stem}",
            kind="secret",
        )
    if load_cassette(cassette.path, cassette.text).interactions != cassette.interactions:
        raise Problem(
            cassette.path,
            None,
            "the cassette does not read back as written",
            "report this as a bug",
            kind="cassette",
        )


def _leaks(cassette: Cassette, known: Known) -> Iterator[Leak]:
    yield from find_leaks(cassette.text, known)
    # Once more as they are: YAML has its own way to write some signs and to break long lines.
    ended = cassette.provenance.exception
    parts: list[object] = [*cassette.provenance.environment.values(), ended and ended.message]
    for one in cassette.interactions:
        parts += [one.uri, one.body, one.answer, *one.headers.values(), *one.answer_headers.values()]
    for part in parts:
        if isinstance(part, (str, bytes)):
            found = find_leaks(part, known) if isinstance(part, str) else find_leaks_in_bytes(part, known)
            yield from (replace(leak, line=None) for leak in found)


def write_cassette(cassette: Cassette, known: Known = NOTHING) -> str:
    """Writes a cassette: checked, to a temporary file, then renamed.

    Args:
        cassette: What to write, to its own path.
        known: What the project and this machine know.

    Returns:
        The SHA-256 of the file.

    Raises:
        Problem: The text holds something secret, or does not read back as it was written.
    """
    check_cassette(cassette, known)
    write_whole(cassette.path, cassette.text)
    return hashlib.sha256(cassette.text.encode()).hexdigest()


def _interaction_to_yaml(interaction: Interaction) -> dict[str, Any]:
    body = interaction.body
    answer = interaction.answer
    return {
        "request": {
            "method": interaction.method,
            "uri": interaction.uri,
            "headers": {name: [value] for name, value in interaction.headers.items()},
            "body": str(body) if isinstance(body, Fingerprint) else body,
        },
        "response": {
            "status": {"code": interaction.status, "message": interaction.reason},
            "headers": {name: [value] for name, value in interaction.answer_headers.items()},
            "body": {"string": str(answer) if isinstance(answer, Echo) else answer},
        },
    }


def _interaction_from_yaml(row: Any) -> Interaction:
    request, response = row["request"], row["response"]
    body = request["body"]
    if isinstance(body, str) and (match := _FINGERPRINT.match(body)):
        body = Fingerprint(match["sha256"], int(match["size"]), exact=not match["any"])
    answer = response["body"]["string"]
    if isinstance(answer, str) and (match := _ECHO.match(answer)):
        answer = Echo(int(match["index"]), match["sha256"], int(match["size"]))
    if not isinstance(answer, (str, bytes, Echo)) or not isinstance(body, (str, Fingerprint, type(None))):
        raise ValueError("a body is neither text nor bytes")
    urlsplit(uri := str(request["uri"]))
    return Interaction(
        method=str(request["method"]),
        uri=uri,
        headers=_headers_from_yaml(request["headers"]),
        body=body,
        status=int(response["status"]["code"]),
        reason=str(response["status"]["message"]),
        answer_headers=_headers_from_yaml(response["headers"]),
        answer=answer,
    )


def _headers_from_yaml(rows: Any) -> dict[str, str]:
    headers = {name: values[0] for name, values in rows.items()}
    if not all(isinstance(text, str) for header in headers.items() for text in header):
        raise ValueError("a header is no text")
    return headers


def line_of_interaction(text: str, number: int) -> int | None:
    """The line of a cassette's text in which an interaction starts, or None where there is no such interaction."""
    starts = [n for n, row in enumerate(text.splitlines(), start=1) if row.startswith("- request:")]
    return starts[number] if number < len(starts) else None


def first_line(error: BaseException) -> str:
    """What an error says, without the value that caused it: that may be a secret."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    return str(error).partition("\n")[0]


class _Loader(yaml.CSafeLoader):
    """Reads plain data only: a cassette can never name a Python object to build."""


class _Dumper(yaml.CSafeDumper):
    """Writes texts of several lines as blocks, so that people can read and compare them."""


def _represent_text(dumper: yaml.representer.BaseRepresenter, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)
