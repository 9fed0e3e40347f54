"""Compares two folders of recordings, example by example, and counts what differs once."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, RootModel, ValidationError

from verified_docs.adapter import Adapter
from verified_docs.cassette import CASSETTES, Cassette, file_sha256, first_line, load_cassette
from verified_docs.drift import drift
from verified_docs.durations import without_durations
from verified_docs.evidence import load_evidence
from verified_docs.finding import Finding, Tier, finding, plain, told, unreadable
from verified_docs.problem import Problem, read_text, shown
from verified_docs.provenance import Failure, Frozen

OUTPUTS = "outputs.json"
SCHEMA = Path("docs") / "reference" / "drift.schema.json"
_EVIDENCE = Path("build") / "evidence"


class Outcome(Frozen):
    """What a program did while it was recorded.

    Attributes:
        output: What it printed, in the order of printing, with the ids of its cassette.
        exception: How it ended, for people who read the file. The cassette says so too, and that is compared.
    """

    output: str
    exception: Failure | None = None


class Outputs(RootModel[dict[str, Outcome]]):
    """The file beside a folder of recordings: `<lane>/<example>` to what the program did."""


class Compared(Frozen):
    """One example in one lane with its differences.

    Attributes:
        lane: The lane's id.
        example: The example's id.
        tier: That of the gravest difference.
        findings: All differences, at least one.
    """

    lane: str
    example: str
    tier: Tier
    findings: tuple[Finding, ...] = Field(min_length=1)


class LaneDrift(Frozen):
    """What became of one lane.

    Attributes:
        recordings: How many examples either folder has.
        unchanged: How many of them say the same in both.
        info: How many have differences, and none that matters more.
        warning: How many have at least a warning, and no error.
        error: How many have an error.
        before: The servers and days of the older recordings.
        after: Those of the newer ones.
    """

    recordings: int
    unchanged: int
    info: int
    warning: int
    error: int
    before: tuple[str, ...]
    after: tuple[str, ...]


class Change(Frozen):
    """Differences that are alike, wherever they were seen: one field of one route.

    Attributes:
        tier: How much it matters.
        kind: What differs.
        route: Method and path, ids left out, or nothing for what a program did.
        pointer: The place in the JSON document, numbers of rows left out.
        recordings: In how many recordings it was seen.
        lanes: In which lanes.
        example: One example that has it.
        before: What was there in that one.
        after: What is there now.
    """

    tier: Tier
    kind: str
    route: str | None
    pointer: str
    recordings: int
    lanes: tuple[str, ...]
    example: str
    before: str | None
    after: str | None


class Drift(Frozen):
    """What differs between two folders of recordings.

    Attributes:
        version: The version of this format.
        tier: That of the gravest difference, or None if there is none.
        lanes: Lane id to its numbers.
        outputs_compared: In how many recordings the printed output was known on both sides.
        changes: What differs, each once, the gravest first.
        examples: Every example that differs, the gravest first.
    """

    version: Literal[1] = 1
    tier: Tier | None
    lanes: dict[str, LaneDrift]
    outputs_compared: int
    changes: tuple[Change, ...]
    examples: tuple[Compared, ...]

    @property
    def recordings(self) -> int:
        """How many examples × lanes either folder has."""
        return sum(lane.recordings for lane in self.lanes.values())

    def fails(self, *, strict: bool) -> bool:
        """Whether a pipeline has to stop: at an error; if strict, also at a warning or an output nobody compared."""
        if strict and (self.outputs_compared < self.recordings or self.tier is Tier.WARNING):
            return True
        return self.tier is Tier.ERROR

    def headline(self) -> str:
        """The result in one sentence."""
        counts = Counter(one.tier for one in self.changes)
        words = [f"{counts[tier]} {many(tier, counts[tier])}" for tier in reversed(Tier) if counts[tier]]
        compared = f"{self.recordings} recordings compared"
        return f"{', '.join(words)} in {len(self.examples)} of {compared}" if words else f"no drift: {compared}"

    def to_json(self) -> str:
        """The report as a document; the same folders always give the same one."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def json_schema() -> str:
    """The JSON Schema of the report, as it is committed."""
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Drift.model_json_schema(mode="serialization")}
    return json.dumps(made, indent=1) + "\n"


def compare_folders(
    old: Path, new: Path, adapter: Adapter, *, only: Collection[str] = (), evidence: Sequence[Path] = ()
) -> Drift:
    """Compares all recordings of two folders.

    Args:
        old: The committed recordings: `<lane>/<area>/<name>.yaml`, or a folder with such a `cassettes/` in it.
        new: The recordings that were made just now, laid out in the same way. What their programs printed stands in
            `outputs.json` beside `cassettes/`.
        adapter: Knowledge of server and client.
        only: Lanes, areas, `area/name`s or whole keys to compare; empty for all.
        evidence: What was proven of the older ones, for what their programs print. Without it, `outputs.json` beside
            them counts, or else what `make verify` wrote.

    Raises:
        Problem: A folder holds no recording, or `outputs.json` is not of its form.
    """
    sides = _Side(old, only), _Side(new, only)
    before, after = sides
    keys = sorted(before.paths.keys() | after.paths.keys())
    printed = before.printed(evidence), after.printed(())
    examples: list[Compared] = []
    compared = 0
    for key in keys:
        outputs = (printed[0][key], printed[1][key]) if key in printed[0] and key in printed[1] else None
        compared += outputs is not None
        if findings := list(_compare(key, before, after, adapter, outputs)):
            lane, example = _split(key)
            tier = max((one.tier for one in findings), key=lambda tier: tier.rank)
            examples.append(Compared(lane=lane, example=example, tier=tier, findings=tuple(findings)))
    examples.sort(key=lambda one: -one.tier.rank)
    return Drift(
        tier=examples[0].tier if examples else None,
        lanes=_lanes(keys, before, after, examples),
        outputs_compared=compared,
        changes=tuple(_group(examples)),
        examples=tuple(examples),
    )


class _Side:
    """One of the two folders."""

    def __init__(self, folder: Path, only: Collection[str]) -> None:
        self.top = folder if (folder / CASSETTES).is_dir() else folder.parent
        cassettes = self.top / CASSETTES if self.top == folder else folder
        found = {path.relative_to(cassettes).with_suffix("").as_posix(): path for path in cassettes.rglob("*.yaml")}
        self.paths = {key: path for key, path in sorted(found.items()) if not only or _chosen(key, only)}
        if not self.paths:
            what = f"there is no recording{' of ' + ', '.join(sorted(only)) if only else ''} here"
            fix = "name a folder that holds <lane>/<area>/<name>.yaml: verified-docs drift cassettes NEW"
            raise Problem(folder, None, what, fix, kind="usage")
        self.loaded: dict[str, Cassette] = {}

    def load(self, key: str) -> Cassette | Finding | None:
        """A recording, what is wrong with it, or None where there is none."""
        if key not in self.paths:
            return None
        try:
            self.loaded[key] = load_cassette(self.paths[key])
        except Problem as problem:
            return unreadable(problem)
        return self.loaded[key]

    def printed(self, evidence: Sequence[Path]) -> dict[str, str]:
        """What the programs printed, as far as it is known."""
        path = self.top / OUTPUTS
        if path.is_file() and not evidence:
            return {key: outcome.output for key, outcome in load_outputs(path).items()}
        parts = evidence or without_durations(sorted((self.top / _EVIDENCE).glob("*.json")))
        return {
            f"{lane}/{name}": result.output
            for part in parts
            for name, proof in load_evidence(part).examples.items()
            for lane, result in proof.results.items()
            # Evidence of another recording says nothing of this one.
            if (own := self.paths.get(f"{lane}/{name}")) and result.cassette_sha256 == file_sha256(own)
            if result.verdict in {"passes", "fails_as_shown"}
        }

    def where(self, lane: str) -> tuple[str, ...]:
        """The servers, clients and days of a lane's recordings."""
        found = (one.provenance for key, one in self.loaded.items() if _split(key)[0] == lane)
        return tuple(
            sorted(
                {
                    told(f"{p.server.name} {p.server.version}, {p.client.name} {p.client.version}, {p.recorded.date()}")
                    for p in found
                }
            )
        )


def load_outputs(path: Path) -> dict[str, Outcome]:
    """Reads what programs printed while they were recorded.

    Raises:
        Problem: The file is not of this form.
    """
    try:
        return Outputs.model_validate_json(read_text(path, "make record")).root
    except ValidationError as error:
        what = f"not a file of outputs: {first_line(error)}"
        raise Problem(path, None, what, f"make record, or rm {shown(path)}", kind="usage") from error


def _chosen(key: str, only: Collection[str]) -> bool:
    lane, example = _split(key)
    return any(one in {lane, key, example, example.partition("/")[0]} for one in only)


def _split(key: str) -> tuple[str, str]:
    """Lane and example of a recording: a lane's id has two parts."""
    server, _, rest = key.partition("/")
    client, _, example = rest.partition("/")
    return plain(f"{server}/{client}"), plain(example)


def _compare(
    key: str, before: _Side, after: _Side, adapter: Adapter, outputs: tuple[str, str] | None
) -> Iterator[Finding]:
    old, new = before.load(key), after.load(key)
    for one in (old, new):
        if isinstance(one, Finding):
            yield one
    if old is None:
        yield finding("new-cassette", "cassette")
    elif new is None:
        yield finding("removed-cassette", "cassette")
    elif isinstance(old, Cassette) and isinstance(new, Cassette):
        yield from drift(old, new, adapter, outputs)


def _lanes(keys: Sequence[str], before: _Side, after: _Side, examples: Sequence[Compared]) -> dict[str, LaneDrift]:
    total = Counter(_split(key)[0] for key in keys)
    tiers = Counter((one.lane, one.tier) for one in examples)
    found = {}
    for lane in sorted(total):
        counts = {tier.value: tiers[lane, tier] for tier in Tier}
        unchanged = total[lane] - sum(counts.values())
        found[lane] = LaneDrift(
            recordings=total[lane],
            unchanged=unchanged,
            before=before.where(lane),
            after=after.where(lane),
            **counts,
        )
    return found


_NUMBERS = re.compile(r"(?<=/)\d+(?=/|$)")


def _group(examples: Sequence[Compared]) -> Iterator[Change]:
    """What is alike in many recordings, once; the gravest first, then what was seen most."""
    groups: dict[tuple[str, str | None, str], list[tuple[Compared, Finding]]] = {}
    for one in examples:
        for each in one.findings:
            route = _NUMBERS.sub("{n}", each.request) if each.request else None
            key = each.kind, route, _NUMBERS.sub("*", each.pointer)
            groups.setdefault(key, []).append((one, each))
    rows = []
    for (kind, route, pointer), seen in groups.items():
        first, sample = seen[0]
        recordings = {(one.lane, one.example) for one, _ in seen}
        rows.append(
            Change(
                tier=sample.tier,
                kind=kind,
                route=route,
                pointer=pointer,
                recordings=len(recordings),
                lanes=tuple(sorted({lane for lane, _ in recordings})),
                example=first.example,
                before=sample.before,
                after=sample.after,
            )
        )
    yield from sorted(rows, key=lambda row: (-row.tier.rank, -row.recordings, row.route or "", row.pointer))


def many(tier: Tier, number: int) -> str:
    """A tier with an s where there are several."""
    return f"{tier}{'' if number == 1 or tier is Tier.INFO else 's'}"
