"""Runs the command as people do."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import ADAPTER, LANES_HERE, ROOT, rewrite
from verified_docs.cli import app
from verified_docs.evidence import load_evidence

RUN = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb"})


def test_verify_one_example() -> None:
    done = RUN.invoke(app, ["verify", "tracking/check_connection", "--root", str(ROOT)])
    assert done.exit_code == 0, done.output
    assert f"verified {len(LANES_HERE)} results of 1 examples with MLflow {ADAPTER.client_version()}" in done.output


def test_a_failure_is_told_without_a_traceback(project: Path) -> None:
    path = project / "examples/tracking/check_connection.py"
    rewrite(path, path.read_text("utf-8").replace('"connection-check"', '"another-name"'))
    evidence = project / "evidence.json"
    evidence.write_text("old", "utf-8")
    done = RUN.invoke(app, ["verify", "tracking/check_connection", "--root", str(project), "--evidence", str(evidence)])
    assert done.exit_code == 1
    assert "check_connection.py:16: POST /api/v4/projects/42/ml/mlflow/api/2.0/mlflow/experiments/create" in done.output
    assert "fix: make check EX=tracking/check_connection" in done.output
    assert "Traceback" not in done.output
    # Old evidence must not outlive a failure.
    assert not evidence.exists()


def test_several_problems_are_told_at_once(project: Path) -> None:
    for name in ("check_connection", "log_first_run"):
        rewrite(project / f"examples/tracking/{name}.py", "x = (\n")
    done = RUN.invoke(app, ["verify", "--root", str(project)])
    assert done.exit_code == 1
    assert done.output.count("not valid Python") == 2


def test_evidence_is_written(tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    done = RUN.invoke(app, ["verify", "check_connection", "--root", str(ROOT), "--evidence", str(path)])
    assert done.exit_code == 0
    assert list(load_evidence(path).examples) == ["tracking/check_connection"]


def test_import_writes_cassettes(tmp_path: Path) -> None:
    rewrite(tmp_path / "pyproject.toml", (ROOT / "pyproject.toml").read_text("utf-8"))
    done = RUN.invoke(app, ["import", str(ROOT / "tests/recordings"), "--only", "tracking", "--root", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "imported 6 recordings" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", "nothing"], "there is no example 'nothing'"),
        (["import", "nowhere"], "there is no recording"),
        (["publish", "nowhere.json"], "nothing has been verified yet"),
    ],
)
def test_mistakes(arguments: list[str], message: str) -> None:
    done = RUN.invoke(app, [*arguments, "--root", str(ROOT)])
    assert done.exit_code == 1
    assert message in done.output
    assert "fix: " in done.output


def test_a_project_without_lanes(tmp_path: Path) -> None:
    rewrite(tmp_path / "pyproject.toml", "[tool]\n")
    done = RUN.invoke(app, ["verify", "--root", str(tmp_path)])
    assert done.exit_code == 1
    assert "lanes cannot be read" in done.output


def test_census() -> None:
    done = RUN.invoke(app, ["census", "--root", str(ROOT)])
    assert done.exit_code == 0
    assert "python" in done.output
    assert "each accounted for" in done.output


def test_help_names_every_command() -> None:
    done = RUN.invoke(app, ["--help"])
    assert all(command in done.output for command in ("import", "verify", "publish", "census"))
