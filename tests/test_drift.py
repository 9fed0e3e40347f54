"""Changes real recordings in one way each, and asks for that difference with its tier."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ADAPTER, ROOT, renumbered
from verified_docs.cassette import Cassette, Echo, Interaction, list_cassettes, load_cassette
from verified_docs.drift import drift
from verified_docs.finding import Finding, Tier, told
from verified_docs.provenance import Failure

PATHS = list_cassettes(ROOT)
CASSETTES = st.sampled_from(PATHS).map(load_cassette)
RUN = ROOT / "cassettes/gitlab-19.3/mlflow-3/tracking/log_first_run.yaml"


def with_one(cassette: Cassette, number: int, **changes: object) -> Cassette:
    """A recording in which one interaction is another."""
    rows = list(cassette.interactions)
    rows[number] = replace(rows[number], **changes)  # type: ignore[arg-type]
    return replace(cassette, interactions=tuple(rows))


def only(found: list[Finding]) -> tuple[str, str, str, str]:
    (one,) = found
    return one.tier.value, one.kind, one.part, one.pointer


def kinds(found: list[Finding]) -> dict[str, int]:
    return dict(Counter(one.kind for one in found))


def json_answer(cassette: Cassette, choice: random.Random) -> int | None:
    """An interaction whose answer is a JSON object with something in it."""
    found = [
        number
        for number, one in enumerate(cassette.interactions)
        if isinstance(one.answer, str) and one.answer.startswith("{") and one.answer.strip() != "{}"
    ]
    return choice.choice(found) if found else None


# --- The same ---------------------------------------------------------------------------------------------------------


def recorded_later(cassette: Cassette) -> Cassette:
    """The same recording a month later, in which three things were made before: other ids, other days."""
    token = re.compile(r"(?<=00000000-0000-4000-8000-)\d{12}|(?<=_42_bot_)[0-9a-f]{32}|(?<!\d)\d{4}-\d\d-\d\d(?![\dT])")

    def later(text: str) -> str:
        return token.sub(lambda match: moved(match.group()), text)

    def moved(text: str) -> str:
        if "-" in text:
            return str(date.fromisoformat(text) + timedelta(days=30))
        return f"{int(text, 16) + 3:0{len(text)}x}" if len(text) == 32 else f"{int(text) + 3:0{len(text)}d}"

    def again(one: Interaction) -> Interaction:
        body = later(one.body) if isinstance(one.body, str) else one.body
        answer = later(one.answer) if isinstance(one.answer, str) else one.answer
        headers = {name: later(value) for name, value in one.answer_headers.items()}
        return replace(one, uri=later(one.uri), body=body, answer=answer, answer_headers=headers)

    ended = cassette.provenance.exception
    provenance = cassette.provenance.model_copy(
        update={
            "recorded_at": (cassette.provenance.recorded + timedelta(days=30)).isoformat(),
            "exception": Failure(type=ended.type, message=later(ended.message)) if ended else None,
        }
    )
    return replace(cassette, provenance=provenance, interactions=tuple(map(again, cassette.interactions)))


@pytest.mark.parametrize("path", PATHS[::3], ids=lambda path: path.relative_to(ROOT / "cassettes").as_posix())
def test_a_recording_made_later_says_the_same(path: Path) -> None:
    cassette = load_cassette(path)
    later = recorded_later(cassette)
    assert drift(cassette, cassette, ADAPTER, ("a\n", "a\n")) == []
    assert drift(cassette, later, ADAPTER) == []
    assert drift(later, cassette, ADAPTER) == []


def test_times_and_made_up_names_are_not_compared() -> None:
    text = RUN.read_text("utf-8")
    other = re.sub(r"17672256\d\d000", "1799999999000", text).replace("2026-01-01T", "2027-03-04T")
    assert other != text
    assert drift(load_cassette(RUN), load_cassette(RUN, other), ADAPTER) == []


def test_an_id_that_stands_for_another_thing_is_found() -> None:
    cassette = load_cassette(ROOT / "cassettes/gitlab-19.3/mlflow-3/tracking/nested_runs.yaml")
    # Two ids that change names everywhere stand for what they stood for.
    names = {f"{start}{n:012d}": n for n in (1, 2) if (start := "00000000-0000-4000-8000-")}
    swapped = re.sub("|".join(names), lambda match: f"{match.group()[:-1]}{3 - names[match.group()]}", cassette.text)
    assert swapped != cassette.text
    assert drift(cassette, load_cassette(cassette.path, swapped), ADAPTER) == []
    number, one = next((n, one) for n, one in enumerate(cassette.interactions) if "parentRunId" in str(one.answer))
    answer = re.sub(r'(parentRunId",\s+"value": "\S+)000000000001"', r'\g<1>000000000002"', str(one.answer))
    assert answer != one.answer
    found = drift(cassette, with_one(cassette, number, answer=answer), ADAPTER)
    assert kinds(found) == {"value": 1}


# --- Requests ---------------------------------------------------------------------------------------------------------


@given(CASSETTES, st.integers(0, 2**32))
def test_a_request_that_is_gone_is_one_error(cassette: Cassette, seed: int) -> None:
    number = random.Random(seed).randrange(len(cassette.interactions))
    gone = cassette.interactions[number]
    if any(isinstance(one.answer, Echo) and one.answer.index == number for one in cassette.interactions):
        return
    rest = tuple(one for n, one in enumerate(cassette.interactions) if n != number)
    shorter = replace(cassette, interactions=renumbered(cassette, rest))
    (found,) = drift(cassette, shorter, ADAPTER)
    assert (found.tier, found.kind, found.new) == (Tier.ERROR, "request-removed", None)
    assert (found.request or "").startswith(gone.method)
    (back,) = drift(shorter, cassette, ADAPTER)
    assert (back.tier, back.kind, back.request, back.old) == (Tier.ERROR, "request-added", found.request, None)


@given(CASSETTES, st.integers(0, 2**32))
def test_a_request_more_is_one_error_wherever_it_stands(cassette: Cassette, seed: int) -> None:
    number = random.Random(seed).randrange(len(cassette.interactions) + 1)
    new = replace(cassette.interactions[0], method="PATCH", uri="https://gitlab.example.com/api/v4/new", answer="")
    rows = list(cassette.interactions)
    rows.insert(number, new)
    longer = replace(cassette, interactions=tuple(_shifted(one, number) for one in rows))
    (found,) = drift(cassette, longer, ADAPTER)
    assert (found.tier, found.kind, found.new, found.request) == (
        Tier.ERROR,
        "request-added",
        number,
        "PATCH /api/v4/new",
    )


def _shifted(one: Interaction, start: int) -> Interaction:
    """An echo that points to its upload after a request was put in front of it."""
    if isinstance(one.answer, Echo) and one.answer.index >= start:
        return replace(one, answer=replace(one.answer, index=one.answer.index + 1))
    return one


@given(CASSETTES, st.integers(0, 2**32))
def test_two_requests_that_change_places_are_an_error_unless_both_fetch_files(cassette: Cassette, seed: int) -> None:
    number = random.Random(seed).randrange(max(1, len(cassette.interactions) - 1))
    pair = cassette.interactions[number : number + 2]
    if len(pair) < 2 or pair[0] == pair[1] or any(isinstance(one.answer, Echo) for one in pair):
        return
    rows = [*cassette.interactions[:number], *pair[::-1], *cassette.interactions[number + 2 :]]
    swapped = [_swapped(one, number) for one in rows]
    found = drift(cassette, replace(cassette, interactions=tuple(swapped)), ADAPTER)
    if all(ADAPTER.is_download(one.method, one.path) for one in pair):
        assert kinds(found) == {"download-moved": 1}
    elif pair[0].method != pair[1].method or pair[0].path != pair[1].path:
        assert kinds(found) == {"request-moved": 1}
    else:
        # One route asked twice: the two answers differ, or what was sent.
        assert found
    assert pair[0].method != "POST" or pair[0].path == pair[1].path or found[0].tier is Tier.ERROR


def _swapped(one: Interaction, number: int) -> Interaction:
    if isinstance(one.answer, Echo) and one.answer.index in {number, number + 1}:
        return replace(one, answer=replace(one.answer, index=2 * number + 1 - one.answer.index))
    return one


def change_path(one: Interaction) -> Interaction:
    return replace(one, uri=one.uri.replace("/api/v4/", "/api/v5/"))


def change_query(one: Interaction) -> Interaction:
    return replace(one, uri=f"{one.uri}{'&' if '?' in one.uri else '?'}more=1")


def change_credential(one: Interaction) -> Interaction:
    return replace(one, headers=one.headers | {"Authorization": "Bearer <project:guest:api>"})


def change_method(one: Interaction) -> Interaction:
    return replace(one, method="PUT" if one.method != "PUT" else "POST")


def change_status(one: Interaction) -> Interaction:
    return replace(one, status=one.status + 1)


def change_content_type(one: Interaction) -> Interaction:
    return replace(one, answer_headers=one.answer_headers | {"Content-Type": "text/x-new"})


def add_header(one: Interaction) -> Interaction:
    return replace(one, answer_headers=one.answer_headers | {"X-Next-Page": "22"})


def change_reason(one: Interaction) -> Interaction:
    return replace(one, reason="Fine")


@pytest.mark.parametrize(
    ("change", "tier", "expected"),
    [
        (change_path, "error", {"path"}),
        (change_query, "error", {"query"}),
        (change_credential, "error", {"credential"}),
        (change_method, "error", {"request-added", "request-removed"}),
        (change_status, "error", {"status"}),
        (change_content_type, "error", {"content-type"}),
        (add_header, "info", {"header"}),
        (change_reason, "info", {"header"}),
    ],
)
@given(cassette=CASSETTES, seed=st.integers(0, 2**32))
def test_what_is_sent_and_how_it_is_answered(
    change: Callable[[Interaction], Interaction], tier: str, expected: set[str], cassette: Cassette, seed: int
) -> None:
    number = random.Random(seed).randrange(len(cassette.interactions))
    changed = change(cassette.interactions[number])
    if changed == cassette.interactions[number]:
        return
    echoed = [one.answer.index for one in cassette.interactions if isinstance(one.answer, Echo)]
    if change is change_method and number in echoed:
        return
    rows = (*cassette.interactions[:number], changed, *cassette.interactions[number + 1 :])
    found = drift(cassette, replace(cassette, interactions=rows), ADAPTER)
    assert {one.kind for one in found} == expected
    assert {one.tier.value for one in found} == {tier}
    assert {one.old for one in found} | {one.new for one in found} <= {number, None}


def test_parameters_of_a_content_type_are_no_other_type() -> None:
    cassette = load_cassette(RUN)
    changed = with_one(cassette, 0, answer_headers={"Content-Type": "application/json; charset=utf-8"})
    assert only(drift(cassette, changed, ADAPTER)) == ("info", "header", "answer", "/content-type")


def test_what_is_sent_is_compared_as_a_replay_does() -> None:
    cassette = load_cassette(RUN)
    number, one = next((n, one) for n, one in enumerate(cassette.interactions) if one.path.endswith("runs/create"))
    body = json.loads(str(one.body))
    for volatile in ({"user_id": "me"}, {"start_time": 1799999999999}):
        assert drift(cassette, with_one(cassette, number, body=json.dumps(body | volatile)), ADAPTER) == []
    tags = [*body["tags"], {"key": "mlflow.source.git.commit", "value": "abc"}]
    assert drift(cassette, with_one(cassette, number, body=json.dumps(body | {"tags": tags})), ADAPTER) == []
    changed = with_one(cassette, number, body=json.dumps(body | {"experiment_id": 1}))
    assert only(drift(cassette, changed, ADAPTER)) == ("error", "body", "request", "/experiment_id")
    changed = with_one(cassette, number, body=None)
    assert only(drift(cassette, changed, ADAPTER)) == ("error", "body", "request", "")


# --- Answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "tier"), [("new-field", "info"), ("removed-field", "warning"), ("type", "error"), ("value", "warning")]
)
@given(cassette=CASSETTES, seed=st.integers(0, 2**32))
def test_one_field_of_an_answer(kind: str, tier: str, cassette: Cassette, seed: int) -> None:
    choice = random.Random(seed)
    if (number := json_answer(cassette, choice)) is None:
        return
    answer = json.loads(str(cassette.interactions[number].answer))
    name = choice.choice(list(answer))
    if kind == "value" and (not isinstance(answer[name], str) or ADAPTER.masked({name: "x"}) != {name: "x"}):
        return
    if kind == "new-field":
        answer[name := "something new"] = 1
    elif kind == "removed-field":
        del answer[name]
    else:
        answer[name] = f"{answer[name]}!" if kind == "value" else 7 if answer[name] != 7 else "7"
        if kind == "type" and isinstance(json.loads(str(cassette.interactions[number].answer))[name], (int, float)):
            answer[name] = {"now": "an object"}
    changed = with_one(cassette, number, answer=json.dumps(answer))
    assert only(drift(cassette, changed, ADAPTER)) == (tier, kind, "answer", f"/{name}")


def test_rows_and_texts_that_hold_json() -> None:
    cassette = load_cassette(RUN)
    number, one = next((n, one) for n, one in enumerate(cassette.interactions) if one.path.endswith("runs/create"))
    answer = json.loads(str(one.answer))
    tags = answer["run"]["data"]["tags"]

    def with_tags(tags: object) -> Cassette:
        run = answer["run"] | {"data": answer["run"]["data"] | {"tags": tags}}
        return with_one(cassette, number, answer=json.dumps({"run": run}))

    at = "/run/data/tags"
    assert only(drift(cassette, with_tags(tags[::-1]), ADAPTER)) == ("warning", "order", "answer", at)
    more = [*tags, {"key": "color", "value": '{"shade": 1}'}]
    assert only(drift(cassette, with_tags(more), ADAPTER)) == ("warning", "new-row", "answer", f"{at}/{len(tags)}")
    assert only(drift(with_tags(more), cassette, ADAPTER)) == ("warning", "removed-row", "answer", f"{at}/{len(tags)}")
    darker = [*tags, {"key": "color", "value": '{"shade":2}'}]
    expected = ("warning", "value", "answer", f"{at}/{len(tags)}/value/shade")
    assert only(drift(with_tags(more), with_tags(darker), ADAPTER)) == expected
    # There where Git is: no difference.
    git = [*tags, {"key": "mlflow.source.git.commit", "value": "abc"}]
    assert drift(cassette, with_tags(git), ADAPTER) == []


@pytest.mark.parametrize("answer", ["<html>", b"\x00\x01", ""])
def test_an_answer_that_is_no_json_any_more(answer: str | bytes) -> None:
    changed = with_one(load_cassette(RUN), 0, answer=answer)
    assert only(drift(load_cassette(RUN), changed, ADAPTER)) == ("error", "type", "answer", "")


@pytest.mark.parametrize("depth", [50, 400, 900, 100_000])
def test_a_document_may_be_nested_as_deep_as_it_likes(depth: int) -> None:
    before, after = ('{"a":' * depth + value + "}" * depth for value in ("1", "2"))
    cassette = with_one(load_cassette(RUN), 0, answer=before)
    (found,) = drift(cassette, with_one(cassette, 0, answer=after), ADAPTER)
    assert (found.tier, found.kind) == (Tier.WARNING, "value")
    assert drift(cassette, with_one(cassette, 0, answer=before), ADAPTER) == []


# --- What the program did ---------------------------------------------------------------------------------------------


def test_another_output_is_an_error_that_shows_its_rows() -> None:
    cassette = load_cassette(RUN)
    (found,) = drift(cassette, cassette, ADAPTER, ("one\ntwo\nthree\n", "one\n2\nthree\n"))
    assert (found.tier, found.kind, found.before, found.after) == (Tier.ERROR, "output", "two", "2")
    (found,) = drift(cassette, cassette, ADAPTER, ("one\n", "one"))
    assert (found.kind, found.before, found.after) == ("output", '"one\\n"', '"one"')


def test_another_ending_is_an_error() -> None:
    path = ROOT / "cassettes/gitlab-19.3/mlflow-3/errors/no_token.yaml"
    cassette = load_cassette(path)
    ended = cassette.provenance.exception
    assert ended is not None

    def ending(exception: Failure | None) -> Cassette:
        return replace(cassette, provenance=cassette.provenance.model_copy(update={"exception": exception}))

    other = ending(Failure(type="ValueError", message=ended.message))
    assert only(drift(cassette, other, ADAPTER)) == ("error", "exception", "program", "/type")
    other = ending(Failure(type=ended.type, message="another message"))
    assert only(drift(cassette, other, ADAPTER)) == ("error", "exception", "program", "/message")
    for one, two in ((cassette, ending(None)), (ending(None), cassette)):
        assert only(drift(one, two, ADAPTER)) == ("error", "exception", "program", "/type")


# --- What must not be told --------------------------------------------------------------------------------------------

SECRETS = ["glpat-" + "z9" * 10, "eyJ" + "a" * 20 + "." + "b" * 20 + "." + "c" * 20]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("padding", [0, 150, 157])
def test_a_secret_is_not_shown_not_even_its_beginning(secret: str, padding: int) -> None:
    cassette = load_cassette(RUN)
    changes: list[dict[str, object]] = [
        {"answer": json.dumps({"a": "x" * padding + " " + secret})},
        {"answer": "x" * padding + " " + secret},
        {"answer": json.dumps({secret: 1})},
        {"uri": f"{cassette.interactions[0].uri}&x={secret}"},
        {"uri": f"https://gitlab.example.com/{secret}"},
        {"headers": {"Authorization": f"Bearer {secret}"}},
        {"answer_headers": {"Link": secret}},
    ]
    for change in changes:
        for one, other in ((cassette, with_one(cassette, 0, **change)), (with_one(cassette, 0, **change), cassette)):
            found = drift(one, other, ADAPTER)
            assert found
            assert secret[:12] not in "".join(each.model_dump_json() for each in found)
    (found_output,) = drift(cassette, cassette, ADAPTER, ("a\n", f"{secret}\n"))
    assert secret[:12] not in found_output.model_dump_json()


def test_a_value_is_a_secret_by_its_name() -> None:
    cassette = load_cassette(RUN)
    changed = with_one(cassette, 0, answer=json.dumps({"error_code": "x", "deploy_token": "abcdef" + "ghijkl"}))
    assert "abcdefgh" not in "".join(each.model_dump_json() for each in drift(cassette, changed, ADAPTER))


@given(st.text(max_size=400))
def test_what_is_told_can_be_written_and_printed(text: str) -> None:
    line = told(text)
    line.encode()
    assert len(line) <= 200
    assert "\x1b" not in line
    assert "\u202e" not in line
