"""Keeps one process per environment that records and replays examples there."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any, Self

import verified_docs
from verified_docs.adapter import load_adapter
from verified_docs.lane import Lane, load_lanes
from verified_docs.problem import Problem
from verified_docs.process import MODULE

_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR")
# Seconds that the longest example may take.
_LONGEST = 900.0
_SOURCES = Path(verified_docs.__file__).resolve().parents[1]


class Workers:
    """The processes, by environment; none holds a token in its environment or on its command line.

    Args:
        root: The project's folder, with the environments in `.venv/`.
        work: What they do; see `process`.
    """

    def __init__(self, root: Path, work: str) -> None:
        self._root = root
        self._work = work
        self._running: dict[str, subprocess.Popen[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for name in list(self._running):
            self._end(name)

    def check(self, lane: Lane) -> None:
        """Makes sure that there is an environment for a lane.

        Raises:
            Problem: There is none.
        """
        self._python(lane)

    def ask(self, lane: Lane, job: Mapping[str, Any]) -> dict[str, Any]:
        """Has a job done in the environment of a lane; see `recorded_run.serve`.

        Raises:
            Problem: The environment is not there, or the process ended.
        """
        worker = self._worker(lane)
        assert worker.stdin and worker.stdout
        limit = Timer(_LONGEST, worker.kill)
        limit.daemon = True
        limit.start()
        try:
            worker.stdin.write(json.dumps(job) + "\n")
            worker.stdin.flush()
            line = worker.stdout.readline()
        except BrokenPipeError:
            line = ""
        except BaseException:
            # Before anything is cleaned up that it still uses.
            self._end(lane.environment)
            raise
        finally:
            limit.cancel()
        if not line:
            self._end(lane.environment)
            what = f"the run ended its process, or took longer than {_LONGEST:.0f} s"
            raise Problem(
                Path(str(job["example"])),
                None,
                what,
                "make record EX= with its area/name: it goes on there",
                kind="died",
            )
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _python(self, lane: Lane) -> Path:
        path = self._root / ".venv" / lane.environment / "bin" / "python"
        if not path.exists():
            one = len({other.environment for other in load_lanes(self._root)}) == 1
            if one and load_adapter(self._root).client_version() == lane.client_version:
                # Whoever has one environment only is in it, wherever it stands.
                return Path(sys.executable)
            raise Problem(path, None, f"there is no environment for {lane.client}", "make setup", kind="environment")
        return path

    def _worker(self, lane: Lane) -> subprocess.Popen[str]:
        if (worker := self._running.get(lane.environment)) is None:
            worker = self._running[lane.environment] = subprocess.Popen(
                [self._python(lane), "-m", MODULE, self._work, str(self._root)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                cwd=self._root,
                env={name: os.environ[name] for name in _KEPT if name in os.environ} | {"PYTHONPATH": str(_SOURCES)},
                # An interrupt is for the process that cleans up, not for this one.
                start_new_session=True,
            )
        return worker

    def _end(self, name: str) -> None:
        worker = self._running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        for stream in (worker.stdin, worker.stdout):
            with contextlib.suppress(OSError):
                if stream:
                    stream.close()
