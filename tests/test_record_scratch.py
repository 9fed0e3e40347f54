"""Makes and removes scratch projects, refuses an Owner's token elsewhere, and chooses what to record."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from conftest import ADAPTER, LANES, ROOT
from mlflow_gitlab.settings import Settings
from perturbed_gitlab import PerturbedGitLab, Project, running
from record_bench import KEY, RAW, from_raw, record, small_project
from verified_docs.adapter import NotHere
from verified_docs.example import load_example
from verified_docs.gitlab_mlflow.alias import Alias, Unlabelled
from verified_docs.gitlab_mlflow.scratch import PREFIX, GitLabScratch, _text, variable_of
from verified_docs.problem import Problem
from verified_docs.provenance import Software
from verified_docs.record import plan
from verified_docs.workers import Workers

EXAMPLE = "tracking/check_connection"
MARK = "0123456789abcdef" * 2
TOKEN = "glpat-" + "a1b2c3d4e5f6a7b8c9d0"


@pytest.fixture
def gitlab() -> Iterator[PerturbedGitLab]:
    with running(PerturbedGitLab(ROOT / "cassettes", "gitlab-19.3", [EXAMPLE], 3)) as server:
        yield server


def recorder(
    gitlab: PerturbedGitLab, project: int | None = None, tokens: Mapping[str, str] | None = None
) -> GitLabScratch:
    settings = Settings(url=gitlab.url, admin_token=SecretStr(gitlab.admin))
    return GitLabScratch(settings, "acme", project, tokens or {})


def example(name: str) -> Any:
    return load_example(ROOT / "examples" / f"{name}.py", ROOT)


def there(gitlab: PerturbedGitLab, number: int, **changes: Any) -> None:
    about = {"path": f"acme/{PREFIX}{MARK[:12]}", "description": _text(MARK), "created_at": "2026-01-01T00:00:00.000Z"}
    gitlab.projects[number] = Project(number, **(about | changes))


# --- Roles


@pytest.mark.parametrize(
    ("name", "made"),
    [
        (EXAMPLE, ["project:developer:api"]),
        ("errors/guest_writes", ["project:guest:api"]),
        ("errors/no_token", []),
        ("registry/delete_model", ["project:maintainer:api"]),
    ],
)
def test_tokens_of_the_least_role(name: str, made: list[str], gitlab: PerturbedGitLab) -> None:
    with recorder(gitlab).scratch(example(name), LANES[-1], MARK) as scratch:
        (project,) = gitlab.projects.values()
        assert list(project.labels.values()) == made
        assert scratch.labels == {token: f"<{label}>" for token, label in project.labels.items()}
        assert gitlab.admin not in scratch.environment.values()
        assert scratch.environment["GITLAB_PROJECT"] == project.path == f"acme/{PREFIX}{MARK[:12]}"
        assert gitlab.admin not in repr(scratch)
        assert not any(token in repr(scratch) for token in project.labels)
    assert gitlab.projects == {}


def test_an_owner_is_one_only_where_the_example_says_so(gitlab: PerturbedGitLab) -> None:
    with recorder(gitlab).scratch(example("setup/add_member"), LANES[-1], MARK) as scratch:
        assert scratch.environment["GITLAB_TOKEN"] == gitlab.admin
        assert scratch.labels[gitlab.admin] == "<pat:owner:api>"
        assert "MLFLOW_TRACKING_TOKEN" not in scratch.environment


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("errors/outsider", "TOKEN_PAT_OUTSIDER_API"),
        ("errors/deploy_token", "TOKEN_DEPLOY"),
        ("errors/expired_token", "TOKEN_PAT_DEVELOPER_EXPIRED"),
        ("errors/job_token", "TOKEN_JOB_DEVELOPER"),
        ("ci/link_run_to_job", "RECORD_CI_JOB_ID"),
    ],
)
def test_what_nobody_can_make_is_asked_for(name: str, missing: str, gitlab: PerturbedGitLab) -> None:
    with (
        pytest.raises(NotHere, match=missing),
        recorder(gitlab).scratch(example(name), LANES[-1], MARK),
    ):
        pass
    assert gitlab.projects_made == 0
    with recorder(gitlab, tokens={missing: TOKEN}).scratch(example(name), LANES[-1], MARK) as scratch:
        assert TOKEN in scratch.environment.values()
    assert gitlab.projects == {}


def test_variables_have_the_names_of_the_labels() -> None:
    assert variable_of("pat:outsider:api") == "TOKEN_PAT_OUTSIDER_API"
    assert variable_of("project:developer:read_api") == "TOKEN_READ_API"
    assert variable_of("project:reporter:api") == "TOKEN_REPORTER"


# --- A project that was there before


def test_an_owners_token_is_refused_in_a_project_of_others(gitlab: PerturbedGitLab) -> None:
    there(gitlab, 55, path="acme/real-work", description="")
    with (
        pytest.raises(Problem, match="GITLAB_TOKEN is an Owner's token") as caught,
        recorder(gitlab, 55, {"TOKEN_DEVELOPER": TOKEN}).scratch(example(EXAMPLE), LANES[-1], MARK),
    ):
        pass
    assert gitlab.admin not in str(caught.value)
    assert gitlab.removed == []


def test_an_owners_example_is_not_for_a_project_of_others(gitlab: PerturbedGitLab) -> None:
    there(gitlab, 55, path="acme/real-work", description="")
    with (
        pytest.raises(NotHere, match="leave out --project"),
        recorder(gitlab, 55).scratch(example("setup/add_member"), LANES[-1], MARK),
    ):
        pass


def test_tokens_of_lower_roles_are_used_there(gitlab: PerturbedGitLab) -> None:
    there(gitlab, 55, path="acme/real-work", description="")
    gitlab.people[gitlab.admin] = "pat:maintainer:api"
    gitlab.people[TOKEN] = "project:developer:api"
    with recorder(gitlab, 55, {"TOKEN_DEVELOPER": TOKEN}).scratch(example(EXAMPLE), LANES[-1], MARK) as scratch:
        assert scratch.environment["MLFLOW_TRACKING_TOKEN"] == TOKEN
        assert scratch.names["path"] == "acme/real-work"
    assert gitlab.removed == []
    assert gitlab.projects_made == 0
    gitlab.people[TOKEN] = "project:owner:api"
    with (
        pytest.raises(Problem, match="TOKEN_DEVELOPER is an Owner's token"),
        recorder(gitlab, 55, {"TOKEN_DEVELOPER": TOKEN}).scratch(example(EXAMPLE), LANES[-1], MARK),
    ):
        pass


def test_the_command_says_so(gitlab: PerturbedGitLab, tmp_path: Path) -> None:
    there(gitlab, 55, path="acme/real-work", description="")
    root = small_project(tmp_path / "project", [EXAMPLE])
    result = record(root, gitlab, "--project", "55", variables={"TOKEN_DEVELOPER": TOKEN})
    assert result.exit_code == 1
    assert "GITLAB_TOKEN is an Owner's token, and project 55 was not made by this command" in result.output
    assert TOKEN not in result.output


# --- What is left over


@pytest.mark.parametrize(
    ("changes", "goes"),
    [
        ({}, True),
        ({"path": "acme/real-work"}, False),
        ({"description": "Our scratch project."}, False),
        ({"description": _text("f" * 32)}, False),
        ({"path": f"acme/{PREFIX}mine"}, False),
        ({"created_at": "2999-01-01T00:00:00.000Z"}, False),
        ({"marked_for_deletion": True}, False),
    ],
)
def test_only_what_bears_both_marks_is_removed(changes: dict[str, Any], goes: bool, gitlab: PerturbedGitLab) -> None:
    there(gitlab, 55, **changes)
    removed = recorder(gitlab).leftovers([])
    assert bool(removed) == goes == (gitlab.removed == [55])


def test_what_this_machine_has_left_goes_at_once(gitlab: PerturbedGitLab) -> None:
    there(gitlab, 55, created_at="2999-01-01T00:00:00.000Z")
    assert recorder(gitlab).leftovers(["f" * 32]) == []
    assert recorder(gitlab).leftovers([MARK]) == [f"project acme/{PREFIX}{MARK[:12]}"]


def test_a_project_that_lost_its_mark_stays(gitlab: PerturbedGitLab) -> None:
    with recorder(gitlab).scratch(example(EXAMPLE), LANES[-1], MARK):
        (project,) = gitlab.projects.values()
        project.description = "Kept by somebody."
    assert gitlab.removed == []


# --- What to record


def test_the_plan_is_what_was_recorded() -> None:
    examples = [example(EXAMPLE), example("errors/metric_history_18_9"), example("setup/rest_gallery")]
    found = plan(ROOT, examples, LANES, Software(name="GitLab", version="19.3.2"))
    assert [(one.id, lane.id) for one, lane in found] == [
        (EXAMPLE, "gitlab-19.3/mlflow-2"),
        (EXAMPLE, "gitlab-19.3/mlflow-3"),
        ("setup/rest_gallery", "gitlab-19.3/mlflow-3"),
    ]


@pytest.mark.parametrize("version", ["19.30.1", "20.0.0", "1.9.3"])
def test_no_lane_for_this_server(version: str) -> None:
    with pytest.raises(Problem) as caught:
        plan(ROOT, [example(EXAMPLE)], LANES, Software(name="GitLab", version=version))
    short = ".".join(version.split(".")[:2])
    assert f'add {{ server = "GitLab {short}", client = "MLflow 3.17.2" }} to lanes' in caught.value.fix


def test_a_lane_of_another_server() -> None:
    server = Software(name="GitLab", version="19.3.2")
    with pytest.raises(Problem, match=r"no lane is for GitLab 19\.3\.2"):
        plan(ROOT, [example(EXAMPLE)], LANES, server, ["gitlab-18.9/mlflow-3"])
    with pytest.raises(Problem, match=r"no lane is called gitlab-1"):
        plan(ROOT, [example(EXAMPLE)], LANES, server, ["gitlab-1"])


def test_an_import_of_one_file(tmp_path: Path) -> None:
    root = small_project(tmp_path / "project", [EXAMPLE])
    (root / "cassettes" / f"{KEY}.yaml").unlink()
    for ending in (".yaml", ".json"):
        shutil.copy2(RAW / f"{KEY}{ending}", tmp_path / f"mine{ending}")
    with running(PerturbedGitLab(ROOT / "cassettes", "gitlab-19.3", [EXAMPLE], 3)) as gitlab:
        for source in (RAW / f"{KEY}.yaml", tmp_path / "mine.yaml"):
            result = record(root, gitlab, "--from", str(source))
            assert result.exit_code == 0, result.output
            assert (root / "cassettes" / f"{KEY}.yaml").exists()
        assert gitlab.log == []
        (tmp_path / "mine.json").write_text("{}", "utf-8")
        result = record(root, gitlab, "--from", str(tmp_path / "mine.yaml"))
        assert result.exit_code == 1
        assert "nothing says in which lane" in result.output


# --- Refused, and told


def test_gitlab_refuses(gitlab: PerturbedGitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workers, "ask", from_raw)
    root = small_project(tmp_path / "project", [EXAMPLE])
    result = record(root, gitlab, "--group", "no-such/place", variables={"GITLAB_URL": f"{gitlab.url}/elsewhere"})
    assert result.exit_code == 1
    assert "GitLab does not let you read the version of GitLab: 404" in result.output
    assert gitlab.admin not in result.output


def test_nobody_is_there(gitlab: PerturbedGitLab, tmp_path: Path) -> None:
    root = small_project(tmp_path / "project", [EXAMPLE])
    result = record(root, gitlab, variables={"GITLAB_URL": "http://127.0.0.1:9"})
    assert result.exit_code == 1
    assert "http://127.0.0.1:9 does not answer" in result.output


def test_no_environment(gitlab: PerturbedGitLab, tmp_path: Path) -> None:
    root = small_project(tmp_path / "project", [EXAMPLE])
    (root / ".venv").unlink()
    result = record(root, gitlab)
    assert "there is no environment for MLflow" in result.output
    assert "make setup" in result.output
    assert gitlab.projects_made == 0


# --- Names and secrets


NAMES = {"url": "https://git.firm.test:8443/gitlab", "id": "4711", "path": f"team/sub/{PREFIX}ab", "mark": "a mark"}


@pytest.mark.parametrize(
    ("real", "stable"),
    [
        (
            "https://git.firm.test:8443/gitlab/api/v4/projects/4711/ml",
            "https://gitlab.example.com/api/v4/projects/42/ml",
        ),
        ("/projects/47112/", "/projects/47112/"),
        (f"git@git.firm.test:team/sub/{PREFIX}ab.git", "git@gitlab.example.com:acme/wine-quality.git"),
        (f"team%2Fsub%2F{PREFIX}ab", "acme%2Fwine-quality"),
        (
            f"https:\\/\\/git.firm.test:8443\\/gitlab\\/team\\/sub\\/{PREFIX}ab",
            "https:\\/\\/gitlab.example.com\\/acme\\/wine-quality",
        ),
        (f'"{PREFIX}ab-scratch"', '"wine-quality-scratch"'),
        ("gid://gitlab/Project/4711", "gid://gitlab/Project/42"),
        ("/groups/team%2Fsub?x", "/groups/acme?x"),
        ("other.git.firm.test", "other.git.firm.test"),
        (
            "HTTPSConnectionPool(host='git.firm.test', port=8443)",
            "HTTPSConnectionPool(host='gitlab.example.com', port=443)",
        ),
        ('{"project_id":4711,"id":4711}', '{"project_id":42,"id":4711}'),
        (
            '{"id": 4711, "path_with_namespace": "x/y", "description": "a mark"}',
            '{"id": 42, "path_with_namespace": "x/y", "description": null}',
        ),
        ('{"full_path":"team/sub","name":"Sub","id":9}', '{"full_path":"acme","name":"acme","id":9}'),
        ('{"last_used_ips":["203.0.113.9"]}', '{"last_used_ips":["127.0.0.1"]}'),
        ('{"next_page_token":"abcdefghijkl"}', '{"next_page_token":"abcdefghijkl"}'),
        ("{not json 4711", "{not json 4711"),
    ],
)
def test_names(real: str, stable: str) -> None:
    assert Alias(NAMES, {}).text(real) == stable


def test_an_address_of_numbers_may_be_the_clients() -> None:
    alias = Alias(NAMES | {"url": "http://192.0.2.7:8080"}, {})
    assert alias.text("http://192.0.2.7:8080/x 192.0.2.7") == "https://gitlab.example.com/x 192.0.2.7"


def test_a_token_that_the_server_makes_is_learned() -> None:
    alias = Alias(NAMES, {})
    made = "glpat-" + "0f1e2d3c4b5a69788796"
    assert json.loads(alias.text(json.dumps({"token": made, "runners_token": f"{made}x"}))) == {
        "token": "<token>",
        "runners_token": "<runners_token>",
    }
    assert alias.text(f"value={made}&other={made}x") == "value=<token>&other=<runners_token>"


@given(user=st.from_regex(r"[a-z_]{1,9}", fullmatch=True), scheme=st.sampled_from(["", "Bearer ", "Basic "]))
def test_credentials_are_labels(user: str, scheme: str) -> None:
    alias = Alias(NAMES, {TOKEN: "<project:developer:api>"})
    sent = base64.b64encode(f"{user}:{TOKEN}".encode()).decode() if scheme == "Basic " else TOKEN
    shown = alias.credential(scheme + sent, ADAPTER.labelled)
    assert shown == (
        f"Basic <{user}:project:developer:api>" if scheme == "Basic " else f"{scheme}<project:developer:api>"
    )


@pytest.mark.parametrize("value", [f"Bearer {TOKEN}x", "Basic !!", "Basic " + base64.b64encode(b"a:b").decode(), "x"])
def test_other_credentials_are_refused(value: str) -> None:
    with pytest.raises(Unlabelled) as caught:
        Alias(NAMES, {TOKEN: "<project:developer:api>"}).credential(value, ADAPTER.labelled)
    assert TOKEN not in str(caught.value)


def test_a_token_in_bytes_is_refused() -> None:
    alias = Alias(NAMES, {TOKEN: "<project:developer:api>"})
    assert alias.content(b"\xff\x00") == b"\xff\x00"
    assert alias.content(TOKEN.encode()) == b"<project:developer:api>"
    with pytest.raises(Unlabelled):
        alias.content(b"\xff" + TOKEN.encode())
