"""Tries mutants on a copy of the project, each in a process of its own, so that none can hurt or hang the next."""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from verified_docs.adapter import Adapter
from verified_docs.isolation import no_network
from verified_docs.mutants.gates import GATES, Bench, Job
from verified_docs.problem import Problem, Problems

# What is made from the project, or by tools: a copy does without.
_LEFT_OUT = (".git", ".venv", "build", "site", "public", ".cache", "__pycache__", ".mypy_cache", ".ruff_cache")
# Seconds on top of ten times what the gates take without a fault.
_PATIENCE = 30.0
_MOST = 600.0


class Lab:
    """A copy of the project, and the gates of one environment.

    Args:
        root: The project's folder; nothing in it is changed.
        adapter: Knowledge of server and client.
        folder: Where the copy goes; whoever names it takes it away.
    """

    def __init__(self, root: Path, adapter: Adapter, folder: Path | None = None) -> None:
        self._root = root
        self._given = folder
        self._adapter = adapter
        self._took: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="mutants-", dir=self._given)).resolve()
        copy = self._folder / "project"
        try:
            shutil.copytree(self._root, copy, ignore=shutil.ignore_patterns(*_LEFT_OUT))
            if (evidence := self._root / "build" / "evidence").is_dir():
                shutil.copytree(evidence, copy / "build" / "evidence")
            self.bench = Bench(copy, self._root, self._adapter)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def attempt(self, job: Job) -> dict[str, Any]:
        """Makes a fault and asks the gates, one after the other, until one sees it.

        Returns:
            `gate` and `kind` and `says` of the gate that saw it, or nothing. A fault that makes a gate hang or crash is
            seen: CI would be red.

        Raises:
            Problem: A gate is red without any fault; or a gate knows nothing of this environment.
        """
        for name in job.gates:
            if not (GATES[name].everywhere or self.bench.builds_pages):
                continue
            limit = self._limit(name, job)
            with self._edited(job.edits):
                found = _in_child(partial(_asked, GATES[name].ask, self.bench, job), limit)
            if found is None:
                return {"gate": name, "kind": "hang", "says": f"nothing came within {limit:.0f} s"}
            if found:
                return {"gate": name, **found}
        return {}

    def _limit(self, name: str, job: Job) -> float:
        """Seconds that a gate may take; the first time it is asked without a fault, and has to be green."""
        gate = GATES[name]
        for key in gate.keys(self.bench, job):
            if key in self._took:
                continue
            gate.prepare(self.bench)
            started = time.monotonic()
            found = _in_child(partial(_asked, gate.ask, self.bench, job, with_modules=True), _MOST)
            if found is None or "gate" in found or "kind" in found:
                what = f"the gate {key!r} is red without any fault: {(found or {}).get('says', 'it hangs')}"
                raise Problem(self._root, None, what, "make verify", kind="red")
            _import_quietly(found["modules"])
            self._took[key] = time.monotonic() - started
        return _PATIENCE + 10 * max((self._took[key] for key in gate.keys(self.bench, job)), default=0.0)

    @contextlib.contextmanager
    def _edited(self, edits: Mapping[str, str | None]) -> Iterator[None]:
        copy = self.bench.root
        before = {path: (copy / path).read_bytes() if (copy / path).exists() else None for path in edits}
        try:
            for path, text in edits.items():
                _write(copy / path, text.encode() if text is not None else None)
            yield
        finally:
            for path, content in before.items():
                _write(copy / path, content)


def _write(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _asked(ask: Callable[[Bench, Job], None], bench: Bench, job: Job, *, with_modules: bool = False) -> dict[str, Any]:
    """What a gate says, in the child."""
    before = set(sys.modules)
    try:
        with no_network(programs=False):
            ask(bench, job)
    except Problem as problem:
        return {"kind": problem.kind, "says": str(problem)}
    except Problems as problems:
        return {"kind": problems.found[0].kind, "says": str(problems.found[0])}
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        says = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
        return {"kind": "crash", "says": says}
    return {"modules": [name for name in sys.modules if name not in before]} if with_modules else {}


def _in_child(work: Callable[[], dict[str, Any]], limit: float) -> dict[str, Any] | None:
    """Does something in a copy of this process, which starts with all that is loaded here.

    Returns:
        What it gave; None if it took longer than that many seconds.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which only wait for work
        child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setsid()
            os.close(reading)
            quiet = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(quiet, stream)
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(json.dumps(work()).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    deadline = time.monotonic() + limit
    parts: list[bytes] = []
    try:
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([reading], [], [], left)[0]:
                return None
            part = os.read(reading, 1 << 20)
            if not part:
                break
            parts.append(part)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if not parts:
        return {"kind": "died", "says": "the process of the gate ended"}
    answer: dict[str, Any] = json.loads(b"".join(parts))
    return answer


def _import_quietly(names: list[str]) -> None:
    """Loads what a gate has loaded in its child, so that the next one finds it there."""
    quiet = io.StringIO()
    with no_network(), contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    gc.freeze()


def serve(jobs: TextIO, replies: TextIO, adapter: Adapter) -> None:
    """Tries one mutant a line, and answers each with one line of JSON, until there are no more.

    A job has `root`, the `folder` for copies, and the fields of `Job`; see `Lab.attempt` for the answer. `problem` says
    what is wrong if nothing could be tried.
    """
    lab: Lab | None = None
    try:
        for line in jobs:
            row = json.loads(line)
            try:
                if lab is None:
                    lab = Lab(Path(row["root"]), adapter, Path(row["folder"])).__enter__()
                reply = lab.attempt(Job.read(row))
            except (Problem, Problems) as problem:
                reply = {"problem": str(problem)}
            replies.write(json.dumps(reply) + "\n")
            replies.flush()
    finally:
        if lab is not None:
            lab.__exit__(None, None, None)
