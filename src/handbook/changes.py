"""Compares the lanes, so that an upgrade is decided on what was measured before and after it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from handbook.calls import link
from handbook.endpoints import anchor
from handbook.measured import Coverage, Probe
from handbook.routes import Field, Route, Routes
from handbook.table import Unmeasured, cell, literal, table
from handbook.template import short
from handbook.verdict import WORDS, Verdicts

ENDPOINTS = "reference/endpoints.md"
_WIDTH, _BEFORE = 160, 40
_ABSENT = "not-in-client"
_EMPTY = frozenset({"null", "empty list", "empty object"})
# What differs from one measurement to the next although nothing changed.
_CHANCE = re.compile(
    r"\w{8}-\w{4}-\w{4}-\w{4}-\w{12}|(?<=candidate:)\d+|(?<=experiment-)\d+|(?<=model-)\d+|(?<=prompt-)\d+"
    r"|(?<=line )\d+|\b0x[0-9a-f]+|\d{4,}|(?<=Failing row contains \().*|(?<=/)\d{3,}"
)


class Changes:
    """What differs between two lanes of which one thing differs: the server, or the client.

    Args:
        measured: The measured calls of all lanes, in the order in which pages show them.
        routes: The routes that they and the recordings touched.
    """

    def __init__(self, measured: Sequence[Coverage], routes: Routes) -> None:
        self._measured = measured
        self._routes = routes

    @cached_property
    def servers(self) -> list[str]:
        """The servers, oldest first."""
        return list(dict.fromkeys(_parts(lane)[0] for lane in self._measured))

    @cached_property
    def clients(self) -> list[str]:
        """The clients, oldest first."""
        return list(dict.fromkeys(_parts(lane)[1] for lane in self._measured))

    def pair(self, fixed: str) -> tuple[Coverage, Coverage]:
        """The oldest and the newest lane with a server or a client.

        Raises:
            Unmeasured: There are no two.
        """
        lanes = [lane for lane in self._measured if fixed in _parts(lane)]
        if len(lanes) < 2:
            raise Unmeasured(f"there are no two lanes with {fixed!r}")
        return lanes[0], lanes[-1]

    def differing(self, fixed: str) -> list[str]:
        """The calls that both lanes have and that end otherwise."""
        old, new = self.pair(fixed)
        return [
            probe_id
            for probe_id, one in old.probes.items()
            if (other := new.probes.get(probe_id))
            and (one.status, one.caveat) != (other.status, other.caveat)
            and _ABSENT not in (one.status, other.status)
        ]

    def calls(self, fixed: str, up: str) -> str:
        """A table of the calls that end otherwise.

        Args:
            fixed: The server or client that both lanes have.
            up: The way from the page to the top of the site.
        """
        old, new = self.pair(fixed)
        rows = [
            [_call(name, up), _cell(old, old.probes[name]), _cell(new, new.probes[name])]
            for name in self.differing(fixed)
        ]
        return _or_none(["Call", Verdicts.name(old), Verdicts.name(new)], rows)

    def worse(self, fixed: str) -> int:
        """How many of those worked before, if only with a caveat, and do not any more."""
        old, new = self.pair(fixed)
        return sum(_works(old.probes[name]) and not _works(new.probes[name]) for name in self.differing(fixed))

    def better(self, fixed: str) -> int:
        """How many of those did not work before, and do now, if only with a caveat."""
        old, new = self.pair(fixed)
        return sum(_works(new.probes[name]) and not _works(old.probes[name]) for name in self.differing(fixed))

    def tells(self, probe_id: str, up: str) -> str:
        """How a call ends in each lane, for a sentence that gives advice.

        Raises:
            Unmeasured: There is no such call, or it ends alike in all lanes.
        """
        by_words: dict[str, list[str]] = {}
        for lane in self._measured:
            if probe_id not in lane.probes:
                raise Unmeasured(f"there is no probe {probe_id!r} in {Verdicts.name(lane)}")
            probe = lane.probes[probe_id]
            caveat = f" {literal(lane.caveats[probe.caveat])}" if probe.caveat in lane.caveats else ""
            by_words.setdefault(f"{WORDS[probe.status][1]}{caveat}", []).append(Verdicts.name(lane))
        if len(by_words) == 1:
            raise Unmeasured(f"{probe_id!r} ends alike in all lanes")
        told = "; ".join(f"{self._routes.words(lanes)}: {words}" for words, lanes in by_words.items())
        return f"{_call(probe_id, up)} – {told}."

    def messages(self, fixed: str, up: str) -> str:
        """A table of the calls that fail alike, with another message."""
        old, new = self.pair(fixed)
        rows = []
        for name, one, other in self._failing(old, new):
            first, second = _apart(one, other)
            rows.append([_call(name, up), f"<code>{literal(first)}</code>", f"<code>{literal(second)}</code>"])
        return _or_none(["Call", Verdicts.name(old), Verdicts.name(new)], rows)

    @staticmethod
    def _failing(old: Coverage, new: Coverage) -> Iterator[tuple[str, str, str]]:
        for name, one in old.probes.items():
            other = new.probes.get(name)
            if other and one.status == other.status and one.exception and other.exception:
                texts = [
                    _CHANCE.sub("…", " ".join(f"{kind}: {told}".split()))
                    for kind, told in (one.exception, other.exception)
                ]
                if texts[0] != texts[1]:
                    yield name, texts[0], texts[1]

    def one_client(self, up: str) -> str:
        """A table of the calls that only one client has, with how they end on each server."""
        rows = []
        for name in self._measured[0].probes:
            absent = {_parts(lane)[1] for lane in self._measured if lane.probes[name].status == _ABSENT}
            if absent:
                having = [lane for lane in self._measured if _parts(lane)[1] not in absent]
                cells = {_parts(lane)[0]: _cell(lane, lane.probes[name]) for lane in having}
                clients = ", ".join(client for client in self.clients if client not in absent)
                rows.append([_call(name, up), clients or "none", *(cells.get(one, "–") for one in self.servers)])
        return _or_none(["Call", "Only in", *self.servers], rows)

    def fields(self, up: str) -> str:
        """A table of what answers of one server have, and those of the other have not, to the same clients."""
        first, last = self.servers[0], self.servers[-1]
        rows = []
        for route in self._routes.routes:
            whole = [{lane for lane in route.whole if lane.startswith(f"{one} ")} for one in (first, last)]
            there = [any(lane.startswith(f"{one} ") for lane in route.there) for one in (first, last)]
            asked = [any(lane.startswith(f"{one} ") for lane in route.statuses) for one in (first, last)]
            if all(asked) and there[0] != there[1]:
                rows.append([_route(route, up), *("has this route" if one else "has no such route" for one in there)])
            elif all(whole):
                cells: list[list[str]] = [[], []]
                for path, of in sorted(route.response.items()):
                    kinds = [_kinds(of, f"{one} ") for one in (first, last)]
                    known = [one - _EMPTY for one in kinds]
                    if bool(kinds[0]) != bool(kinds[1]) or (all(known) and known[0] != known[1]):
                        for cell, one in zip(cells, kinds, strict=True):
                            cell.append(f"`{path}`: {', '.join(sorted(one)) or 'not seen'}")
                if cells[0]:
                    rows.append([_route(route, up), *("<br>".join(cell) for cell in cells)])
        return _or_none(["Route", first, last], rows)

    def sent(self, up: str) -> str:
        """A table of what one client sends to a route, and the other does not."""
        rows = []
        for route in self._routes.routes:
            # What only recordings have was written by whoever wrote the example.
            if not route.calls:
                continue
            by_client = [[lane for lane in route.statuses if lane.endswith(f" {one}")] for one in self.clients]
            if not all(by_client):
                cells = ["asks" if one else "never asks" for one in by_client]
                rows.append([_route(route, up), *cells])
                continue
            found: list[list[str]] = [[] for _ in self.clients]
            lanes = {f"`?{key}`": lanes for key, lanes in route.query.items()}
            lanes |= {f"`{path}`": of.lanes for path, of in route.request.items()}
            for name, seen in sorted(lanes.items()):
                have = [any(lane.endswith(f" {one}") for lane in seen) for one in self.clients]
                if not all(have):
                    for cell, one in zip(found, have, strict=True):
                        cell.append(f"{name}: {'sent' if one else 'not sent'}")
            if found[0]:
                rows.append([_route(route, up), *("<br>".join(cell) for cell in found)])
        return _or_none(["Route", *self.clients], rows)


def _parts(lane: Coverage) -> tuple[str, str]:
    server, _, client = Verdicts.name(lane).partition(" · ")
    return server, client


def _works(probe: Probe) -> bool:
    return probe.status in {"works", "works-with-caveat", "client-only"}


def _call(probe_id: str, up: str) -> str:
    name = probe_id.removesuffix(":basic")
    return f"[`{name}`]({link(probe_id, up)})"


def _route(route: Route, up: str) -> str:
    return f"[`{route.method} {short(route.path)}`]({up}{ENDPOINTS}#{anchor(route)})"


def _cell(lane: Coverage, probe: Probe) -> str:
    told = [literal(lane.caveats[probe.caveat])] if probe.caveat in lane.caveats else []
    if probe.exception:
        told.append(f"<code>{literal(_short(': '.join(probe.exception)))}</code>")
    text = cell(*WORDS[probe.status])
    return f"{text}<br><small>{'<br>'.join(told)}</small>" if told else text


def _short(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= _WIDTH else f"{line[:_WIDTH]}…"


def _apart(one: str, other: str) -> tuple[str, str]:
    """Two messages, cut to where they differ."""
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = same - _BEFORE if same > _WIDTH // 2 else 0
    first, second = (f"{'…' if start else ''}{_short(text[start:])}" for text in (one, other))
    return first, second


def _kinds(of: Field, prefix: str) -> set[str]:
    return {kind for lane, status, kind in of.seen if lane.startswith(prefix) and status.startswith("2")}


def _or_none(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return table(headings, rows) if rows else "None was found."
