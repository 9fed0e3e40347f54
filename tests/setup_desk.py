"""A folder with a team's file beside a scripted GitLab: where the tests of set-up and teardown run them."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from dotenv import dotenv_values

from conftest import rewrite
from mlflow_gitlab.redaction import Redactor
from mlflow_gitlab.setup import server as server_module
from mlflow_gitlab.setup.run import run_setup
from mlflow_gitlab.terminal import Exit, Terminal
from scripted_gitlab import NAME, TOKEN, ScriptedGitLab

# With this day, all dates in requests are those that were recorded.
TODAY = date(2026, 11, 22)
VERSIONS = ("18.9", "19.3")
FILE = """
gitlab:
  url: {url}
  project: {project}
mlflow:
  experiment: wine-classifier
token:
  days: {days}
  store: [{store}]
members:
  - username: reporter
    role: Reporter
    days: 39
"""


@dataclass
class Desk:
    """A folder with a team's file, a GitLab, and what a command said there."""

    folder: Path
    gitlab: ScriptedGitLab
    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""
    slept: list[float] = field(default_factory=list)

    def write(self, project: str = "acme/wine-quality", days: int = 28, store: str = "ci, env") -> None:
        (self.folder / "config").mkdir(exist_ok=True)
        text = FILE.format(url=self.gitlab.url, project=project, days=days, store=store)
        rewrite(self.folder / "config/mlflow-gitlab.yaml", text)

    def run(self, command: Callable[..., Exit] = run_setup, **options: Any) -> int:
        """Runs a command as the program does, and gives its exit code."""
        terminal = Terminal()
        code = -1
        self.capsys.readouterr()
        if command is run_setup:
            options.setdefault("sleep", self.slept.append)
        try:
            with terminal.told():
                code = int(command(terminal, **{"today": TODAY} | options))
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else 1
        finally:
            said = self.capsys.readouterr()
            self.out, self.err = said.out, said.err
            self.no_token_anywhere()
        return code

    def json(self) -> Any:
        return json.loads(self.out)

    def no_token_anywhere(self) -> None:
        """No token was said, or written into another file than .env and its backup."""
        places = {"stdout": self.out, "stderr": self.err}
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name not in (".env", ".env.backup"):
                places[str(path)] = path.read_text(errors="replace")
        for token in self.gitlab.all_tokens:
            for place, text in places.items():
                assert token not in text, place
        if (self.folder / ".env").exists():
            assert self.gitlab.admin not in (self.folder / ".env").read_text()

    def is_complete(self) -> None:
        """All that a set-up makes is there, once, and nothing else."""
        gitlab = self.gitlab
        assert gitlab.strange == []
        assert gitlab.levels == "private"
        (token,) = gitlab.active
        seen = [token.row[key] for key in ("name", "access_level", "scopes", "expires_at")]
        assert seen == ["mlflow", 30, ["api"], "2026-12-20"]
        variable = gitlab.variables[TOKEN]
        assert (variable["value"], variable["masked"], variable["protected"]) == (token.value, True, True)
        assert gitlab.variables[NAME]["value"] == "wine-classifier"
        env = self.folder / ".env"
        assert stat.S_IMODE(env.stat().st_mode) == 0o600
        values = dotenv_values(env)
        assert values[TOKEN] == token.value
        assert values["MLFLOW_TRACKING_URI"] == f"{gitlab.url}/api/v4/projects/42/ml/mlflow"
        assert values[NAME] == "wine-classifier"
        assert gitlab.member
        assert list(gitlab.experiments.values()) == ["wine-classifier"]
        assert gitlab.packages == {}


@pytest.fixture
def new_desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    count = iter(range(10_000))
    monkeypatch.setattr(Redactor, "_of_process", set())

    @contextmanager
    def make(version: str = "19.3", **given: Any) -> Iterator[Desk]:
        folder = tmp_path / str(next(count))
        folder.mkdir()
        with ScriptedGitLab(version, **given) as gitlab, monkeypatch.context() as patch:
            for name in ("GITLAB_URL", "GITLAB_PROJECT", "GITLAB_PROJECT_ID", "CI_SERVER_URL", "CI_PROJECT_ID", TOKEN):
                patch.delenv(name, raising=False)
            patch.setenv("GITLAB_TOKEN", gitlab.admin)
            patch.chdir(folder)
            desk = Desk(folder, gitlab, capsys)
            desk.write()
            yield desk

    yield make


@contextmanager
def stopped_after(number: int, how: type[BaseException]) -> Iterator[None]:
    """Whoever runs the command stops it right after an answer."""
    count = iter(range(1, 10_000))
    send = server_module._Session.send

    def counted(self: Any, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        response = send(self, request, **options)
        if next(count) == number:
            raise how
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server_module._Session, "send", counted)
        yield
