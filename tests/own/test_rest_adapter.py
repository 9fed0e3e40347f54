"""The adapter of GitLab's REST API: what it makes stable, and what it takes out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample import NAME, RECORDINGS

from verified_docs.cassette import Interaction
from verified_docs.example import Example, Metadata
from verified_docs.gitlab_rest import GitLabREST
from verified_docs.gitlab_rest.stable import Stable, is_id, is_time
from verified_docs.lane import Lane
from verified_docs.problem import Problem
from verified_docs.recording import Recording, convert

ADAPTER = GitLabREST()
LANES = [Lane(f"GitLab {version}", "python-gitlab 8.6.0") for version in ("18.9", "19.3")]


def recording(lane: Lane) -> Recording:
    return Recording(lane, NAME, RECORDINGS / lane.id / f"{NAME}.yaml", Path("nowhere.py"))


def answered(uri: str, answer: object, body: str | None = None) -> Interaction:
    return Interaction("GET", f"https://gitlab.example.com{uri}", {}, body, 200, "OK", {}, json.dumps(answer))


def applied(*interactions: Interaction) -> list[Interaction]:
    return Stable(interactions).apply()


@pytest.mark.parametrize("lane", LANES, ids=lambda lane: lane.id)
def test_nothing_of_a_real_recording_names_its_day_its_database_or_its_people(lane: Lane, tmp_path: Path) -> None:
    cassette = convert(tmp_path, recording(lane), ADAPTER)
    rows = [row for row in cassette.text.splitlines() if not row.startswith("  ")]
    assert rows
    answers = [json.loads(str(one.answer)) for one in cassette.interactions]
    user, _, project, member, token = answers
    assert user["id"] == member["id"] == token["user_id"]
    assert user["username"] == "project_42_bot_" + f"{1:032x}"
    assert user["avatar_url"] == "https://gitlab.example.com/avatar.png"
    assert project["id"] == 42
    assert all(value.startswith("2026-01-01T00:00:") for value in (project["created_at"], token["created_at"]))
    assert cassette.interactions[3].uri.endswith(f"/projects/42/members/all/{user['id']}")


def test_what_was_stable_stays(tmp_path: Path) -> None:
    once = convert(tmp_path, recording(LANES[1]), ADAPTER).interactions
    twice, _, _ = ADAPTER.stabilise(once, "", {})
    assert [json.loads(str(one.answer)) for one in twice] == [json.loads(str(one.answer)) for one in once]


@given(ids=st.lists(st.integers(43, 10**6), min_size=1, max_size=6, unique=True), shift=st.integers(1, 10**6))
def test_another_database_gives_the_same(ids: list[int], shift: int) -> None:
    """Ids that are all higher by some number, as after other people's work, change nothing."""

    def conversation(add: int) -> list[Interaction]:
        rows = [{"id": one + add, "iid": 7, "project_id": 42} for one in ids]
        return applied(answered("/api/v4/users", rows), answered(f"/api/v4/users/{ids[0] + add}", rows[0]))

    assert conversation(0) == conversation(shift)


def test_a_number_that_no_answer_has_named_stays() -> None:
    (one,) = applied(answered("/api/v4/projects/999999", {"message": "404 Project Not Found"}))
    assert one.uri.endswith("/projects/999999")


def test_secrets_of_answers_become_a_label() -> None:
    (one,) = applied(answered("/api/v4/x", {"token": "abc" * 9, "runners_token": "x", "masked": True}))
    assert json.loads(str(one.answer)) == {"token": "<token>", "runners_token": "<token>", "masked": True}
    (one,) = applied(answered("/api/v4/x", {"token": "<project:developer:api>", "token_expires": 1}))
    assert json.loads(str(one.answer)) == {"token": "<project:developer:api>", "token_expires": 1}


@pytest.mark.parametrize("value", [True, "7", None, 1.5, 42])
def test_what_is_no_id(value: object) -> None:
    assert not is_id("id", value)


@pytest.mark.parametrize("text", ["2026-11-22", "T", "2026-13-22T00:00:00Z", "2026-11-22T00:00:00", 7])
def test_what_is_no_time(text: object) -> None:
    assert not is_time("created_at", text)


def test_times_of_two_recordings_are_the_same_for_drift() -> None:
    assert ADAPTER.masked([{"created_at": "2026-11-22T12:00:00Z", "name": "x"}]) == [
        {"created_at": "(volatile)", "name": "x"}
    ]


def example(**more: object) -> Example:
    metadata = Metadata.model_validate({"title": "A test", "role": "Developer", "scope": "api", **more})
    return Example("a/b", Path("a/b.py"), "", metadata, ())


def test_the_environment_has_labels_and_no_secret() -> None:
    found = ADAPTER.environment(example(tokens={"OTHER_TOKEN": "pat:owner:api"}))
    assert (found["GITLAB_TOKEN"], found["OTHER_TOKEN"]) == ("<project:developer:api>", "<pat:owner:api>")
    assert "GITLAB_TOKEN" not in ADAPTER.environment(example(role="Nobody", scope="none"))


@pytest.mark.parametrize("more", [{"role": "King"}, {"tokens": {"A_TOKEN": "magic:owner:api"}}])
def test_a_role_that_gitlab_does_not_have_is_refused(more: dict[str, object]) -> None:
    with pytest.raises(Problem, match="GitLab has no"):
        ADAPTER.environment(example(**more))
