"""A small copy of the project to record into, and the command that does it, for the tests of recording."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from conftest import ROOT
from perturbed_gitlab import PerturbedGitLab
from verified_docs.cli import app
from verified_docs.inventory import load_manifest, write_manifest

RAW = ROOT / "tests" / "recordings"
KEY = "gitlab-19.3/mlflow-3/tracking/check_connection"
TOKENS = ("GITLAB_TOKEN", "MLFLOW_TRACKING_TOKEN", "RECORD_GROUP", "RECORD_CI_JOB_ID")


def small_project(folder: Path, examples: Sequence[str], *, cassettes: bool = True) -> Path:
    """A project of a few examples, with the environments of this one."""
    for name in examples:
        for path in (Path("examples") / f"{name}.py", *(one for one in _cassettes(name) if cassettes)):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, folder / path)
    shutil.copy2(ROOT / "pyproject.toml", folder / "pyproject.toml")
    if cassettes:
        rows = load_manifest(ROOT)
        write_manifest(folder, {key: row for key, row in rows.items() if key.split("/", 2)[2] in examples})
    (folder / ".venv").symlink_to(Path(sys.prefix).parent)
    return folder


def _cassettes(name: str) -> Iterable[Path]:
    return (path.relative_to(ROOT) for path in (ROOT / "cassettes").glob(f"*/*/{name}.yaml"))


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def record(root: Path, server: PerturbedGitLab, *arguments: str, variables: Mapping[str, str] | None = None) -> Result:
    """Runs the command in this process; examples run in processes of their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in TOKENS:
            patch.delenv(name, raising=False)
        given = {"GITLAB_URL": server.url, "GITLAB_TOKEN": server.admin, "RECORD_GROUP": "acme", **(variables or {})}
        for name, value in given.items():
            patch.setenv(name, value)
        return CliRunner().invoke(app, ["record", *arguments, "--root", str(root)])


def from_raw(self: Any, lane: Any, job: Mapping[str, Any]) -> dict[str, Any]:
    """Stands for a run in a process of its own: its recording is a raw one that was made before."""
    name = Path(job["example"]).relative_to(Path(job["root"]) / "examples").with_suffix("").as_posix()
    if job["do"] == "replay":
        return {"printed": "connection-check active\nNone\n", "exception": None, "problem": None}
    for ending in (".yaml", ".json"):
        target = Path(job["folder"]) / lane.id / f"{name}{ending}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(RAW / lane.id / f"{name}{ending}", target)
    about = json.loads((RAW / lane.id / f"{name}.json").read_text("utf-8"))
    return {
        "requests": about["requests"],
        "printed": about["stdout"],
        "exception": None,
        "refused": [],
        "gone": False,
    }
