"""Breaks recordings: what was asked, what came back, how often, in which order, and with which credential."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from verified_docs.cassette import Cassette, Echo, Interaction
from verified_docs.leaks import LABEL
from verified_docs.mutants.mutant import Fault, Operator, Project, cassette_file, change, digest

_GATES = ("replay", "inventory")
_OTHER_STATUS = {2: (404, "Not Found"), 4: (200, "OK"), 5: (200, "OK"), 3: (500, "Internal Server Error")}


def _fault(
    lane: str, example: str, cassette: Cassette, interactions: Sequence[Interaction], place: str, what: str
) -> Fault:
    path = cassette_file(lane, example)
    return Fault(
        target=path,
        place=place,
        what=what,
        make=lambda: {path: replace(cassette, interactions=tuple(interactions)).text},
        example=example,
        lanes=(lane,),
    )


def _renumbered(before: Sequence[Interaction], after: Sequence[Interaction]) -> list[Interaction]:
    """Keeps echoes pointing at their uploads; without its upload, an echo stays as it was."""
    places = {id(one): number for number, one in enumerate(after)}
    return [
        replace(one, answer=replace(one.answer, index=places.get(id(before[one.answer.index]), one.answer.index)))
        if isinstance(one.answer, Echo)
        else one
        for one in after
    ]


def _put(interactions: Sequence[Interaction], number: int, other: Interaction) -> list[Interaction]:
    return [*interactions[:number], other, *interactions[number + 1 :]]


def _one_by_one(project: Project) -> Iterator[tuple[str, str, Cassette, int, Interaction]]:
    for lane, example, cassette in project.cassettes():
        for number, one in enumerate(cassette.interactions):
            yield lane, example, cassette, number, one


def _statuses(project: Project) -> Iterator[Fault]:
    for lane, example, cassette, number, one in _one_by_one(project):
        code, reason = _OTHER_STATUS.get(one.status // 100, (500, "Internal Server Error"))
        other = _put(cassette.interactions, number, replace(one, status=code, reason=reason))
        what = f"{one}: {change(str(one.status), str(code))}"
        yield _fault(lane, example, cassette, other, f"{one}\n{one.status}\n{code}", what)


def _body_fields(project: Project) -> Iterator[Fault]:
    for lane, example, cassette, number, one in _one_by_one(project):
        for side in ("body", "answer"):
            text = getattr(one, side)
            fields = _fields(text) if isinstance(text, str) else []
            if not fields:
                continue
            # One field of each body, always the same: a long list would outweigh everything else.
            place, value = min(fields, key=lambda field: digest(str(one), side, *map(str, field[0])))
            new = json.dumps(_with(json.loads(text), place, _another(value)), ensure_ascii=False)
            changed = replace(one, body=new) if side == "body" else replace(one, answer=new)
            other = _put(cassette.interactions, number, changed)
            name = ".".join(map(str, place))
            what = f"{one}, {side} {name}: {change(json.dumps(value), json.dumps(_another(value)))}"
            yield _fault(lane, example, cassette, other, f"{one}\n{side}\n{name}\n{value}", what)


def _fields(text: str) -> list[tuple[tuple[str | int, ...], Any]]:
    """Every field of a JSON text that holds no others, with the way to it."""
    try:
        value = json.loads(text)
    except ValueError:
        return []
    found: list[tuple[tuple[str | int, ...], Any]] = []
    queue: list[tuple[tuple[str | int, ...], Any]] = [((), value)] if isinstance(value, (dict, list)) else []
    while queue:
        place, value = queue.pop()
        if isinstance(value, dict):
            queue += [((*place, key), one) for key, one in value.items()]
        elif isinstance(value, list):
            queue += [((*place, index), one) for index, one in enumerate(value)]
        else:
            found.append((place, value))
    return found


def _with(document: Any, place: tuple[str | int, ...], value: Any) -> Any:
    if not place:
        return value
    copy: Any = dict(document) if isinstance(document, dict) else list(document)
    copy[place[0]] = _with(document[place[0]], place[1:], value)
    return copy


def _another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return f"{value}x" if isinstance(value, str) else "x"


def _removed(project: Project) -> Iterator[Fault]:
    for lane, example, cassette, number, one in _one_by_one(project):
        rest = [*cassette.interactions[:number], *cassette.interactions[number + 1 :]]
        after = _renumbered(cassette.interactions, rest)
        yield _fault(lane, example, cassette, after, str(one), f"without {one}")


def _added(project: Project) -> Iterator[Fault]:
    """An exchange of the cassette before, in the order of their names, put between two of this one."""
    last: dict[str, Interaction] = {}
    for lane, example, cassette, number, one in _one_by_one(project):
        stranger = last.get(lane)
        if number == len(cassette.interactions) - 1:
            last[lane] = one
        if stranger is None or isinstance(stranger.answer, Echo):
            continue
        more = [*cassette.interactions[:number], stranger, *cassette.interactions[number:]]
        after = _renumbered(cassette.interactions, more)
        yield _fault(lane, example, cassette, after, f"{stranger}\n{one}", f"{stranger} before {one}")


def _duplicated(project: Project) -> Iterator[Fault]:
    for lane, example, cassette, number, one in _one_by_one(project):
        # A copy of its own, so that the echoes of the first still find it.
        more = [*cassette.interactions[: number + 1], replace(one), *cassette.interactions[number + 1 :]]
        after = _renumbered(cassette.interactions, more)
        yield _fault(lane, example, cassette, after, str(one), f"{one} twice")


def _reordered(project: Project) -> Iterator[Fault]:
    for lane, example, cassette, number, one in _one_by_one(project):
        if number + 1 == len(cassette.interactions):
            continue
        other = cassette.interactions[number + 1]
        swapped = [*cassette.interactions[:number], other, one, *cassette.interactions[number + 2 :]]
        after = _renumbered(cassette.interactions, swapped)
        if after != list(cassette.interactions):
            yield _fault(lane, example, cassette, after, f"{one}\n{other}", f"{other} before {one}")


def _headers(project: Project) -> Iterator[Fault]:
    for lane, example, cassette, number, one in _one_by_one(project):
        for side in ("headers", "answer_headers"):
            kept: dict[str, str] = getattr(one, side)
            for name, value in kept.items():
                if LABEL.search(value):
                    continue
                without = {other: text for other, text in kept.items() if other != name}
                for new in ({**kept, name: "text/x-other"}, without):
                    changed = replace(one, headers=new) if side == "headers" else replace(one, answer_headers=new)
                    other = _put(cassette.interactions, number, changed)
                    what = f"{one}, {side.replace('_', ' ')}: {change(f'{name}: {value}', new.get(name, ''))}"
                    yield _fault(lane, example, cassette, other, f"{one}\n{side}\n{name}\n{new.get(name)}", what)


def _credentials(project: Project) -> Iterator[Fault]:
    labels = sorted({value for one in project.examples.values() for value in one.metadata.tokens.values()})
    for lane, example, cassette, number, one in _one_by_one(project):
        for name, value in one.headers.items():
            match = LABEL.search(value)
            if match is None:
                continue
            others = [f"<{label}>" for label in labels if f"<{label}>" != match.group()]
            if not others:
                continue
            new_label = min(others, key=lambda label: digest(str(one), label))
            new = value.replace(match.group(), new_label)
            other = _put(cassette.interactions, number, replace(one, headers={**one.headers, name: new}))
            yield _fault(lane, example, cassette, other, f"{one}\n{name}\n{new}", f"{one}: {change(value, new)}")


OPERATORS = (
    Operator("cassette-status", "another status of an answer", _GATES, _statuses),
    Operator("cassette-body-field", "another value in what was sent or answered", _GATES, _body_fields),
    Operator("cassette-removed", "an exchange taken out", _GATES, _removed),
    Operator("cassette-added", "an exchange of another recording put in", _GATES, _added),
    Operator("cassette-duplicated", "an exchange that stands there twice", _GATES, _duplicated),
    Operator("cassette-reordered", "two exchanges in the other order", _GATES, _reordered),
    Operator("cassette-header", "a header of request or answer changed or taken out", _GATES, _headers),
    Operator("cassette-credential", "the label of another credential", _GATES, _credentials),
)
