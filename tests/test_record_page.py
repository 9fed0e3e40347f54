"""Runs the commands of the page about re-recording as they stand, against a GitLab on loopback; and the drift job."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT, rewrite
from handbook.pipeline import check_schema
from perturbed_gitlab import PerturbedGitLab, running
from record_bench import files, small_project
from verified_docs.census import find_fences
from verified_docs.inventory import load_manifest
from verified_docs.problem import Problem

PAGE = ROOT / "docs/contribute/re-record.md"
TEXT = PAGE.read_text("utf-8")
EXAMPLE = "tracking/check_connection"
NEW_LANE = "gitlab-20.1/mlflow-3"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = small_project(tmp_path / "project", [EXAMPLE, "errors/deploy_token"])
    shutil.copy2(ROOT / "Makefile", root / "Makefile")
    shutil.copytree(ROOT / ".ci", root / ".ci")
    # Both environments are there already.
    rewrite(root / "scripts/bootstrap.sh", "#!/bin/sh\nexit 0\n")
    (root / "scripts/bootstrap.sh").chmod(0o755)
    return root


@pytest.fixture
def gitlab() -> Iterator[PerturbedGitLab]:
    with running(PerturbedGitLab(ROOT / "cassettes", "gitlab-19.3", [EXAMPLE], 11)) as server:
        yield server


def section(title: str) -> str:
    return next(part for part in re.split(r"^## ", TEXT, flags=re.M) if part.startswith(f"{title}\n"))


def snippets(title: str) -> list[str]:
    names = re.findall(r'\{\{ snippet\("(.*?)"\) \}\}', section(title))
    return [(ROOT / "snippets" / name).read_text("utf-8") for name in names]


def fences(title: str, language: str) -> list[str]:
    return [fence.content for fence in find_fences(PAGE, section(title)) if fence.language == language]


def run(script: str, root: Path, server: PerturbedGitLab, **variables: str) -> subprocess.CompletedProcess[str]:
    """A script of the page, with the address of the loopback server in the place of the example's."""
    script = script.replace("https://gitlab.example.com", server.url)
    given = {"PYTHONPATH": str(ROOT / "src"), "GITLAB_TOKEN": server.admin, "RECORD_GROUP": "acme", **variables}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITLAB", "MLFLOW", "MAKE"))}
    return subprocess.run(
        ["bash", "-ec", script],
        cwd=root,
        env=kept | given,
        input=f"{server.admin}\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_one_example(project: Path, gitlab: PerturbedGitLab) -> None:
    before = files(project / "cassettes")
    done = run("".join(snippets("Record one example")), project, gitlab)
    assert done.returncode == 0, done.stdout + done.stderr
    (shown,) = fences("Record one example", "text")
    assert done.stdout.splitlines() == shown.splitlines()
    assert done.stderr == ""
    assert files(project / "cassettes") == before
    assert gitlab.projects == {}
    assert gitlab.admin not in str(files(project / "build"))


def newest_client(project: Path) -> Path:
    """The same with the lanes of one client only: importing another MLflow takes seconds."""
    text = (project / "pyproject.toml").read_text("utf-8")
    rewrite(project / "pyproject.toml", re.sub(r"\n  \{ server = .* client = \"MLflow 2.*", "", text))
    return project


def test_everything_and_a_choice(project: Path, gitlab: PerturbedGitLab) -> None:
    newest_client(project)
    everything, choice = snippets("Record everything")
    done = run(everything, project, gitlab, GITLAB_URL=gitlab.url)
    assert "skipped gitlab-19.3/mlflow-3/errors/deploy_token: needs TOKEN_DEPLOY" in done.stdout
    assert "1 recorded, 1 not" in done.stdout
    assert done.returncode == 2  # what `make` says of any failure
    done = run(choice, project, gitlab, GITLAB_URL=gitlab.url)
    assert "1 of 1 are done already" in done.stdout
    assert done.returncode == 0


def test_look_before_anything_changes(project: Path, gitlab: PerturbedGitLab) -> None:
    newest_client(project)
    before = files(project / "cassettes")
    (both,) = snippets("Look before anything changes")
    first, second = both.splitlines()
    done = run(first, project, gitlab, GITLAB_URL=gitlab.url)
    assert f"unchanged gitlab-19.3/mlflow-3/{EXAMPLE}: 4 requests" in done.stdout
    done = run(second, project, gitlab, GITLAB_URL=gitlab.url)
    # What was skipped was not recorded again: the report says so.
    assert "was not recorded again" in done.stdout
    assert "errors/deploy_token" in (project / "drift.md").read_text("utf-8")
    assert files(project / "cassettes") == before


def test_another_version(project: Path) -> None:
    """A made-up lane, in a copy: one line, one command."""
    line = next(row for row in fences("Another GitLab version", "toml")[0].splitlines() if "server" in row)
    text = (project / "pyproject.toml").read_text("utf-8")
    rewrite(project / "pyproject.toml", text.replace("\nlanes = [\n", f"\nlanes = [\n{line}\n"))
    before = files(project / "cassettes")
    (command,) = snippets("Another GitLab version")
    assert NEW_LANE in command
    with running(PerturbedGitLab(ROOT / "cassettes", "gitlab-19.3", [EXAMPLE], 12, "20.1.0")) as newer:
        done = run(command, project, newer, GITLAB_URL=newer.url)
        assert f"recorded {NEW_LANE}/{EXAMPLE}: 4 requests" in done.stdout, done.stdout + done.stderr
        assert newer.projects == {}
    after = files(project / "cassettes")
    assert after.keys() - before.keys() == {f"{NEW_LANE}/{EXAMPLE}.yaml"}
    assert all(after[name] == content for name, content in before.items() if name != "manifest.json")
    assert f"{NEW_LANE}/{EXAMPLE}" in load_manifest(project)
    assert b"version: 20.1.0" in after[f"{NEW_LANE}/{EXAMPLE}.yaml"]
    # The lane is one like any other: its example verifies.
    check = f"{sys.executable} -m verified_docs verify {EXAMPLE}"
    with running(PerturbedGitLab(ROOT / "cassettes", "gitlab-19.3", [EXAMPLE], 12)) as older:
        assert NEW_LANE.split("/")[0] not in older.log
        done = run(check, _without_due(project), older)
    assert "in GitLab 20.1 with MLflow 3.17.2: passes" in done.stdout, done.stdout + done.stderr


def _without_due(project: Path) -> Path:
    """The copy has none of the recordings that wait."""
    text = (project / "pyproject.toml").read_text("utf-8")
    rewrite(project / "pyproject.toml", re.sub(r"\ndue = .*", "", text))
    return project


def test_a_lane_that_this_gitlab_is_not(project: Path, gitlab: PerturbedGitLab) -> None:
    done = run("make record LANE=gitlab-18.9/mlflow-3", project, gitlab, GITLAB_URL=gitlab.url)
    assert done.returncode != 0
    assert "no lane is for GitLab 19.3.0-pre" in done.stderr
    assert gitlab.projects_made == 0


def test_the_drift_job(project: Path, gitlab: PerturbedGitLab) -> None:
    done = run(".ci/drift", newest_client(project), gitlab, GITLAB_URL=gitlab.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 recordings compared" in done.stdout
    assert (project / "build/drift.md").exists()
    assert (project / "build/drift.json").exists()
    assert not any(secret.encode() in text for text in files(project).values() for secret in gitlab.secrets)


def test_the_drift_job_finds_drift(project: Path, gitlab: PerturbedGitLab) -> None:
    path = project / "cassettes/gitlab-19.3/mlflow-3" / f"{EXAMPLE}.yaml"
    path.write_text(path.read_text("utf-8").replace("code: 404", "code: 410"), "utf-8")
    done = run(".ci/drift", newest_client(project), gitlab, GITLAB_URL=gitlab.url)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "410 → 404" in done.stdout


def test_the_scheduled_job_alone_fails_of_age(project: Path, gitlab: PerturbedGitLab) -> None:
    fresh = run("make freshness", project, gitlab, VERIFIED_DOCS_TODAY="2026-11-24")
    assert fresh.returncode == 0, fresh.stdout + fresh.stderr
    old = run("make freshness", project, gitlab, VERIFIED_DOCS_TODAY="2028-01-01")
    assert old.returncode != 0
    assert "promised 180 days" in old.stdout
    assert "days old" in (project / "build/freshness.json").read_text("utf-8")
    check = f"{sys.executable} -m verified_docs verify {EXAMPLE}"
    checked = run(check, project, gitlab, VERIFIED_DOCS_TODAY="2028-01-01")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_pipeline_keeps_to_the_schema(tmp_path: Path) -> None:
    pipeline = ROOT / ".gitlab-ci.yml"
    check_schema([pipeline])
    text = pipeline.read_text("utf-8")
    rule = '$CI_PIPELINE_SOURCE == "schedule" && $RECORD_GITLAB_URL && $RECORD_GITLAB_TOKEN'
    assert f"- if: {rule}" in text
    broken = tmp_path / ".gitlab-ci.yml"
    broken.write_text(text.replace("resource_group: drift", "resource_groups: drift"), "utf-8")
    with pytest.raises(Problem, match="resource_groups"):
        check_schema([broken])


def test_the_page_names_every_variable_and_word() -> None:
    from verified_docs.example import load_examples
    from verified_docs.gitlab_mlflow.scratch import _INVENTED, JOB_VARIABLE, _is_made, _labels, variable_of

    labels = {label for example in load_examples(ROOT) for label in _labels(example)}
    asked = {variable_of(one) for one in labels if not _is_made(one) and one not in {*_INVENTED, "pat:owner:api"}}
    for name in (*asked, JOB_VARIABLE):
        assert f"`{name}`" in section("Record everything"), name
    for word in ("recorded", "unchanged", "changed (drift)", "skipped", "failed"):
        assert f"| `{word}` |" in section("Record one example")
