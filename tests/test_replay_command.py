"""The command starts a replay, points programs to it, and ends with a message and an exit code, never a traceback."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner, Result

from conftest import ROOT
from mlflow_gitlab.cli import app
from verified_docs.cassette import CASSETTES

LANE = "gitlab-19.3/mlflow-3"
FIRST_RUN = "tracking/log_first_run"
OFFER = ("replay", FIRST_RUN, "--lane", LANE)
PROGRAM = (sys.executable, "-c", "from mlflow_gitlab.cli import main; main()")
PATH = "/api/v4/projects/42/ml/mlflow/api/2.0/mlflow/experiments/get-by-name?experiment_name=wine-classifier"
REAL = "a-real-token-of-somebody"


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def said(result: Result) -> str:
    """What a wrong command is told, and that it is told nothing else."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT / "src")} | more


def completed(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words], capture_output=True, text=True, timeout=60, check=False, env=environment(**more)
    )


@contextmanager
def running(*words: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A replay in the foreground of a process of its own, with the lines that it says before it waits."""
    process = subprocess.Popen(
        [*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    try:
        assert process.stdout
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.startswith("Ctrl-C"):
                break
        yield process, lines
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def variables(lines: str) -> dict[str, str]:
    """What a shell makes of lines with export."""
    found = {}
    for line in lines.splitlines():
        word, assignment = shlex.split(line)
        assert word == "export"
        name, _, value = assignment.partition("=")
        found[name] = value
    return found


def test_env_prints_lines_for_a_shell_and_labels_for_tokens() -> None:
    result = invoke(*OFFER, "--env", "--port", "8099", "--session", "team-a")
    assert result.exit_code == 0
    found = variables(result.stdout)
    assert found["GITLAB_URL"] == "http://127.0.0.1:8099/team-a"
    assert found["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:8099/team-a/api/v4/projects/42/ml/mlflow"
    assert found["MLFLOW_TRACKING_TOKEN"] == "<project:developer:api>"
    assert found["NO_PROXY"] == "127.0.0.1,localhost"
    assert "gitlab.example.com" not in result.stdout


def test_a_shell_takes_the_lines_as_they_are() -> None:
    lines = invoke(*OFFER, "--env").stdout
    script = f'{lines}printf %s "$MLFLOW_TRACKING_TOKEN $GITLAB_URL"'
    shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert shell.stdout == "<project:developer:api> http://127.0.0.1:8042/me"


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_replay_takes_a_free_port_writes_it_down_and_ends_when_told(tmp_path: Path, stop: signal.Signals) -> None:
    path = tmp_path / "replay.env"
    with running(*OFFER, "--port", "0", "--env-file", str(path)) as (process, lines):
        found = variables(path.read_text("utf-8"))
        port = int(found["GITLAB_URL"].split(":")[2].split("/")[0])
        assert port > 0
        assert f"http://127.0.0.1:{port}/ to see what is recorded" in "\n".join(lines)
        assert f"replay {FIRST_RUN} --lane {LANE} --port {port} --env" in "\n".join(lines)
        answer = requests.get(found["GITLAB_URL"] + PATH, headers={"Authorization": f"Bearer {REAL}"}, timeout=20)
        assert (answer.status_code, answer.headers["X-Replay"]) == (404, f"{FIRST_RUN}[0]")
        assert process.stdout
        line = process.stdout.readline()
        process.send_signal(stop)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "ended\n")
    assert f"404 {FIRST_RUN}[0]" in line
    assert REAL not in line + rest + errors


def test_a_busy_port_is_told_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = said(invoke(*OFFER, "--port", str(port)))
    assert f"port {port} cannot be used" in text
    assert "mlflow-gitlab replay --port 0" in text


def test_there_is_no_option_to_listen_elsewhere() -> None:
    assert said(invoke(*OFFER, "--host", "0.0.0.0"))
    usage = re.sub(r"\x1b\[[0-9;]*m", "", invoke("replay", "--help").stdout)
    assert set(re.findall(r"--[a-z]+(?:-[a-z]+)*", usage)) <= {
        "--lane", "--port", "--session", "--cassettes", "--env", "--env-file", "--help",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tracking/log_frist_run", "--lane", LANE), f"did you mean {FIRST_RUN}"),
        (("--lane", "gitlab-1.0/mlflow-3"), LANE),
        (("--cassettes", "no/such/folder"), "there is no such folder"),
        (("--session", "<script>"), "is no name of a session"),
        (("--session", "api"), "is no name of a session"),
        (("--env", "--port", "0"), "nobody knows yet which port is free"),
        (("--env", "--env-file", "x"), "--env prints lines and ends"),
        (("--env", "--", "true"), "--env prints lines and ends"),
        (("--",), "there is no program behind --"),
        (("--port", "70000"), "65535"),
        ((FIRST_RUN, "--lane", LANE, "--", "no-such-program-here"), "this does not run"),
        (
            (FIRST_RUN, "--lane", LANE, "--port", "0", "--env-file", str(ROOT / "pyproject.toml" / "x")),
            "cannot be written",
        ),
    ],
)
def test_what_cannot_be_meant_gets_one_message(words: tuple[str, ...], told: str) -> None:
    assert told in said(invoke("replay", *words))


def test_a_cassette_that_is_cut_off_is_told_with_file_and_command(tmp_path: Path) -> None:
    path = tmp_path / LANE / f"{FIRST_RUN}.yaml"
    path.parent.mkdir(parents=True)
    whole = (ROOT / CASSETTES / LANE / f"{FIRST_RUN}.yaml").read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    text = said(invoke("replay", "--cassettes", str(tmp_path), "--lane", LANE, "--env"))
    assert re.search(r"log_first_run\.yaml:\d+: ", text)
    assert "git checkout -- " in text


SCRIPT = """
import json, os, sys, urllib.request, urllib.error
request = urllib.request.Request(os.environ["GITLAB_URL"] + sys.argv[1], headers={"Authorization": "Bearer x-y-z-0"})
try:
    urllib.request.urlopen(request)
except urllib.error.HTTPError as error:
    mark = error.headers["X-Replay"]
names = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_PASSWORD", "GITLAB_TOKEN", "MLFLOW_TRACKING_URI")
print(json.dumps([mark, *map(os.environ.get, names)]))
sys.exit(7)
"""


def test_a_program_runs_with_the_variables_and_gives_its_exit_code() -> None:
    secrets = {"MLFLOW_TRACKING_TOKEN": REAL, "MLFLOW_TRACKING_PASSWORD": REAL, "GITLAB_TOKEN": REAL}
    ended = completed(*OFFER, "--", sys.executable, "-c", SCRIPT, PATH, **secrets)
    assert ended.returncode == 7, ended.stderr
    mark, token, password, gitlab, uri = json.loads(ended.stdout)
    assert (mark, token, password) == (f"{FIRST_RUN}[0]", "<project:developer:api>", None)
    assert gitlab in {None, "<project:developer:api>"}
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/me/api/v4/projects/42/ml/mlflow", uri)
    assert (REAL in ended.stderr, ended.stderr) == (False, "")


def test_what_a_program_asks_in_vain_is_told_beside_its_output() -> None:
    ended = completed(*OFFER, "--", sys.executable, "-c", SCRIPT, "/api/v4/nothing")
    assert json.loads(ended.stdout)[0] == "unknown"
    assert ended.stderr.startswith("replay: GET /me/api/v4/nothing 404 not recorded")


def test_a_program_that_a_signal_ends_says_which() -> None:
    ended = completed(*OFFER, "--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    assert (ended.returncode, ended.stderr) == (137, "")
