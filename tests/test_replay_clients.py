"""Real programs as processes of their own, against the replay server: they print what their pages promise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import LANES_HERE, ROOT
from mlflow_gitlab.replay.library import load_library
from mlflow_gitlab.replay.server import ReplayServer
from verified_docs.evidence import Evidence, Result
from verified_docs.example import load_examples

LANE = LANES_HERE[-1].id
SCRIPTS = {example.id: example.path for example in load_examples(ROOT)}
# What a replay over HTTP cannot give, and why.
NOT_OVER_HTTP = {
    "setup/read_features": "it counts days from today; a strict replay stops the clock at the day of the recording",
    "setup/rotate_token": "it counts days from today; a strict replay stops the clock at the day of the recording",
}


@pytest.fixture(scope="module")
def server() -> Iterator[ReplayServer]:
    found = ReplayServer(load_library(ROOT / "cassettes", LANE), 0, lambda line: None)
    threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture(scope="module")
def proven(evidence: Evidence) -> dict[str, Result]:
    """What each example did in this lane when it was verified."""
    return {
        name: result
        for name, proof in evidence.examples.items()
        if (result := proof.results[LANE]).verdict != "not_recorded"
    }


@pytest.fixture(scope="module")
def ended(
    server: ReplayServer, proven: dict[str, Result], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[int, str, str]]:
    """Exit code, output and messages of every example, each run as a script in a process of its own."""
    folder = tmp_path_factory.mktemp("scripts")
    jobs: list[dict[str, Any]] = []
    for number, name in enumerate(proven):
        work = folder / str(number)
        work.mkdir()
        one = load_library(ROOT / "cassettes", LANE, [name])
        session = name.replace("/", ".").replace("_", "-")
        jobs.append(
            {
                "script": str(SCRIPTS[name]),
                "folder": str(work),
                "environment": one.variables(server.base(session)),
                "out": str(work / "out.txt"),
                "err": str(work / "err.txt"),
            }
        )
    # Nothing of the tests' own environment: other tests point MLflow elsewhere in it.
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    command = [sys.executable, str(ROOT / "tests/replay_forks.py")]
    done = subprocess.run(command, input=json.dumps(jobs), env=environment, capture_output=True, text=True, check=True)
    codes = json.loads(done.stdout)
    return {
        name: (code, Path(job["out"]).read_text("utf-8"), Path(job["err"]).read_text("utf-8"))
        for name, job, code in zip(proven, jobs, codes, strict=True)
    }


def without_own_words(printed: str) -> str:
    """What the example printed, without the links that MLflow prints beside it."""
    return "".join(f"{row}\n" for row in printed.splitlines() if not row.startswith(("🏃", "🧪")))


def test_every_example_prints_what_its_page_promises(
    server: ReplayServer, proven: dict[str, Result], ended: dict[str, tuple[int, str, str]]
) -> None:
    other = {}
    for name, result in proven.items():
        code, printed, messages = ended[name]
        base = server.base(name.replace("/", ".").replace("_", "-"))
        said = without_own_words(printed).replace(base, "https://gitlab.example.com")
        fails = result.exception is not None
        if said != result.output or (code != 0) != fails:
            other[name] = (code, said[-300:], result.output[-300:], messages[-600:])
    assert other.keys() == NOT_OVER_HTTP.keys(), json.dumps(
        {name: other[name] for name in other.keys() - NOT_OVER_HTTP.keys()}, indent=1
    )


def test_the_address_of_the_server_is_in_what_a_client_is_told(ended: dict[str, tuple[int, str, str]]) -> None:
    everything = "".join(printed + messages for _, printed, messages in ended.values())
    assert "http://127.0.0.1:" in everything
    assert "gitlab.example.com" not in everything


def test_curl_gets_what_was_recorded_and_an_honest_404(server: ReplayServer) -> None:
    api = f"{server.base('curl')}/api/v4/projects/42/ml/mlflow/api/2.0/mlflow"
    command = ["curl", "--silent", "--include", "--header", "Authorization: Bearer x"]
    create = [*command, "--json", '{"name": "wine-classifier"}', f"{api}/experiments/create"]
    made = subprocess.run(create, capture_output=True, text=True, check=True).stdout
    assert '"experiment_id":"1"' in made.replace(" ", "")
    unknown = subprocess.run([*command, f"{api}/traces/fly"], capture_output=True, text=True, check=True).stdout
    assert unknown.startswith("HTTP/1.1 404")
    assert "this replay has no recording of GET" in unknown


def test_the_command_line_of_mlflow_runs_against_it(server: ReplayServer, tmp_path: Path) -> None:
    commands = "mlflow experiments create --experiment-name wine-classifier\nmlflow experiments get --experiment-id 1"
    variables = server.library.variables(server.base("cli"))
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)} | variables
    done = subprocess.run(["bash", "-ec", commands], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Created experiment 'wine-classifier' with id 1" in done.stdout
