"""Does what the tutorial on a handbook of your own says, in its order, with a GitLab on loopback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, rewrite

RAW = ROOT / "tests/own/recordings/gitlab-19.3/python-gitlab-8/project/read_project.yaml"
LANE = "gitlab-19.3/python-gitlab-8"
MINE = "project/read_visibility"
TOKEN = "-".join(("secret", "of", "this", "test", "9f3kq7"))
PROJECT = "team/our-tests"
PLUGIN = "verified_docs.pytest_plugin"


class _GitLab(BaseHTTPRequestHandler):
    """Answers as recorded, under another name and number."""

    def do_GET(self) -> None:
        url = f"http://{self.headers['Host']}"
        answers = {"/api/v4/metadata": json.dumps({"version": "19.3.0-pre", "enterprise": False})}
        for row in yaml.safe_load(RAW.read_text("utf-8"))["interactions"]:
            text = row["response"]["body"]["string"].replace("https://gitlab.example.com", url)
            text = re.sub(r'(?<=/projects/)42\b|(?<={"id":)42\b', "201", text.replace("acme/wine-quality", PROJECT))
            answers[row["request"]["uri"].removeprefix("https://gitlab.example.com")] = text
        found = answers.get(self.path.replace("/201", "/42"))
        content = (found or '{"message":"404 Not Found"}').encode()
        known = self.headers.get("PRIVATE-TOKEN") == TOKEN
        self.send_response(200 if found and known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def gitlab() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _GitLab) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def snippet(name: str) -> str:
    return (ROOT / "snippets/handbook" / name).read_text("utf-8")


def say(folder: Path, text: str, **variables: str) -> tuple[int, str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GITLAB_", "PYTEST_"))}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "NO_COLOR": "1", "COLUMNS": "400", **variables}
    command = ["bash", "-euo", "pipefail", "-c", text]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def programs(folder: Path) -> None:
    """Puts the programs of this environment where an environment of the handbook would have them."""
    named = any(one.value == PLUGIN for one in entry_points(group="pytest11"))
    plugin = "" if named else f" -p {PLUGIN}"
    folder.mkdir(parents=True)
    calls = {
        "verified-docs": "-m verified_docs",
        "pytest": f"-m pytest -p no:cacheprovider{plugin}",
        "python": "",
    }
    for name, words in calls.items():
        rewrite(folder / name, f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (folder / name).chmod(0o755)


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    programs(tmp_path / "tools/bin")
    code, said = say(tmp_path, snippet("init.sh"))
    assert code == 0, said
    root = tmp_path / "handbook"
    # Later than requirements.txt: make then installs nothing.
    programs(root / ".venv/bin")
    return root


def test_the_wheel_has_the_name_that_the_page_gives(handbook: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wheel = f"dist/{project['name'].replace('-', '_')}-{project['version']}-py3-none-any.whl[verify]"
    assert f"./{wheel}" in snippet("install.sh")
    assert (handbook / "requirements.txt").read_text("utf-8").startswith(f"../{wheel}\n")


def test_the_steps_of_the_tutorial(handbook: Path, gitlab: str) -> None:
    example = handbook / "examples/project/read_project.py"
    before = example.read_text("utf-8")

    # 4: a promise that does not hold, and a call less.
    rewrite(example, before.replace("#> your role: DEVELOPER", "#> your role: OWNER"))
    code, said = say(handbook, snippet("check.sh"))
    assert code != 0, said
    for words in (
        "examples/project/read_project.py:",
        "your role: OWNER",
        "your role: DEVELOPER",
        "fix: make update EX=",
    ):
        assert words in said, said
    code, said = say(handbook, snippet("update.sh"))
    assert (code, example.read_text("utf-8")) == (0, before), said
    rewrite(example, before.replace("version, _ = gl.version()\n", ""))
    code, said = say(handbook, snippet("check.sh"))
    assert (code != 0, "/api/v4/version" in said) == (True, True), said
    rewrite(example, before)

    # 5: an example and its page.
    code, said = say(handbook, snippet("own-example.sh") + snippet("own-page.sh"))
    assert code == 0, said
    code, said = say(handbook, "make verify")
    assert (code != 0, "the example has no cassette in any lane" in said) == (True, True), said

    # 6: its recording.
    real = {"GITLAB_URL": gitlab, "GITLAB_PROJECT": PROJECT, "GITLAB_PROJECT_ID": "201", "GITLAB_TOKEN": TOKEN}
    assert [f"export {name}=" in snippet("settings.sh") for name in real] == [True, True, True, False]
    code, said = say(handbook, snippet("record.sh"), **real)
    assert (code, f"1 request in raw/{LANE}/{MINE}.yaml" in said) == (0, True), said
    written = [path.read_text("utf-8") for path in (handbook / "raw").rglob("*.*") if path.is_file()]
    written.append((handbook / f"cassettes/{LANE}/{MINE}.yaml").read_text("utf-8"))
    for text in written:
        for word in (TOKEN, PROJECT, gitlab, "201"):
            assert word not in text.replace("201 Created", ""), word
    assert "raw/" in (handbook / ".gitignore").read_text("utf-8").split()
    cassette = handbook / f"cassettes/{LANE}/{MINE}.yaml"
    imported = cassette.read_bytes()
    cassette.unlink()
    code, said = say(handbook, snippet("record-file.sh"))
    assert (code, cassette.read_bytes()) == (0, imported), said
    code, said = say(handbook, "make verify && .venv/bin/verified-docs publish build/evidence/python-gitlab-8.json")
    assert code == 0, said
    page = (handbook / "build/docs/how-to/read-visibility.md").read_text("utf-8")
    assert "it is private" in page
    assert "GitLab 19.3 · python-gitlab 8.6.0 <em>ran as shown</em>" in page

    # 7: pytest.
    code, said = say(handbook, snippet("test.sh"))
    assert code == 0, said
    assert re.findall(r"\d+ passed.*? in", said) == ["5 passed, 1 skipped in", "1 passed, 1 skipped in"], said


def test_a_recording_says_how_the_example_ended(handbook: Path, gitlab: str) -> None:
    assert say(handbook, snippet("own-example.sh"))[0] == 0
    real = {"GITLAB_URL": gitlab, "GITLAB_PROJECT": PROJECT, "GITLAB_PROJECT_ID": "202", "GITLAB_TOKEN": TOKEN}
    code, said = say(handbook, f".venv/bin/python record.py {MINE}", **real)
    assert (code, "ended with gitlab.exceptions.GitlabGetError" in said) == (0, True), said
    about = json.loads((handbook / f"raw/{LANE}/{MINE}.json").read_text("utf-8"))
    assert about["exception"] == {"type": "gitlab.exceptions.GitlabGetError", "message": "404: 404 Not Found"}
    assert about["credentials"] == ["PRIVATE-TOKEN: <project:developer:api>"]


def test_a_gitlab_that_is_in_no_lane_is_told(handbook: Path, gitlab: str) -> None:
    settings = handbook / "pyproject.toml"
    rewrite(settings, settings.read_text("utf-8").replace("GitLab 19.3", "GitLab 20.1"))
    assert say(handbook, snippet("own-example.sh"))[0] == 0
    real = {"GITLAB_URL": gitlab, "GITLAB_PROJECT": PROJECT, "GITLAB_PROJECT_ID": "201", "GITLAB_TOKEN": TOKEN}
    code, said = say(handbook, f".venv/bin/python record.py {MINE}", **real)
    assert (code, "no lane in pyproject.toml is for GitLab 19.3.0-pre" in said) == (1, True), said
    assert not (handbook / "raw").exists()
