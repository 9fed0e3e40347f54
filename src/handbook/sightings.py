"""Collects every error that was recorded or measured, so that none is left out of the index of errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from handbook.measured import Coverage, Permissions, Probe
from verified_docs.cassette import load_cassette
from verified_docs.evidence import Evidence

# What the client says where it cannot read an answer, or never asked: no refusal of GitLab is behind it.
_REFUSED = re.compile(r"^(?:mlflow\.exceptions\.|requests\.exceptions\.HTTPError$|CliError$)")
# What differs from run to run: two texts that differ in nothing else are one message.
_VOLATILE = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b(?:m-)?[0-9a-f]{32}\b", "(id)"),
        (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00|Z)?|\b\d{13}\b", "(time)"),
        (r"\b(model|prompt)-\d+", r"\1-(n)"),
        (r"(gid://gitlab/[\w:]+)/\d+", r"\1/(n)"),
        (r"(?<=[/:])\d+(?=[/:,'\"\s]|$)|(?<=--port )\d+", "(n)"),
        (r"0x[0-9a-f]+", "(address)"),
        (r"(?<=Failing row contains ).*", "(…)"),
        (r"(?<=File \")\S*?(?=site-packages)", ""),
        (r"(?<=/images/)dog\S+?(?=\.png)", "(image)"),
    )
)


@dataclass(frozen=True)
class Sighting:
    """One time that an error was seen.

    Attributes:
        kind: `recorded`: an example ended with it. `measured`: a call did. `asked`: GitLab answered it to plain HTTP.
        lane: Where: GitLab, and the client if there was one.
        source: The example, the call, or the operation with its credential and its kind of project.
        text: Type and message of the client's exception, or nothing.
        status: The HTTP status of GitLab's answer, or None where the error comes from no refusal.
        body: The body of that answer, to the letter.
        held: Whether the example is in quarantine: its recording ended so, and nothing is proven of it now.
    """

    kind: Literal["recorded", "measured", "asked"]
    lane: str
    source: tuple[str, ...]
    text: str
    status: int | None = None
    body: str | None = None
    held: bool = False

    @property
    def claimed_by(self) -> str:
        """What an entry's patterns look at."""
        return self.text or self.body or f"(an empty answer {self.status})"


def recorded(root: Path, evidence: Evidence) -> Iterator[Sighting]:
    """Every exception that an example ends with, and the last refusal of its recording."""
    for name, proof in evidence.examples.items():
        for lane_id, result in proof.results.items():
            if result.cassette is None or (result.exception is None and result.quarantine is None):
                continue
            cassette = load_cassette(root / result.cassette)
            # Verified, the two are the same.
            ended = cassette.provenance.exception
            if ended is None:
                continue
            lane = evidence.lanes[lane_id]
            refusals = [one for one in cassette.interactions if one.status >= 400]
            last = refusals[-1] if refusals and _REFUSED.match(ended.type) else None
            yield Sighting(
                "recorded",
                f"{lane.server} · {lane.client}",
                (name,),
                f"{ended.type}: {ended.message}",
                last.status if last else None,
                str(last.answer) if last else None,
                held=result.quarantine is not None,
            )


def measured(coverage: Iterable[Coverage], name: Callable[[Coverage], str]) -> Iterator[Sighting]:
    """Every exception of a measured call, and the refusal that it comes from."""
    for lane in coverage:
        for probe_id, probe in lane.probes.items():
            if probe.exception:
                yield _measured(name(lane), probe_id, probe, ": ".join(probe.exception))


def _measured(lane: str, probe_id: str, probe: Probe, text: str) -> Sighting:
    refusal = probe.refusal if probe.exception and _REFUSED.match(probe.exception[0]) else None
    status = refusal.status if refusal and (refusal.status or 0) >= 400 else None
    return Sighting("measured", lane, (probe_id,), text, status, refusal.body if refusal and status else None)


def asked(permissions: Iterable[Permissions]) -> Iterator[Sighting]:
    """Every answer of GitLab that did not do what was asked, also those of GraphQL with status 200."""
    for one in permissions:
        for project, by_credential in one.cells.items():
            for credential, numbers in by_credential.items():
                for operation, number in zip(one.operations, numbers, strict=True):
                    answer = one.answers[number]
                    if number >= 0 and not answer.ok:
                        source = (operation, credential, project)
                        lane = f"GitLab {one.source.series} · plain HTTP"
                        yield Sighting("asked", lane, source, "", answer.status, answer.body)


def once(pairs: Iterable[tuple[str, Sighting]]) -> list[Sighting]:
    """The first of those that differ in nothing but ids and times."""
    found: dict[str, Sighting] = {}
    for text, one in pairs:
        for pattern, words in _VOLATILE:
            text = pattern.sub(words, text)
        found.setdefault(text, one)
    return list(found.values())
