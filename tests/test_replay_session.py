"""Every recording walks from start to end in a session, and what is not recorded is said so, whatever is sent."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from mlflow_gitlab.replay.addresses import body_to_client, body_to_recorded, to_client, to_recorded
from mlflow_gitlab.replay.library import HOST, Library, Recorded, choose_lane, find_lanes, load_library, plain_path
from mlflow_gitlab.replay.session import Answer, Sent, Session, Unknown
from verified_docs.cassette import CASSETTES, Echo, Fingerprint, Interaction, load_cassette
from verified_docs.problem import Problem, Problems

FOLDER = ROOT / CASSETTES
LANE = "gitlab-19.3/mlflow-3"
TODAY = date(2030, 1, 1)
BASE = "http://127.0.0.1:8042/me"
HOST_NAME = HOST.removeprefix("https://")
FIRST_RUN = "tracking/log_first_run"


@cache
def lane(name: str) -> Library:
    return load_library(FOLDER, name)


def only(*examples: str) -> Library:
    return load_library(FOLDER, LANE, examples)


def upload(size: int) -> bytes:
    """Some file of another content than the recorded one: only its hash was kept."""
    return f"a file in the place of one of {size} bytes".encode()


def sent(one: Interaction) -> Sent:
    """The recorded request, as a client sends it."""
    content = upload(one.body.size) if isinstance(one.body, Fingerprint) else (one.body or "").encode()
    headers = {name.title(): value for name, value in one.headers.items()}
    return Sent(one.method, one.uri.removeprefix(HOST), headers, content)


def answered(session: Session, request: Sent) -> Answer:
    answer = session.answer(request, TODAY)
    assert isinstance(answer, Answer), answer
    return answer


def unknown(session: Session, request: Sent) -> Unknown:
    answer = session.answer(request, TODAY)
    assert isinstance(answer, Unknown), answer
    return answer


def recorded_body(recorded: Recorded, one: Interaction) -> bytes:
    """What the recording says that comes back: of an upload, what this client sent."""
    if isinstance(one.answer, Echo):
        body = recorded.interactions[one.answer.index].body
        assert isinstance(body, Fingerprint)
        return upload(body.size)
    return one.answer.encode() if isinstance(one.answer, str) else one.answer


LANE_NAMES = find_lanes(FOLDER)


def test_there_are_four_lanes_with_every_cassette() -> None:
    found = sum(len(lane(name).recorded) for name in LANE_NAMES)
    assert (len(LANE_NAMES), found) == (4, len(list(FOLDER.rglob("*.yaml"))))


@pytest.mark.parametrize("name", LANE_NAMES)
def test_every_cassette_walks_from_start_to_end_alone(name: str) -> None:
    library = lane(name)
    for recorded in library.recorded:
        session = Session(replace(library, recorded=(recorded,)))
        for number, one in enumerate(recorded.interactions):
            answer = answered(session, sent(one))
            assert (answer.example, answer.index, answer.again) == (recorded.example, number, False)
            assert answer.content == recorded_body(recorded, one), (recorded.example, number)
        assert session.walks[0].complete, recorded.example


@pytest.mark.parametrize("name", LANE_NAMES)
def test_every_cassette_walks_among_all_the_others(name: str) -> None:
    library = lane(name)
    same: Counter[bool] = Counter()
    for recorded in library.recorded:
        session = Session(library)
        for number, one in enumerate(recorded.interactions):
            answer = answered(session, sent(one))
            assert answer.interaction.status == one.status, (recorded.example, number, answer.example)
            same[answer.content == recorded_body(recorded, one)] += 1
        assert any(walk.recorded is recorded and walk.complete for walk in session.walks), recorded.example
    # Several recordings begin alike: until they part, one may answer with the times of another.
    assert same[True] > 0.98 * same.total()


@pytest.mark.parametrize("name", LANE_NAMES)
def test_no_answer_names_the_recorded_host(name: str) -> None:
    for recorded in lane(name).recorded:
        for number, one in enumerate(recorded.interactions):
            text = body_to_client(recorded_body(recorded, one), BASE).decode(errors="replace")
            text += "".join(to_client(f"\n{value}", BASE) for value in one.answer_headers.values())
            # Neither git over SSH nor a mailbox is served here: these two lead nowhere, as in the recording.
            text = text.replace(f"git@{HOST_NAME}:", "").replace(f"@noreply.{HOST_NAME}", "")
            assert HOST_NAME not in text, (recorded.example, number)


def test_the_artifact_uri_leads_to_the_session() -> None:
    recorded = only(FIRST_RUN).recorded[0]
    texts = [body_to_client(recorded_body(recorded, one), BASE).decode() for one in recorded.interactions]
    found = [uri for text in texts for uri in re.findall(r'"artifact_uri":\s*"([^"]*)"', text)]
    # GitLab gives some of them without a host: those stay as they are.
    files = f"{BASE}/api/v4/projects/42/packages/ml_models/candidate:1/files/"
    assert set(found) == {files, "mlflow-artifacts:/candidate:1"}


def test_uploads_come_back_as_they_were_sent() -> None:
    found = [
        (recorded, number, one.answer.index)
        for recorded in lane(LANE).recorded
        for number, one in enumerate(recorded.interactions)
        if isinstance(one.answer, Echo)
    ]
    recorded, number, source = found[0]
    session = Session(replace(lane(LANE), recorded=(recorded,)))
    content = bytes(range(256)) + HOST.encode()
    for at, one in enumerate(recorded.interactions[: number + 1]):
        answer = answered(session, replace(sent(one), content=content) if at == source else sent(one))
    assert (answer.content, answer.given_back) == (content, True)


def test_a_file_that_has_to_be_the_recorded_one_is_refused_with_both_hashes() -> None:
    recorded = next(
        one for one in lane(LANE).recorded if any(isinstance(i.body, Fingerprint) for i in one.interactions)
    )
    place = next(at for at, one in enumerate(recorded.interactions) if isinstance(one.body, Fingerprint))
    # No cassette of today asks for just these bytes, though the format can: one upload is made to.
    exact = Fingerprint.of(b"the right file", exact=True)
    changed = replace(recorded.interactions[place], body=exact)
    interactions = (*recorded.interactions[:place], changed, *recorded.interactions[place + 1 :])
    cassette = replace(recorded.cassette, interactions=interactions)
    session = Session(replace(lane(LANE), recorded=(Recorded(recorded.example, cassette),)))
    for one in interactions[:place]:
        answered(session, sent(one))
    wrong = unknown(session, replace(sent(changed), content=b"another file"))
    assert exact.sha256 in wrong.nearest[0].why
    assert Fingerprint.of(b"another file", exact=True).sha256 in wrong.nearest[0].why
    assert answered(session, replace(sent(changed), content=b"the right file")).index == place


def test_an_upload_of_nothing_is_no_upload() -> None:
    recorded = next(
        one for one in lane(LANE).recorded if any(isinstance(i.body, Fingerprint) for i in one.interactions)
    )
    session = Session(replace(lane(LANE), recorded=(recorded,)))
    for one in recorded.interactions:
        if isinstance(one.body, Fingerprint):
            assert "-(a file)\n+(nothing)" in unknown(session, replace(sent(one), content=b"")).nearest[0].why
            return
        answered(session, sent(one))


def reads_after_writes(recorded: Recorded) -> list[int]:
    return [
        number
        for number, one in enumerate(recorded.interactions)
        if one.method == "GET" and (number - 1) in recorded.writes
    ]


def test_a_repeated_read_gets_the_same_answer() -> None:
    seen = 0
    for recorded in lane(LANE).recorded:
        session = Session(replace(lane(LANE), recorded=(recorded,)))
        for number, one in enumerate(recorded.interactions):
            first = answered(session, sent(one))
            if number in reads_after_writes(recorded):
                second = answered(session, sent(one))
                # The same read may be recorded twice with no write between: then the second one is next.
                assert second.again or str(second.interaction) == str(one)
                assert second.content == first.content, (recorded.example, number, second.index)
                seen += second.again
    assert seen > 50


def test_a_write_is_answered_once_and_a_read_not_before_it() -> None:
    library = only(FIRST_RUN)
    recorded = library.recorded[0]
    session = Session(library)
    writes = recorded.writes
    early = unknown(session, sent(recorded.interactions[writes[1]]))
    assert f"(interaction {writes[0]}) has to come before it" in early.nearest[0].why
    for one in recorded.interactions[: writes[0] + 1]:
        answered(session, sent(one))
    again = unknown(session, sent(recorded.interactions[writes[0]]))
    assert again.nearest[0].why == "it writes, and was answered already"
    assert again.nearest[0].example == FIRST_RUN
    assert [near.index for near in again.open] == [writes[0] + 1]


def test_a_read_from_before_a_write_is_not_given_after_it() -> None:
    for recorded in lane(LANE).recorded:
        for number, one in enumerate(recorded.interactions[:-1]):
            key = (one.method, one.uri)
            later = [(other.method, other.uri) for other in recorded.interactions[number + 1 :]]
            if one.method == "GET" and number + 1 in recorded.writes and key not in later:
                session = Session(replace(lane(LANE), recorded=(recorded,)))
                for done in recorded.interactions[: number + 2]:
                    answered(session, sent(done))
                why = unknown(session, sent(one)).nearest[0].why
                assert f"(interaction {number + 1}), which is done" in why
                return
    pytest.fail("no recording reads before it writes")


def test_a_second_example_begins_where_the_first_one_ends_but_not_within() -> None:
    library = only("tracking/log_*")
    first, second = library.recorded[:2]
    session = Session(library)
    for recorded in (first, second):
        for one in recorded.interactions:
            answered(session, sent(one))
    assert session.finished == [first.example]
    assert any(walk.recorded is second and walk.complete for walk in session.walks)


def test_another_example_does_not_begin_in_the_middle_of_one() -> None:
    library = only("tracking/log_first_run", "registry/*")
    session = Session(library)
    run = library.recorded[0]
    for one in run.interactions[: run.writes[0] + 1]:
        answered(session, sent(one))
    other = next(one for one in library.recorded[1:] if 0 in one.writes and one.places.keys().isdisjoint(run.places))
    missing = unknown(session, sent(other.interactions[0]))
    assert missing.nearest[0].why == f"this session is in the middle of {FIRST_RUN}"
    session.reset()
    assert answered(session, sent(other.interactions[0])).index == 0


def test_two_sessions_keep_apart_and_reset_begins_anew() -> None:
    library = only(FIRST_RUN)
    recorded = library.recorded[0]
    one, two = Session(library), Session(library)
    for request in recorded.interactions:
        answered(one, sent(request))
    assert two.walks == []
    assert answered(two, sent(recorded.interactions[0])).index == 0
    one.reset()
    assert (one.walks, one.finished, list(one.events)) == ([], [], [])
    assert answered(one, sent(recorded.interactions[0])).again is False


def test_what_is_not_recorded_names_the_closest_and_what_differs() -> None:
    session = Session(only(FIRST_RUN))
    one = session._library.recorded[0].interactions[0]
    request = sent(one)
    misspelt = replace(request, target=request.target.replace("mlflow", "mlfow"))
    near = unknown(session, misspelt).nearest[0]
    assert (near.example, near.index, near.why) == (FIRST_RUN, 0, "its method or path is another one")
    asked = unknown(session, replace(request, headers={**request.headers, "Authorization": "Bearer <pat:guest:api>"}))
    assert "it differs:\ncredential" in asked.nearest[0].why
    assert "+authorization: Bearer <pat:guest:api>" in asked.nearest[0].why
    assert unknown(session, Sent("GET", "/", {}, b"")).nearest == ()
    assert [event.source for event in session.events] == ["not recorded"] * 3


def test_a_real_token_stands_for_the_recorded_one_and_is_never_told() -> None:
    session = Session(only(FIRST_RUN))
    request = sent(session._library.recorded[0].interactions[0])
    real = {**request.headers, "Authorization": "Bearer " + "of-somebody-0123456789"}
    assert answered(session, replace(request, headers=real)).index == 0
    none = {name: value for name, value in request.headers.items() if name != "Authorization"}
    assert "credential" in unknown(session, replace(request, headers=none)).nearest[0].why
    told = str(unknown(session, replace(request, headers=real, target="/api/v4/projects/43")))
    assert "of-somebody" not in told


def test_days_count_from_today() -> None:
    body = '"expires_at"'
    recorded, number = next(
        (recorded, number)
        for recorded in lane(LANE).recorded
        for number, one in enumerate(recorded.interactions)
        if isinstance(one.body, str) and body in one.body and one.method == "POST"
    )
    one = recorded.interactions[number]
    day = recorded.cassette.provenance.recorded.date()
    text = sent(one).content.decode()
    was = date.fromisoformat(text.split('"expires_at"')[1].split('"')[1])
    moved = text.replace(was.isoformat(), (TODAY + (was - day)).isoformat()).encode()
    late = text.replace(was.isoformat(), (TODAY + (was - day) + timedelta(1)).isoformat()).encode()
    session = Session(replace(lane(LANE), recorded=(recorded,)))
    for before in recorded.interactions[:number]:
        answered(session, sent(before))
    assert isinstance(session.answer(replace(sent(one), content=late), TODAY), Unknown)
    assert answered(session, replace(sent(one), content=moved)).index == number


PATHS = st.sampled_from(sorted({place for one in lane(LANE).recorded for place in one.places}))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(("key", "tags", "start_time", "query")), inner),
)
BODIES = st.binary() | VALUES.map(lambda value: json.dumps(value).encode()) | st.text().map(str.encode)
HEADERS = st.dictionaries(
    st.sampled_from(("Content-Type", "Authorization", "Private-Token", "Accept")),
    st.text() | st.sampled_from(("application/json", "Basic e30=", "Basic <", "Bearer <project:developer:api>")),
)
TARGETS = st.text(st.characters(max_codepoint=255)).map(lambda text: "/" + text)


@given(PATHS, TARGETS, st.booleans(), HEADERS, BODIES)
def test_a_session_never_fails_whatever_it_is_sent(
    place: tuple[str, str], target: str, known: bool, headers: dict[str, str], body: bytes
) -> None:
    request = Sent(place[0], place[1] if known else target, headers, body)
    answer = Session(lane(LANE)).answer(request, TODAY)
    assert isinstance(answer, Answer | Unknown)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000, b'"\\ud800"', b'{"start_time": 1e400}']
)
def test_json_that_is_made_to_hurt_is_only_another_body(body: bytes) -> None:
    recorded = next(
        one for one in lane(LANE).recorded if one.interactions[0].method == "POST" and one.interactions[0].body
    )
    request = replace(sent(recorded.interactions[0]), content=body)
    near = unknown(Session(replace(lane(LANE), recorded=(recorded,))), request).nearest[0]
    assert near.why.startswith("it differs:\nbody\n")


# A text around addresses, but without the ones that are put in.
AROUND = st.text(ascii_letters + "0123456789 \"'<>()/\\%&=?#é\n", max_size=20).map(lambda text: f" {text} ")
FORMS = st.sampled_from((HOST, HOST.replace("/", "\\/"), "https%3A%2F%2Fgitlab.example.com"))
PORTS = st.integers(1, 65535)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)


@given(
    st.lists(st.tuples(AROUND, FORMS, st.sampled_from(("", "/api/v4", "\\/api", "%2Fapi", '"', "?a=b")))), PORTS, NAMES
)
def test_addresses_go_there_and_back(parts: list[tuple[str, str, str]], port: int, name: str) -> None:
    text = "".join("".join(part) for part in parts)
    base = f"http://127.0.0.1:{port}/{name}"
    shown = to_client(text, base)
    assert HOST_NAME not in shown
    assert to_recorded(shown, [base]) == text
    assert body_to_recorded(body_to_client(text.encode(), base), [base]) == text.encode()


@pytest.mark.parametrize(
    "other", ["https://gitlab.example.com.evil.test", "https://gitlab.example.computer", "gitlab.example.com"]
)
def test_the_address_of_another_host_is_left_alone(other: str) -> None:
    assert to_client(f"see {other}/x", BASE) == f"see {other}/x"
    assert (
        to_recorded(f"{BASE}2/api and {BASE}.2/api and {BASE}-2", [BASE])
        == f"{BASE}2/api and {BASE}.2/api and {BASE}-2"
    )


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    content = HOST.encode() + b"\xff"
    assert body_to_client(content, BASE) == body_to_recorded(content, [BASE]) == content


def test_paths_are_the_same_however_they_are_spelled() -> None:
    assert plain_path("/a%2fb/c d~") == plain_path("/a%2Fb/c%20d%7E") != plain_path("/a/b/c%20d~")


def test_what_a_library_cannot_offer_is_said(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"no recording of 'log_frist_run'.*\n?.*tracking/log_first_run"):
        load_library(FOLDER, LANE, ["log_frist_run"])
    with pytest.raises(Problem, match=r"no lane 'gitlab-1/mlflow-3'[\s\S]*gitlab-19.3/mlflow-3"):
        choose_lane(FOLDER, "gitlab-1/mlflow-3")
    with pytest.raises(Problem, match="no lane in it"):
        find_lanes(tmp_path)
    source = load_cassette(FOLDER / LANE / f"{FIRST_RUN}.yaml").text
    for name in ("one", "two"):
        path = tmp_path / LANE / "tracking" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source[: len(source) * 2 // 3], "utf-8")
    with pytest.raises(Problems) as caught:
        load_library(tmp_path, LANE)
    assert "one.yaml" in str(caught.value) and "two.yaml" in str(caught.value)
