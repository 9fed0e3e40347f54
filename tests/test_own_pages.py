"""Breaks what pages of this site ask for: measured answers, pictures, files, and the functions themselves."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import yaml

from conftest import ROOT, rewrite
from handbook.measured import Status
from handbook.verdict import _ORDER, WORDS
from test_site import refused
from verified_docs.evidence import Evidence
from verified_docs.lane import load_settings
from verified_docs.problem import Problem
from verified_docs.publish import publish_pages

PAGE = "docs/how-to/autolog.md"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('{{ answered("runs.create", "pat:emperor:api") }}', "'pat:emperor:api'"),
        ('{{ answered("metrics.get-history", "pat:developer:api") }}', "disagree"),
        ('{{ permissions.by_role({"x": "pat:developer:api"}, groups=["moon"]) }}', "no group 'moon'"),
        ('{{ probes.table({"x": ["mlflow.fly:basic"]}) }}', "no probe 'mlflow.fly:basic'"),
        ('{{ probes.seen("cli: mlflow doctor:basic", "sends the token to the moon") }}', "did not note"),
        ('{{ screen("moon") }}', "no picture 'moon'"),
        ('{{ diagram("moon") }}', "no diagram 'moon'"),
        ('{{ exchange("tracking/check_connection", "POST runs/fly") }}', "0 times, not 1"),
        ('{{ file("pyproject.lock") }}', "no file 'pyproject.lock'"),
        ('{{ file("../secret.yaml") }}', "no file"),
        ('{{ file(".env") }}', "no file '.env' to show"),
        ('{{ file("/etc/hosts") }}', "no file '/etc/hosts' to show"),
        ('{{ snippet("/etc/hosts") }}', "no file '/etc/hosts' to show"),
        ('{{ file("mkdocs.yml").nothing }}', "has no attribute 'nothing'"),
    ],
)
def test_a_claim_without_evidence_is_not_published(call: str, message: str, project: Path, evidence: Evidence) -> None:
    page = project / PAGE
    text = page.read_text("utf-8")
    rewrite(page, f"{text}\n{call}\n")
    problem = refused(project, evidence)
    assert message in problem.what
    assert (problem.kind, problem.path, problem.line) == ("page", page, text.count("\n") + 2)


def test_a_request_that_was_not_recorded_is_not_published(project: Path, evidence: Evidence) -> None:
    page = project / PAGE
    rewrite(page, page.read_text("utf-8") + "\n```http\nGET /api/v4/never HTTP/1.1\n```\n")
    problem = refused(project, evidence)
    assert (problem.kind, problem.path) == ("unverified-code", page)
    assert "GET /api/v4/never" in problem.what


def test_a_link_out_of_the_folder_is_not_followed(project: Path, evidence: Evidence, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("a: 1\n", "utf-8")
    (project / "config/link.yaml").symlink_to(tmp_path / "outside.yaml")
    rewrite(project / PAGE, (project / PAGE).read_text("utf-8") + '\n{{ file("config/link.yaml") }}\n')
    assert "to show" in refused(project, evidence).what


def test_a_stale_diagram_tells_only_how_to_draw_it(project: Path, evidence: Evidence) -> None:
    source = project / "docs/assets/diagrams/topology.mmd"
    rewrite(source, source.read_text("utf-8") + "  run --> model\n")
    problem = refused(project, evidence)
    assert (problem.path, problem.fix) == (source, "make diagrams")


def test_pages_are_not_written_into_what_they_are_made_of(project: Path, evidence: Evidence) -> None:
    with pytest.raises(Problem) as caught:
        publish_pages(project, evidence, Path("measured/site"))
    assert caught.value.kind == "target"


def test_data_that_is_gone(project: Path, evidence: Evidence) -> None:
    for path in (project / "measured").glob("permissions-*.json"):
        path.unlink()
    assert "there is no permissions" in refused(project, evidence).what


@pytest.mark.parametrize(
    "value",
    [
        "handbook.nothing:functions",
        "handbook.pages:nothing",
        "handbook.pages:_TITLE",
        "nothing:functions",
        "json:loads",
        "os:listdir",
        "builtins:str",
        ".x:y",
        "",
        "x",
    ],
)
def test_functions_that_are_not_there(value: str, project: Path, evidence: Evidence) -> None:
    path = project / "pyproject.toml"
    text = path.read_text("utf-8")
    rewrite(path, text.replace('"handbook.pages:functions"', f'"{value}"'))
    problem = refused(project, evidence)
    assert problem.kind == "config"
    assert value in problem.what


@pytest.mark.parametrize(
    "value", ['["..", "measured"]', '["/etc"]', '["build"]', '["../outside"]', '["nothing"]', '"measured"', "[1]"]
)
def test_folders_that_cannot_be_published(value: str, project: Path, evidence: Evidence) -> None:
    path = project / "pyproject.toml"
    rewrite(path, path.read_text("utf-8").replace('publish = ["config", "measured"]', f"publish = {value}"))
    # With the folder that is being written, it is the target that cannot be.
    assert refused(project, evidence).kind == ("target" if "build" in value else "config")


def test_a_project_without_functions_of_its_own(project: Path, evidence: Evidence) -> None:
    path = project / "pyproject.toml"
    text = path.read_text("utf-8")
    rewrite(
        path,
        text.replace('functions = "handbook.pages:functions"\n', "").replace('publish = ["config", "measured"]\n', ""),
    )
    assert refused(project, evidence).what.endswith("is undefined")
    assert "functions" not in load_settings(project)


def test_measured_data_is_published_as_it_is(project: Path, evidence: Evidence) -> None:
    publish_pages(project, evidence, Path("build/docs"))
    for path in (ROOT / "measured").iterdir():
        assert (project / "build/docs/measured" / path.name).read_bytes() == path.read_bytes()


def test_a_snippet_or_file_without_a_known_ending(project: Path, evidence: Evidence) -> None:
    page = project / PAGE
    rewrite(page, page.read_text("utf-8") + '\n{{ file("pyproject") }}\n')
    rewrite(project / "pyproject", "x")
    assert "ends in none of" in refused(project, evidence).what


def test_every_status_of_a_probe_has_an_order_and_words() -> None:
    assert set(get_args(Status)) == set(_ORDER) == set(WORDS)


def test_settings_of_a_team() -> None:
    text = (ROOT / "config/mlflow-gitlab.yaml").read_text("utf-8")
    settings = yaml.safe_load(text)
    assert list(settings) == ["gitlab", "mlflow", "features", "token", "members", "contacts"]
    template = (ROOT / ".env.template").read_text("utf-8")
    assert f"GITLAB_URL={settings['gitlab']['url']}\n" in template
    assert f"GITLAB_PROJECT={settings['gitlab']['project']}\n" in template
    assert set(settings["features"].values()) <= {"disabled", "private", "enabled"}
    roles = {settings["token"]["role"], *(member["role"] for member in settings["members"])}
    assert roles <= {"Guest", "Planner", "Reporter", "Developer", "Maintainer", "Owner"}
    # Every key, also one that is commented out, has a comment above it.
    rows = text.splitlines()
    for number, row in enumerate(rows):
        if row.strip().startswith(("url:", "project:", "# ca_bundle:", "# tracking_uri:", "experiment:", "timeout:")):
            assert rows[number - 1].strip().startswith("# "), row


def test_settings_that_cannot_be_read(tmp_path: Path) -> None:
    unknown = '[tool.verified_docs]\nlanes = []\npublishes = ["x"]\n'
    for text in ("[tool]\n", "[tool]\nverified_docs = 3\n", "[tool.verified_docs\n", unknown):
        rewrite(tmp_path / "pyproject.toml", text)
        with pytest.raises(Problem, match="cannot be read"):
            load_settings(tmp_path)
