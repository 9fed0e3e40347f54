"""Compares two recordings of one example, and says of each difference how much it matters."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from verified_docs.adapter import Adapter
from verified_docs.alignment import Names, align, crossed
from verified_docs.cassette import Cassette, Echo, Fingerprint, Interaction
from verified_docs.finding import Finding, Kind, Place, Text, finding
from verified_docs.provenance import Failure
from verified_docs.structure import ABSENT, Change, compare


def drift(old: Cassette, new: Cassette, adapter: Adapter, outputs: tuple[str, str] | None = None) -> list[Finding]:
    """Compares two recordings of one example in one lane.

    Ids that only stand for others are compared by what they stand for, days by their distance from the day of the
    recording, and what the adapter knows as volatile not at all.

    Args:
        old: The committed recording.
        new: The recording that was made just now.
        adapter: Knowledge of server and client.
        outputs: What the example printed in each, where both are known.

    Returns:
        The differences, in the order of the requests; an empty list if the recordings say the same.
    """
    names = Names(adapter.placeholder, _day(new) - _day(old))
    one, other = old.interactions, new.interactions
    found: list[Finding] = []
    if one != other:
        pairs = align(one, other, names)
        _bind(one, other, pairs, names, adapter)
        other = tuple(_renamed(interaction, names) for interaction in other)
        found += _sequence(one, other, pairs, adapter)
        for number, (a, b) in enumerate(_paired(one, other, pairs)):
            place = Place(_line(a), *sorted(pairs.items())[number])
            found += _request(place, a, b, adapter)
            found += _answer(place, a, b, pairs, adapter)
        found.sort(key=lambda one: one.old if one.old is not None else one.new or 0)
    found += _program(old.provenance.exception, new.provenance.exception, names)
    if outputs and outputs[0] != (printed := names.rename(outputs[1])):
        found.append(_output(outputs[0], printed))
    return found


def _day(cassette: Cassette) -> date:
    return cassette.provenance.recorded.date()


def _line(one: Interaction) -> str:
    return f"{one.method} {one.path}"


def _paired(
    old: Sequence[Interaction], new: Sequence[Interaction], pairs: Mapping[int, int]
) -> Iterator[tuple[Interaction, Interaction]]:
    for number, other in sorted(pairs.items()):
        yield old[number], new[other]


def _bind(
    old: Sequence[Interaction],
    new: Sequence[Interaction],
    pairs: Mapping[int, int],
    names: Names,
    adapter: Adapter,
) -> None:
    """Learns from two conversations which ids stand for each other."""
    for a, b in _paired(old, new, pairs):
        names.bind(a.uri, b.uri)
        for before, after in ((a.body, b.body), (a.answer, b.answer)):
            if before == after and isinstance(before, str) and isinstance(after, str):
                names.bind(before, after)
            elif isinstance(before, str) and isinstance(after, str):
                for change in _changes(before, after, adapter):
                    if isinstance(change.before, str) and isinstance(change.after, str):
                        names.bind(change.before, change.after)


def _renamed(one: Interaction, names: Names) -> Interaction:
    return replace(
        one,
        uri=names.rename(one.uri),
        body=names.rename(one.body) if isinstance(one.body, str) else one.body,
        answer=names.rename(one.answer) if isinstance(one.answer, str) else one.answer,
        answer_headers={name: names.rename(value) for name, value in one.answer_headers.items()},
    )


def _sequence(
    old: Sequence[Interaction], new: Sequence[Interaction], pairs: Mapping[int, int], adapter: Adapter
) -> Iterator[Finding]:
    for number, one in enumerate(old):
        if number not in pairs:
            yield finding("request-removed", "sequence", Place(_line(one), number, None))
    for number, one in enumerate(new):
        if number not in pairs.values():
            yield finding("request-added", "sequence", Place(_line(one), None, number))
    for number in crossed(pairs):
        overtaken = [one for one, other in pairs.items() if (one < number) != (other < pairs[number])]
        # A replay lets these overtake each other, too.
        harmless = all(adapter.is_download(old[one].method, old[one].path) for one in (number, *overtaken))
        place = Place(_line(old[number]), number, pairs[number])
        yield finding("download-moved" if harmless else "request-moved", "sequence", place)


def _request(place: Place, a: Interaction, b: Interaction, adapter: Adapter) -> Iterator[Finding]:
    if a.path != b.path:
        yield finding("path", "request", place, "", a.path, b.path)
    if a.query != b.query:
        yield finding("query", "request", place, "", a.query, b.query)
    upload = adapter.is_upload(a.method, a.path)
    yield from _headers(place, "request", a.headers, b.headers, adapter, typed=not upload)
    before, after = a.body, b.body
    if isinstance(before, Fingerprint) and isinstance(after, Fingerprint) and not (before.exact or after.exact):
        return
    if before == after:
        return
    if isinstance(before, str) and isinstance(after, str):
        for change in [] if _replays(before, after, adapter) else _changes(before, after, adapter):
            yield finding("body", "request", place, change.pointer, change.before, change.after)
    else:
        yield finding("body", "request", place, "", *(ABSENT if one is None else str(one) for one in (before, after)))


def _replays(before: str, after: str, adapter: Adapter) -> bool:
    """Whether a replay takes one body for the other."""
    try:
        one, other = (json.dumps(adapter.comparable(json.loads(body)), sort_keys=True) for body in (before, after))
    except (ValueError, RecursionError):
        return False
    return one == other


def _answer(
    place: Place, a: Interaction, b: Interaction, pairs: Mapping[int, int], adapter: Adapter
) -> Iterator[Finding]:
    if a.status != b.status:
        yield finding("status", "answer", place, "", a.status, b.status)
    elif a.reason != b.reason:
        yield finding("header", "answer", place, "/reason", a.reason, b.reason)
    yield from _headers(place, "answer", a.answer_headers, b.answer_headers, adapter, typed=True)
    before, after = a.answer, b.answer
    if isinstance(before, Echo) and isinstance(after, Echo):
        if pairs.get(before.index) != after.index:
            yield finding("value", "answer", place, "", str(before), str(after))
    elif type(before) is not type(after):
        yield finding("type", "answer", place, "", _bytes_told(before), _bytes_told(after))
    elif isinstance(before, str) and isinstance(after, str):
        for change in _changes(before, after, adapter):
            yield finding(change.kind, "answer", place, change.pointer, change.before, change.after)
    elif before != after:
        yield finding("value", "answer", place, "", _bytes_told(before), _bytes_told(after))


def _headers(
    place: Place,
    part: Literal["request", "answer"],
    before: Mapping[str, str],
    after: Mapping[str, str],
    adapter: Adapter,
    *,
    typed: bool,
) -> Iterator[Finding]:
    olds = {name.lower(): value for name, value in before.items()}
    news = {name.lower(): value for name, value in after.items()}
    for name in sorted(olds.keys() | news.keys()):
        values = olds.get(name, ABSENT), news.get(name, ABSENT)
        if values[0] == values[1] or (name == "content-type" and not typed):
            continue
        kind: Kind = "header"
        if name in adapter.credential_headers and part == "request":
            kind = "credential"
        elif name == "content-type" and _media_type(values[0]) != _media_type(values[1]):
            kind = "content-type"
        yield finding(kind, part, place, f"/{name}", *values)


def _media_type(value: Any) -> str:
    return str(value).partition(";")[0].strip().lower()


def _program(before: Failure | None, after: Failure | None, names: Names) -> Iterator[Finding]:
    """What differs in how the program ended."""
    kinds = before.type if before else None, after.type if after else None
    if kinds[0] != kinds[1]:
        yield finding("exception", "program", None, "/type", *(ABSENT if one is None else one for one in kinds))
    elif before and after and before.message != (message := _said(before.message, after.message, names)):
        yield finding("exception", "program", None, "/message", before.message, message)


def _said(before: str, after: str, names: Names) -> str:
    names.bind(before, after)
    return names.rename(after)


def _output(before: str, after: str) -> Finding:
    """The rows that the program prints no more, and those that it prints now."""
    rows = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    gone, came = ("\n".join(row[2:] for row in rows if row.startswith(sign)) for sign in "-+")
    # Texts that differ in line ends only.
    same = not gone and not came
    return finding("output", "program", None, "", before if same else Text(gone), after if same else Text(came))


def _changes(before: str, after: str, adapter: Adapter) -> Iterator[Change]:
    """What differs between two bodies."""
    if before == after:
        return
    documents = _document(before), _document(after)
    if documents[0] is ABSENT and documents[1] is ABSENT:
        yield Change("value", "", before, after)
    elif ABSENT in documents:
        yield Change("type", "", before, after)
    else:
        try:
            found = list(compare(*map(adapter.masked, documents)))
        except RecursionError:
            found = [Change("value", "", before, after)]
        for change in found:
            row = change.before if change.kind == "removed-row" else change.after
            if change.kind not in {"new-row", "removed-row"} or not adapter.is_volatile_row(row):
                yield change


def _document(body: str) -> Any:
    """The JSON document of a body, or `ABSENT` where it is another text."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return ABSENT


def _bytes_told(content: str | bytes | Echo) -> str:
    return str(Fingerprint.of(content, exact=True)) if isinstance(content, bytes) else str(content)
