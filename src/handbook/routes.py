"""Lists every address that recordings and measured calls touched, with what was sent and what came back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from handbook.measured import IMPORT, MEASURED, Coverage
from handbook.template import template
from handbook.verdict import Verdicts
from verified_docs.cassette import CASSETTES, Interaction, line_of_interaction, list_cassettes, load_cassette
from verified_docs.problem import Problem, shown

NO_ROUTE = {"error": "404 Not Found"}
NO_ANSWER = "no answer"
_LONGEST = 80
_CUT = re.compile(r"… \(\d+ chars\)$")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{},]')


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """The path, type and value of everything in JSON that holds nothing else; items of a list are one."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            name = key if re.fullmatch(r"[\w-]+", key) else json.dumps(key, ensure_ascii=False)
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path or "(body)", _kind(value), value


def _kind(value: Any) -> str:
    kinds = {dict: "empty object", list: "empty list", bool: "boolean", int: "integer", float: "number", str: "string"}
    return kinds.get(type(value), "null")


@dataclass(frozen=True)
class Seen:
    """One request with its answer.

    Attributes:
        lane: The lane that it was made in, as people name it.
        method: Its HTTP method.
        path: Path and query.
        status: The status, or that there was no answer.
        request: The JSON that was sent, or None.
        answer: The JSON that came back, or None.
        cut: Whether only its beginning is known.
        call: The id of the measured call that sent it; None for what read its effect back, and in a recording.
        example: The recorded example that sent it.
    """

    lane: str
    method: str
    path: str
    status: str
    request: Any
    answer: Any
    cut: bool = False
    call: str | None = None
    example: str | None = None


@dataclass
class Field:
    """A field of a JSON body.

    Attributes:
        example: The first value that was not empty, as JSON.
        seen: Lane, status and type, wherever it was.
    """

    example: str = ""
    seen: set[tuple[str, str, str]] = field(default_factory=set)

    def add(self, kind: str, value: Any, lane: str, status: str) -> None:
        """Takes another value in."""
        if self.example in {"", "null", '""', "[]", "{}"}:
            text = json.dumps(value, ensure_ascii=False)
            self.example = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        self.seen.add((lane, status, kind))

    @property
    def lanes(self) -> set[str]:
        """The lanes that have it."""
        return {lane for lane, _, _ in self.seen}

    @property
    def statuses(self) -> list[str]:
        """The statuses that it comes with, sorted."""
        return sorted({status for _, status, _ in self.seen})

    @property
    def types(self) -> list[str]:
        """Its types, sorted."""
        return sorted({kind for _, _, kind in self.seen})


@dataclass
class Route:
    """One method with one path.

    Attributes:
        method: The HTTP method.
        path: The template of its path.
        statuses: Lane to status to how often it was answered.
        query: Key of the query to the lanes that sent it.
        request: The fields that were sent.
        response: The fields that came back.
        calls: The measured calls that send it.
        examples: The recorded examples that send it.
        whole: The lanes in which a body of a success came back whole.
        there: The lanes in which anything but that there is no such route was answered.
    """

    method: str
    path: str
    statuses: dict[str, dict[str, int]] = field(default_factory=dict)
    query: dict[str, set[str]] = field(default_factory=dict)
    request: dict[str, Field] = field(default_factory=dict)
    response: dict[str, Field] = field(default_factory=dict)
    calls: set[str] = field(default_factory=set)
    examples: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    there: set[str] = field(default_factory=set)

    @property
    def missing(self) -> bool:
        """Whether GitLab says of each request that it has no such route."""
        return not self.there

    @property
    def is_file(self) -> bool:
        """Whether it carries the files of whoever stores them."""
        return self.path.endswith("{file}")

    def add(self, seen: Seen) -> None:
        """Takes in one request with its answer."""
        counts = self.statuses.setdefault(seen.lane, {})
        counts[seen.status] = counts.get(seen.status, 0) + 1
        for key, _ in parse_qsl(urlsplit(seen.path).query, keep_blank_values=True):
            self.query.setdefault(key, set()).add(seen.lane)
        if seen.status != NO_ANSWER and seen.answer != NO_ROUTE:
            self.there.add(seen.lane)
        if seen.status.startswith("2") and seen.answer is not None and not seen.cut:
            self.whole.add(seen.lane)
        for fields, body in ((self.request, seen.request), (self.response, seen.answer)):
            for path, kind, value in leaves(body) if body is not None else ():
                fields.setdefault(path, Field()).add(kind, value, seen.lane, seen.status)
        if seen.call:
            self.calls.add(seen.call)
        if seen.example:
            self.examples.add(seen.example)


def _beginning(text: str) -> Any:
    """What a JSON body that was cut says up to the last comma."""
    open_ones: list[str] = []
    whole = "null"
    for token in _TOKEN.finditer(text):
        if token[0] in ("{", "["):
            open_ones.append("}" if token[0] == "{" else "]")
        elif token[0] in ("}", "]"):
            open_ones.pop()
        elif token[0] == ",":
            whole = text[: token.start()] + "".join(reversed(open_ones))
    return json.loads(whole)


def _body(method: str, path: str, status: str, text: str | None) -> tuple[Any, bool]:
    """The JSON of an answer, and whether it was cut.

    Raises:
        ValueError: It is broken.
    """
    # What a download gives back is the file of whoever stored it.
    stored = method == "GET" and status == "200" and template(path.partition("?")[0]).endswith("{file}")
    if stored or not (text or "").startswith(("{", "[")):
        return None, False
    cut = _CUT.search(text or "")
    return (_beginning((text or "")[: cut.start()]), True) if cut else (json.loads(text or ""), False)


def recorded(root: Path, lanes: Iterable[str]) -> Iterator[Seen]:
    """Every request of the recordings, in the lanes that were measured.

    Raises:
        Problem: A recording is broken, or of a lane that was not measured.
    """
    known = set(lanes)
    for file in list_cassettes(root):
        cassette = load_cassette(file)
        server, client = cassette.provenance.server, cassette.provenance.client
        lane = f"{server.name} {'.'.join(server.version.split('.')[:2])} · {client.name} {client.version}"
        if lane not in known:
            raise Problem(file, 1, f"no calls were measured of {lane!r}", IMPORT, kind="measured")
        example = "/".join(file.relative_to(root / CASSETTES).with_suffix("").parts[2:])
        for number, one in enumerate(cassette.interactions):
            parts = urlsplit(one.uri)
            path, status = f"{parts.path}?{parts.query}", str(one.status)
            try:
                sent = json.loads(one.body) if isinstance(one.body, str) and _sends_json(one) else None
                answer, _ = _body(one.method, path, status, one.answer if isinstance(one.answer, str) else None)
            except ValueError as error:
                line = line_of_interaction(file.read_text("utf-8"), number)
                what = f"interaction {number} holds broken JSON: {error}"
                raise Problem(file, line, what, f"git checkout -- {shown(file)}", kind="cassette") from error
            yield Seen(lane, one.method, path, status, sent, answer, example=example)


def _sends_json(one: Interaction) -> bool:
    return "json" in one.headers.get("Content-Type", "") and not template(one.path).endswith("{file}")


def measured(root: Path, coverage: Coverage) -> Iterator[Seen]:
    """Every request of the measured calls of one lane.

    Raises:
        Problem: An answer is broken, or a path is none.
    """
    lane = Verdicts.name(coverage)
    for probe_id, probe in coverage.probes.items():
        for one in probe.exchanges:
            status = str(one.status) if one.status else NO_ANSWER
            try:
                if not one.path.startswith("/"):
                    raise ValueError(f"{one.path!r} is no path")
                answer, cut = _body(one.method, one.path, status, one.response)
            except (ValueError, IndexError) as error:
                file = root / MEASURED / Verdicts.file(coverage)
                raise Problem(
                    file, None, f"{probe_id} holds a broken exchange: {error}", IMPORT, kind="measured"
                ) from error
            is_file = template(one.path.partition("?")[0]).endswith("{file}")
            sent = one.request if isinstance(one.request, dict) and not is_file else None
            call = probe_id if one.phase == "call" else None
            yield Seen(lane, one.method, one.path, status, sent, answer, cut, call)


class Routes:
    """Every route that was touched, with what was sent and what came back.

    Args:
        root: The project's folder.
        coverage: The measured calls of all lanes, in the order in which pages show them.
    """

    def __init__(self, root: Path, coverage: Sequence[Coverage]) -> None:
        self.lanes = [Verdicts.name(lane) for lane in coverage]
        self._root = root
        self._coverage = coverage

    @cached_property
    def routes(self) -> list[Route]:
        """All of them, sorted by path.

        Raises:
            Problem: A recording is broken, or a path is none.
        """
        found: dict[tuple[str, str], Route] = {}
        every = (recorded(self._root, self.lanes), *(measured(self._root, lane) for lane in self._coverage))
        for seen in chain.from_iterable(every):
            key = seen.method, template(seen.path.partition("?")[0])
            found.setdefault(key, Route(*key)).add(seen)
        return [found[key] for key in sorted(found, key=lambda key: (key[1], key[0]))]

    def words(self, lanes: Iterable[str]) -> str:
        """Lanes, in as few words as say which."""
        chosen = [lane for lane in self.lanes if lane in set(lanes)]
        if chosen == self.lanes:
            return "all lanes"
        for place in (0, 1):
            names = {lane.split(" · ")[place] for lane in chosen}
            if len(names) == 1 and chosen == [lane for lane in self.lanes if lane.split(" · ")[place] in names]:
                return names.pop()
        return "; ".join(chosen)
