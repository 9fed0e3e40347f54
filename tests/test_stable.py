"""Imports what a set-up says to GitLab's REST and GraphQL: stable whatever the day, the database and the bots."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import ADAPTER, LANES, ROOT
from verified_docs.cassette import Interaction, list_cassettes
from verified_docs.gitlab_mlflow.stable import Stable
from verified_docs.recording import Recording, convert, find_recordings

RAW = ROOT / "tests" / "recordings"
NAMES = ["setup/rotate_token", "setup/add_member", "setup/inspect_topology"]
HOST = "https://gitlab.example.com/api/v4"
SETUP = [path for path in list_cassettes(ROOT) if path.parent.name == "setup"]


def raw(name: str) -> Recording:
    return find_recordings(RAW, LANES[-1:], [name])[0]


def asked(path: str, answer: Any, method: str = "GET", body: Any = None) -> Interaction:
    headers = {"PRIVATE-TOKEN": "<pat:owner:api>"}
    kind = {"Content-Type": "application/json"}
    sent = None if body is None else json.dumps(body)
    return Interaction(method, f"{HOST}{path}", headers, sent, 200, "OK", kind, json.dumps(answer))


def stabilised(*interactions: Interaction) -> list[Any]:
    return [json.loads(str(one.answer)) for one in Stable(interactions).apply()]


def another_database(text: str, bump: int) -> str:
    """The same conversation with other ids and other bots."""
    for pattern in (
        r'(?<="id":)(?!42\b)\d+',
        r'(?<="user_id":)\d+',
        r'(?<="creator_id":)\d+',
        r'(?<="package_id":)\d+',
        r'(?<="resource_id":)\d+',
        r"(?<=[?&]package_id=)\d+",
        r"(?<=[?&]id=)\d+",
        r"(?<=/access_tokens/)\d+",
        r"(?<=/members/)\d+",
        r"(?<=/packages/)\d+(?=[/?\s\"])",
        r"(?<=gid://gitlab/Ml::Experiment/)\d+",
        r"(?<=gid://gitlab/Ml::Model/)\d+",
        r"(?<=gid://gitlab/Packages::Package/)\d+",
        r"(?<=/ml/models/)\d+",
        r'(?<="user_id":")\d+',
        r"(?<=/versions/)\d+",
        r'(?<="version":")\d{3,}(?=")',
        r"(?<=ml_models/)\d+(?=/files)",
    ):
        text = re.sub(pattern, lambda match: str(int(match.group()) + bump), text)
    # The body of `POST members` is written by the program, with a blank.
    text = re.sub(r'(?<="user_id": )\d+', lambda match: str(int(match.group()) + bump), text)
    text = re.sub(r"project_\d+_bot_[0-9a-f]{8}", f"project_{bump}_bot_{bump % 10**8:08d}", text)
    return re.sub(r"(?<=gravatar.com/avatar/)[0-9a-f]{8}", f"{bump % 10**8:08d}", text)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(NAMES), bump=st.integers(1, 10**6))
def test_another_database_leaves_no_trace(name: str, bump: int, tmp_path: Path) -> None:
    recording = raw(name)
    copy = tmp_path / f"{name.rpartition('/')[2]}.yaml"
    copy.with_suffix(".json").write_bytes(recording.path.with_suffix(".json").read_bytes())
    changed = another_database(recording.path.read_text("utf-8"), bump)
    assert changed != recording.path.read_text("utf-8")
    copy.write_text(changed, "utf-8")
    other = Recording(recording.lane, recording.example_id, copy, recording.program)
    assert convert(ROOT, other, ADAPTER).interactions == convert(ROOT, recording, ADAPTER).interactions


def test_kinds_of_ids_are_told_apart() -> None:
    project, token, member, packages = stabilised(
        asked("/projects/42", {"id": 42, "creator_id": 7, "namespace": {"id": 7, "parent_id": None}}),
        asked("/projects/42/access_tokens", {"id": 7, "user_id": 7, "resource_id": 176}, "POST"),
        asked("/projects/42/members/7", {"id": 7, "created_by": {"id": 9}}),
        asked("/projects/42/packages", [{"id": 7}, {"id": 8}]),
    )
    assert project == {"id": 42, "creator_id": 201, "namespace": {"id": 401, "parent_id": None}}
    assert token == {"id": 601, "user_id": 201, "resource_id": 42}
    assert member == {"id": 201, "created_by": {"id": 202}}
    assert packages == [{"id": 301}, {"id": 302}]


def test_requests_agree_with_the_answers_that_named_an_id() -> None:
    made, rotated = Stable(
        [
            asked("/projects/42/access_tokens", {"id": 1397}, "POST"),
            asked("/projects/42/access_tokens/1397/rotate", {"id": 1398}, "POST"),
        ]
    ).apply()
    assert json.loads(str(made.answer)) == {"id": 601}
    assert rotated.path == "/api/v4/projects/42/access_tokens/601/rotate"
    assert json.loads(str(rotated.answer)) == {"id": 602}


@pytest.mark.parametrize("number", ["007", "٧"])
def test_a_number_written_otherwise_stays(number: str) -> None:
    first, second = Stable(
        [asked("/projects/42/packages", [{"id": 7}]), asked(f"/projects/42/ml/models/{number}", {"id": number})]
    ).apply()
    assert json.loads(str(first.answer)) == [{"id": 301}]
    assert second.path == f"/api/v4/projects/42/ml/models/{number}"
    assert json.loads(str(second.answer)) == {"id": number}


def test_a_number_that_the_program_chose_stays() -> None:
    stable = Stable(
        [
            asked("/projects/999999", {"message": "404 Project Not Found"}),
            asked("/projects/42/members", {"message": "404 User Not Found"}, "POST", {"user_id": 999999}),
        ]
    ).apply()
    assert stable[0].path == "/api/v4/projects/999999"
    assert json.loads(str(stable[1].body)) == {"user_id": 999999}


def test_a_number_counts_as_an_id_only_after_it_was_named() -> None:
    early, named, late = Stable(
        [
            asked("/projects/42/members", {"message": "404"}, "POST", {"user_id": 2}),
            asked("/projects/42/members/all", [{"id": 2}]),
            asked("/projects/42/members", {"id": 2}, "POST", {"user_id": 2, "until_at": "2030-05-01T00:00:00Z"}),
        ]
    ).apply()
    assert json.loads(str(early.body)) == {"user_id": 2}
    assert json.loads(str(named.answer)) == [{"id": 201}]
    assert json.loads(str(late.body)) == {"user_id": 201, "until_at": "2030-05-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("collection", "first"),
    [
        ("personal_access_tokens", 601),
        ("users", 201),
        ("groups", 401),
        ("projects/42/jobs", 451),
        ("projects/42/packages/5/package_files", 701),
        ("projects/42/deploy_tokens", 77),
    ],
)
def test_a_later_request_names_what_an_answer_named(collection: str, first: int) -> None:
    made, asked_for = Stable(
        [asked(f"/{collection}", {"id": 77}, "POST"), asked(f"/{collection}/77", {"id": 77})]
    ).apply()
    assert json.loads(str(made.answer)) == {"id": first}
    assert asked_for.path.endswith(f"/{collection}/{first}")
    assert json.loads(str(asked_for.answer)) == {"id": first}


def test_the_other_projects_of_a_search_are_left_out() -> None:
    search = asked("/projects?search=wine", [{"id": 42}, {"id": 118, "name": "secret-plan"}])
    search.answer_headers["X-Total"] = "2"
    (stable,) = Stable([search]).apply()
    assert json.loads(str(stable.answer)) == [{"id": 42}]
    assert "X-Total" not in stable.answer_headers


SECRET = "AbCd1234" + "EfGh5678IjKl"


@pytest.mark.parametrize("key", ["token", "ci_job_token", "static_object_token", "client_secret", "password"])
def test_a_secret_is_known_by_its_name_and_replaced_wherever_it_stands(key: str) -> None:
    stable = Stable(
        [
            asked("/projects/42/access_tokens", {key: SECRET}, "POST"),
            asked(f"/x?t={SECRET}", {"value": SECRET, "text": f"is {SECRET}."}, "POST", {"value": SECRET}),
        ]
    ).apply()
    for one in stable:
        assert SECRET not in repr(one)
    assert json.loads(str(stable[1].body))["value"] == json.loads(str(stable[0].answer))[key]


@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=20, unique=True))
def test_ids_of_a_kind_are_never_merged_and_keep_their_order(ids: list[int]) -> None:
    (answer,) = stabilised(asked("/projects/42/packages", [{"id": one} for one in ids]))
    after = [row["id"] for row in answer]
    assert len(set(after)) == len(ids)
    assert [after.index(one) for one in sorted(after)] == [ids.index(one) for one in sorted(ids)]


@settings(max_examples=10)
@given(st.sampled_from(NAMES))
def test_what_is_stable_stays_as_it_is(name: str) -> None:
    interactions = convert(ROOT, raw(name), ADAPTER).interactions
    again = Stable(interactions).apply()
    assert [(one.uri, parsed(one.body), parsed(one.answer)) for one in again] == [
        (one.uri, parsed(one.body), parsed(one.answer)) for one in interactions
    ]


def parsed(body: object) -> Any:
    """The document of a JSON body, whose layout does not matter here."""
    return json.loads(body) if isinstance(body, str) and body[:1] in {"{", "["} else body


@pytest.mark.parametrize("token", ["glpat-REDACTED-IN-RECORDING", "glpat-placeholder-for-recording-2"])
def test_what_stands_for_a_token_becomes_one_label(token: str) -> None:
    stable = Stable([asked("/projects/42/variables", {"value": token}, "POST", {"value": token})]).apply()
    assert (str(stable[0].body), str(stable[0].answer)) == ('{"value": "<token>"}', '{"value": "<token>"}')


def test_times_keep_their_form_and_their_order_and_days_stay() -> None:
    (answer,) = stabilised(
        asked(
            "/user",
            {
                "created_at": "2026-11-22T12:05:18.364Z",
                "createdAt": "2026-11-22T12:05:17Z",
                "expires_at": "2026-12-20",
                "last_used_at": None,
            },
        )
    )
    assert answer == {
        "created_at": "2026-01-01T00:00:01.000Z",
        "createdAt": "2026-01-01T00:00:00Z",
        "expires_at": "2026-12-20",
        "last_used_at": None,
    }


def test_the_neighbours_of_a_project_are_left_out() -> None:
    group, again = stabilised(
        asked("/groups/acme", {"id": 108, "projects": [{"id": 118, "name": "secret-plan"}]}),
        asked("/projects/355", {"id": 355}, "DELETE"),
    )
    assert group == {"id": 401, "projects": []}
    # Not counted either: the next recording has other neighbours.
    assert again == {"id": 801}


@pytest.mark.parametrize("path", SETUP, ids=lambda path: "/".join(path.parts[-4:]))
def test_committed_cassette_names_no_person_bot_or_neighbour(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "gravatar" not in text
    assert not re.search(r"_bot_(?!0{20})[0-9a-f]{32}", text)
    assert not re.search(r"wine-quality-\d{5,}", text)
    assert "glpat-" not in text
    assert "GR1348941" not in text


# --- Jobs ------------------------------------------------------------------------------------------------------------

ML = "/projects/42/ml/mlflow/api/2.0/mlflow"


def tagged(job: str) -> dict[str, str]:
    return {"key": "gitlab.CI_JOB_ID", "value": job}


@given(job=st.integers(1, 10**9).map(str))
def test_the_number_of_a_job_is_the_same_wherever_it_stands(job: str) -> None:
    stable = Stable(
        [
            asked(f"{ML}/runs/set-tag", {}, "POST", {"run_id": "r", **tagged(job)}),
            asked(f"{ML}/runs/get?run_id=r", {"run": {"data": {"tags": [tagged(job), {"key": "n", "value": job}]}}}),
        ]
    )
    sent, answered = stable.apply()
    assert json.loads(str(sent.body)) == {"run_id": "r", **tagged("451")}
    assert json.loads(str(answered.answer))["run"]["data"]["tags"] == [tagged("451"), {"key": "n", "value": job}]
    assert stable.environment({"CI_JOB_ID": job, "OTHER": job}) == {"CI_JOB_ID": "451", "OTHER": job}


def test_a_job_that_the_server_does_not_know_stays() -> None:
    (sent,) = Stable([asked(f"{ML}/runs/set-tag", {}, "POST", tagged("999999999"))]).apply()
    assert json.loads(str(sent.body)) == tagged("999999999")


def test_a_job_is_replayed_with_its_stable_number() -> None:
    cassette = convert(ROOT, raw("ci/link_run_to_job"), ADAPTER)
    assert cassette.provenance.environment == {"CI_JOB_ID": "451"}


def test_a_row_that_the_database_refuses_is_stable() -> None:
    def refused(identity: int, moment: str, run: int) -> str:
        row = f"({identity}, {moment}, {moment}, {run}, config, xx..., {run + 1})"
        return f'ERROR: new row violates check constraint "check_28a3c29e43"\nDETAIL:  Failing row contains {row}.\n'

    first = refused(301, "2026-11-22 12:07:05.291357+00", 1525)
    second = refused(7, "2027-01-02 03:04:05+00", 9)
    assert (
        Stable([]).text(first)
        == Stable([]).text(second)
        == refused(0, "2026-01-01 00:00:00+00", 0).replace(" 1)", " 0)")
    )
