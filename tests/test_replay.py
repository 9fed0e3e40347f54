"""Sends requests at a tape from many threads, and compares bodies as the matcher does."""

from __future__ import annotations

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from conftest import ADAPTER, LANES, ROOT
from verified_docs.cassette import Cassette, Interaction, cassette_path, load_cassette
from verified_docs.isolation import no_network
from verified_docs.replay import StrictTape, Unrecorded, replaying

SAMPLE = load_cassette(cassette_path(ROOT, LANES[-1], "tracking/check_connection"))
HOST = "https://gitlab.example.com"
HEADERS = {"Authorization": "Bearer <project:developer:api>"}


def tape_of(*interactions: Interaction) -> Cassette:
    return replace(SAMPLE, interactions=interactions)


def get(path: str, answer: str = "{}") -> Interaction:
    return Interaction("GET", f"{HOST}{path}", HEADERS, None, 200, "OK", {"Content-Type": "application/json"}, answer)


def post(body: str | None, content_type: str = "application/json") -> Interaction:
    headers = HEADERS | {"Content-Type": content_type}
    return Interaction("POST", f"{HOST}/x", headers, body, 200, "OK", {"Content-Type": "application/json"}, "{}")


def test_many_threads_get_what_they_ask_for() -> None:
    cassette = tape_of(*(get(f"/file/{number}", json.dumps(number)) for number in range(200)))
    with no_network() as attempts, replaying(cassette, ADAPTER, SAMPLE.path) as tape, ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(
                lambda number: requests.get(f"{HOST}/file/{number}", headers=HEADERS, timeout=5).json(), range(200)
            )
        )
    assert answers == list(range(200))
    assert attempts == []
    assert tape.misses == []
    assert tape.unplayed() == []


def test_many_threads_with_the_same_request_each_get_one_answer() -> None:
    cassette = tape_of(*(get("/same", json.dumps(number)) for number in range(100)))
    with replaying(cassette, ADAPTER, SAMPLE.path) as tape, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: requests.get(f"{HOST}/same", headers=HEADERS, timeout=5).json(), range(100)))
    assert sorted(answers) == list(range(100))
    assert tape.unplayed() == []


def test_a_miss_in_a_thread_is_kept() -> None:
    with (
        replaying(tape_of(get("/a")), ADAPTER, SAMPLE.path) as tape,
        ThreadPoolExecutor(1) as pool,
        pytest.raises(Unrecorded, match="no such request"),
    ):
        pool.submit(lambda: requests.get(f"{HOST}/b", headers=HEADERS, timeout=5)).result()
    assert [miss.sent for miss in tape.misses] == ["GET /b"]
    assert tape.unplayed() == [0]


def send(recorded: Interaction, **changes: Any) -> StrictTape:
    arguments = {
        "method": recorded.method,
        "url": recorded.uri,
        "headers": recorded.headers,
        "data": recorded.body,
    } | changes
    with replaying(tape_of(recorded), ADAPTER, SAMPLE.path) as tape, contextlib.suppress(Unrecorded):
        requests.request(**arguments, timeout=5)
    return tape


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"url": f"{HOST}/x?a=1"}, "query"),
        ({"url": "http://gitlab.example.com/x"}, "address"),
        ({"url": "https://gitlab.example.com:8443/x"}, "address"),
        ({"url": "https://gitlab.other.test/x"}, "address"),
        ({"headers": {"Content-Type": "application/json"}}, "credential"),
        ({"headers": HEADERS | {"PRIVATE-TOKEN": "<project:developer:api>"}}, "credential"),
        ({"headers": {"Authorization": "Basic <project:developer:api>"}}, "credential"),
        ({"headers": HEADERS | {"Content-Type": "text/plain"}}, "type of the body"),
        ({"headers": HEADERS}, "type of the body"),
        ({"data": '{"a": 2}'}, "body"),
        ({"data": '{"a": 1.0}'}, "body"),
        ({"data": '{"a": true}'}, "body"),
        ({"data": '{"a": "1"}'}, "body"),
        ({"data": None}, "body"),
        ({"data": "a=1"}, "body"),
        ({"method": "PUT"}, "no such request"),
        ({"url": f"{HOST}/y"}, "no such request"),
    ],
)
def test_one_difference_is_a_miss(changes: dict[str, Any], why: str) -> None:
    tape = send(post('{"a": 1}'), **changes)
    (miss,) = tape.misses
    assert why in miss.why


@pytest.mark.parametrize(
    "sent",
    [
        '{"a": 1}',
        '{ "a" : 1 }',
        '{"a": 1, "b": {"start_time": 1795352516491}}',
        '{"b": {"start_time": 1795352519999}, "a": 1}',
    ],
)
def test_json_is_compared_as_data(sent: str) -> None:
    recorded = '{"a": 1, "b": {"start_time": 1795352510000}}' if "start_time" in sent else '{"a": 1}'
    assert send(post(recorded), data=sent).misses == []


KEPT = {"key": "kept", "value": "x"}
SOURCE = {"tags": [{"key": "mlflow.source.name", "value": "a.py"}, KEPT], "n": 1}


def test_json_inside_a_string_is_compared_as_data() -> None:
    recorded = post(json.dumps({"source": json.dumps(SOURCE)}))
    other_machine = {"n": 1, "tags": [{"value": "b.py", "key": "mlflow.source.name"}, KEPT]}
    assert send(recorded, data=json.dumps({"source": json.dumps(other_machine, indent=2)})).misses == []
    assert send(recorded, data=json.dumps({"source": json.dumps(SOURCE | {"n": 2})})).misses


def test_a_query_may_come_in_another_order_but_not_lose_a_blank() -> None:
    assert send(get("/q?a=1&b="), url=f"{HOST}/q?b=&a=1").misses == []
    assert send(get("/q?a=1&b="), url=f"{HOST}/q?a=1").misses


def test_reads_in_threads_may_overtake_reads() -> None:
    with replaying(tape_of(get("/a"), get("/b")), ADAPTER, SAMPLE.path) as tape, ThreadPoolExecutor(1) as pool:
        for path in ("/b", "/a"):
            assert pool.submit(requests.get, f"{HOST}{path}", headers=HEADERS, timeout=5).result().ok
    assert tape.misses == []


def test_reads_of_the_script_itself_keep_their_order() -> None:
    with replaying(tape_of(get("/a"), get("/b")), ADAPTER, SAMPLE.path) as tape, pytest.raises(Unrecorded):
        requests.get(f"{HOST}/b", headers=HEADERS, timeout=5)
    assert "GET /a (interaction 0) has to come before it" in tape.misses[0].why


@pytest.mark.parametrize(
    "order", [(get("/a"), post("{}")), (post("{}"), get("/a")), (post('{"n": 1}'), post('{"n": 2}'))]
)
def test_a_write_keeps_its_place(order: tuple[Interaction, Interaction]) -> None:
    second = order[1]
    with replaying(tape_of(*order), ADAPTER, SAMPLE.path) as tape, pytest.raises(Unrecorded):
        requests.request(second.method, second.uri, data=str(second.body or ""), headers=second.headers, timeout=5)
    assert "interaction 0" in tape.misses[0].why


def test_a_raw_token_in_a_difference_is_masked() -> None:
    tape = send(
        post('{"a": 1}'), headers={"Authorization": "Bearer glpat-" + "k3" * 10, "Content-Type": "application/json"}
    )
    assert "k3k3" not in tape.misses[0].why
    assert "not a label" in tape.misses[0].why


leaves = st.one_of(st.integers(), st.text(max_size=5), st.booleans(), st.none(), st.floats(allow_nan=False))
documents = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@given(documents)
def test_comparing_is_idempotent_and_keeps_the_input(document: Any) -> None:
    before = json.dumps(document)
    once = ADAPTER.comparable(document)
    assert json.dumps(document) == before
    assert ADAPTER.comparable(document) == once


@given(documents, documents)
def test_only_volatile_values_compare_equal(one: Any, other: Any) -> None:
    same = ADAPTER.comparable({"v": one}) == ADAPTER.comparable({"v": other})
    assert same or one != other


def test_a_time_has_to_be_in_milliseconds() -> None:
    recorded = post('{"timestamp": 1795352516491}')
    assert send(recorded, data='{"timestamp": 1795352999999}').misses == []
    assert send(recorded, data='{"timestamp": 1795352516}').misses
    assert send(recorded, data='{"timestamp": "1795352516491"}').misses


FLAVOR = {"python_version": "3.12.1", "loader_module": "mlflow.sklearn"}
MODEL = {
    "model_uuid": "b4e7fc2cf3ca4c1da3d0a5f6fb012a12",
    "utc_time_created": "2026-11-22 12:04:11.751493",
    "flavors": {"python_function": FLAVOR},
}


def python_function(**changes: str) -> dict[str, Any]:
    return {"flavors": {"python_function": FLAVOR | changes}}


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"model_uuid": "f2c822b17dd04735a656a6465fa32e0d"}, True),
        ({"model_uuid": "f2c822b17dd0"}, False),
        ({"model_uuid": None}, False),
        ({"utc_time_created": "2027-01-01 00:00:00"}, True),
        ({"utc_time_created": "yesterday"}, False),
        (python_function(python_version="3.13.11"), True),
        (python_function(python_version="3"), False),
        (python_function(loader_module="mlflow.pyfunc"), False),
        ({"other": 1}, False),
    ],
)
def test_two_makings_of_a_model_are_the_same_model(changes: dict[str, Any], same: bool) -> None:
    """MLflow 2 sends a model's description as JSON in a string."""
    recorded = post(json.dumps({"run_id": "1", "model_json": json.dumps(MODEL)}))
    now = json.dumps({"run_id": "1", "model_json": json.dumps(MODEL | changes)})
    assert (send(recorded, data=now).misses == []) is same
