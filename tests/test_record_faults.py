"""Kills, interrupts and starves a recording at every point: old cassettes stay whole, and the next run cleans up."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from perturbed_gitlab import PerturbedGitLab, running
from record_bench import KEY, files, from_raw, record, small_project
from verified_docs import logbook
from verified_docs.cassette import load_cassette
from verified_docs.inventory import load_manifest, write_manifest
from verified_docs.workers import Workers

EXAMPLE = "tracking/check_connection"
LANE = ("--lane", "gitlab-19.3/mlflow-3")
POINTS = ["made", "ran", "converted", "replayed", "noted", "in place", "listed"]
COMMITTED = (ROOT / "cassettes" / f"{KEY}.yaml").read_bytes()


@pytest.fixture
def gitlab() -> Iterator[PerturbedGitLab]:
    with running(PerturbedGitLab(ROOT / "cassettes", "gitlab-19.3", [EXAMPLE], 7)) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose cassette is older than what GitLab answers now."""
    root = small_project(tmp_path / "project", [EXAMPLE, "tracking/log_first_run"])
    path = root / "cassettes" / f"{KEY}.yaml"
    path.write_bytes(COMMITTED.replace(b"19.3.0-pre", b"19.3.0-rc1"))
    rows = load_manifest(root)
    rows[KEY] |= {"cassette": hashlib.sha256(path.read_bytes()).hexdigest()}
    write_manifest(root, rows)
    return root


@pytest.fixture
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workers, "ask", from_raw)


def is_whole(root: Path) -> None:
    """Nothing but the recorded cassette is another one, and the manifest knows each."""
    manifest = load_manifest(root)
    for key, row in manifest.items():
        path = root / "cassettes" / f"{key}.yaml"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == row["cassette"], key
        load_cassette(path)
    kept = {f"{key}.yaml" for key in manifest} | {"manifest.json"}
    assert set(files(root / "cassettes")) == kept


def killed(root: Path, server: PerturbedGitLab, point: str, kind: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    given = {"GITLAB_URL": server.url, "GITLAB_TOKEN": server.admin, "RECORD_GROUP": "acme", "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, str(ROOT / "tests/record_driver.py"), point, kind, EXAMPLE, *LANE, "--root", str(root)],
        env=os.environ | given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("point", POINTS)
def test_killed(point: str, project: Path, gitlab: PerturbedGitLab, no_processes: None) -> None:
    before = files(project / "cassettes")
    ended = killed(project, gitlab, point, "kill")
    assert ended.returncode == -9
    after = files(project / "cassettes")
    changed = {name for name in after if before.get(name) != after[name]}
    assert changed <= {f"{KEY}.yaml", "manifest.json"}
    assert before.keys() == after.keys()
    # Old or new, and nothing between.
    new = {before[f"{KEY}.yaml"]: "old"}.get(after[f"{KEY}.yaml"], "new")
    assert new == ("new" if POINTS.index(point) >= POINTS.index("in place") else "old")
    load_cassette(project / "cassettes" / f"{KEY}.yaml")
    assert len(gitlab.projects) == (1 if point in {"made", "ran"} else 0)

    result = record(project, gitlab, EXAMPLE, *LANE)
    assert result.exit_code == 0, result.output
    assert gitlab.projects == {}
    assert ("which an earlier run has left" in result.output) == (point in {"made", "ran"})
    is_whole(project)
    assert b"19.3.0-pre" in (project / "cassettes" / f"{KEY}.yaml").read_bytes()
    assert set(files(project / "build")) == {"record/lock", "record/state.json"}


@pytest.mark.parametrize("kind", ["interrupt", "end"])
@pytest.mark.parametrize("point", ["made", "replayed"])
def test_interrupted(point: str, kind: str, project: Path, gitlab: PerturbedGitLab) -> None:
    before = files(project / "cassettes")
    ended = killed(project, gitlab, point, kind)
    assert ended.returncode == 130
    assert ended.stderr.strip() == "interrupted; run the same command again, it goes on where it stopped"
    assert files(project / "cassettes") == before
    assert gitlab.projects == {}
    assert len(gitlab.removed) == 1


def test_the_server_goes_away(project: Path, gitlab: PerturbedGitLab, no_processes: None) -> None:
    before = files(project / "cassettes")
    gitlab.fault = lambda method, path: method == "POST" and path.endswith("/access_tokens")
    result = record(project, gitlab, EXAMPLE, *LANE)
    assert result.exit_code == 1
    assert f"{gitlab.url} does not answer" in result.output
    assert "run the same command again" in result.output
    assert files(project / "cassettes") == before
    # Simulated: it still answers to the removal.
    assert gitlab.projects == {}


def test_the_server_goes_away_and_its_project_stays(project: Path, gitlab: PerturbedGitLab, no_processes: None) -> None:
    gone = False

    def fault(method: str, path: str) -> bool:
        nonlocal gone
        gone = gone or path.endswith("/access_tokens")
        return gone

    gitlab.fault = fault
    assert record(project, gitlab, EXAMPLE, *LANE).exit_code == 1
    assert len(gitlab.projects) == 1
    gitlab.fault = lambda method, path: False
    result = record(project, gitlab, EXAMPLE, *LANE)
    assert result.exit_code == 0, result.output
    assert gitlab.projects == {}
    is_whole(project)


@pytest.mark.parametrize("name", ["check_connection.yaml", "manifest.json", "coming.json", "state.json"])
def test_the_disk_is_full(
    name: str, project: Path, gitlab: PerturbedGitLab, no_processes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(project / "cassettes")
    real = os.fdopen

    class Full:
        """Simulated: a file on a disk that has no room for it."""

        def __init__(self, file: Any) -> None:
            self._file = file

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: Any) -> None:
            self._file.close()

        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def fdopen(handle: int, *arguments: Any, **options: Any) -> Any:
        file = real(handle, *arguments, **options)
        path = Path(f"/proc/self/fd/{handle}").readlink().name if isinstance(handle, int) else ""
        return Full(file) if path.startswith(f".{name}.") else file

    with monkeypatch.context() as full:
        full.setattr(os, "fdopen", fdopen)
        result = record(project, gitlab, EXAMPLE, *LANE)
    assert result.exit_code == 1
    assert "No space left on device" in result.output
    assert "Traceback" not in result.output
    after = files(project / "cassettes")
    if name != "manifest.json":
        assert after == before
    result = record(project, gitlab, EXAMPLE, *LANE)
    assert result.exit_code == 0, result.output
    assert gitlab.projects == {}
    is_whole(project)


def test_only_one_at_a_time(project: Path, gitlab: PerturbedGitLab, no_processes: None) -> None:
    with logbook.Logbook(project, project).held():
        result = record(project, gitlab, EXAMPLE, *LANE)
    assert result.exit_code == 1
    assert "another recording is running" in result.output
    assert gitlab.log == []


def test_it_goes_on_where_it_stopped(project: Path, gitlab: PerturbedGitLab, no_processes: None) -> None:
    first = record(project, gitlab, "check_connection", *LANE)
    assert "changed (drift) gitlab-19.3/mlflow-3/tracking/check_connection" in first.output
    made = gitlab.projects_made
    # Everything was done: the next one starts over.
    assert record(project, gitlab, "check_connection", *LANE).exit_code == 0
    assert gitlab.projects_made == made + 1
    state = (project / "build/record/state.json").read_text("utf-8")
    program = hashlib.sha256((project / f"examples/{EXAMPLE}.py").read_bytes()).hexdigest()
    (project / "build/record/state.json").write_text(
        state.replace('"done": {}', f'"done": {{"{KEY}": "{program}"}}'), "utf-8"
    )
    result = record(project, gitlab, "check_connection", *LANE)
    assert "1 of 1 are done already" in result.output
    assert gitlab.projects_made == made + 1
    result = record(project, gitlab, "check_connection", "--again", *LANE)
    assert gitlab.projects_made == made + 2


def test_an_example_that_was_changed_is_not_done(project: Path, gitlab: PerturbedGitLab, no_processes: None) -> None:
    book = logbook.Logbook(project, project)
    with book.held():
        book.begin(f"GitLab 19.3.0-pre at {gitlab.url}", again=False)
        book.note(KEY, "of another program", "recorded")
    assert record(project, gitlab, "check_connection", *LANE).exit_code == 0
    assert gitlab.projects_made == 1
