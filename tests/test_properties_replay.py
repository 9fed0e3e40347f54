"""Draws recorded requests and changes one thing of each: a replay takes the request as it is, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from vcr.request import Request

from conftest import ADAPTER, ROOT
from perturbation import World
from verified_docs.cassette import Cassette, Fingerprint, Interaction, list_cassettes, load_cassette
from verified_docs.gitlab_mlflow.stable import Stable
from verified_docs.replay import StrictTape, Unrecorded

CASSETTES = [load_cassette(path) for path in list_cassettes(ROOT)[::5]]
REQUESTS = [(cassette, number) for cassette in CASSETTES for number in range(len(cassette.interactions))]
WITH_JSON = [
    (cassette, number)
    for cassette, number in REQUESTS
    if isinstance(cassette.interactions[number].body, str)
    and "json" in cassette.interactions[number].headers.get("Content-Type", "")
    and not ADAPTER.is_upload("PUT", cassette.interactions[number].path)
]
SCALARS = st.one_of(st.integers(-9, 10**6), st.text(max_size=6), st.booleans(), st.none(), st.floats(0, 1))


def sent(one: Interaction) -> Any:
    """A recorded request as a client sends it; of a file that is not kept, any bytes."""
    body = b"any bytes" if isinstance(one.body, Fingerprint) else one.body
    untyped: Any = Request
    return untyped(one.method, one.uri, body, dict(one.headers))


def answered(cassette: Cassette, number: int, request: Any) -> bool:
    """Whether a tape on which all earlier requests were played answers a request."""
    kept = (replace(cassette.interactions[number], answer="answer"),)
    tape = StrictTape(replace(cassette, interactions=kept), ADAPTER, ROOT / "examples" / "x.py")
    try:
        tape.play_response(request)
    except Unrecorded:
        assert tape.misses
        assert tape.unplayed() == [0]
        return False
    assert tape.misses == []
    return True


def leaves(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value of a JSON document that is no container."""
    if isinstance(value, (dict, list)) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*way, key))
    else:
        yield way


def at(document: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        document = document[key]
    return document


def is_volatile(document: Any, way: tuple[Any, ...]) -> bool:
    """Whether the page on how this is verified says that this value is not compared; written down once more."""
    words = [str(key) for key in way]
    holders = [at(document, way[:n]) for n in range(len(way))]
    tags = [one["key"] for one in holders if isinstance(one, dict) and isinstance(one.get("key"), str)]
    names = [*words, *tags]
    volatile = {"start_time", "end_time", "timestamp", "user_id", "model_uuid", "utc_time_created", "python_version"}
    described = ("mlflow.user", "mlflow.source.", "mlflow.gitRepoURL")
    return bool(volatile & set(names)) or any(name.startswith(described) for name in names)


# --- No change, and any one change ---


@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda cassette: str(cassette.path.relative_to(ROOT / "cassettes")))
def test_every_recorded_request_is_its_own_match(cassette: Cassette) -> None:
    for number, one in enumerate(cassette.interactions):
        if not (isinstance(one.body, Fingerprint) and one.body.exact):
            assert answered(cassette, number, sent(one)), str(one)


@given(st.sampled_from(REQUESTS), st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]))
def test_another_method_is_a_miss(drawn: tuple[Cassette, int], method: str) -> None:
    cassette, number = drawn
    one = cassette.interactions[number]
    assume(method != one.method)
    assert not answered(cassette, number, sent(replace(one, method=method)))


@given(st.sampled_from(REQUESTS), st.data())
def test_another_path_is_a_miss(drawn: tuple[Cassette, int], data: st.DataObject) -> None:
    cassette, number = drawn
    one = cassette.interactions[number]
    place = data.draw(st.integers(1, len(one.path) - 1))
    sign = data.draw(st.sampled_from("aZ9-/_%"))
    start = one.uri.index(one.path)
    uri = one.uri[: start + place] + sign + one.uri[start + place + data.draw(st.integers(0, 1)) :]
    assume(urlsplit(uri).path != one.path)
    assert not answered(cassette, number, sent(replace(one, uri=uri)))


@given(st.sampled_from(REQUESTS), st.sampled_from(["http://", "https://x."]))
def test_another_server_is_a_miss(drawn: tuple[Cassette, int], start: str) -> None:
    cassette, number = drawn
    one = cassette.interactions[number]
    assert not answered(cassette, number, sent(replace(one, uri=one.uri.replace("https://", start, 1))))
    port = one.uri.replace("gitlab.example.com", "gitlab.example.com:8443", 1)
    assert not answered(cassette, number, sent(replace(one, uri=port)))


@given(st.sampled_from(REQUESTS), st.data())
def test_another_query_is_a_miss_and_another_order_of_it_is_none(
    drawn: tuple[Cassette, int], data: st.DataObject
) -> None:
    cassette, number = drawn
    one = cassette.interactions[number]
    address = urlsplit(one.uri)
    rows = parse_qsl(address.query, keep_blank_values=True)

    def asked(changed: list[tuple[str, str]]) -> bool:
        return answered(cassette, number, sent(replace(one, uri=address._replace(query=urlencode(changed)).geturl())))

    assert asked(data.draw(st.permutations(rows)))
    assert not asked([*rows, (data.draw(st.sampled_from(["page", "max_results", "x"])), "")])
    if rows:
        place = data.draw(st.integers(0, len(rows) - 1))
        name, value = rows[place]
        assert not asked([*rows[:place], *rows[place + 1 :]])
        assert not asked([*rows[:place], (name, f"{value}1"), *rows[place + 1 :]])
        assert not asked([*rows[:place], (f"{name}s", value), *rows[place + 1 :]])
        assert not asked([*rows, rows[place]])


@given(st.sampled_from(REQUESTS), st.data())
def test_another_credential_is_a_miss(drawn: tuple[Cassette, int], data: st.DataObject) -> None:
    cassette, number = drawn
    one = cassette.interactions[number]
    mine = [name for name in one.headers if name.lower() in ADAPTER.credential_headers]
    more = data.draw(st.sampled_from(sorted(ADAPTER.credential_headers)))
    if more not in {name.lower() for name in mine}:
        label = {more: "<project:developer:api>"}
        assert not answered(cassette, number, sent(replace(one, headers=one.headers | label)))
    for name in mine:
        without = {other: value for other, value in one.headers.items() if other != name}
        assert not answered(cassette, number, sent(replace(one, headers=without)))
        for old, new in (("developer", "owner"), ("api", "read_api"), ("<", "<x"), ("Bearer", "Basic")):
            value = one.headers[name].replace(old, new, 1)
            if value != one.headers[name]:
                assert not answered(cassette, number, sent(replace(one, headers=without | {name: value}))), value


@given(st.sampled_from(REQUESTS))
def test_headers_in_another_spelling_are_the_same_headers(drawn: tuple[Cassette, int]) -> None:
    cassette, number = drawn
    one = cassette.interactions[number]
    assume(not (isinstance(one.body, Fingerprint) and one.body.exact))
    spelled = {name.upper(): value for name, value in one.headers.items()} | {"User-Agent": "anything", "Accept": "*/*"}
    assert answered(cassette, number, sent(replace(one, headers=spelled)))


@given(st.sampled_from([row for row in REQUESTS if "Content-Type" in row[0].interactions[row[1]].headers]))
def test_another_type_of_body_is_a_miss(drawn: tuple[Cassette, int]) -> None:
    cassette, number = drawn
    one = cassette.interactions[number]
    assume(not ADAPTER.is_upload("PUT", one.path))
    for value in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert not answered(cassette, number, sent(replace(one, headers=one.headers | {"Content-Type": value})))
    with_charset = f"{one.headers['Content-Type']}; charset=utf-8"
    assert answered(cassette, number, sent(replace(one, headers=one.headers | {"Content-Type": with_charset})))


@settings(max_examples=300)
@given(st.sampled_from(WITH_JSON), st.data())
def test_one_changed_value_of_a_body_is_a_miss(drawn: tuple[Cassette, int], data: st.DataObject) -> None:
    cassette, number = drawn
    one = cassette.interactions[number]
    document = json.loads(str(one.body))
    ways = [way for way in leaves(document) if way and not is_volatile(document, way)]
    assume(ways)
    way = data.draw(st.sampled_from(ways))
    old = at(document, way)
    holder = at(document, way[:-1])
    match data.draw(st.sampled_from(["other", "gone", "more", "type", "number"])):
        case "other":
            holder[way[-1]] = new = data.draw(SCALARS)
            assume(json.dumps(new) != json.dumps(old))
        case "gone":
            del holder[way[-1]]
        case "more" if isinstance(holder, dict):
            holder["one_more"] = 1
        case "more":
            holder.append("one more")
        case "number" if isinstance(old, (int, float)):
            # To Python all of them are equal.
            holder[way[-1]] = float(old) if isinstance(old, int) else bool(old)
        case _:
            holder[way[-1]] = [old]
    if "query" in way and "variables" in document:
        return  # the layout of GraphQL is not compared
    assert not answered(cassette, number, sent(replace(one, body=json.dumps(document))))


@given(st.sampled_from(WITH_JSON), st.data())
def test_keys_and_blanks_of_a_body_are_nothing(drawn: tuple[Cassette, int], data: st.DataObject) -> None:
    cassette, number = drawn
    one = cassette.interactions[number]
    document = json.loads(str(one.body))
    names = data.draw(st.permutations(list(document)))
    body = json.dumps({name: document[name] for name in names}, indent=data.draw(st.sampled_from([None, 1, 7])))
    assert answered(cassette, number, sent(replace(one, body=body)))


@given(st.sampled_from(REQUESTS), st.binary(min_size=1, max_size=20))
def test_another_body_is_a_miss(drawn: tuple[Cassette, int], body: bytes) -> None:
    cassette, number = drawn
    one = cassette.interactions[number]
    request = sent(one)
    any_file = isinstance(one.body, Fingerprint) and not one.body.exact
    assume(one.body is None or body != str(one.body).encode())
    request.body = body
    assert answered(cassette, number, request) is any_file
    request.body = b""
    assert answered(cassette, number, request) is (one.body is None)


# --- The normaliser ---


@given(st.sampled_from(CASSETTES), st.integers(0, 2**32))
def test_what_is_made_stable_twice_is_made_stable_once(cassette: Cassette, seed: int) -> None:
    """Of conversations as another database, another day and another seed would have them."""
    raw = World([cassette], seed).conversation(cassette)
    once = Stable(raw).apply()
    assert Stable(once).apply() == once


@given(st.sampled_from(CASSETTES))
def test_a_cassette_is_stable_already(cassette: Cassette) -> None:
    assert Stable(cassette.interactions).apply() == list(cassette.interactions)


@given(st.sampled_from(WITH_JSON))
def test_comparing_is_idempotent_on_recorded_bodies(drawn: tuple[Cassette, int]) -> None:
    document = json.loads(str(drawn[0].interactions[drawn[1]].body))
    once = ADAPTER.comparable(document)
    assert ADAPTER.comparable(once) == once
    masked = ADAPTER.masked(document)
    assert ADAPTER.masked(masked) == masked
