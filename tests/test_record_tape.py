"""Takes down what a server says, and lets nothing through to the disk that does not belong there."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ADAPTER, LANES, ROOT, rewrite
from perturbed_gitlab import PerturbedGitLab, running
from record_bench import KEY, files, from_raw, record, small_project
from verified_docs import recorded_run
from verified_docs.problem import Problem
from verified_docs.record import _check_secrets
from verified_docs.rules import Known
from verified_docs.workers import Workers

TOKEN = "glpat-" + "a1b2c3d4e5f6a7b8c9d0"
HEAD = """# /// script
# requires-python = ">=3.12"
# dependencies = []
#
# [tool.verified]
# title = "Ask"
# role = "Developer"
# scope = "api"
# ///
import os
import urllib.request


def ask(path, **headers):
    request = urllib.request.Request(os.environ["GITLAB_URL"] + path, headers=headers)
    return urllib.request.urlopen(request).read()


token = os.environ["MLFLOW_TRACKING_TOKEN"]
"""


class _Answers(BaseHTTPRequestHandler):
    """Simulated: says more than it should."""

    def do_GET(self) -> None:
        body = json.dumps({"token": "glpat-" + "made-by-the-server-1", "echo": self.headers.get("Private-Token")})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", "_gitlab_session=cookie-of-a-session")
        self.send_header("X-Runtime", "0.386344")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def ran(code: str, url: str, tmp_path: Path) -> dict[str, Any]:
    """Records a program in this process."""
    path = tmp_path / "examples/tracking/asks.py"
    rewrite(path, HEAD + code)
    job = {
        "do": "record",
        "root": str(tmp_path),
        "example": str(path),
        "lane": {"server": LANES[-1].server, "client": LANES[-1].client},
        "environment": {"GITLAB_URL": url, "MLFLOW_TRACKING_TOKEN": TOKEN},
        "labels": {TOKEN: "<project:developer:api>"},
        "names": {"url": url, "id": "4711", "path": "team/verified-docs-scratch-ab", "mark": "a mark"},
        "server": {"version": "19.3.0-pre", "edition": "FOSS"},
        "shown": {},
        "folder": str(tmp_path / "raw"),
    }
    return recorded_run.record(job, ADAPTER)


def written(tmp_path: Path) -> str:
    raw = tmp_path / "raw"
    return "".join(content.decode() for content in files(raw).values()) if raw.exists() else ""


def test_what_is_kept(url: str, tmp_path: Path) -> None:
    code = 'answer = ask("/api/v4/projects/4711/x?y=1", **{"PRIVATE-TOKEN": token, "X-Mine": token})\nprint(answer)\n'
    reply = ran(code, url, tmp_path)
    assert (reply["requests"], reply["refused"], reply["gone"], reply["exception"]) == (1, [], False, None)
    assert "<token>" in reply["printed"]
    text = written(tmp_path)
    assert "https://gitlab.example.com/api/v4/projects/42/x?y=1" in text
    assert "<project:developer:api>" in text
    for hidden in (TOKEN, "made-by-the-server", "cookie-of-a-session", "X-Runtime", "X-Mine", url, "4711"):
        assert hidden not in text, hidden
        assert hidden not in str(reply), hidden


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ('ask("/api/v4/x", **{"PRIVATE-TOKEN": token + "x"})', "a credential that it was not given"),
        ('ask("/api/v4/x", Authorization="Basic " + "!!")', "a Basic credential is not base64"),
        ('urllib.request.urlopen("http://127.0.0.1:9/x")', "a request to http://127.0.0.1"),
        ('import subprocess\n\nsubprocess.run(["curl", "x"])', "the program curl"),
    ],
)
def test_nothing_is_written_of_what_cannot_be_kept(code: str, why: str, url: str, tmp_path: Path) -> None:
    reply = ran(f"try:\n    {code.replace(chr(10), chr(10) + '    ')}\nexcept OSError:\n    pass\n", url, tmp_path)
    assert why in reply["refused"][0]
    assert TOKEN not in str(reply)
    assert not (tmp_path / "raw").exists()


def test_nobody_answers(tmp_path: Path) -> None:
    reply = ran('import requests\n\nrequests.get(os.environ["GITLAB_URL"])\n', "http://127.0.0.1:9", tmp_path)
    assert reply["gone"]
    assert not (tmp_path / "raw").exists()


def test_an_exception_is_a_recording_too(url: str, tmp_path: Path) -> None:
    reply = ran('ask("/x")\nraise ValueError(f"no {token}")\n', url, tmp_path)
    assert reply["exception"] == {"type": "ValueError", "message": "no <project:developer:api>"}
    about = json.loads((tmp_path / "raw/gitlab-19.3/mlflow-3/tracking/asks.json").read_text("utf-8"))
    assert about["exception"]["type"] == "builtins.ValueError"
    assert about["credentials"] == ["none"]


# --- The last look


@given(
    before=st.text(max_size=9),
    after=st.text(max_size=9),
    form=st.sampled_from(["plain", "address", "base64", "bytes before"]),
    secret=st.from_regex(r"[A-Za-z0-9_\-.]{16,40}", fullmatch=True),
)
def test_a_known_token_is_found_in_any_form(before: str, after: str, form: str, secret: str) -> None:
    hidden = {
        "plain": secret,
        "address": quote(secret, safe=""),
        "base64": base64.b64encode(secret.encode()).decode(),
        "bytes before": base64.b64encode(before.encode() + secret.encode() + after.encode()).decode(),
    }[form]
    known = Known(canaries=frozenset({secret}))
    with pytest.raises(Problem) as caught:
        _check_secrets(Path("no-such-file"), [before, f"{before}{hidden}{after}"], known)
    assert secret not in str(caught.value)
    with contextlib.suppress(Problem):
        _check_secrets(Path("no-such-file"), [before + after], known)


def test_a_token_that_got_through_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = small_project(tmp_path / "project", ["tracking/check_connection"])

    def leaky(self: Any, lane: Any, job: Mapping[str, Any]) -> dict[str, Any]:
        reply = from_raw(self, lane, job)
        if job["do"] == "record":
            path = Path(job["folder"]) / f"{KEY}.json"
            (token,) = job["labels"]
            path.write_text(path.read_text("utf-8").replace("connection-check", token), "utf-8")
        return reply

    monkeypatch.setattr(Workers, "ask", leaky)
    before = files(root / "cassettes")
    with running(PerturbedGitLab(ROOT / "cassettes", "gitlab-19.3", ["tracking/check_connection"], 4)) as gitlab:
        result = record(root, gitlab, "--lane", "gitlab-19.3/mlflow-3")
        assert result.exit_code == 1
        assert "a token would have been written" in result.output
        for content in (result.output.encode(), *files(root).values()):
            assert not any(secret.encode() in content for secret in gitlab.secrets)
    assert files(root / "cassettes") == before


def test_the_process_of_a_run_may_die(tmp_path: Path) -> None:
    root = small_project(tmp_path / "project", ["tracking/check_connection"])
    shutil.copy2(root / "examples/tracking/check_connection.py", tmp_path)
    path = root / "examples/tracking/check_connection.py"
    rewrite(path, path.read_text("utf-8") + "\nimport os\nimport signal\n\nos.kill(os.getpid(), signal.SIGKILL)\n")
    before = files(root / "cassettes")
    with running(PerturbedGitLab(ROOT / "cassettes", "gitlab-19.3", ["tracking/check_connection"], 4)) as gitlab:
        result = record(root, gitlab, "--lane", "gitlab-19.3/mlflow-3")
        assert "failed gitlab-19.3/mlflow-3/tracking/check_connection: the run ended its process" in result.output
        assert gitlab.projects == {}
    assert files(root / "cassettes") == before
