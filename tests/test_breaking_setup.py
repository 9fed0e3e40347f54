"""Breaks set-up examples on purpose: dates, GraphQL, credentials, and everything python-gitlab sends."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ADAPTER, LANES_HERE, ROOT, Edit, Recorded, fault, line_of
from test_replay import get, send
from verified_docs.example import Example, load_example, load_examples
from verified_docs.problem import Problem
from verified_docs.verify import verify


@pytest.mark.parametrize(
    ("example_id", "old", "new"),
    [
        ("setup/create_project", "timedelta(days=28)", "timedelta(days=27)"),
        ("setup/create_project", '"scopes": ["api"]', '"scopes": ["read_api"]'),
        ("setup/create_project", "AccessLevel.DEVELOPER", "AccessLevel.MAINTAINER"),
        ("setup/create_project", '"masked": True', '"masked": False'),
        ("setup/create_project", '"value": token.token', '"value": "another"'),
        ("setup/create_project", 'model_registry_access_level = "private"', 'model_registry_access_level = "enabled"'),
        ("setup/create_project", 'os.environ["GITLAB_PROJECT"]', 'os.environ["GITLAB_PROJECT_ID"]'),
        ("setup/create_project", 'private_token=os.environ["GITLAB_TOKEN"]', 'oauth_token=os.environ["GITLAB_TOKEN"]'),
        ("setup/create_project", 'os.environ["GITLAB_TOKEN"]', 'os.environ["MLFLOW_TRACKING_TOKEN"]'),
        ("setup/rotate_token", "timedelta(days=9)", "timedelta(days=10)"),
        ("setup/rotate_token", "token.delete()", "project.access_tokens.delete(601)"),
        ("setup/rest_as_developer", "post_data=body or None", "post_data=str(body), raw=True"),
        ("setup/rest_gallery", 'call("version", "get", "/version")\n', ""),
        ("setup/add_member", '"user_id": person.id', '"user_id": person.id + 1'),
        ("setup/add_member", 'somebody = "reporter"', 'somebody = "guest"'),
        ("setup/add_member", "AccessLevel.REPORTER", "AccessLevel.GUEST"),
        ("setup/clean_up_packages", 'package_type="ml_model"', 'package_type="generic"'),
        ("setup/clean_up_packages", "package.delete()", "print(package.id)"),
        ("setup/clean_up_packages", 'os.environ["GITLAB_TOKEN"]', 'os.environ["MLFLOW_TRACKING_TOKEN"]'),
        ("setup/delete_model_version", "{ errors }", "{ modelVersion { id } errors }"),
        ("setup/delete_model_version", "Ml::ModelVersion/", "Ml::Model/"),
        ("setup/inspect_topology", "metrics { nodes { name value step } }", "metrics { nodes { name value } }"),
        ("setup/inspect_topology", "topology($path: ID!)", "topology($path: String!)"),
        ("setup/list_versions_graphql", '"name": "wine-classifier"},', '"name": "another"},'),
        ("setup/list_versions_graphql", "mlModels(name: $name)", "mlModels(name: $path)"),
    ],
)
def test_changed_request(edited: Edit, example_id: str, old: str, new: str) -> None:
    problem = fault(edited(example_id, (old, new)))
    assert problem.kind in {"unrecorded", "unplayed"}, problem
    assert problem.path.name in {f"{example_id.rpartition('/')[2]}.py", f"{example_id.rpartition('/')[2]}.yaml"}
    assert "pat:owner" not in problem.what


def test_layout_of_graphql_does_not_matter(edited: Edit) -> None:
    flat = edited("setup/list_versions_graphql", ("  mlModels(name: $name) {\n", "mlModels ( name : $name , ) {"))
    assert verify(flat, LANES_HERE[-1], ROOT, ADAPTER).verdict == "passes"


def test_two_reads_in_one_thread_keep_their_order(edited: Edit) -> None:
    first, second = 'call("version", "get", "/version")\n', 'call("version and edition", "get", "/metadata")\n'
    problem = fault(edited("setup/rest_gallery", (first + second, second + first)))
    assert problem.kind == "unrecorded"
    assert "has to come before it" in problem.detail


@pytest.mark.parametrize(
    ("other", "same"),
    [("{ a #note\n b }", False), ("{ a #b\n }", True), ('{ a(x: """y  z""") }', False)],
)
def test_comments_and_blocks_of_graphql(other: str, same: bool) -> None:
    recorded = {"{ a #note\n b }": "{ a #note b }", "{ a #b\n }": "{ a }"}.get(other, '{ a(x: """y z""") }')
    one, two = ({"query": text, "variables": {}} for text in (recorded, other))
    assert (ADAPTER.comparable(one) == ADAPTER.comparable(two)) is same


TOKENS = ["query", "q", "(", "$a", ":", "ID!", ")", "{", "name", "}", '"two  words"', "first", "1"]


@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=12), st.data())
def test_graphql_is_compared_token_by_token(tokens: list[str], data: st.DataObject) -> None:
    def body(words: list[str], blank: str) -> object:
        return ADAPTER.comparable({"query": blank.join(words), "variables": {}})

    blanks = st.sampled_from([" ", "\n", "\n    ", " ,\n"])
    assert body(tokens, data.draw(blanks)) == body(tokens, data.draw(blanks))
    place = data.draw(st.integers(0, len(tokens) - 1))
    other = data.draw(st.sampled_from([token for token in TOKENS if token != tokens[place]]))
    assert body(tokens, " ") != body([*tokens[:place], other, *tokens[place + 1 :]], " ")


@pytest.mark.parametrize(
    ("sent", "same"),
    [
        ({"user_id": "somebody"}, True),
        ({"user_id": 202}, False),
        ({"user_id": "202"}, False),
        ({"user_id": None}, False),
    ],
)
def test_only_the_name_of_who_runs_the_code_is_volatile(sent: object, same: bool) -> None:
    assert (ADAPTER.comparable(sent) == ADAPTER.comparable({"user_id": "developer"})) is same
    assert ADAPTER.comparable({"user_id": 202}) != ADAPTER.comparable({"user_id": 203})


# --- The day of the recording ----------------------------------------------------------------------------------------


def asks_for_the_day(edited: Edit) -> Example:
    print_line = (
        '#> left behind: None\nfrom datetime import date\nprint(date.today(), __import__("time").strftime("%Z"))\n'
    )
    return edited("tracking/check_connection", ("#> left behind: None\n", print_line))


@pytest.mark.parametrize("recorded_at", ["2026-11-22T23:59:58+00:00", "2024-02-29T00:00:00+00:00"])
def test_a_replay_runs_on_the_day_of_its_recording(recorded_at: str, edited: Edit, recorded: Recorded) -> None:
    cassette = recorded("tracking/check_connection")
    provenance = cassette.provenance.model_copy(update={"recorded_at": recorded_at})
    problem = fault(asks_for_the_day(edited), replace(cassette, provenance=provenance))
    assert f"+{recorded_at[:10]} UTC" in problem.detail


def test_the_clock_is_set_back_afterwards(edited: Edit) -> None:
    before, ticks = datetime.now(UTC), time.monotonic()
    fault(asks_for_the_day(edited))
    assert 0 <= (datetime.now(UTC) - before).total_seconds() <= time.monotonic() - ticks + 5
    assert date.today() >= date(2026, 11, 23)


def test_the_time_zone_is_set_back_afterwards(edited: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        fault(asks_for_the_day(edited))
        assert time.tzname == ("JST", "JST")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_recording_without_a_time_zone_is_refused(recorded: Recorded) -> None:
    provenance = recorded("setup/rotate_token").provenance
    for value in ("2026-11-22T12:00:00", "yesterday"):
        with pytest.raises(ValueError, match=r"zone|isoformat"):
            type(provenance).model_validate(provenance.model_dump() | {"recorded_at": value})


# --- Credentials -----------------------------------------------------------------------------------------------------


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("sent", "same"),
    [
        (basic("developer", "<project:developer:api>"), True),
        (basic("maintainer", "<project:developer:api>"), False),
        (basic("developer", "<project:maintainer:api>"), False),
        (basic("developer", "secret-k3k3k3"), False),
        (basic("developer", "<project:developer:api>k3k3"), False),
        ({"Authorization": "Basic k3k3!"}, False),
        ({"Authorization": "Bearer <project:developer:api>"}, False),
        ({"Authorization": "Basic " + base64.b64encode(b"\xff\xfek3k3").decode()}, False),
    ],
)
def test_user_name_and_token_as_basic(sent: dict[str, str], same: bool) -> None:
    recorded = replace(get("/x"), headers={"Authorization": "Basic <developer:project:developer:api>"})
    tape = send(recorded, headers=sent)
    assert (tape.misses == []) is same
    assert "k3k3" not in repr(tape.misses)


@pytest.mark.parametrize("header", ["PRIVATE-TOKEN", "JOB-TOKEN", "Deploy-Token"])
def test_a_token_in_another_header_is_another_credential(header: str) -> None:
    recorded = replace(get("/x"), headers={"PRIVATE-TOKEN": "<pat:owner:api>"})
    tape = send(recorded, headers={header: "<pat:owner:api>"})
    assert [miss.why.partition("\n")[2][:10] for miss in tape.misses] == ["credential"] * (header != "PRIVATE-TOKEN")


SPOILED: list[tuple[str, str, str]] = [
    ('"pat:owner:api"', '"pat:emperor:api"', "GitLab has no 'emperor'"),
    ('"pat:owner:api"', '"cookie:owner:api"', "GitLab has no 'cookie'"),
    ('"pat:owner:api"', '"pat:owner:sudo"', "GitLab has no 'sudo'"),
    ('"pat:owner:api"', '"glpat-k3k3k3"', "tokens"),
    ("GITLAB_TOKEN =", '"gitlab token" =', "tokens"),
]


@pytest.mark.parametrize(("old", "new", "message"), SPOILED)
def test_tokens_that_the_header_cannot_name(old: str, new: str, message: str) -> None:
    path = ROOT / "examples/setup/rotate_token.py"
    source = path.read_text("utf-8").replace(old, new, 1)

    def read() -> object:
        return ADAPTER.environment(load_example(path, ROOT, source))

    with pytest.raises(Problem, match=re.escape(message)) as caught:
        read()
    assert caught.value.kind == "metadata"
    assert "make check EX=setup/rotate_token" in caught.value.fix
    assert "k3k3" not in str(caught.value)
    if "GitLab has" in message:
        assert caught.value.line == line_of(load_example(path, ROOT), "tokens =")


@pytest.mark.parametrize(
    ("example_id", "old", "new", "message"),
    [
        ("setup/create_project", 'role = "Owner"', 'role = "Guest"', "project:guest:api was never sent"),
        ("setup/create_project", 'scope = "api"', 'scope = "read_api"', "project:owner:read_api was never sent"),
        ("setup/create_project", "pat:owner:api", "project:owner:api", "pat:owner:api was sent, and the header"),
        ("setup/create_project", "tokens = {", 'tokens = { TOKEN_B = "pat:guest:api",', "pat:guest:api was never sent"),
        ("setup/clean_up_packages", "project:maintainer:api", "project:owner:api", "project:maintainer:api was sent"),
        ("tracking/log_first_run", 'role = "Developer"', 'role = "Reporter"', "project:developer:api was sent"),
        ("errors/expired_token", 'role = "Developer"', 'role = "Guest"', "guest was never sent"),
        ("errors/wrong_token", '"unknown"', '"deploy"', "the credential unknown was sent"),
        ("errors/deploy_token", 'TOKEN = "deploy" }', 'TOKEN = "deploy", A_TOKEN = "unknown" }', "unknown was never"),
        ("errors/outsider", "pat:outsider:api", "pat:guest:api", "pat:outsider:api was sent"),
        ("errors/guest_writes", 'role = "Guest"', 'role = "Planner"', "project:guest:api was sent"),
        ("errors/wrong_scope", "read_user", "read_api", "read_user was sent"),
        ("errors/basic_auth_wins", 'role = "Developer"', 'role = "Guest"', "was sent, and the header does not name it"),
    ],
)
def test_the_header_names_just_the_credentials_that_were_sent(
    edited: Edit, example_id: str, old: str, new: str, message: str
) -> None:
    problem = fault(edited(example_id, (old, new)))
    assert message in problem.what
    assert problem.kind == "credential"


@pytest.mark.parametrize(
    ("example_id", "old", "new"),
    [
        ("errors/wrong_token", '"Nobody"', '"Developer"'),
        ("errors/wrong_token", '"none"', '"api"'),
        ("errors/no_token", '"none"', '"api"'),
        ("errors/guest_writes", '"Guest"', '"Nobody"'),
        ("errors/guest_writes", '"api"', '"none"'),
    ],
)
def test_nobody_has_no_role(edited: Edit, example_id: str, old: str, new: str) -> None:
    problem = fault(edited(example_id, (old, new)))
    assert "do not fit the tokens" in problem.what
    assert problem.kind == "metadata"


def test_without_a_token_none_is_sent_and_none_is_there(edited: Edit) -> None:
    problem = fault(edited("errors/no_token", ('"Nobody"', '"Developer"'), ('"none"', '"api"')))
    assert (problem.kind, problem.what) == ("credential", "the credential project:developer:api was never sent")


@pytest.mark.parametrize("name", ["PATH", "HOME", "MLFLOW_TRACKING_URI", "gitlab_token"])
def test_only_a_token_is_given_as_a_token(name: str) -> None:
    source = (ROOT / "examples/setup/rotate_token.py").read_text("utf-8").replace("GITLAB_TOKEN =", f"{name} =", 1)
    with pytest.raises(Problem, match="tokens"):
        load_example(ROOT / "examples/setup/rotate_token.py", ROOT, source)


def test_an_example_gets_the_tokens_that_it_names_and_no_other() -> None:
    environments: dict[str, dict[str, str]] = {one.id: ADAPTER.environment(one) for one in load_examples(ROOT)}
    assert "GITLAB_TOKEN" not in environments["tracking/log_first_run"]
    assert environments["setup/clean_up_packages"]["GITLAB_TOKEN"] == "<project:maintainer:api>"
    assert environments["errors/expired_token"]["MLFLOW_TRACKING_TOKEN"] == "<pat:developer:expired>"
    for example_id, environment in environments.items():
        for name, value in environment.items():
            assert ("TOKEN" in name) == value.startswith("<"), (example_id, name)


def test_a_missing_variable_is_told(edited: Callable[..., Example]) -> None:
    problem = fault(edited("setup/rotate_token", ('os.environ["GITLAB_TOKEN"]', 'os.environ["GITLAB_TOKENS"]')))
    assert problem.kind == "exception"
    assert "KeyError" in problem.what
    assert "GITLAB_TOKENS" in problem.detail


@pytest.mark.parametrize(
    ("key", "one", "two", "same"),
    [
        ("training_log_loss", 0.0496723021848845, 0.04967134448797245, True),
        ("training_log_loss", 0.0496723021848845, 0.0598, False),
        ("training_accuracy_score", 1.0, 1, False),
        ("accuracy", 0.95, 0.95001, False),
        ("training_rows", 142, 143, False),
    ],
)
def test_what_a_processor_decides_of_a_metric_is_not_compared(key: str, one: float, two: float, same: bool) -> None:
    rows = [{"metrics": [{"key": key, "value": value, "step": 0}]} for value in (one, two)]
    before, after = (json.dumps(ADAPTER.comparable(row)) for row in rows)
    assert (before == after) is same
