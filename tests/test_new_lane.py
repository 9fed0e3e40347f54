"""The recipe for a new client on a small handbook: each step, and what is said where a step is missing."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import ROOT, rewrite
from verified_docs.cli import app
from verified_docs.evidence import load_evidence
from verified_docs.scaffold import scaffold

RECIPE = ROOT / "docs/contribute/new-mlflow.md"
NEW = '  { server = "GitLab 19.3", client = "python-gitlab 9.0.0" },\n]'
OLD_PART, NEW_PART = (f"build/evidence/python-gitlab-{major}.json" for major in (8, 9))
NAME = "project/read_project"
ADAPTER = """import os

from verified_docs.gitlab_rest import GitLabREST


class Ours(GitLabREST):
    def client_version(self) -> str:
        return os.environ["CLIENT"]
"""


@pytest.fixture
def handbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A handbook whose client is the one that a variable names."""
    root = tmp_path / "handbook"
    scaffold(root, "Our handbook")
    rewrite(root / "our_client.py", ADAPTER)
    edit(root, "pyproject.toml", "verified_docs.gitlab_rest:GitLabREST", "our_client:Ours")
    monkeypatch.syspath_prepend(str(root))
    monkeypatch.delitem(sys.modules, "our_client", raising=False)
    monkeypatch.chdir(root)
    return root


def edit(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text("utf-8")
    assert old in text
    rewrite(root / name, text.replace(old, new))


def told(client: str, *command: str) -> tuple[int, str]:
    done = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb", "CLIENT": client}).invoke(app, command)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, re.sub(r"\s+", " ", done.output)


def add_lane(root: Path) -> None:
    edit(root, "pyproject.toml", 'client = "python-gitlab 8.6.0" },\n]', f'client = "python-gitlab 8.6.0" }},\n{NEW}')


def test_with_a_lane_more_and_no_recordings_the_site_says_so(handbook: Path) -> None:
    add_lane(handbook)
    code, said = told("8.6.0", "verify", "--evidence", OLD_PART)
    assert (code, "verified 2 results" in said) == (0, True), said
    code, said = told("9.0.0", "verify", "--evidence", NEW_PART)
    assert (code, "verified 0 results of 1 examples" in said) == (0, True), said
    results = load_evidence(handbook / NEW_PART).examples[NAME].results
    assert [result.verdict for result in results.values()] == ["not_recorded"]
    code, said = told("8.6.0", "publish", OLD_PART, NEW_PART)
    assert code == 0, said
    page = (handbook / "build/docs/how-to/read-a-project.md").read_text("utf-8")
    assert "GitLab 19.3 · python-gitlab 9.0.0 <em>not recorded</em>" in page
    assert page.count("<em>ran as shown</em>") == 2
    assert "python-gitlab-9" in (handbook / "build/docs/evidence.json").read_text("utf-8")


def test_the_evidence_of_an_environment_is_missing(handbook: Path) -> None:
    add_lane(handbook)
    assert told("8.6.0", "verify", "--evidence", OLD_PART)[0] == 0
    code, said = told("8.6.0", "publish", OLD_PART)
    assert (code, f"{NAME} has no verdict for GitLab 19.3 with python-gitlab 9.0.0" in said) == (1, True), said
    code, said = told("8.6.0", "publish", OLD_PART, NEW_PART)
    assert (code, "nothing has been verified yet" in said, "fix: make verify" in said) == (1, True, True), said


def test_an_environment_has_another_client_than_the_lanes(handbook: Path) -> None:
    code, said = told("9.0.0", "verify")
    assert (code, "no lane has python-gitlab 9.0.0, which is installed here" in said) == (1, True), said
    assert "fix: make setup" in said


def test_there_is_no_environment_for_a_lane(handbook: Path) -> None:
    from verified_docs.lane import load_lanes
    from verified_docs.mutants.mutant import Project, find_mutants
    from verified_docs.mutants.operators import choose_operators
    from verified_docs.mutants.trial import try_mutants
    from verified_docs.problem import Problem, Problems

    add_lane(handbook)
    lanes = load_lanes(handbook)
    chosen = find_mutants(Project(handbook), choose_operators(["cassette"]))[:1]
    with pytest.raises((Problem, Problems), match="there is no environment for python-gitlab"):
        try_mutants(handbook, chosen, lanes)


def test_the_lock_asks_for_another_client(handbook: Path) -> None:
    rewrite(handbook / "requirements/python-gitlab-8.in", "python-gitlab==9.0.0\n")
    rewrite(handbook / "requirements/python-gitlab-8.txt", "")
    code, said = told("8.6.0", "verify")
    assert (code, "nothing asks for python-gitlab==8.6.0, the client of GitLab" in said) == (1, True), said
    assert "fix: write it there, then make lock" in said


def test_a_lane_is_there_twice(handbook: Path) -> None:
    edit(handbook, "pyproject.toml", "GitLab 18.9", "GitLab 19.3")
    code, said = told("8.6.0", "verify")
    assert (code, "the lanes must be named, each once" in said) == (1, True), said


def test_another_version_in_a_lane_is_red_until_it_is_recorded(handbook: Path) -> None:
    edit(handbook, "pyproject.toml", "python-gitlab 8.6.0", "python-gitlab 8.7.0")
    code, said = told("8.7.0", "verify", "--evidence", OLD_PART)
    assert code == 1, said
    assert "8.6.0" in said
    assert "fix: " in said


@pytest.mark.parametrize(
    "message",
    [
        "no lane has MLflow …, which is installed here",
        "there is no environment for MLflow …",
        "the lanes must be named, each once",
        "… has no verdict for …",
        "nothing asks for …, the client of …",
    ],
)
def test_the_recipe_has_the_messages(message: str) -> None:
    """The tests above make each of them, with the client of the handbook."""
    assert f"**`{message}`**" in RECIPE.read_text("utf-8")
