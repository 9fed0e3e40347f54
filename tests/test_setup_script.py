"""Runs scripts/setup-gitlab-mlflow.py as people do, with the package, without it, and without what it needs."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

SCRIPT = ROOT / "scripts/setup-gitlab-mlflow.py"
COMMAND = "import sys; sys.argv[0] = 'mlflow-gitlab'; from mlflow_gitlab.cli import main; main()"
# A child gets no setting, token or proxy of whoever runs the tests.
CLEAN = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG") if name in os.environ}
CLEAN |= {"PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "120"}


def ran(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = CLEAN | {"HOME": str(folder)}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_it_has_the_options_of_the_command(tmp_path: Path) -> None:
    script, command = ran(tmp_path, SCRIPT, "--help"), ran(tmp_path, "-c", COMMAND, "setup", "--help")
    assert (script.returncode, script.stderr) == (0, "")
    assert script.stdout == command.stdout
    assert "mlflow-gitlab setup [OPTIONS]" in script.stdout and "--dry-run" in script.stdout


def test_it_can_be_started_by_its_name() -> None:
    assert os.access(SCRIPT, os.X_OK)
    assert SCRIPT.read_text("utf-8").startswith("#!/usr/bin/env python3\n")


def test_without_settings_it_names_them_and_writes_nothing(tmp_path: Path) -> None:
    done = ran(tmp_path, SCRIPT)
    assert done.returncode == 2
    for name in ("url", "project", "admin_token"):
        assert f"{name} is not set" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_settings_are_those_of_the_folder_one_is_in(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GITLAB_URL=https://gitlab.example.com\nGITLAB_PROJECT_ID=42\n", "utf-8")
    done = ran(tmp_path, SCRIPT)
    assert done.returncode == 2
    assert "admin_token is not set" in done.stderr
    assert "url is not set" not in done.stderr


@pytest.mark.parametrize("argument", ["--config", "--env-file"])
def test_options_reach_the_command(argument: str, tmp_path: Path) -> None:
    done = ran(tmp_path, SCRIPT, argument, "nowhere.file")
    assert done.returncode == 2
    assert "nowhere.file" in done.stderr


def test_an_unknown_option_is_refused(tmp_path: Path) -> None:
    done = ran(tmp_path, SCRIPT, "--dry-rum")
    assert done.returncode == 2
    assert "--dry-rum" in done.stderr


@pytest.mark.parametrize(
    ("switches", "missing"),
    [(("-S", "-E"), "mlflow_gitlab"), (("-S",), "typer")],
    ids=["no package", "package without what it needs"],
)
def test_without_the_package_it_says_in_one_line_what_to_install(
    switches: tuple[str, ...], missing: str, tmp_path: Path
) -> None:
    clone = tmp_path / "my clone"
    (clone / "scripts").mkdir(parents=True)
    script = shutil.copy(SCRIPT, clone / "scripts")
    done = ran(tmp_path, *switches, script, "--help")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    told, _, command = done.stderr.strip().partition("; install it with: ")
    assert told == f"setup-gitlab-mlflow: {missing} cannot be imported"
    assert shlex.split(command) == [sys.executable, "-m", "pip", "install", str(clone.resolve())]
