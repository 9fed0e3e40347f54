"""Takes a failing example out of the gate for a while: with a reason, an owner, and a day on which that ends."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import yaml
from pydantic import Field, ValidationError, field_validator

from verified_docs.cassette import cassette_path, file_sha256, first_line, load_cassette
from verified_docs.evidence import Evidence, Held, Result
from verified_docs.example import EVERY_LANE, Example
from verified_docs.lane import Lane
from verified_docs.leaks import find_leaks
from verified_docs.problem import Problem, Problems, read_text
from verified_docs.whole import write_whole

FILE = "quarantine.yaml"
LONGEST = timedelta(days=90)
_LIST = "verified-docs quarantine list"
_HEAD = "# Examples that are out of the gate for a while: verified-docs quarantine add, list, remove.\n"


class Entry(Held):
    """An example that is in quarantine.

    Attributes:
        example: The example's id.
        lane: The lane in which it fails, or `*` for every lane.
    """

    example: str
    lane: str = EVERY_LANE
    reason: str = Field(min_length=10, max_length=300, pattern=r"^\S[^\n\r]*\S$")
    owner: str = Field(pattern=r"^@?[A-Za-z0-9][\w.-]*(?:/[\w.-]+)*$", max_length=80)

    @field_validator("since", "until", mode="before")
    @classmethod
    def _is_a_day(cls, value: object) -> object:
        # A number would be taken for seconds.
        if type(value) is not date and not isinstance(value, str):
            raise ValueError("write it as 2026-11-23")
        return value

    def covers(self, example_id: str, lane_id: str) -> bool:
        """Whether an example is in quarantine in a lane."""
        return self.example == example_id and self.lane in {EVERY_LANE, lane_id}

    def __str__(self) -> str:
        return self.example if self.lane == EVERY_LANE else f"{self.example} in {self.lane}"

    @property
    def line(self) -> str:
        """Everything about it in one line."""
        return f"{self} until {self.until}, by {self.owner}, since {self.since}: {self.reason}"

    @property
    def remove(self) -> str:
        """The command that ends it."""
        lane = "" if self.lane == EVERY_LANE else f" --lane {self.lane}"
        return f"verified-docs quarantine remove {self.example}{lane}"


@dataclass(frozen=True)
class Quarantine:
    """All examples that are in quarantine.

    Attributes:
        path: The file they stand in.
        text: The file's text.
        rows: Each with the line of the file in which it begins.
    """

    path: Path
    text: str
    rows: tuple[tuple[int, Entry], ...]

    @cached_property
    def entries(self) -> list[Entry]:
        """The examples, in the order of the file."""
        return [entry for _, entry in self.rows]

    def covering(self, example_id: str, lane_id: str) -> Entry | None:
        """What keeps an example out of the gate in a lane, or None."""
        return next((entry for entry in self.entries if entry.covers(example_id, lane_id)), None)

    def of(self, examples: Iterable[Example]) -> Quarantine:
        """What is in quarantine of some examples."""
        names = {example.id for example in examples}
        return replace(self, rows=tuple(row for row in self.rows if row[1].example in names))

    def settle(
        self, root: Path, example: Example, lane: Lane, outcome: Result | Problem
    ) -> tuple[Result | Problem, Entry | None]:
        """What counts for the gate: the outcome, or for an example in quarantine that it is there.

        Evidence of an example in quarantine is the same whether it fails or not: one that fails now and then would
        otherwise be verified now and then.

        Args:
            root: The project's folder.
            example: The example.
            lane: The lane.
            outcome: What its replay gave.

        Returns:
            The result to count, and what keeps the example out of the gate.
        """
        entry = self.covering(example.id, lane.id)
        if entry is None or (isinstance(outcome, Result) and outcome.verdict == "not_recorded"):
            return outcome, None
        return _held(root, entry, example, lane), entry


def _held(root: Path, entry: Entry, example: Example, lane: Lane) -> Result:
    """Where the recording of an example in quarantine comes from; nothing of what it did."""
    why = Held(reason=entry.reason, owner=entry.owner, since=entry.since, until=entry.until)
    path = cassette_path(root, lane, example.id)
    try:
        provenance = load_cassette(path).provenance
    except Problem:
        # A recording that cannot be read is a reason, too.
        return Result(verdict="quarantined", quarantine=why)
    return Result(
        verdict="quarantined",
        quarantine=why,
        recorded_at=provenance.recorded_at,
        server=provenance.server,
        client=provenance.client,
        cassette=path.relative_to(root).as_posix(),
        cassette_sha256=file_sha256(path),
    )


def load_quarantine(root: Path) -> Quarantine:
    """Reads which examples are in quarantine; without a file, none is.

    Raises:
        Problem: The file is no YAML, or no list.
        Problems: One entry for each row that is not of its form.
    """
    path = root / FILE
    return _parse(path, read_text(path, "git checkout -- quarantine.yaml") if path.exists() else "")


def _parse(path: Path, text: str) -> Quarantine:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.load(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = f"this is not YAML: {getattr(error, 'problem', None) or first_line(error)}"
        raise _wrong(path, mark.line + 1 if mark else 1, what, f"correct the line, then {_LIST}") from error
    if values is None:
        return Quarantine(path, text, ())
    if not isinstance(node, yaml.SequenceNode) or not isinstance(values, list):
        what = "this is no list of examples"
        raise _wrong(path, 1, what, "begin each with `- example:`, or use verified-docs quarantine add")
    rows: list[tuple[int, Entry]] = []
    found: list[Problem] = []
    for item, value in zip(node.value, values, strict=True):
        line = item.start_mark.line + 1
        try:
            rows.append((line, Entry.model_validate(value)))
        except ValidationError as error:
            found.append(
                _wrong(path, line, f"this is no quarantine: {first_line(error)}", f"correct the entry, then {_LIST}")
            )
    if found:
        raise Problems(found)
    return Quarantine(path, text, tuple(rows))


def _wrong(path: Path, line: int | None, what: str, fix: str, kind: str = "quarantine") -> Problem:
    return Problem(path, line, what, fix, kind=kind)


def check_quarantine(
    root: Path, quarantine: Quarantine, examples: Sequence[Example], lanes: Sequence[Lane], today: date
) -> None:
    """Makes sure that each entry is of an example, and that none has ended.

    Args:
        root: The project's folder.
        quarantine: What is in quarantine.
        examples: All examples.
        lanes: All lanes.
        today: The day that counts as today.

    Raises:
        Problems: One entry for each fault. An end that has passed is one even if the example passes.
    """
    found = []
    for number, (line, entry) in enumerate(quarantine.rows):
        others = quarantine.entries[:number]
        for what, fix in _faults(root, entry, others, examples, lanes, today):
            found.append(_wrong(quarantine.path, line, what, fix))
        if entry.until < today:
            what = f"the quarantine of {entry} ended on {entry.until}; {entry.owner} has to act: {entry.reason}"
            fix = f"correct the example, then {entry.remove}; if it needs more time, remove it and add it again"
            found.append(_wrong(quarantine.path, line, what, fix, kind="expired"))
    if found:
        raise Problems(found)


def _faults(
    root: Path,
    entry: Entry,
    others: Iterable[Entry],
    examples: Sequence[Example],
    lanes: Sequence[Lane],
    today: date,
) -> Iterator[tuple[str, str]]:
    """What is wrong with an entry, and what puts it right."""
    known = [example.id for example in examples]
    ids = [lane.id for lane in lanes]
    recorded = [lane.id for lane in lanes if cassette_path(root, lane, entry.example).exists()]
    if entry.example not in known:
        near = difflib.get_close_matches(entry.example, known, n=1, cutoff=0.4)
        yield (
            f"there is no example {entry.example!r}",
            f"use {near[0]}, if you mean that, then {_LIST}" if near else "ls examples/*/",
        )
    elif entry.lane not in {EVERY_LANE, *ids}:
        yield f"there is no lane {entry.lane!r}", f"use one of {', '.join(ids)}, or leave it out, then {_LIST}"
    elif entry.lane != EVERY_LANE and entry.lane not in recorded:
        yield f"{entry.example} is not recorded in {entry.lane}", f"use one of {', '.join(recorded)}, then {_LIST}"
    for other in others:
        if other.example == entry.example and (other.lane == entry.lane or EVERY_LANE in {other.lane, entry.lane}):
            yield f"{entry} is in quarantine already, as {other}", other.remove
    if entry.since > today:
        yield (
            f"the quarantine of {entry} begins on {entry.since}, which is after today, {today}",
            f"correct `since`, then {_LIST}",
        )
    if entry.until > entry.since + LONGEST:
        most = f"at most {LONGEST.days} days, until {entry.since + LONGEST}, then {_LIST}"
        yield f"the quarantine of {entry} would last until {entry.until}", most
    if entry.until < entry.since:
        yield (
            f"the quarantine of {entry} would end on {entry.until}, before it begins",
            f"name a later day, then {_LIST}",
        )
    if leak := next(find_leaks(entry.reason), None):
        yield f"the reason would publish a secret ({leak.kind})", f"take it out, then {_LIST}"


def add_entry(
    root: Path, row: dict[str, object], examples: Sequence[Example], lanes: Sequence[Lane], today: date
) -> Entry:
    """Puts an example into quarantine; everything else in the file stays as it is.

    Args:
        root: The project's folder.
        row: Its fields, without `since`: that is today.
        examples: All examples.
        lanes: All lanes.
        today: The day that counts as today.

    Raises:
        Problem: Something is wrong with it; nothing was written.
    """
    quarantine = load_quarantine(root)
    try:
        entry = Entry.model_validate({"since": today, **row})
    except ValidationError as error:
        first = error.errors()[0]
        where, told = first["loc"][0], str(first["msg"]).lower()
        fix = {
            "reason": "say in 10 to 300 signs, in one line, what fails and why",
            "owner": "name a person or a team, such as @acme/ml-platform",
        }.get(str(where), "write it as 2026-12-24")
        raise _wrong(
            quarantine.path, None, f"the {where} is wrong: {told}", f"{fix}, then verified-docs quarantine add"
        ) from error
    for what, fix in _faults(root, entry, quarantine.entries, examples, lanes, today):
        raise _wrong(quarantine.path, None, what, fix)
    document = entry.model_dump()
    # One by one: of two equal days, YAML would write the second as a reference to the first.
    fields = [
        yaml.safe_dump({name: document[name]}, allow_unicode=True, width=10_000)
        for name in ("example", "lane", "reason", "owner", "since", "until")
    ]
    rows = textwrap.indent("".join(fields), "  ").replace("  ", "- ", 1).splitlines(keepends=True)
    text = quarantine.text or _HEAD
    indent = " " * _column(text)
    text += "" if text.endswith("\n") else "\n"
    text += "".join(f"{indent}{line}" for line in rows)
    _write(quarantine, text, [*quarantine.entries, entry])
    return entry


def _column(text: str) -> int:
    """How far the rows of the list are indented."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    return int(node.start_mark.column) if isinstance(node, yaml.SequenceNode) else 0


def remove_entries(root: Path, example_id: str, lane_id: str | None = None) -> list[Entry]:
    """Takes an example out of quarantine; other entries and all comments stay as they are.

    Args:
        root: The project's folder.
        example_id: The example's id.
        lane_id: The lane of the entry, or None for all entries of the example.

    Returns:
        The entries that are gone.

    Raises:
        Problem: It is not in quarantine.
    """
    quarantine = load_quarantine(root)
    gone = [entry for entry in quarantine.entries if entry.example == example_id and lane_id in {None, entry.lane}]
    if not gone:
        where = f" in {lane_id}" if lane_id else ""
        what = f"{example_id}{where} is not in quarantine"
        raise _wrong(quarantine.path, None, what, _LIST)
    lines = quarantine.text.splitlines(keepends=True)
    starts = [line - 1 for line, _ in quarantine.rows]
    for start, after, entry in reversed(list(zip(starts, [*starts[1:], len(lines)], quarantine.entries, strict=True))):
        if entry in gone:
            end = after
            # What stands above the next entry belongs to that one.
            while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
                end -= 1
            del lines[start:end]
    _write(quarantine, "".join(lines), [entry for entry in quarantine.entries if entry not in gone])
    return gone


def _write(quarantine: Quarantine, text: str, expected: list[Entry]) -> None:
    """Writes the file if it then says just what it should."""
    try:
        same = _parse(quarantine.path, text).entries == expected
    except (Problem, Problems):
        same = False
    if not same:
        what = "the file is not written as a plain list, one row after another: it cannot be edited for you"
        raise _wrong(quarantine.path, 1, what, f"edit it by hand, then {_LIST}")
    write_whole(quarantine.path, text)


def check_agrees(root: Path, evidence: Evidence) -> None:
    """Makes sure that pages show the quarantine of today, and not that of the last verification.

    Raises:
        Problem: An entry came or went after the examples were verified.
    """
    quarantine = load_quarantine(root)
    for name, proof in evidence.examples.items():
        for lane, result in proof.results.items():
            entry = quarantine.covering(name, lane) if result.verdict != "not_recorded" else None
            why = entry and Held(reason=entry.reason, owner=entry.owner, since=entry.since, until=entry.until)
            if result.quarantine != why:
                what = f"the quarantine of {name} in {lane} changed after it was verified"
                raise Problem(quarantine.path, None, what, "make verify", kind="stale")
