"""Runs `mlflow-gitlab doctor` against recorded answers on loopback: what it sends and says, and never a token."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from doctor_recorded import API, STATES, Answering, Got, Reply, Server, nine, replay, serving
from mlflow_gitlab.cli import app
from mlflow_gitlab.doctor import examine
from mlflow_gitlab.doctor.examination import NINE
from mlflow_gitlab.doctor.finding import Severity
from mlflow_gitlab.doctor.findings import REGISTRY
from mlflow_gitlab.settings import load_settings
from test_doctor_client_side import home as home
from test_doctor_wire import no_proxy as no_proxy
from test_doctor_write import RECORDED, Project

TOKEN = "glpat-" + "t" * 20
PATHS = [one.uri.removeprefix(API) for one in nine("developer")]


@contextmanager
def at(answering: Answering, monkeypatch: pytest.MonkeyPatch, **environ: str | None) -> Iterator[Server]:
    """A GitLab on loopback, and an environment in which MLflow reaches it."""
    with serving(answering) as server:
        values: dict[str, str | None] = {
            "MLFLOW_TRACKING_URI": f"{server.url}/api/v4/projects/42/ml/mlflow",
            "MLFLOW_TRACKING_TOKEN": TOKEN,
            "MLFLOW_EXPERIMENT_NAME": "wine-classifier",
            **environ,
        }
        for name, value in values.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        yield server


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path, no_proxy: None) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mlflow_gitlab.doctor.examination.installed_client", lambda: "3.17.2")
    for name in ("GITLAB_URL", "GITLAB_PROJECT", "GITLAB_PROJECT_ID", "GITLAB_TOKEN", "CI_SERVER_URL", "CI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["doctor", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    assert TOKEN not in result.output
    return result


def data(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("--json", *arguments).stdout)
    return found


def test_only_the_nine_requests_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(replay("developer"), monkeypatch) as server:
        assert run().exit_code == 0
        assert run("--json", "--strict").exit_code == 0
    sent = [(one.method, one.path.removeprefix("/api/v4")) for one in server.got]
    assert sent == [(one.method, path) for one, path in zip(NINE, PATHS, strict=True)] * 2
    # What they may not do: the one POST is a search.
    assert [path for method, path in sent if method != "GET"] == [PATHS[5]] * 2
    assert {one.body for one in server.got} == {b"", b'{"max_results": 1}'}
    assert {one.headers["Authorization"] for one in server.got} == {f"Bearer {TOKEN}"}


def test_what_a_person_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(replay("guest"), monkeypatch) as server:
        result = run()
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"{server.url}, project 42: GitLab 19.3.0-pre, MLflow 3.17.2",
        "  ok  which GitLab it is          200 GET /metadata",
        "  ok  whose token it is           200 GET /user",
        "  ok  what the token may do       200 GET /personal_access_tokens/self",
        "  ok  see the project             200 GET /projects/42",
        f"  ok  read an experiment by name  404 GET {PATHS[4]}",
        f"   -  search experiments          401 POST {PATHS[5]}",
        f"  ok  read a model by name        404 GET {PATHS[6]}",
        f"   -  list packages               403 GET {PATHS[7]}",
        f"   -  fetch a file                403 GET {PATHS[8]}",
        "",
        f"error: The role of {BOT} is too low to log and to search: Guest. [role-too-low]",
        '  seen  POST …/experiments/search: 401 {"message":"401 Unauthorized"}',
        "  fix   ask a Maintainer of the project for the role Developer",
        "  page  mlflow/permissions.md#401",
        "",
        "1 thing to fix",
    ]


BOT = json.loads(str(nine("guest")[1].answer))["username"]


def test_the_json_has_a_stable_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(replay("guest"), monkeypatch) as server:
        found = data()
    assert list(found) == ["version", "verdict", "gitlab", "mlflow", "answers", "findings", "write"]
    assert (found["version"], found["verdict"], found["write"]) == (1, "1 thing to fix", None)
    assert found["gitlab"] == {"url": server.url, "version": "19.3.0-pre", "project": "42", "user": BOT}
    assert found["mlflow"] == {
        "version": "3.17.2",
        "tracking_uri": f"{server.url}/api/v4/projects/42/ml/mlflow",
    }
    assert [one["ok"] for one in found["answers"]] == [True] * 5 + [False, True, False, False]
    assert found["answers"][5] == {
        "name": "search",
        "does": "search experiments",
        "request": f"POST {PATHS[5]}",
        "status": 401,
        "ok": False,
    }
    assert found["findings"] == [
        {
            "id": "role-too-low",
            "severity": "error",
            "what": f"The role of {BOT} is too low to log and to search: Guest.",
            "evidence": {
                "body": '{"message":"401 Unauthorized"}',
                "request": f"POST {PATHS[5]}",
                "status": 401,
            },
            "fix": "ask a Maintainer of the project for the role Developer",
            "page": "mlflow/permissions.md#401",
        }
    ]


@pytest.mark.parametrize("state", STATES)
def test_every_recorded_state_over_http(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from doctor_recorded import recorded

    with at(replay(state), monkeypatch, MLFLOW_TRACKING_TOKEN=None if state == "no_token" else TOKEN):
        result = run("--json")
    found = json.loads(result.stdout)["findings"]
    assert sorted(one["id"] for one in found) == sorted(one.id for one in recorded(state).findings)
    ranks = [list(Severity).index(Severity(one["severity"])) for one in found]
    assert ranks == sorted(ranks)
    assert result.exit_code == (1 if any(one["severity"] == "error" for one in found) else 0)


def test_warnings_count_when_it_is_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(replay("developer"), monkeypatch, MLFLOW_EXPERIMENT_NAME=None):
        assert run().output.splitlines()[-1] == "fine: you can log; 1 warning"
        assert run().exit_code == 0
        assert run("--strict").exit_code == 1
        assert run("--strict", "--experiment", "wine-classifier").exit_code == 0


def test_no_connection_is_another_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("GITLAB_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("GITLAB_PROJECT_ID", "42")
    result = run()
    assert result.exit_code == 3
    assert "[host-unreachable]" in result.output
    assert result.output.count("not asked") == 9


def test_a_token_that_cannot_be_one_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    token = "glpat-tttttttt…tttttttt"
    with at(replay("developer"), monkeypatch, MLFLOW_TRACKING_TOKEN=token) as server:
        result = run()
    assert result.exit_code == 1
    assert "[token-malformed]" in result.output
    assert "environment MLFLOW_TRACKING_TOKEN: 1 such characters, the first at place 15 of 23" in result.output
    assert "tttttttt" not in result.output
    assert server.got == []


def test_settings_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    result = run()
    assert result.exit_code == 2
    assert "url is not set" in result.output
    assert "project is not set" in result.output
    assert run("--config", "nowhere.yaml").exit_code == 2


def test_a_wrong_address_is_named_although_it_names_no_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://gitlab.example.com/acme/wine-quality/ml/mlflow")
    result = run()
    assert result.exit_code == 1
    assert "[api-path-missing]" in result.output
    encoded = "https://gitlab.example.com/api/v4/projects/acme%2Fwine-quality/ml/mlflow"
    assert f"fix   export MLFLOW_TRACKING_URI={encoded}" in result.output


def test_in_a_job_of_gitlab_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(replay("developer"), monkeypatch, MLFLOW_TRACKING_URI=None) as server:
        monkeypatch.setenv("CI_SERVER_URL", server.url)
        monkeypatch.setenv("CI_PROJECT_ID", "42")
        found = data()
    assert found["verdict"] == "fine: you can log"
    assert [one["id"] for one in found["findings"]] == ["mlflow-not-set-up"]


# --- With --write ----------------------------------------------------------------------------------------------------


def writing(state: str, **faults: Any) -> tuple[Answering, Project]:
    """Answers the nine as recorded, and a write as tests/test_doctor_write.py does."""
    project, as_recorded = Project(**faults), replay(state)

    def answering(got: Got) -> Reply | None:
        path = got.path.partition("/ml/mlflow/api/2.0/mlflow/")[2]
        if got.path.removeprefix("/api/v4") in PATHS:
            return as_recorded(got)
        status, body = project(got.method, path, json.loads(got.body) if got.body else None)
        return Reply(status, json.dumps(body))

    return answering, project


def test_a_write_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    answering, project = writing("developer")
    with at(answering, monkeypatch) as server:
        result = run("--write")
    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == "fine: a write was tried, too"
    assert "  ok  delete the experiment" in result.output
    assert project.there == set()
    assert len(server.got) == 9 + len(RECORDED) + 1


def test_a_write_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answering, _ = writing("developer", runs_create=(500, {"message": "500 Internal Server Error"}))
    with at(answering, monkeypatch):
        found = data("--write")
    assert [one["id"] for one in found["findings"]] == ["write-refused"]
    assert found["findings"][0]["evidence"]["status"] == 500
    assert found["write"]["ok"] is False
    assert found["write"]["left"] == []
    assert found["write"]["experiment"].startswith("mlflow-gitlab-check-")


@pytest.mark.parametrize("state", ["guest", "expired", "read_api", "outsider", "experiments_off"])
def test_what_is_known_to_be_refused_is_not_tried(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(replay(state), monkeypatch) as server:
        assert data("--write")["write"] is None
    assert len(server.got) == 9


@pytest.mark.parametrize("state", ["archived", "registry_off", "packages_off"])
def test_runs_are_written_where_only_files_are_refused(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answering, project = writing(state)
    with at(answering, monkeypatch):
        found = data("--write")
    assert found["write"]["ok"] is True
    assert len(found["findings"]) == 1
    assert project.there == set()


# --- Tokens, and the program itself ----------------------------------------------------------------------------------


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    token=st.from_regex(r"\A[A-Za-z0-9_.\-]{20,40}\Z"),
    state=st.sampled_from(STATES),
    form=st.sampled_from(["plain", "quoted", "base64", "json", "html"]),
    status=st.sampled_from([200, 400, 401, 403, 404, 500]),
    as_json=st.booleans(),
)
def test_a_token_that_the_server_says_back_is_never_shown(
    token: str, state: str, form: str, status: int, as_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {
        "plain": token,
        "quoted": quote(f"Bearer {token}"),
        "base64": base64.b64encode(f"me:{token}".encode()).decode(),
        "json": json.dumps({"message": f"the token {token}", "username": token, "version": token}),
        "html": f"<html>{token}</html>",
    }[form]

    def answering(got: Got) -> Reply:
        headers = {"Location": f"https://other.example.com/{token}", "WWW-Authenticate": said, "Date": token}
        return Reply(status, said, headers)

    with at(answering, monkeypatch, MLFLOW_TRACKING_TOKEN=token):
        result = run("--json") if as_json else run()
        examined = examine(load_settings())
    # Not only the terminal: whoever prints or keeps what the API gives has no token either.
    for text in (result.output, repr(examined), repr(examined.findings), repr(examined.user), repr(examined.server)):
        assert token not in text
        assert base64.b64encode(token.encode()).decode().rstrip("=")[:-2] not in text


def test_a_failure_of_its_own_shows_no_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlflow_gitlab import cli

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"with {TOKEN}")

    monkeypatch.setattr("mlflow_gitlab.doctor.visit.look_around", broken)
    monkeypatch.setattr(sys, "argv", ["mlflow-gitlab", "doctor"])
    with at(replay("developer"), monkeypatch), pytest.raises(SystemExit):
        cli.main()
    said = capsys.readouterr()
    assert "RuntimeError: with [redacted]" in said.err
    assert TOKEN not in said.err + said.out


def test_the_other_command_of_the_doctor_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(replay("developer"), monkeypatch) as server:
        assert CliRunner().invoke(app, ["doctor", "scan", "--help"]).exit_code == 0
    assert server.got == []


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from mlflow_gitlab.cli import app; import mlflow_gitlab.doctor\n"
        "heavy = {'requests', 'gitlab', 'mlflow', 'pydantic', 'yaml'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_kind_of_finding_has_a_test() -> None:
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_doctor_*.py"))
    assert [kind for kind in REGISTRY if f'"{kind}"' not in tests and f"[{kind}]" not in tests] == []
