"""Saves files while `verified-docs watch` runs, and sees what the open page gets."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import ROOT, rewrite
from golden_project import PRINTS, edit, small_project
from verified_docs import watch as watching
from verified_docs.cli import app
from verified_docs.watch import Watch

# How long to wait for something that is sure to come; nothing is asserted about how long it took.
DEADLINE = 120
PAGE = "docs/index.md"
LAST = "    print(newest.aliases[0])\n    #> 1.10.0"
ENDS = ("up to date", "stays as it was", "(it has ended)")
CONFIG = "site_name: Small\ndocs_dir: build/docs\ntheme: { name: mkdocs, highlightjs: false }\n"


class Watching:
    """The command in a process of its own, and what it says."""

    def __init__(self, root: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "verified_docs", "watch", "--port", str(self.port)]
        self.program = subprocess.Popen(
            command,
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._said: list[str] = []
        self._more = threading.Condition()
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    @property
    def said(self) -> str:
        return "".join(self._said)

    def _listen(self) -> None:
        assert self.program.stdout is not None
        for row in self.program.stdout:
            with self._more:
                self._said.append(row)
                self._more.notify_all()
        with self._more:
            self._said.append(f"{ENDS[-1]}\n")
            self._more.notify_all()

    def until(self, words: str) -> str:
        """What it has said since it was asked last, up to some words."""

        def done() -> bool:
            return words in self.said or any(end in self.said for end in ENDS)

        with self._more:
            assert self._more.wait_for(done, DEADLINE), self.said
            said = self.said
            self._said.clear()
        assert words in said, said
        return said

    def get(self, path: str = "/") -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=DEADLINE) as answer:
            return str(answer.read().decode())

    def until_shown(self, words: str) -> str:
        """The page, once it has some words: it is asked for again each time the server says that it is another."""
        until = time.monotonic() + DEADLINE
        epoch = "0"
        while words not in (page := self.get()):
            assert time.monotonic() < until, page
            epoch = self.get(f"/livereload/{epoch}/1")
        return page


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = small_project(tmp_path / "project")
    rewrite(root / "mkdocs.yml", CONFIG)
    (root / ".venv").symlink_to((ROOT / ".venv").resolve())
    return root


@pytest.fixture
def watched(root: Path) -> Iterator[Watching]:
    one = Watching(root)
    yield one
    one.program.send_signal(signal.SIGINT)
    one.program.wait(DEADLINE)
    one.listener.join()
    assert one.program.stdout is not None
    one.program.stdout.close()


def test_what_is_saved_is_verified_published_and_shown(root: Path, watched: Watching) -> None:
    watched.until("serving on")
    page = watched.until_shown("Home")
    assert "livereload(" in page, "the open page does not reload"
    # Prose of a page: only published again.
    edit(PAGE, "# Home", "# Home\n\nA sentence of a person who writes.")(root)
    watched.until_shown("A sentence of a person who writes.")
    assert "verifying" not in watched.until("up to date")
    # An example: its evidence is renewed, in both environments.
    path = f"examples/{PRINTS}.py"
    good = (root / path).read_text("utf-8")
    edit(path, LAST, f"    # What a person explains.\n{LAST}")(root)
    said = watched.until("up to date")
    assert said.count("verified ") == 2, said
    watched.until_shown("What a person explains.")
    # A mistake: it is told, and the site stays as it was.
    edit(path, "#> 1.10.0", "#> 9.9.9")(root)
    said = watched.until("stays as it was")
    assert f"{path}:" in said
    assert "something else than its `#>` comments" in said
    assert "fix: " in said
    assert "What a person explains." in watched.get()
    assert "9.9.9" not in watched.get()
    # Correct again, it goes on.
    rewrite(root / path, good.replace(LAST, f"    # It goes on.\n{LAST}"))
    watched.until("up to date")
    watched.until_shown("It goes on.")
    # A page that nobody can publish.
    edit(PAGE, "# Home", '# Home\n\n{{ example("no/such") }}')(root)
    assert "no/such" in watched.until("stays as it was")
    assert "It goes on." in watched.get()
    assert watched.program.poll() is None


@pytest.fixture
def steps(root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Watch, list[str], dict[str, bool]]:
    """A watch that only notes what it would run."""
    ran: list[str] = []
    good = {"verify": True, "publish": True}

    def step(name: str) -> Callable[[Watch], bool]:
        def run(_: Watch) -> bool:
            ran.append(name)
            return good[name]

        return run

    monkeypatch.setattr(Watch, "_verify", step("verify"))
    monkeypatch.setattr(Watch, "_publish", step("publish"))
    return Watch(root, Path("build/docs"), lambda text: None), ran, good


@pytest.mark.parametrize(
    ("name", "text", "runs"),
    [
        (PAGE, "\nMore.\n", ["publish"]),
        (PAGE, "\n```python\nprint(2)\n#> 2\n```\n", ["verify", "publish"]),
        (PAGE, "\n```python\n", ["verify", "publish"]),
        ("docs/notebooks/one.ipynb", "{}", ["verify", "publish"]),
        (f"examples/{PRINTS}.py", "# more\n", ["verify", "publish"]),
        ("cassettes/manifest.json", "\n", ["verify", "publish"]),
        ("pyproject.toml", "\n", ["verify", "publish"]),
        ("quarantine.yaml", "[]\n", ["verify", "publish"]),
        ("src/verified_docs/run.py", "x = 1\n", ["verify", "publish"]),
        ("src/verified_docs/__pycache__/run.pyc", "x", []),
        ("snippets/one.sh", "true\n", ["publish"]),
        ("measured/one.json", "{}\n", ["publish"]),
        ("mkdocs.yml", "\n", ["publish"]),
        ("build/docs/index.md", "x", []),
    ],
)
def test_what_runs_after_a_file_was_saved(
    name: str, text: str, runs: list[str], root: Path, steps: tuple[Watch, list[str], dict[str, bool]]
) -> None:
    watch, ran, _ = steps
    assert watch.refresh()
    assert ran == ["verify", "publish"]
    ran.clear()
    path = root / name
    rewrite(path, (path.read_text("utf-8") if path.exists() else "") + text)
    assert watch.refresh()
    assert ran == runs


@pytest.mark.parametrize("failing", ["verify", "publish"])
def test_what_failed_is_tried_again(failing: str, steps: tuple[Watch, list[str], dict[str, bool]]) -> None:
    watch, ran, good = steps
    good[failing] = False
    assert not watch.refresh()
    assert not watch.refresh()
    assert ran.count(failing) == 2
    good[failing] = True
    assert watch.refresh()
    count = len(ran)
    assert watch.refresh()
    assert len(ran) == count, "nothing was changed"


def test_an_environment_that_is_not_there_is_told(root: Path) -> None:
    (root / ".venv").unlink()
    told: list[str] = []
    assert not Watch(root, Path("build/docs"), told.append).refresh()
    assert "fix: make setup" in "\n".join(told)


def test_a_port_that_is_taken_and_a_folder_without_a_site(root: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = CliRunner().invoke(app, ["watch", "--port", str(port), "--root", str(root)])
    assert done.exit_code == 2
    assert f"port {port} cannot be taken" in done.output
    assert "fix: verified-docs watch --port" in done.output
    (root / "mkdocs.yml").unlink()
    done = CliRunner().invoke(app, ["watch", "--root", str(root)])
    assert done.exit_code == 1
    assert "there is no site here to watch" in done.output
    assert watching.current == []
