"""Puts requests into order, out of order and into each other's place; and lets ids stand for each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ADAPTER, ROOT
from verified_docs.alignment import Names, align, crossed
from verified_docs.cassette import Echo, Interaction, load_cassette
from verified_docs.drift import drift

ID = "00000000-0000-4000-8000-00000000000"


def names(days: int = 0) -> Names:
    return Names(ADAPTER.placeholder, timedelta(days=days))


def request(path: str, body: str | None = None, answer: str = "{}", method: str = "GET") -> Interaction:
    uri = f"https://gitlab.example.com/api/v4/projects/42/{path}"
    return Interaction(method, uri, {}, body, 200, "OK", {}, answer)


def pairs(old: list[Interaction], new: list[Interaction]) -> dict[int, int]:
    return align(old, new, names())


A, B, C = (request(name, method="POST") for name in ("a/create", "b/update", "c/log"))


@given(st.lists(st.sampled_from([A, B, C, request("a/1"), request("a/2", answer="[]")]), max_size=8))
def test_a_conversation_is_aligned_with_itself(rows: list[Interaction]) -> None:
    assert pairs(rows, rows) == {number: number for number in range(len(rows))}
    assert crossed(pairs(rows, rows)) == []


@given(st.permutations(range(6)))
def test_the_fewest_requests_are_said_to_have_moved(order: list[int]) -> None:
    found = dict(enumerate(order))
    moved = crossed(found)
    rest = [found[number] for number in sorted(found) if number not in moved]
    assert rest == sorted(rest)
    longest = max(
        (mask.bit_count() for mask in range(64) if _ordered([order[n] for n in range(6) if mask >> n & 1])), default=0
    )
    assert len(moved) == 6 - longest


def _ordered(rows: list[int]) -> bool:
    return rows == sorted(rows)


def test_of_two_like_requests_the_new_one_is_the_new_one() -> None:
    one, two = (request("log", body, method="POST") for body in ('{"step": 1}', '{"step": 2}'))
    new = request("log", '{"step": 0}', method="POST")
    assert pairs([one, two], [new, one, two]) == {0: 1, 1: 2}
    assert pairs([one, two], [one, new, two]) == {0: 0, 1: 2}
    assert pairs([new, one, two], [one, two]) == {1: 0, 2: 1}


def test_an_answer_tells_two_like_requests_apart() -> None:
    missing, there = replace(request("get"), status=404), request("get", answer='{"a":1}')
    assert pairs([missing, there], [request("get", answer='{"b":1}'), missing, there]) == {0: 1, 1: 2}


def test_a_newer_route_is_the_same_request() -> None:
    newer = replace(B, uri=B.uri.replace("/b/", "/b2/"))
    assert pairs([A, B, C], [A, newer, C]) == {0: 0, 1: 1, 2: 2}
    # At another place it is another request.
    assert pairs([A, B, C], [A, C, newer]) == {0: 0, 2: 1}
    assert pairs([B], [request("something/very/different", method="POST")]) == {}


def test_a_moved_request_is_found() -> None:
    assert pairs([A, B, C], [C, A, B]) == {0: 1, 1: 2, 2: 0}
    assert crossed({0: 1, 1: 2, 2: 0}) == [2]


def test_ids_are_bound_by_what_most_texts_say() -> None:
    found = names()
    for _ in range(2):
        found.bind(f"run {ID}1", f"run {ID}2")
        found.bind(f"run {ID}2", f"run {ID}3")
    found.bind(f"run {ID}1", f"run {ID}3")
    assert found.rename(f"{ID}2 and {ID}3") == f"{ID}1 and {ID}2"
    # What is new must not look like an old one.
    assert found.rename(f"{ID}1") == f"new-{ID}1"
    # Texts that differ in more teach nothing.
    found = names()
    found.bind(f"run {ID}1", f"a run {ID}2")
    assert found.rename(f"{ID}2") == f"{ID}2"


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("2026-12-22", "2027-01-21", True),
        ("2026-12-22", "2026-12-22", True),
        ("2026-12-22", "2027-01-22", False),
        ("2026-99-99", "2027-01-21", False),
    ],
)
def test_days_are_compared_by_their_distance_from_the_recording(before: str, after: str, same: bool) -> None:
    found = names(days=30)
    found.bind(f"until {before}.", f"until {after}.")
    assert (found.rename(after) == before) == same


def test_a_download_gives_back_what_the_same_upload_sent() -> None:
    cassette = load_cassette(ROOT / "cassettes/gitlab-19.3/mlflow-3/flavors/pyfunc_round_trip.yaml")
    rows = cassette.interactions
    place = next(number for number, one in enumerate(rows) if isinstance(one.answer, Echo))
    echo = rows[place].answer
    assert isinstance(echo, Echo)
    # One request more in front of the upload moves its number, and nothing else.
    moved = [
        replace(one, answer=replace(one.answer, index=one.answer.index + 1)) if isinstance(one.answer, Echo) else one
        for one in rows
    ]
    longer = replace(cassette, interactions=(request("first"), *moved))
    assert [one.kind for one in drift(cassette, longer, ADAPTER)] == ["request-added"]
    # Another upload is another answer.
    other = replace(rows[place], answer=replace(echo, index=echo.index + 1))
    changed = replace(cassette, interactions=(*rows[:place], other, *rows[place + 1 :]))
    assert [(one.kind, one.old) for one in drift(cassette, changed, ADAPTER)] == [("value", place)]
    # And what is no upload any more is another kind of answer.
    other = replace(rows[place], answer=b"\x00bytes")
    changed = replace(cassette, interactions=(*rows[:place], other, *rows[place + 1 :]))
    assert [(one.kind, one.old) for one in drift(cassette, changed, ADAPTER)] == [("type", place)]


def test_the_layout_of_graphql_is_not_compared() -> None:
    cassette = load_cassette(ROOT / "cassettes/gitlab-19.3/mlflow-3/setup/inspect_topology.yaml")
    number, one = next((n, one) for n, one in enumerate(cassette.interactions) if one.path == "/api/graphql")
    assert '"query"' in str(one.body)
    for words, kinds in (("  # why not\\n", []), (" something ", ["body"])):
        body = str(one.body).replace("{", f"{{{words}", 2).replace(f"{{{words}", "{", 1)
        rows = list(cassette.interactions)
        rows[number] = replace(one, body=body)
        found = drift(cassette, replace(cassette, interactions=tuple(rows)), ADAPTER)
        assert [each.kind for each in found] == kinds
