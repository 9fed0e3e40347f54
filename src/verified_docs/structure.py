"""Compares two JSON documents by structure, so that a new field is not taken for another answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

ChangeKind = Literal["new-field", "removed-field", "order", "new-row", "removed-row", "value", "type"]


class _Absent:
    """Stands where one of the documents has nothing: to JSON, null is something."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


@dataclass(frozen=True)
class Change:
    """One difference between two documents.

    Attributes:
        kind: What differs.
        pointer: Where (RFC 6901); inside a text that is JSON itself, the pointer goes on. What both documents have, or
            only the older one, has its place in the older one; what is new has its place in the newer one.
        before: What the older document has there, or `ABSENT`.
        after: What the newer document has there, or `ABSENT`.
    """

    kind: ChangeKind
    pointer: str
    before: Any = ABSENT
    after: Any = ABSENT


def compare(before: Any, after: Any, pointer: str = "") -> Iterator[Change]:
    """Finds what differs between two JSON documents.

    Rows of an array are matched by a field that tells them apart, such as `key`, else by what they hold. So a row that
    was put in front of others is one new row, and rows that changed places are one change of order.

    Args:
        before: The older document, as `json.loads` gives it.
        after: The newer one.
        pointer: Where the two stand.

    Yields:
        Each difference, from the top of the older document to its end.

    Raises:
        RecursionError: They are nested deeper than Python goes.
    """
    kinds = kind_of(before), kind_of(after)
    if kinds[0] != kinds[1]:
        yield Change("type", pointer, before, after)
    elif isinstance(before, dict):
        yield from _objects(before, after, pointer)
    elif isinstance(before, list):
        yield from _arrays(before, after, pointer)
    elif isinstance(before, str) and before != after:
        inner = _nested(before), _nested(after)
        if inner[0] is not ABSENT and inner[1] is not ABSENT:
            yield from compare(*inner, pointer)
        else:
            yield Change("value", pointer, before, after)
    elif not isinstance(before, str) and _canonical(before) != _canonical(after):
        yield Change("value", pointer, before, after)


def kind_of(value: Any) -> str:
    """The type of a JSON value. A number with a point is none without: clients print them differently."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    for kind, name in ((int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object")):
        if isinstance(value, kind):
            return name
    return type(value).__name__


def _objects(before: dict[str, Any], after: dict[str, Any], pointer: str) -> Iterator[Change]:
    for name, value in before.items():
        if name in after:
            yield from compare(value, after[name], _below(pointer, name))
        else:
            yield Change("removed-field", _below(pointer, name), value)
    for name, value in after.items():
        if name not in before:
            yield Change("new-field", _below(pointer, name), after=value)


def _arrays(before: list[Any], after: list[Any], pointer: str) -> Iterator[Change]:
    old_keys, new_keys = _keys(before, after)
    pairs: dict[int, int] = {}
    gaps: list[tuple[list[int], list[int]]] = []
    start, end = _edges(old_keys, new_keys)
    pairs.update((number, number) for number in range(start))
    pairs.update((len(before) - number, len(after) - number) for number in range(1, end + 1))
    left, right = old_keys[start : len(before) - end], new_keys[start : len(after) - end]
    for tag, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        olds, news = range(start + a, start + b), range(start + c, start + d)
        if tag == "equal":
            pairs.update(zip(olds, news, strict=True))
        else:
            gaps.append((list(olds), list(news)))
    moved = _moved(old_keys, new_keys, gaps)
    if moved:
        yield Change("order", pointer, [json.loads(key) for key in old_keys], [json.loads(key) for key in new_keys])
    pairs |= moved
    new: list[int] = []
    for gap in gaps:
        rest = [number for number in gap[0] if number not in moved]
        others = [number for number in gap[1] if number not in moved.values()]
        pairs |= dict(zip(rest, others, strict=False))
        new += others[len(rest) :]
    for number, value in enumerate(before):
        if number in pairs:
            yield from compare(value, after[pairs[number]], _below(pointer, number))
        else:
            yield Change("removed-row", _below(pointer, number), value)
    for number in new:
        yield Change("new-row", _below(pointer, number), after=after[number])


def _edges(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """How many rows two arrays have in common at their beginning, and how many of the others at their end."""
    most = min(len(before), len(after))
    start = next((number for number in range(most) if before[number] != after[number]), most)
    rest = most - start
    end = next((number for number in range(rest) if before[-1 - number] != after[-1 - number]), rest)
    return start, end


def _moved(old_keys: Sequence[str], new_keys: Sequence[str], gaps: list[tuple[list[int], list[int]]]) -> dict[int, int]:
    """Rows that both arrays have, at places that cross those of others."""
    places: dict[str, list[int]] = {}
    for number in (number for _, right in gaps for number in right):
        places.setdefault(new_keys[number], []).append(number)
    found = {}
    for number in (number for left, _ in gaps for number in left):
        if places.get(old_keys[number]):
            found[number] = places[old_keys[number]].pop(0)
    return found


def _keys(before: list[Any], after: list[Any]) -> tuple[list[str], list[str]]:
    """What tells the rows of two arrays apart: the field with the most values in common, else all that they hold."""
    best: Callable[[Any], Any] = _itself
    rows = [*before, *after]
    most = 0
    if before and after and all(isinstance(row, dict) for row in rows):
        for name in before[0]:
            if not all(isinstance(row.get(name), (str, int)) for row in rows):
                continue
            olds, news = ([_canonical(row[name]) for row in side] for side in (before, after))
            common = len(set(olds) & set(news))
            if common > most and len(set(olds)) == len(olds) and len(set(news)) == len(news):
                most, best = common, _field(name)
    return [_canonical(best(row)) for row in before], [_canonical(best(row)) for row in after]


def _itself(row: Any) -> Any:
    return row


def _field(name: str) -> Callable[[Any], Any]:
    return lambda row: row[name]


def _nested(text: str) -> Any:
    """The object or array that a text holds as JSON, or `ABSENT`."""
    if text.lstrip()[:1] not in {"{", "["}:
        return ABSENT
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return ABSENT


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _below(pointer: str, name: str | int) -> str:
    return f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
