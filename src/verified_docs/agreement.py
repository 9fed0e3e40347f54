"""Compares evidence with the examples and recordings that it speaks of: it can say nothing else than they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from verified_docs.cassette import Cassette, cassette_path, load_cassette
from verified_docs.census import DOCS, PYTHON, take_census
from verified_docs.evidence import Evidence, Proof, Result
from verified_docs.example import Example
from verified_docs.lane import Lane, load_lanes
from verified_docs.notebook import NOTEBOOK
from verified_docs.notebooks.document import UPDATE, proven_blocks
from verified_docs.notebooks.source import source_path
from verified_docs.problem import Problem, Problems

Said = Iterator[tuple[str, Any, Any]]


def check_agreement(root: Path, examples: Mapping[str, Example], evidence: Evidence) -> None:
    """Makes sure that everything evidence says of an example stands in its header, its promises or its recordings.

    Nothing runs: evidence that was cut, edited or written by another version is found without a replay.

    Args:
        root: The project's folder.
        examples: The examples as they stand, by id; the evidence is of just these.
        evidence: What was proven.

    Raises:
        Problems: One for each example of which it says something else.
    """
    lanes = load_lanes(root)
    found: list[Problem] = []
    for name, example in examples.items():
        for what, said, known in _said_of(root, example, evidence.examples[name], lanes):
            if said != known:
                text = f"the evidence says of {name} that {what} is {_short(said)}, and it is {_short(known)}"
                found.append(Problem(example.path, 1, text, "make verify", kind="evidence"))
                break
    fences: dict[str, list[str]] = {}
    for fence in take_census(root / DOCS):
        if fence.language in PYTHON:
            fences.setdefault(fence.page.relative_to(root / DOCS).as_posix(), []).append(fence.sha256)
    for path in sorted((root / DOCS).rglob(f"*{NOTEBOOK}")):
        if source_path(root, path):
            fences[path.relative_to(root / DOCS).as_posix()] = [one.sha256 for one in proven_blocks(path)]
    for page in sorted(fences.keys() | evidence.fences.keys()):
        if fences.get(page) != evidence.fences.get(page):
            text = "the evidence is of other Python fences than stand on this page"
            fix = "make verify"
            if page.endswith(NOTEBOOK):
                text = "this notebook is not the one that was executed"
                fix = f"{UPDATE}; then make verify"
            found.append(Problem(root / DOCS / page, 1, text, fix, kind="evidence"))
    if found:
        raise Problems(found)


def _said_of(root: Path, example: Example, proof: Proof, lanes: tuple[Lane, ...]) -> Said:
    """What the evidence says of an example, and what it has to be."""
    metadata = example.metadata
    yield "its title", proof.title, metadata.title
    yield "its role", proof.role, metadata.role
    yield "its scope", proof.scope, metadata.scope
    yield "its tokens", proof.tokens, metadata.tokens
    yield "its file", proof.path, example.path.relative_to(root).as_posix()
    for lane in lanes:
        result = proof.results[lane.id]
        path = cassette_path(root, lane, example.id)
        if not path.exists():
            yield f"the result in {lane}", result, Result(verdict="not_recorded")
        elif result.verdict != "quarantined":
            for what, said, known in _said_in(root, example, lane, result, load_cassette(path)):
                yield f"{what} in {lane}", said, known


def _said_in(root: Path, example: Example, lane: Lane, result: Result, cassette: Cassette) -> Said:
    provenance = cassette.provenance
    ends = provenance.exception is not None
    yield "the verdict", result.verdict, "fails_as_shown" if ends else "passes"
    yield "the exception", result.exception, provenance.exception
    yield "the number of requests", result.requests, len(cassette.interactions)
    yield "the day", result.recorded_at, provenance.recorded_at
    yield "the server", result.server, provenance.server
    yield "the client", result.client, provenance.client
    yield "the cassette", result.cassette, cassette.path.relative_to(root).as_posix()
    said, known = _rows(result.output), _promised(example, lane, ends)
    if lane.id in example.metadata.output or ends:
        yield "the output", said, known
    else:
        # Prints in a loop come in another order than their promises stand in the file.
        yield "the output", Counter(said), Counter(known)


def _rows(text: str) -> list[str]:
    return [row.rstrip() for row in text.splitlines() if row.strip()]


def _promised(example: Example, lane: Lane, ends: bool) -> list[str]:
    only_here = example.metadata.output.get(lane.id)
    if only_here is not None or ends:
        return _rows(only_here or "")
    return [line.text for line in example.expected if line.text.strip()]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
