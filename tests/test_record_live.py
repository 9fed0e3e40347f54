"""Records a GitLab on loopback with real clients, twice: no byte differs, and no token is anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from conftest import ROOT, rewrite
from perturbed_gitlab import PerturbedGitLab, running
from record_bench import files, record, small_project
from verified_docs.cli import app
from verified_docs.inventory import load_manifest

# Files, models and pages; an Owner's set-up; a refusal; and what needs a token that nobody can make.
EXAMPLES = [
    "errors/basic_auth_wins",
    "errors/expired_token",
    "errors/unknown_job",
    "errors/wrong_token",
    "registry/register_model_version",
    "setup/rest_gallery",
    "tracking/download_artifacts",
    "tracking/page_through_runs",
]
BOTH = ["tracking/page_through_runs"]
NEWEST = ("--lane", "gitlab-19.3/mlflow-3")


@pytest.fixture(scope="module")
def gitlab() -> Iterator[PerturbedGitLab]:
    with running(PerturbedGitLab(ROOT / "cassettes", "gitlab-19.3", EXAMPLES, 1)) as server:
        yield server


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_project(tmp_path_factory.mktemp("live") / "project", EXAMPLES)


@pytest.fixture(scope="module")
def whole(project: Path, gitlab: PerturbedGitLab) -> Result:
    """Everything that the newest lane has, recorded once."""
    return record(project, gitlab, *NEWEST)


def held(text: bytes | str, server: PerturbedGitLab) -> list[str]:
    """The secrets that a text holds."""
    content = text.encode() if isinstance(text, str) else text
    known = {*server.secrets, "secret-cookie-of-a-session"}
    return [secret for secret in known if secret.encode() in content]


def test_every_example_has_its_line(whole: Result) -> None:
    lines = [line for line in whole.output.splitlines() if "gitlab-19.3/mlflow-3/" in line]
    assert len(lines) == len(EXAMPLES)
    for name, line in zip(EXAMPLES, lines, strict=True):
        assert f"gitlab-19.3/mlflow-3/{name}: " in line
    assert "skipped gitlab-19.3/mlflow-3/errors/expired_token: needs TOKEN_PAT_DEVELOPER_EXPIRED" in lines
    assert [line for line in lines if not line.startswith("unchanged")] == [lines[1]]
    assert "7 recorded, 1 not" in whole.output
    assert whole.exit_code == 1


def test_an_unchanged_server_changes_no_byte(whole: Result, project: Path) -> None:
    recorded = files(project / "cassettes")
    manifest = json.loads(recorded.pop("manifest.json"))
    assert recorded
    for name, content in recorded.items():
        assert content == (ROOT / "cassettes" / name).read_bytes(), name
    assert manifest["recordings"].items() <= load_manifest(ROOT).items()


def test_nothing_is_left(whole: Result, gitlab: PerturbedGitLab, project: Path) -> None:
    assert gitlab.projects == {}
    assert len(gitlab.removed) == gitlab.projects_made == 7
    assert gitlab.unknown == []
    assert set(files(project / "build" / "record")) == {"lock", "state.json"}


def test_no_secret_is_anywhere(whole: Result, gitlab: PerturbedGitLab, project: Path, tmp_path: Path) -> None:
    assert len(gitlab.secrets) > 10
    assert held(whole.output, gitlab) == []
    for name, content in files(project).items():
        assert held(content, gitlab) == [], name


def test_two_first_recordings_are_one(gitlab: PerturbedGitLab, tmp_path: Path) -> None:
    """No cassette to start with, both clients, two servers that share nothing but what GitLab promises."""
    root = small_project(tmp_path / "project", BOTH, cassettes=False)
    first = record(root, gitlab)
    assert first.output.count("recorded gitlab-19.3/") == 2, first.output
    once = files(root / "cassettes")
    assert len(once) == 3
    with running(PerturbedGitLab(ROOT / "cassettes", "gitlab-19.3", BOTH, 99)) as other:
        second = record(root, other)
        assert second.output.count("unchanged gitlab-19.3/") == 2, second.output
        for content in files(root).values():
            assert held(content, other) == held(content, gitlab) == []
    assert files(root / "cassettes") == once


def test_into_a_folder_for_drift(gitlab: PerturbedGitLab, tmp_path: Path) -> None:
    root = small_project(tmp_path / "project", ["tracking/page_through_runs", "setup/rest_gallery"])
    # What the example does now is wanted, not what it promises.
    path = root / "examples/tracking/page_through_runs.py"
    rewrite(path, path.read_text("utf-8").replace("#> ", "#> no longer ", 1))
    before = files(root / "cassettes")
    result = record(root, gitlab, "--into", str(tmp_path / "scratch"), *NEWEST)
    assert result.exit_code == 0, result.output
    assert files(root / "cassettes") == before
    outputs = json.loads((tmp_path / "scratch/outputs.json").read_text("utf-8"))
    assert set(outputs) == {
        "gitlab-19.3/mlflow-3/setup/rest_gallery",
        "gitlab-19.3/mlflow-3/tracking/page_through_runs",
    }
    for said in outputs.values():
        assert set(said) == {"output", "exception"}
        assert said["output"]
    outcomes = json.loads((tmp_path / "scratch/outcomes.json").read_text("utf-8"))
    assert {key: row["state"] for key, row in outcomes.items()} == dict.fromkeys(outputs, "unchanged")
    only = [f"--only={key}" for key in outcomes]
    told = CliRunner().invoke(app, ["drift", str(root / "cassettes"), str(tmp_path / "scratch"), *only])
    assert told.exit_code == 0, told.output
    assert "2 recordings compared" in told.output


def test_a_broken_promise_leaves_the_old_one(gitlab: PerturbedGitLab, tmp_path: Path) -> None:
    root = small_project(tmp_path / "project", ["errors/wrong_token", "tracking/page_through_runs"], cassettes=False)
    path = root / "examples/tracking/page_through_runs.py"
    rewrite(path, path.read_text("utf-8").replace("#> ", "#> no longer ", 1))
    result = record(root, gitlab, *NEWEST)
    assert result.exit_code == 1
    assert "recorded gitlab-19.3/mlflow-3/errors/wrong_token: 1 request" in result.output
    assert "failed gitlab-19.3/mlflow-3/tracking/page_through_runs: in GitLab 19.3 with MLflow" in result.output
    assert "--accept" in result.output
    assert not (root / "cassettes/gitlab-19.3/mlflow-3/tracking/page_through_runs.yaml").exists()
    # It goes on with what is missing.
    result = record(root, gitlab, "--accept", *NEWEST)
    assert result.exit_code == 0, result.output
    assert "1 of 2 are done already" in result.output
    assert (root / "cassettes/gitlab-19.3/mlflow-3/tracking/page_through_runs.yaml").exists()


def test_a_token_in_a_place_without_a_label_is_never_written(gitlab: PerturbedGitLab, tmp_path: Path) -> None:
    root = small_project(tmp_path / "project", ["errors/wrong_token", "errors/unknown_job"])
    path = root / "examples/errors/wrong_token.py"
    code = path.read_text("utf-8").replace(
        "MlflowClient().create_experiment",
        'import os\n\nos.environ["MLFLOW_TRACKING_TOKEN"] = "glpat-" + "typed-by-somebody-1"\n'
        "MlflowClient().create_experiment",
    )
    rewrite(path, code)
    other = root / "examples/errors/unknown_job.py"
    rewrite(
        other,
        other.read_text("utf-8").replace(
            "import mlflow\n",
            'import urllib.request\n\nimport mlflow\n\nurllib.request.urlopen("http://127.0.0.1:9/elsewhere")\n',
        ),
    )
    before = files(root / "cassettes")
    result = record(root, gitlab, *NEWEST)
    assert result.exit_code == 1
    assert "the example sends a credential that it was not given" in result.output
    assert "nothing was written: a request to http://127.0.0.1" in result.output
    assert "typed-by-somebody" not in result.output
    assert files(root / "cassettes") == before
    for name, content in files(root / "build" / "record").items():
        assert b"typed-by-somebody" not in content, name
    assert gitlab.projects == {}
