"""Breaks recorded answers in every way: the doctor says that it does not know, and never falls over."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor_recorded import HEALTHY, SERVERS, STATES, Got, Reply, answers, examination, ids, recorded, replay, serving
from doctor_recorded import settings as known
from mlflow_gitlab.doctor import examine
from mlflow_gitlab.doctor.answers import Answer
from mlflow_gitlab.doctor.finding import Severity

NAMES = [one.name for one in answers("developer")]
# What stands in the fields that decide; the rest of an answer may change with any version.
NEEDED = {
    "metadata": ["version"],
    "user": ["username"],
    "token": ["scopes", "expires_at"],
    "project": [
        "id",
        "path_with_namespace",
        "archived",
        "model_experiments_access_level",
        "model_registry_access_level",
        "packages_enabled",
        "permissions",
    ],
    "experiment": ["error_code"],
    "search": ["experiments"],
    "model": ["error_code"],
    "file": ["message"],
}
HTML = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in</body></html>"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


def broken(name: str, **changes: Any) -> list[Answer]:
    """The answers to a good token, one of them changed."""
    return [replace(one, **changes) if one.name == name else one for one in answers("developer")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, '{"message":"500 Internal Server Error"}'),
        (502, "<html>GitLab is not responding</html>"),
        (503, ""),
        (429, "Retry later\n"),
        (200, HTML),
        (404, HTML),
        (302, ""),
        (418, "{}"),
        (200, ""),
        (200, "null"),
        (200, '"text"'),
        (200, "[" * 100_000),
        (403, '{"message":["a","b"]}'),
        (401, '{"unknown":1}'),
    ],
)
def test_an_answer_that_was_never_recorded(name: str, status: int, body: str) -> None:
    (finding,) = examination(broken(name, status=status, body=body)).findings
    assert finding.id == "server-odd-answer"
    assert finding.severity is Severity.ERROR
    assert finding.evidence.status == status
    assert finding.evidence.request in {one.request for one in answers("developer") if one.name == name}
    assert len(finding.evidence.body) <= 401


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_is_cut_off(name: str) -> None:
    whole = next(one.body for one in answers("developer") if one.name == name)
    assert ids(examination(broken(name, body=whole[:-1]))) == ["server-odd-answer"]


@pytest.mark.parametrize(("name", "field"), [(name, field) for name, fields in NEEDED.items() for field in fields])
def test_a_field_that_is_gone_or_of_another_type(name: str, field: str) -> None:
    body = json.loads(next(one.body for one in answers("developer") if one.name == name))
    without = {key: value for key, value in body.items() if key != field}
    assert ids(examination(broken(name, body=json.dumps(without)))) == ["server-odd-answer"]
    for value in (17 if not isinstance(body[field], int) or body[field] is True else "17", {"a": 1}, ["a", 2.5]):
        wrong = json.dumps(body | {field: value})
        assert ids(examination(broken(name, body=wrong))) == ["server-odd-answer"], value


@given(st.sampled_from(STATES), st.sampled_from(SERVERS), st.sampled_from(NAMES), json_values, st.integers(100, 599))
def test_whatever_is_answered_there_is_a_diagnosis(state: str, server: str, name: str, body: Any, status: int) -> None:
    """No exception, and never "all is well" where an answer is not one that a good token gets."""
    given: dict[str, Any] = {"token": None} if state == "no_token" else {}
    found = examination(
        [
            replace(one, body=json.dumps(body), status=status) if one.name == name else one
            for one in answers(state, server)
        ],
        **given,
    )
    errors = [one for one in found.findings if one.severity is Severity.ERROR]
    assert errors or all(one.fine for one in found.answers)


@given(st.sampled_from(STATES), st.sets(st.sampled_from(NAMES)))
def test_answers_that_are_missing(state: str, gone: set[str]) -> None:
    given: dict[str, Any] = {"token": None} if state == "no_token" else {}
    found = examination([one for one in answers(state) if one.name not in gone], **given)
    allowed = {one.id for one in recorded(state).findings} | {"server-odd-answer", "token-unknown", "not-gitlab"}
    assert {one.id for one in found.findings} <= allowed
    if state in HEALTHY:
        assert found.findings == []


@given(st.text(), st.lists(st.integers(100, 599), min_size=1, max_size=9))
def test_a_server_that_is_something_else(body: str, statuses: list[int]) -> None:
    found = examination([Answer(name, f"GET /{name}", one, body) for name, one in zip(NAMES, statuses, strict=False)])
    assert any(one.severity is Severity.ERROR for one in found.findings)


def test_all_of_it_is_down() -> None:
    found = examination([replace(one, status=502, body=HTML) for one in answers("developer")])
    assert ids(found) == ["server-odd-answer"]


# --- Over HTTP, on loopback: simulated, but for the recorded answers -------------------------------------------------


def test_a_sign_in_page_gets_the_token_once_only() -> None:
    with serving(lambda _: Reply(200, HTML, {"Content-Type": "text/html"})) as server:
        found = examine(known(url=server.url, token="glpat-" + "x" * 20))
    assert ids(found) == ["not-gitlab"]
    assert len(server.got) == 1
    assert found.findings[0].fix.startswith(f"open {server.url}/api/v4/metadata in a browser")


def test_the_recorded_page_of_another_address() -> None:
    from doctor_recorded import cassette

    # errors/wrong_uri[0]: what GitLab answers outside its API.
    page = cassette("errors/wrong_uri").interactions[0]
    with serving(lambda _: Reply(page.status, str(page.answer), dict(page.answer_headers))) as server:
        found = examine(known(url=f"{server.url}/acme/wine-quality"))
    assert ids(found) == ["not-gitlab"]
    assert found.findings[0].evidence.status == 422


def test_json_of_another_server() -> None:
    with serving(lambda _: Reply(200, '{"status":"UP"}')) as server:
        assert ids(examine(known(url=server.url))) == ["not-gitlab"]
    assert len(server.got) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with serving(lambda _: Reply()) as other:

        def away(_: Got) -> Reply:
            return Reply(status, "", {"Location": f"{other.url}/users/sign_in?token=glpat-{'y' * 20}"})

        with serving(away) as server:
            found = examine(known(url=server.url, token="glpat-" + "x" * 20))
    assert ids(found) == ["redirected"]
    assert found.findings[0].evidence.body == f"sent to {other.url}/users/sign_in"
    assert (len(server.got), other.got) == (1, [])


def test_an_endless_answer_is_cut() -> None:
    with serving(lambda _: Reply(200, b"x" * 5_000_000)) as server:
        found = examine(known(url=server.url))
    assert ids(found) == ["not-gitlab"]
    assert len(found.answers[0].body) < 1_200_000


def test_a_clock_that_is_wrong_over_http() -> None:
    as_recorded = replay("developer")

    def dated(got: Got) -> Reply:
        reply = as_recorded(got)
        assert reply is not None
        return replace(reply, headers={**reply.headers, "Date": "Sun, 22 Nov 2026 12:00:00 GMT"})

    noon = 1795348800.0
    with serving(dated) as server:
        assert ids(examine(known(url=server.url), client="3.17.2", clock=lambda: noon)) == []
        assert ids(examine(known(url=server.url), client="3.17.2", clock=lambda: noon - 301)) == ["clock-skew"]
        assert ids(examine(known(url=server.url), client="3.17.2", clock=lambda: noon + 86400)) == ["clock-skew"]
    with serving(lambda got: replace(dated(got), headers={"Date": "yesterday"})) as server:
        assert ids(examine(known(url=server.url), client="3.17.2", clock=lambda: noon)) == []
