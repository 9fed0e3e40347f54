"""Where settings come from, which one counts, and that no token can be read out of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from conftest import ROOT, rewrite
from mlflow_gitlab import settings as module
from mlflow_gitlab.cli import app
from mlflow_gitlab.settings import Settings, load_settings, parts
from mlflow_gitlab.team import CONFIG, LEVELS, SCHEMA, load_team, schema
from verified_docs.problem import Problem, Problems

SECRET = "glpat-" + "Q7x" * 7
FILE = """
gitlab:
  url: https://gitlab.team.test
  project: team/models
  project_id: 7
mlflow:
  experiment: shared
  timeout: 30
"""


def read(folder: Path, environ: dict[str, str] | None = None, **given: Any) -> Settings:
    return load_settings(folder, environ=environ or {}, **given)


@pytest.fixture
def team(tmp_path: Path) -> Path:
    (tmp_path / CONFIG).parent.mkdir()
    rewrite(tmp_path / CONFIG, FILE)
    return tmp_path


def test_the_environment_goes_before_dotenv_and_that_before_the_file_of_the_team(team: Path) -> None:
    assert read(team).timeout == 30
    rewrite(team / ".env", "MLFLOW_HTTP_REQUEST_TIMEOUT=40\nMLFLOW_EXPERIMENT_NAME=mine\n")
    both = read(team, {"MLFLOW_HTTP_REQUEST_TIMEOUT": "50"})
    assert (both.timeout, both.experiment, both.url) == (50, "mine", "https://gitlab.team.test")
    assert read(team, {"MLFLOW_HTTP_REQUEST_TIMEOUT": "50"}, timeout=60).timeout == 60
    assert both.origin("timeout") == "environment MLFLOW_HTTP_REQUEST_TIMEOUT"
    assert both.origin("experiment").endswith(".env:2 MLFLOW_EXPERIMENT_NAME")
    assert both.origin("url").endswith("mlflow-gitlab.yaml gitlab.url")
    assert both.origin("retries") == "default"


def test_an_empty_variable_does_not_hide_what_the_file_says(team: Path) -> None:
    assert read(team, {"MLFLOW_EXPERIMENT_NAME": " "}).experiment == "shared"


def test_the_address_of_mlflow_is_made_with_the_id_or_with_the_encoded_path(team: Path) -> None:
    assert read(team).tracking_uri == "https://gitlab.team.test/api/v4/projects/7/ml/mlflow"
    other = read(team, {"GITLAB_PROJECT": "other/thing"})
    assert other.tracking_uri == "https://gitlab.team.test/api/v4/projects/other%2Fthing/ml/mlflow"
    assert (other.project_id, other.project_path) == (None, "other/thing")


def test_the_same_project_by_its_path_keeps_its_id(team: Path) -> None:
    assert read(team, {"GITLAB_PROJECT": "team/models"}).project == "7"


def test_an_address_of_mlflow_says_which_gitlab_and_project_are_meant(team: Path) -> None:
    uri = "https://other.test/lab/api/v4/projects/group%2Fname/ml/mlflow"
    found = read(team, {"MLFLOW_TRACKING_URI": uri})
    assert (found.url, found.project, found.project_id) == ("https://other.test/lab", "group/name", None)
    assert found.tracking_uri == uri
    assert "a part of it" in found.origin("url")


def test_an_address_in_a_lower_layer_yields_to_another_project(team: Path) -> None:
    rewrite(team / ".env", "MLFLOW_TRACKING_URI=https://gitlab.team.test/api/v4/projects/7/ml/mlflow\n")
    assert read(team).tracking_uri == "https://gitlab.team.test/api/v4/projects/7/ml/mlflow"
    found = read(team, {"GITLAB_PROJECT_ID": "8"})
    assert found.tracking_uri == "https://gitlab.team.test/api/v4/projects/8/ml/mlflow"
    elsewhere = read(team, {"GITLAB_URL": "https://new.test"})
    assert (elsewhere.url, elsewhere.project, elsewhere.tracking_uri) == ("https://new.test", None, None)


def test_in_a_job_of_gitlab_ci_the_environment_has_it_all(team: Path) -> None:
    job = {
        "CI_SERVER_URL": "https://ci.test",
        "CI_PROJECT_ID": "99",
        "CI_PROJECT_PATH": "ci/project",
        "MLFLOW_TRACKING_TOKEN": SECRET,
        "MLFLOW_EXPERIMENT_NAME": "nightly",
    }
    found = read(team, job)
    assert found.tracking_uri == "https://ci.test/api/v4/projects/99/ml/mlflow"
    assert found.environment()["GITLAB_PROJECT"] == "ci/project"
    assert found.environment()["MLFLOW_TRACKING_TOKEN"] == SECRET


def test_what_a_process_gets_is_what_mlflow_reads(team: Path) -> None:
    (team / "ca.pem").write_text("certificates", "utf-8")
    found = read(team, {"MLFLOW_TRACKING_SERVER_CERT_PATH": str(team / "ca.pem")}, token=SECRET)
    assert found.environment() == {
        "MLFLOW_TRACKING_URI": "https://gitlab.team.test/api/v4/projects/7/ml/mlflow",
        "MLFLOW_TRACKING_TOKEN": SECRET,
        "MLFLOW_EXPERIMENT_NAME": "shared",
        "MLFLOW_TRACKING_SERVER_CERT_PATH": str(team / "ca.pem"),
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "5",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
        "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "false",
        "GITLAB_URL": "https://gitlab.team.test",
        "GITLAB_PROJECT": "team/models",
        "GITLAB_PROJECT_ID": "7",
    }


def test_a_program_runs_with_them_and_without_what_would_win_over_the_token(team: Path) -> None:
    code = "import os; print(sorted(n for n in os.environ if n.startswith(('MLFLOW_TRACKING', 'GITLAB_PROJECT'))))"
    command = [str(Path(sys.executable).with_name("mlflow-gitlab")), "run", "--", sys.executable, "-c", code]
    environment = {"PATH": os.environ["PATH"], "MLFLOW_TRACKING_TOKEN": SECRET, "MLFLOW_TRACKING_USERNAME": "me"}
    done = subprocess.run(command, cwd=team, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(
        ["GITLAB_PROJECT", "GITLAB_PROJECT_ID", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_URI"]
    )
    missing = subprocess.run(
        [*command[:3], "no-such-program"], cwd=team, env=environment, capture_output=True, text=True
    )
    assert missing.returncode == 2
    assert "no-such-program: this does not run: No such file" in missing.stderr


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"GITLAB_URL": "gitlab.team.test"}, "url: write it as https://gitlab.example.com (environment GITLAB_URL)"),
        ({"GITLAB_URL": "https://me:secret@gitlab.team.test"}, "leave out user names, passwords"),
        ({"GITLAB_URL": "https://gitlab.team.test/api/v4"}, "leave out /api/v4"),
        ({"MLFLOW_HTTP_REQUEST_TIMEOUT": "soon"}, "environment MLFLOW_HTTP_REQUEST_TIMEOUT"),
        ({"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "-1"}, "retries: Input should be greater than or equal to 0"),
        ({"GITLAB_PROJECT_ID": "seven"}, "project_id: String should match"),
    ],
)
def test_a_wrong_value_is_named_with_the_place_that_it_comes_from(
    environ: dict[str, str], message: str, team: Path
) -> None:
    with pytest.raises(Problems) as caught:
        read(team, environ)
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_missing_file_of_certificates_is_named(team: Path) -> None:
    with pytest.raises(Problem, match="MLFLOW_TRACKING_SERVER_CERT_PATH names it"):
        read(team, {"MLFLOW_TRACKING_SERVER_CERT_PATH": str(team / "gone.pem")})


def test_what_is_missing_is_named_with_every_way_to_give_it(tmp_path: Path) -> None:
    with pytest.raises(Problems) as caught:
        read(tmp_path).need("url", "project", "token", "admin_token")
    told = str(caught.value)
    for way in ("export GITLAB_URL=…", "gitlab.url in", "keyring set mlflow-gitlab", "read -rs GITLAB_TOKEN"):
        assert way in told


def test_a_token_is_never_printed(team: Path) -> None:
    found = read(team, token=SECRET, admin_token=SECRET + "2")
    for text in (str(found), repr(found), f"{found}", found.model_dump_json(), str(found.model_dump())):
        assert SECRET not in text
    assert SECRET not in found.redactor.text(f"Bearer {SECRET}")
    try:
        read(team, token=[SECRET])
    except Problems as problems:
        assert SECRET not in "".join(traceback.format_exception(problems))
    else:
        pytest.fail("a list is no token")


def test_the_keyring_has_the_last_word_on_the_token(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backend import KeyringBackend

    class Ring(KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return SECRET if (service, username) == ("mlflow-gitlab", "https://gitlab.team.test") else None

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NotImplementedError

    before = keyring.get_keyring()
    keyring.set_keyring(Ring())  # type: ignore[no-untyped-call]
    try:
        found = read(team)
        assert found.token is not None
        assert found.token.get_secret_value() == SECRET
        assert found.origin("token") == "keyring mlflow-gitlab"
        assert found.origin("timeout").endswith("mlflow.timeout")
        given = read(team, {"MLFLOW_TRACKING_TOKEN": "another-token"})
        assert given.origin("token") == "environment MLFLOW_TRACKING_TOKEN"
    finally:
        keyring.set_keyring(before)


def test_reading_settings_twice_does_not_mix_them(team: Path, tmp_path: Path) -> None:
    read(team, {"GITLAB_URL": "https://one.test"})
    assert module._reading == []
    assert read(team).url == "https://gitlab.team.test"


def test_the_file_of_this_project_is_valid_and_its_schema_is_current() -> None:
    load_team(ROOT / CONFIG)
    assert (ROOT / SCHEMA).read_text("utf-8") == schema()
    validator = Draft202012Validator(json.loads(schema()))
    assert not list(validator.iter_errors(yaml.safe_load((ROOT / CONFIG).read_text("utf-8"))))
    assert list(validator.iter_errors({"gitlab": {"urll": "x"}, "token": {"days": 900}}))
    first = (ROOT / CONFIG).read_text("utf-8").splitlines()[:3]
    assert f"# yaml-language-server: $schema={SCHEMA.name}" in first
    assert set(LEVELS.values()) == {10, 15, 20, 30, 40}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("gitlab:\n  urll: x\n", 2, "gitlab.urll: there is no such setting"),
        ("gitlab:\n  url: x\n  url: y\n", 3, "url stands here twice"),
        ("members:\n- username: a\n  role: Reporter\n- username: b\n  role: King\n", 5, "members.1.role"),
        ("token:\n  days: 0\n", 2, "token.days"),
        ("gitlab: [\n", 2, "expected the node content"),
        ("- a\n", 1, "keys and values"),
        ("gitlab: !!python/object/apply:os.system [echo]\n", 1, "could not determine a constructor"),
    ],
)
def test_a_fault_in_the_file_of_a_team_is_named_with_its_line(
    text: str, line: int, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "team.yaml"
    rewrite(path, text)
    with pytest.raises((Problem, Problems)) as caught:
        load_team(path)
    found = caught.value.found[0] if isinstance(caught.value, Problems) else caught.value
    assert isinstance(found, Problem)
    assert found.line == line
    assert message in found.what


def test_an_empty_file_of_a_team_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "team.yaml"
    rewrite(path, "")
    assert load_team(path).token.days == 28


def test_the_parts_of_an_address() -> None:
    assert parts("https://a.test/api/v4/projects/g%2Fp/ml/mlflow/") == ("https://a.test", "g/p")
    assert parts("https://a.test/g/p/ml/mlflow") is None


def test_the_command_shows_them_and_hides_the_token(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(team)
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "GITLAB_", "CI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", SECRET)
    text = CliRunner().invoke(app, ["settings"], env={"COLUMNS": "200"})
    assert text.exit_code == 0
    assert "https://gitlab.team.test/api/v4/projects/7/ml/mlflow" in text.output
    as_json = CliRunner().invoke(app, ["settings", "--json"])
    assert json.loads(as_json.output)["token"] == {"value": "**********", "from": "environment MLFLOW_TRACKING_TOKEN"}
    assert SECRET not in text.output + as_json.output
    assert CliRunner().invoke(app, ["settings", "--schema"]).output == schema()


def test_a_named_file_has_to_be_there(team: Path) -> None:
    result = CliRunner().invoke(app, ["settings", "--config", str(team / "gone.yaml")])
    assert result.exit_code == 2
    assert "gone.yaml: there is no such file" in result.stderr


def test_help_imports_neither_client_nor_a_library_for_requests() -> None:
    code = (
        "import sys; from mlflow_gitlab.cli import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('mlflow', 'gitlab', 'requests', 'pydantic', 'yaml') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for command in ("settings", "run", "setup", "teardown", "doctor", "replay"):
        assert command in done.stdout
