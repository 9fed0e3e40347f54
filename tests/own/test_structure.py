"""Makes one difference of each kind in generated documents, and asks for just that one."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from verified_docs.structure import ABSENT, Change, compare, kind_of

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="{["), max_size=8)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**6), st.floats(-9, 9), TEXT)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda below: st.one_of(st.lists(below, max_size=5), st.dictionaries(TEXT, below, max_size=4)),
    max_leaves=25,
)
# As servers answer: rows of objects with the same fields.
ROWS = st.lists(
    st.fixed_dictionaries({"key": TEXT, "value": SCALARS, "more": st.lists(SCALARS, max_size=3)}),
    min_size=2,
    max_size=6,
)
ANY = st.one_of(DOCUMENTS, ROWS, st.fixed_dictionaries({"rows": ROWS, "text": ROWS.map(json.dumps)}))
NEW = "a new field"


def places(value: Any, pointer: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every place of a document: its pointer, what holds it, and its name there."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in below:
        at = f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
        yield at, value, name
        yield from places(item, at)


def same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def add_field(document: Any, choice: random.Random) -> str:
    at, holder = choice.choice([("", document), *((at, of[name]) for at, of, name in places(document))])
    assume(isinstance(holder, dict) and NEW not in holder)
    holder[NEW] = choice.choice([None, 1, "x", [], {"a": 1}])
    return f"{at}/{NEW}"


def remove_field(document: Any, choice: random.Random) -> str:
    fields = [place for place in places(document) if isinstance(place[1], dict)]
    assume(fields)
    at, holder, name = choice.choice(fields)
    del holder[name]
    return at


def add_row(document: Any, choice: random.Random) -> str:
    at, holder = choice.choice([("", document), *((at, of[name]) for at, of, name in places(document))])
    assume(isinstance(holder, list))
    number = choice.randint(0, len(holder))
    holder.insert(number, choice.choice(["a new row", {NEW: 1}]))
    return f"{at}/{number}"


def remove_row(document: Any, choice: random.Random) -> str:
    rows = [place for place in places(document) if isinstance(place[1], list)]
    assume(rows)
    at, holder, number = choice.choice(rows)
    # Of equal rows, nobody can tell which is gone.
    assume(sum(same(holder[number], row) for row in holder) == 1)
    del holder[number]
    return at


def reorder(document: Any, choice: random.Random) -> str:
    holders = [("", document), *((at, of[name]) for at, of, name in places(document))]
    found = [
        (at, holder, one, other)
        for at, holder in holders
        if isinstance(holder, list)
        for one in range(len(holder))
        for other in range(one)
        if not same(holder[one], holder[other])
    ]
    assume(found)
    at, holder, one, other = choice.choice(found)
    holder[one], holder[other] = holder[other], holder[one]
    return at


def change_value(document: Any, choice: random.Random) -> str:
    found = [place for place in places(document) if not isinstance(place[1][place[2]], (dict, list, type(None)))]
    assume(found)
    at, holder, name = choice.choice(found)
    value = holder[name]
    if isinstance(value, str) and value[:1] == "[":
        return at + change_nested(holder, name, choice)
    holder[name] = not value if isinstance(value, bool) else f"{value}'" if isinstance(value, str) else value + 10**7
    return at


def change_nested(holder: Any, name: Any, choice: random.Random) -> str:
    """A value in a text that is JSON itself."""
    inner = json.loads(holder[name])
    at = change_value(inner, choice)
    holder[name] = json.dumps(inner, indent=2)
    return at


def change_type(document: Any, choice: random.Random) -> str:
    found = list(places(document))
    assume(found)
    at, holder, name = choice.choice(found)
    others = [one for one in (None, True, 7, 0.5, "seven", [7], {"n": 7}) if kind_of(one) != kind_of(holder[name])]
    holder[name] = choice.choice(others)
    return at


MUTATIONS: dict[str, Callable[[Any, random.Random], str]] = {
    "new-field": add_field,
    "removed-field": remove_field,
    "new-row": add_row,
    "removed-row": remove_row,
    "order": reorder,
    "value": change_value,
    "type": change_type,
}
TURNED = {
    "new-field": "removed-field",
    "removed-field": "new-field",
    "new-row": "removed-row",
    "removed-row": "new-row",
}


@given(ANY)
def test_a_document_is_like_itself(document: Any) -> None:
    assert list(compare(document, copy.deepcopy(document))) == []
    text = json.dumps(document, indent=1, ensure_ascii=False)
    assert list(compare(document, json.loads(text))) == []


@pytest.mark.parametrize("kind", MUTATIONS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(document=ANY, seed=st.integers(0, 2**32))
def test_one_difference_is_found_as_what_it_is(kind: str, document: Any, seed: int) -> None:
    after = copy.deepcopy(document)
    at = MUTATIONS[kind](after, random.Random(seed))
    (found,) = compare(document, after)
    assert (found.kind, found.pointer) == (kind, at)
    assert (found.before is ABSENT, found.after is ABSENT) == (kind.startswith("new-"), kind.startswith("removed-"))
    (back,) = compare(after, document)
    assert (back.kind, back.pointer) == (TURNED.get(kind, kind), at)
    # Also where a server packs a document into a text.
    if isinstance(document, (dict, list)):
        wrapped, other = ({"tag": json.dumps(one)} for one in (document, after))
        (inside,) = compare(wrapped, other)
        assert (inside.kind, inside.pointer) == (kind, f"/tag{at}")


@given(ANY, ANY)
def test_any_two_documents(before: Any, after: Any) -> None:
    found = list(compare(before, after))
    assert (not found) == same(before, after)
    assert all(one.before is not ABSENT or one.after is not ABSENT for one in found)


def only(before: Any, after: Any) -> list[tuple[str, str]]:
    return [(one.kind, one.pointer) for one in compare(before, after)]


def test_a_field_in_every_row_does_not_hide_that_rows_changed_places() -> None:
    before = [{"key": "a", "value": 1}, {"key": "b", "value": 1}]
    after = [{"key": "b", "value": 1, "new": 0}, {"key": "a", "value": 1, "new": 0}]
    assert only(before, after) == [("order", ""), ("new-field", "/0/new"), ("new-field", "/1/new")]


def test_a_row_in_front_is_one_row_more() -> None:
    before = [{"key": "a", "value": 1}, {"key": "b", "value": 2}]
    assert only(before, [{"key": "c", "value": 1}, *before]) == [("new-row", "/0")]


def test_one_row_less_and_another_one_more_are_no_changed_row() -> None:
    assert only(["a", "b", "c"], ["b", "c", "d"]) == [("removed-row", "/0"), ("new-row", "/2")]


def test_a_whole_number_is_no_number_with_a_point() -> None:
    assert only({"a": 1}, {"a": 1.0}) == [("type", "/a")]
    assert only({"a": 1}, {"a": True}) == [("type", "/a")]
    assert only({"a": float("nan")}, {"a": float("nan")}) == []


def test_a_pointer_is_escaped() -> None:
    assert list(compare({"a/b~c": 1}, {"a/b~c": 2})) == [Change("value", "/a~1b~0c", 1, 2)]


def test_too_deep_is_said() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RecursionError):
        list(compare(deep, [deep]))
