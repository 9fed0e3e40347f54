"""Two real processes share one session: what examples could only pretend in one process."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import LANES, ROOT
from mlflow_gitlab.replay.library import load_library
from mlflow_gitlab.replay.server import ReplayServer
from verified_docs.lane import Lane

FIRST_JOB = """
import mlflow
mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="two-jobs") as run:
    mlflow.log_text("from the first job\\n", "first.txt")
print("run", run.info.run_id)
"""
SECOND_JOB = """
import os, sys, mlflow, requests
from mlflow import MlflowClient
artifact_uri = MlflowClient().get_run(sys.argv[1]).info.artifact_uri
print(artifact_uri)
project = os.environ["MLFLOW_TRACKING_URI"].removesuffix("/ml/mlflow")
candidate = artifact_uri.removeprefix("mlflow-artifacts:/")
response = requests.put(
    f"{project}/packages/ml_models/{candidate}/files/second.txt",
    data=b"from the second job\\n",
    headers={"Authorization": f"Bearer {os.environ['MLFLOW_TRACKING_TOKEN']}"},
    timeout=30,
)
print(response.status_code, response.json()["message"])
files = mlflow.artifacts.list_artifacts(artifact_uri=f"runs:/{sys.argv[1]}/")
print(sorted(file.path for file in files))
"""
LATER_UPLOAD = """
import sys
from mlflow import MlflowClient
MlflowClient().log_text(sys.argv[1], "second\\n", "second.txt")
"""
RUN = "00000000-0000-4000-8000-000000000001"


def newest(lanes: tuple[Lane, ...]) -> list[Lane]:
    return [lane for lane in lanes if lane.server == lanes[-1].server]


@pytest.fixture(params=newest(LANES), ids=lambda lane: lane.environment)
def lane(request: pytest.FixtureRequest) -> Lane:
    found: Lane = request.param
    if not (ROOT / ".venv" / found.environment).is_dir():
        pytest.skip(f"there is no environment {found.environment}: make setup")
    return found


@pytest.fixture
def heard(lane: Lane) -> Iterator[tuple[ReplayServer, list[str]]]:
    """A server that offers one example, and the lines that it tells."""
    told: list[str] = []
    library = load_library(ROOT / "cassettes", lane.id, ["tracking/upload_from_second_job"])
    server = ReplayServer(library, 0, told.append)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server, told
    server.shutdown()
    server.server_close()


def process(lane: Lane, server: ReplayServer, code: str, folder: Path, *arguments: str) -> tuple[str, str]:
    """Runs Python in a process of its own, with the client of a lane."""
    (folder / "job.py").write_text(code, "utf-8")
    variables = server.library.variables(server.base("shared")) | {"PATH": "/usr/bin:/bin"}
    command = [str(ROOT / ".venv" / lane.environment / "bin/python"), str(folder / "job.py"), *arguments]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    return done.stdout, done.stderr


def test_a_second_job_adds_a_file_through_the_package_endpoint(
    lane: Lane, heard: tuple[ReplayServer, list[str]], tmp_path: Path
) -> None:
    server, told = heard
    printed, messages = process(lane, server, FIRST_JOB, tmp_path)
    assert f"run {RUN}" in printed, messages
    printed, messages = process(lane, server, SECOND_JOB, tmp_path, RUN)
    assert printed.splitlines() == [
        "mlflow-artifacts:/candidate:1",
        "201 201 Created",
        "['first.txt', 'second.txt']",
    ], messages
    assert not [line for line in told if "not recorded" in line]


def test_mlflow_in_a_second_process_uploads_to_an_address_that_only_reads(
    lane: Lane, heard: tuple[ReplayServer, list[str]], tmp_path: Path
) -> None:
    # The answer to that request is measured, not recorded: 415 (MlflowClient.log_artifact:second process).
    server, told = heard
    process(lane, server, FIRST_JOB, tmp_path)
    _, messages = process(lane, server, LATER_UPLOAD, tmp_path, RUN)
    unknown = [line for line in told if "not recorded" in line]
    assert len(unknown) == 1
    assert "PUT" in unknown[0]
    assert "/mlflow-artifacts/artifacts/candidate:1/second.txt" in unknown[0]
    assert "404" in messages
