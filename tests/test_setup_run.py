"""Runs `mlflow-gitlab setup` against recorded GitLabs, whole, again, and cut off after every single request."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner

from conftest import rewrite
from mlflow_gitlab.cli import app
from mlflow_gitlab.setup.look import Token
from mlflow_gitlab.setup.run import run_setup, run_teardown
from mlflow_gitlab.terminal import Exit
from scripted_gitlab import TOKEN
from setup_desk import TODAY, VERSIONS, new_desk, stopped_after

__all__ = ["new_desk"]


@pytest.mark.parametrize(
    ("version", "levels"),
    [("18.9", "off"), ("18.9", "open"), ("18.9", "private"), ("19.3", "off"), ("19.3", "private")],
)
def test_a_fresh_project_gets_everything_and_a_second_run_writes_nothing(
    new_desk: Any, version: str, levels: str
) -> None:
    with new_desk(version) as desk:
        desk.gitlab.levels = levels
        assert desk.run() == Exit.OK, desk.err
        desk.is_complete()
        assert ("PUT", "/projects/42") in [(one.method, one.path) for one in desk.gitlab.said] or levels == "private"
        assert all(one.source.startswith(f"gitlab-{version}/") for one in desk.gitlab.said)
        before, text = len(desk.gitlab.writes), (desk.folder / ".env").read_bytes()
        assert desk.run() == Exit.OK
        assert desk.gitlab.writes[before:] == []
        assert "Nothing to do" in desk.out
        assert (desk.folder / ".env").read_bytes() == text
        desk.is_complete()


def length(new_desk: Any, version: str) -> int:
    with new_desk(version) as desk:
        assert desk.run() == Exit.OK, desk.err
        return len(desk.gitlab.said)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_answer_that_is_lost_after_any_request_is_made_good_by_the_next_run(new_desk: Any, version: str) -> None:
    total = length(new_desk, version)
    for number in range(1, total + 1):
        with new_desk(version) as desk:
            desk.gitlab.cut = number
            first = desk.run()
            assert first in (Exit.OK, Exit.SERVER), (number, desk.err)
            lost, desk.gitlab.cut = desk.gitlab.said[number - 1], None
            if first == Exit.OK:
                desk.is_complete()
            again = desk.run()
            assert again == Exit.OK, (number, lost, desk.err)
            desk.is_complete()


@pytest.mark.parametrize("how", [KeyboardInterrupt, SystemExit])
def test_a_run_that_is_stopped_after_any_request_is_finished_by_the_next_one(
    new_desk: Any, how: type[BaseException]
) -> None:
    for number in range(1, length(new_desk, "19.3") + 1):
        with new_desk() as desk:
            with stopped_after(number, how):
                code = desk.run()
            assert how is SystemExit or code == Exit.INTERRUPTED
            assert desk.run() == Exit.OK, (number, desk.gitlab.said[number - 1], desk.err)
            desk.is_complete()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_dry_run_shows_the_plan_and_sends_only_what_reads(new_desk: Any, version: str) -> None:
    with new_desk(version) as desk:
        assert desk.run(dry_run=True) == Exit.FOUND
        assert desk.gitlab.writes == []
        for line in ("make the token mlflow", "write .env", f"make the CI/CD variable {TOKEN}", "add reporter"):
            assert line in desk.out
        assert "Nothing was changed" in desk.out
        assert not (desk.folder / ".env").exists()
        assert desk.run() == Exit.OK
        assert desk.run(dry_run=True) == Exit.OK


def test_a_program_is_told_the_same_as_json(new_desk: Any) -> None:
    with new_desk() as desk:
        assert desk.run(as_json=True, dry_run=True) == Exit.FOUND
        planned = desk.json()
        kinds = [step["id"].partition(":")[0] for step in planned["steps"]]
        assert kinds == ["features", "experiment", "token", "env", "verify", "variable", "variable", "member"]
        assert {step["status"] for step in planned["steps"]} == {"planned"}
        assert desk.run(as_json=True) == Exit.OK
        done = desk.json()
        assert [step["id"] for step in done["steps"]] == [step["id"] for step in planned["steps"]]
        assert {step["status"] for step in done["steps"]} == {"done"}
        assert done["gitlab"]["version"].startswith("19.3")
        assert done["project"] == {
            "id": 42,
            "path": "acme/wine-quality",
            "role": "Owner",
            "web_url": f"{desk.gitlab.url}/acme/wine-quality",
        }
        assert desk.run(as_json=True) == Exit.OK
        assert desk.json()["steps"] == []


def test_json_says_at_which_step_it_stopped(new_desk: Any) -> None:
    with new_desk() as desk:
        assert desk.run(as_json=True, dry_run=True) == Exit.FOUND
        reads = len(desk.gitlab.said)
        desk.gitlab.cut = 2 * reads + 1
        assert desk.run(as_json=True) == Exit.SERVER
        said = desk.json()
        assert [step["status"] for step in said["steps"]][:2] == ["failed", "planned"]
        assert "GitLab may have done it, or not" in said["error"]
        assert said["error"] in desk.err


def test_settings_that_are_missing_are_named_and_nothing_is_sent(
    new_desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_desk() as desk:
        monkeypatch.delenv("GITLAB_TOKEN")
        (desk.folder / "config/mlflow-gitlab.yaml").unlink()
        assert desk.run() == Exit.USAGE
        for name in ("url", "project", "admin_token"):
            assert f"{name} is not set" in desk.err
        assert desk.gitlab.said == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("command", [run_setup, run_teardown])
def test_a_developer_is_told_that_it_takes_more_and_nothing_is_changed(
    new_desk: Any, version: str, command: Callable[..., Exit]
) -> None:
    with new_desk(version, role="developer") as desk:
        assert desk.run(command) == Exit.SERVER
        assert "your role in acme/wine-quality is Developer" in desk.err
        assert "Nothing was changed" in desk.err
        assert desk.gitlab.writes == []
        assert desk.gitlab.strange == []


def test_what_gitlab_refuses_is_told_with_its_own_words(new_desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlflow_gitlab.setup.look.MAINTAINER", 0)
    with new_desk(role="developer") as desk:
        assert desk.run() == Exit.SERVER
        assert "GET /projects/42/access_tokens -> 401" in desk.err
        assert "401 Unauthorized" in desk.err
        assert "Owner" in desk.err


def test_a_token_that_gitlab_does_not_know_is_refused(new_desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_desk() as desk:
        desk.gitlab.all_tokens.append("glpat-" + "A1b2" * 5)
        monkeypatch.setenv("GITLAB_TOKEN", desk.gitlab.all_tokens[-1])
        assert desk.run() == Exit.SERVER
        assert "GET /metadata -> 401" in desk.err
        assert "environment GITLAB_TOKEN" in desk.err


def test_a_token_whose_value_is_stored_nowhere_is_rotated_and_not_doubled(new_desk: Any) -> None:
    with new_desk() as desk:
        desk.gitlab.make("setup/rest_gallery", 13)
        assert desk.run() == Exit.OK, desk.err
        assert [one.active for one in desk.gitlab.tokens.values()] == [False, True]
        assert any(one.path.endswith("/rotate") for one in desk.gitlab.writes)
        desk.is_complete()


def test_a_token_that_ends_soon_is_rotated_everywhere(new_desk: Any) -> None:
    with new_desk() as desk:
        desk.gitlab.make("setup/rotate_token", 1)  # until 2026-12-01
        old = desk.gitlab.all_tokens[-1]
        rewrite(desk.folder / ".env", f"# mine\n{TOKEN}={old}\nOTHER=1\n")
        desk.gitlab.member = True
        desk.write(days=25)
        assert desk.run(today=date(2026, 11, 25)) == Exit.OK, desk.err
        text = (desk.folder / ".env").read_text()
        assert old not in text
        assert desk.gitlab.active[0].value in text
        assert text.startswith("# mine\n")
        assert "OTHER=1\n" in text
        desk.is_complete()


def test_a_stored_token_that_lasts_is_taken_into_the_other_store(new_desk: Any) -> None:
    with new_desk() as desk:
        desk.gitlab.make("setup/rest_gallery", 13)
        value = desk.gitlab.all_tokens[-1]
        rewrite(desk.folder / ".env", f"{TOKEN}={value}\n")
        assert desk.run() == Exit.OK, desk.err
        desk.is_complete()
        assert desk.gitlab.active[0].value == value


def test_days_are_counted_from_the_day_that_is_told() -> None:
    token = Token(1, ("api",), 30, date(2026, 12, 1))
    assert token.days_left(date(2026, 12, 1)) == 0
    assert token.told(date(2026, 11, 30)) == "1 day left"
    assert Token(1, ("api",), 30, None).told(TODAY) == "no end"


def test_a_token_of_somebody_else_in_the_variable_stays_unless_told(new_desk: Any) -> None:
    with new_desk() as desk:
        assert desk.run() == Exit.OK
        desk.gitlab.variables[TOKEN]["value"] = desk.gitlab.admin
        assert desk.run() == Exit.FOUND
        assert "has another good token" in desk.out
        assert desk.gitlab.variables[TOKEN]["value"] == desk.gitlab.admin
        assert desk.run(replace=True) == Exit.OK, desk.err
        desk.is_complete()


def test_a_hidden_variable_is_left_alone(new_desk: Any) -> None:
    with new_desk() as desk:
        assert desk.run() == Exit.OK
        desk.gitlab.variables[TOKEN] |= {"hidden": True, "value": None}
        before = len(desk.gitlab.writes)
        assert desk.run(replace=True) == Exit.FOUND
        assert "hidden variable" in desk.out
        assert desk.gitlab.writes[before:] == []


def test_a_fresh_token_that_cannot_see_its_project_yet_is_waited_for(new_desk: Any) -> None:
    with new_desk() as desk:
        desk.gitlab.not_yet = 3
        assert desk.run() == Exit.OK, desk.err
        assert desk.slept == [2.0, 2.0, 2.0]
        desk.is_complete()
    with new_desk() as desk:
        desk.gitlab.not_yet = 1000
        assert desk.run() == Exit.SERVER
        assert "404 Project Not Found" in desk.err
        assert TOKEN not in desk.gitlab.variables  # pipelines get no token that does not work


def test_an_address_without_tls_beyond_this_machine_is_refused(new_desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_desk() as desk:
        monkeypatch.setattr(desk.gitlab.__class__, "url", "http://gitlab.example.com")
        desk.write()
        assert desk.run() == Exit.USAGE
        assert "--plain-http" in desk.err


def test_a_token_that_was_stored_and_did_not_work_is_tried_again_when_asked(new_desk: Any) -> None:
    with new_desk() as desk:
        desk.write(store="env")
        desk.gitlab.not_yet = 1000
        assert desk.run() == Exit.SERVER
        assert "--verify" in desk.err
        assert desk.run(verify=True) == Exit.SERVER
        desk.gitlab.not_yet = 0
        assert desk.run(verify=True) == Exit.OK, desk.err
        assert desk.gitlab.variables == {}
        assert len(desk.gitlab.active) == len(desk.gitlab.tokens) == 1


def test_the_program_passes_its_options_on(new_desk: Any) -> None:
    with new_desk() as desk:
        result = CliRunner().invoke(app, ["setup", "--dry-run", "--json"])
        assert (result.exit_code, json.loads(result.stdout)["dry_run"]) == (Exit.FOUND, True)
        assert desk.run() == Exit.OK
        result = CliRunner().invoke(app, ["teardown", "--yes", "--experiment"])
        assert result.exit_code == Exit.OK, result.output
        assert desk.gitlab.active == []
        assert desk.gitlab.experiments == {}


def test_an_error_that_nobody_expected_takes_no_token_along(new_desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_desk() as desk:

        def broken(*_: object) -> None:
            raise ValueError(f"{desk.gitlab.active[0].value} and {desk.gitlab.admin}")

        monkeypatch.setattr("mlflow_gitlab.setup.dotenv_file.DotenvFile.write", broken)
        with pytest.raises(RuntimeError, match="ValueError") as caught:
            desk.run()
        told = "".join(traceback.format_exception(caught.value))
        assert not [token for token in desk.gitlab.all_tokens if token in told]
