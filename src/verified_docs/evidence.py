"""Holds what was proven: one JSON document that says which example did what in which lane."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from verified_docs.census import DOCS, Fence
from verified_docs.example import Example
from verified_docs.lane import Lane
from verified_docs.problem import Problem, read_text, shown
from verified_docs.provenance import Failure, Frozen, Software
from verified_docs.whole import write_whole

FILE = "evidence.json"
SCHEMA_FILE = "evidence.schema.json"


class Held(Frozen):
    """Why an example is in quarantine.

    Attributes:
        reason: What fails.
        owner: The person or team that corrects it.
        since: The day on which it came into quarantine.
        until: The last day of it; the build fails after that.
    """

    reason: str
    owner: str
    since: date
    until: date


class Result(Frozen):
    """What an example did in one lane, exactly as its recording says.

    Attributes:
        verdict: `passes`: it ran to its end and printed what it promises. `fails_as_shown`: it ended with just
            the exception that it promises, after printing what it promises. `not_recorded`: there is no
            recording of it in this lane. `quarantined`: nothing was proven, whatever it did.
        quarantine: Why it is in quarantine, where it is. Of what it did, nothing is said then.
        output: What it printed, in the order of printing.
        exception: How it ended, where it ends with an exception.
        requests: The number of requests it sent.
        recorded_at: When the recording was made (UTC).
        server: The server that was recorded.
        client: The client that was recorded and replayed.
        cassette: The cassette's path below the project's root.
        cassette_sha256: The cassette's hash.
    """

    verdict: Literal["passes", "fails_as_shown", "not_recorded", "quarantined"]
    quarantine: Held | None = None
    output: str = ""
    exception: Failure | None = None
    requests: int = 0
    recorded_at: str | None = None
    server: Software | None = None
    client: Software | None = None
    cassette: str | None = None
    cassette_sha256: str | None = None

    @model_validator(mode="after")
    def _proves_nothing_in_quarantine(self) -> Result:
        if (self.verdict == "quarantined") != (self.quarantine is not None):
            raise ValueError("a result in quarantine says why, and no other does")
        if self.quarantine and (self.output or self.exception or self.requests):
            raise ValueError("a result in quarantine proves nothing")
        return self


class Proof(Frozen):
    """One example with its results.

    Attributes:
        title: What the example does.
        role: The role of the token that was recorded.
        scope: The scope of that token.
        tokens: Other variables that held a credential, with its label.
        path: The example's path below the project's root.
        sha256: Hash of the source that ran.
        results: Lane id to result, one for every lane.
    """

    title: str
    role: str
    scope: str
    tokens: dict[str, str]
    path: str
    sha256: str
    results: dict[str, Result]


class LaneName(Frozen):
    """A lane as readers see it."""

    server: str
    client: str


class Shard(Frozen):
    """Which part of the whole some evidence is of.

    Attributes:
        number: Which of the shards, counted from 1.
        of: How many there are.
        sources: Hash of all examples and Python fences, of every shard.
        split: Hash of the same, with the shard that each belongs to.
    """

    number: int = Field(ge=1)
    of: int = Field(ge=1)
    sources: str
    split: str


class Evidence(Frozen):
    """Everything that was verified.

    Attributes:
        version: The version of this format.
        lanes: Lane id to its names, in the order in which pages show them.
        examples: Example id to its proof.
        fences: Page to the hashes of its Python fences that ran without a server.
        shard: Which part of the whole it is of, where it is not of the whole: nobody publishes that.
    """

    version: Literal[1] = 1
    lanes: dict[str, LaneName]
    examples: dict[str, Proof]
    fences: dict[str, list[str]] = Field(default_factory=dict)
    shard: Shard | None = None

    def count(self, *verdicts: str) -> int:
        """The number of results with one of these verdicts."""
        return sum(result.verdict in verdicts for proof in self.examples.values() for result in proof.results.values())

    def to_json(self) -> str:
        """The document as it is written: keys in a fixed order, one line each."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True), indent=1, ensure_ascii=False) + "\n"


def gather(
    root: Path,
    lanes: Iterable[Lane],
    results: Iterable[tuple[Example, Lane, Result]],
    fences: Iterable[Fence] = (),
) -> Evidence:
    """Orders results into a document that does not depend on the order in which they came.

    Args:
        root: The project's folder.
        lanes: The lanes of the document.
        results: Example, lane and result, in any order.
        fences: The fences of pages that ran without a server, in any order.
    """
    ordered = list(lanes)
    found: dict[str, dict[str, Result]] = {}
    examples: dict[str, Example] = {}
    for example, lane, result in results:
        examples[example.id] = example
        found.setdefault(example.id, {})[lane.id] = result
    ran: dict[str, list[str]] = {}
    for fence in sorted(fences, key=lambda fence: (fence.page, fence.line)):
        ran.setdefault(fence.page.relative_to(root / DOCS).as_posix(), []).append(fence.sha256)
    return Evidence(
        fences=ran,
        lanes=_names(ordered),
        examples={
            name: Proof(
                title=example.metadata.title,
                role=example.metadata.role,
                scope=example.metadata.scope,
                tokens=example.metadata.tokens,
                path=example.path.relative_to(root).as_posix(),
                sha256=example.sha256,
                results={lane.id: found[name][lane.id] for lane in ordered if lane.id in found[name]},
            )
            for name, example in sorted(examples.items())
        },
    )


def merge(parts: Iterable[Evidence], lanes: Iterable[Lane], source: Path) -> Evidence:
    """Joins the documents of several environments into one.

    Args:
        parts: One document per environment.
        lanes: The lanes of the whole.
        source: The folder the parts came from, for messages.

    Raises:
        Problem: The parts speak of different sources, or do not cover every example in every lane.
    """
    ordered = list(lanes)
    known = _names(ordered)
    proofs: dict[str, Proof] = {}
    fences: dict[str, list[str]] | None = None
    for part in parts:
        if part.shard is not None:
            what = f"the evidence is of shard {part.shard.number}/{part.shard.of} only"
            fix = "verified-docs join SHARD SHARD … --evidence FILE, then take that file"
            raise Problem(source, None, what, fix, kind="shard")
        if any(known.get(lane_id) != name for lane_id, name in part.lanes.items()):
            raise _incomplete(source, "it speaks of a lane that is not configured")
        if fences is not None and fences != part.fences:
            raise _incomplete(source, "the fences of the pages were verified in two different states")
        fences = part.fences
        for name, proof in part.examples.items():
            other = proofs.get(name)
            if other is not None and other.sha256 != proof.sha256:
                raise _incomplete(source, f"{name} was verified with two different sources")
            if other is not None and other.results.keys() & proof.results.keys():
                raise _incomplete(source, f"{name} was verified twice in one lane")
            results = (other.results if other else {}) | proof.results
            proofs[name] = proof.model_copy(update={"results": results})
    for name, proof in proofs.items():
        for lane in ordered:
            if lane.id not in proof.results:
                raise _incomplete(source, f"{name} has no verdict for {lane}")
    if not proofs:
        raise _incomplete(source, "nothing was verified")
    return Evidence(
        lanes=known,
        fences=fences or {},
        examples={
            name: proof.model_copy(update={"results": {lane.id: proof.results[lane.id] for lane in ordered}})
            for name, proof in sorted(proofs.items())
        },
    )


def load_evidence(path: Path) -> Evidence:
    """Reads a document.

    Raises:
        Problem: It is missing or not of this format.
    """
    try:
        if not path.exists():
            raise Problem(path, None, "nothing has been verified yet", "make verify", kind="no-evidence")
        return Evidence.model_validate_json(read_text(path, "make verify"))
    except ValidationError as error:
        first = error.errors()[0]
        place = "/".join(map(str, first["loc"]))
        raise Problem(
            path, None, f"not an evidence file: /{place}: {first['msg']}", "make verify", kind="evidence"
        ) from error


def write_evidence(path: Path, evidence: Evidence) -> None:
    """Writes a document in one step."""
    write_whole(path, evidence.to_json())


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Evidence.model_json_schema()}


def _names(lanes: Iterable[Lane]) -> dict[str, LaneName]:
    return {lane.id: LaneName(server=lane.server, client=lane.client) for lane in lanes}


def _incomplete(path: Path, what: str) -> Problem:
    return Problem(
        path, None, f"the evidence is not complete: {what}", f"rm -r {shown(path)} && make verify", kind="evidence"
    )
