"""Holds the age of recordings to what was promised; only who asks learns of it, no test fails because of a day."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from verified_docs.cassette import CASSETTES, load_cassette
from verified_docs.evidence import Evidence
from verified_docs.lane import CONFIG, Lane, load_settings
from verified_docs.problem import Problem, shown
from verified_docs.provenance import Frozen

# What is promised where the project promises nothing else.
FRESH_DAYS = 180
_SETTING = "fresh_days"


@dataclass(frozen=True, order=True)
class Recorded:
    """The day of one recording.

    Attributes:
        day: The day on which it was made (UTC).
        lane: Its lane's id.
        example: Its example's id.
    """

    day: date
    lane: str
    example: str


class Old(Frozen):
    """A recording that is older than promised."""

    lane: str
    example: str
    recorded: date
    days: int
    promised: int


class LaneAge(Frozen):
    """The age of one lane's recordings.

    Attributes:
        recordings: Their number.
        oldest: The day of the oldest.
        newest: The day of the newest.
        promised: How many days old one may be.
        until: The last day on which none is older.
        days: The age of the oldest.
        old: How many are older than promised.
    """

    recordings: int
    oldest: date
    newest: date
    promised: int
    until: date
    days: int
    old: int


class Freshness(Frozen):
    """The age of all recordings on one day.

    Attributes:
        version: The version of this format.
        today: The day that counts as today.
        lanes: Lane id to its ages.
        old: The recordings that are older than promised, the oldest first.
    """

    version: Literal[1] = 1
    today: date
    lanes: dict[str, LaneAge]
    old: tuple[Old, ...]

    @property
    def days(self) -> int:
        """The age of the oldest recording."""
        return max(lane.days for lane in self.lanes.values())

    def to_json(self) -> str:
        """The ages as a document."""
        return json.dumps(self.model_dump(mode="json"), indent=1) + "\n"

    def badge(self) -> str:
        """The age of the oldest recording as an endpoint of shields.io."""
        # In the last quarter of its time, a promise is about to end.
        soon = any((lane.until - self.today).days * 4 < lane.promised for lane in self.lanes.values())
        return badge(f"{_days(self.days)} old", "red" if self.old else "yellow" if soon else "brightgreen")


def badge(message: str, color: str) -> str:
    """A badge on the recordings, in the form of https://shields.io/badges/endpoint-badge."""
    return json.dumps({"schemaVersion": 1, "label": "recordings", "message": message, "color": color}, indent=1) + "\n"


def promises(root: Path) -> dict[str, int]:
    """How many days old recordings may be: `fresh_days` under `[tool.verified_docs]`, or in the row of the lane.

    Args:
        root: The project's folder.

    Returns:
        Lane id to the number of days.

    Raises:
        Problem: A promise is no number of days.
    """
    settings = load_settings(root)
    found = {}
    for row in settings.get("lanes", []):
        days = row.get(_SETTING, settings.get(_SETTING, FRESH_DAYS))
        if not isinstance(days, int) or isinstance(days, bool) or days < 1:
            what = f"{_SETTING} = {days!r} under [tool.verified_docs] is no number of days"
            raise Problem(
                root / CONFIG,
                None,
                what,
                f"write {_SETTING} = {FRESH_DAYS}, then verified-docs freshness",
                kind="config",
            )
        found[Lane(row["server"], row["client"]).id] = days
    return found


def recorded_days(root: Path, lanes: Iterable[Lane]) -> list[Recorded]:
    """The day of every cassette, from its provenance.

    Raises:
        Problem: A cassette cannot be read.
    """
    return [
        Recorded(
            _day(load_cassette(path).provenance.recorded), lane.id, path.relative_to(folder).with_suffix("").as_posix()
        )
        for lane in lanes
        for folder in [root / CASSETTES / lane.id]
        for path in sorted(folder.rglob("*.yaml"))
    ]


def proven_days(evidence: Evidence) -> list[Recorded]:
    """The day of every recording that was replayed."""
    return [
        Recorded(_day(datetime.fromisoformat(result.recorded_at)), lane, name)
        for name, proof in evidence.examples.items()
        for lane, result in proof.results.items()
        if result.recorded_at
    ]


def _days(number: int) -> str:
    return f"{number} {'day' if number == 1 else 'days'}"


def _day(recorded: datetime) -> date:
    return recorded.astimezone(UTC).date()


def freshness(root: Path, recorded: Sequence[Recorded], promised: dict[str, int], today: date) -> Freshness:
    """How old recordings are.

    Args:
        root: The project's folder, for messages.
        recorded: Their days.
        promised: Lane id to the number of days that a recording may be old.
        today: The day that counts as today.

    Raises:
        Problem: There is no recording, or one was made after today.
    """
    if not recorded:
        what = "there is no recording whose age could be told"
        raise Problem(root / CASSETTES, None, what, "make import FROM=FOLDER", kind="usage")
    newest = max(recorded)
    if newest.day > today:
        path = root / CASSETTES / newest.lane / f"{newest.example}.yaml"
        what = f"this was recorded on {newest.day}, and today is {today}: nothing can be said of its age"
        raise Problem(
            path,
            None,
            what,
            f"correct the clock of this machine (date), or verified-docs freshness --today {newest.day}",
            kind="clock",
        )
    lanes = {}
    old = []
    for lane, days in promised.items():
        rows = sorted(one for one in recorded if one.lane == lane)
        late = [one for one in rows if one.day < today - timedelta(days=days)]
        old += [
            Old(lane=lane, example=one.example, recorded=one.day, days=(today - one.day).days, promised=days)
            for one in late
        ]
        if rows:
            lanes[lane] = LaneAge(
                recordings=len(rows),
                oldest=rows[0].day,
                newest=rows[-1].day,
                promised=days,
                until=rows[0].day + timedelta(days=days),
                days=(today - rows[0].day).days,
                old=len(late),
            )
    return Freshness(
        today=today, lanes=lanes, old=tuple(sorted(old, key=lambda one: (-one.days, one.lane, one.example)))
    )


class Ages:
    """What pages say of the age of recordings: days that stay true, from which a reader's browser counts.

    Args:
        root: The project's folder.
        evidence: What was proven.
    """

    def __init__(self, root: Path, evidence: Evidence) -> None:
        self._root = root
        self._evidence = evidence
        self._recorded = proven_days(evidence)

    @cached_property
    def _promised(self) -> dict[str, int]:
        return promises(self._root)

    @cached_property
    def _lanes(self) -> dict[str, LaneAge]:
        # As on the day of the newest recording: pages show days of it, and no age.
        day = max((one.day for one in self._recorded), default=date.min)
        return freshness(self._root, self._recorded, self._promised, day).lanes

    @property
    def promised(self) -> str:
        """How old a recording may be, in words."""
        days = sorted(set(self._promised.values()))
        return " or ".join(map(str, days)) + " days"

    def table(self) -> str:
        """A table of the days of each lane's recordings."""
        rows = ["| Lane | Recordings | Oldest | Newest | Promised until |", "|---|--:|---|---|---|"]
        for lane, one in self._lanes.items():
            name = self._evidence.lanes[lane]
            days = f'<time datetime="{one.oldest}" data-age>{one.oldest}</time> | <time>{one.newest}</time>'
            until = f'<time datetime="{one.until}" data-until>{one.until}</time>'
            rows.append(f"| {name.server} · {name.client} | {one.recordings} | {days} | {until} |")
        return "\n".join(rows)

    @property
    def json(self) -> str:
        """The day of every recording, and the last day on which it is as fresh as promised."""
        document: dict[str, Any] = {"version": 1, "promised_days": self._promised, "recordings": {}}
        for one in sorted(self._recorded, key=lambda one: (one.lane, one.example)):
            until = one.day + timedelta(days=self._promised[one.lane])
            document["recordings"][f"{one.lane}/{one.example}"] = {"recorded": str(one.day), "fresh_until": str(until)}
        return json.dumps(document, indent=1) + "\n"

    @property
    def badge(self) -> str:
        """A badge that stays true: it tells the day, and no age."""
        return badge(f"oldest of {min(self._recorded).day}", "blue")


def told(ages: Freshness, root: Path) -> list[str]:
    """The ages as lines for a person."""
    lines = [
        f"{lane}: {one.recordings} recordings of {one.oldest} to {one.newest}, the oldest {_days(one.days)} old, "
        f"promised {_days(one.promised)}, until {one.until}"
        for lane, one in ages.lanes.items()
    ]
    for old in ages.old:
        path = shown(root / CASSETTES / old.lane / f"{old.example}.yaml")
        lines.append(f"{path}: recorded {old.recorded}, {_days(old.days)} ago; promised {old.promised}")
    return lines
