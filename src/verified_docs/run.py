"""Runs a source as a script would run alone, and keeps what it printed and how it ended."""

from __future__ import annotations

import contextlib
import importlib.abc
import inspect
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures.thread import _threads_queues
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest_examples.run_code
import time_machine
from pytest_examples import CodeExample
from pytest_examples.config import ExamplesConfig
from pytest_examples.run_code import InsertPrintStatements, run_code
from vcr.cassette import Cassette as Tape

from verified_docs.adapter import Adapter
from verified_docs.cassette import Cassette
from verified_docs.example import Example
from verified_docs.isolation import isolated, no_network, no_programs
from verified_docs.problem import shown
from verified_docs.replay import StrictTape, Unrecorded, recording_on, replaying

CACHE = Path("build") / "cache"
_PATIENCE = 10.0


@dataclass
class Run:
    """What happened while a source ran.

    Attributes:
        printed: Line and text of every print of the source, in the order of printing.
        error: How it ended, where it did not run to its end.
        error_line: The line of the source that the error passed through last.
        prints: What pytest-examples saw, to rewrite promised output.
        blocked: Attempts to leave the machine.
    """

    printed: list[tuple[int, str]] = field(default_factory=list)
    error: BaseException | None = None
    error_line: int | None = None
    prints: InsertPrintStatements | None = None
    blocked: list[str] = field(default_factory=list)


def run_example(example: Example, cassette: Cassette, root: Path, adapter: Adapter) -> tuple[Run, StrictTape]:
    """Runs an example against a cassette.

    Returns:
        What happened, and the tape that knows which requests were missed or are left.
    """
    environment = adapter.environment(example) | cassette.provenance.environment
    alone = _alone(example, environment, root, adapter)
    # Servers compare dates of requests with their own: what an example counts from today, it counts from that day.
    that_day = time_machine.travel(cassette.provenance.recorded.astimezone(ZoneInfo("UTC")), tick=True)
    with alone as run, that_day, replaying(cassette, adapter, example.path) as tape, _threads_ended(run):
        _execute(example, run)
    return run, tape


def run_live(example: Example, environment: dict[str, str], tape: Tape, root: Path, adapter: Adapter) -> Run:
    """Runs an example against a server, alone as in a replay, and lets a tape take down what is said.

    The tape refuses what would go to another server; programs that could get around it are refused as well.
    """
    run = Run()
    alone = isolated(environment, example.path.name, root / CACHE)
    with alone, no_programs() as run.blocked, adapter.restored(), recording_on(tape), _threads_ended(run):
        _execute(example, run)
    return run


def run_offline(example: Example, root: Path, adapter: Adapter) -> Run:
    """Runs a source that has to do without a server."""
    with _alone(example, {}, root, adapter) as run, _threads_ended(run):
        _execute(example, run)
    return run


@contextlib.contextmanager
def _alone(example: Example, environment: dict[str, str], root: Path, adapter: Adapter) -> Iterator[Run]:
    run = Run()
    with (
        isolated(environment, example.path.name, root / CACHE),
        no_network() as run.blocked,
        adapter.restored(),
    ):
        yield run


@contextlib.contextmanager
def _threads_ended(run: Run) -> Iterator[None]:
    """Waits for the threads that the source started, and keeps what went wrong in them."""
    before = set(threading.enumerate())

    def keep(failed: threading.ExceptHookArgs) -> None:
        run.error = run.error or failed.exc_value

    original, threading.excepthook = threading.excepthook, keep
    try:
        yield
        for thread in set(threading.enumerate()) - before:
            # Daemons and the workers of a pool are the client's own: they wait for work until the process ends.
            if not thread.daemon and thread not in _threads_queues:
                thread.join(_PATIENCE)
                if thread.is_alive():
                    run.error = run.error or TimeoutError(f"the thread {thread.name} goes on after the end")
    finally:
        threading.excepthook = original


class _Frames:
    """Stands for `inspect` where prints are taken: it reads no source around each frame, which takes most of a run."""

    @staticmethod
    def stack() -> list[inspect.FrameInfo]:
        found: list[inspect.FrameInfo] = []
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            found.append(inspect.FrameInfo(frame, code.co_filename, frame.f_lineno, code.co_name, None, None))
            frame = frame.f_back
        return found


def _execute(example: Example, run: Run) -> None:
    file = str(example.path)

    class Source(importlib.abc.Loader):
        def create_module(self, spec: Any) -> ModuleType | None:
            return None

        def exec_module(self, module: ModuleType) -> None:
            try:
                exec(compile(example.source, file, "exec"), module.__dict__)
            except BaseException as error:
                # Here the traceback still has all frames; pytest-examples keeps only some, and swallows an interrupt.
                run.error = error
                run.error_line = _line_of(error, file)

    def collect(path: Path, frame: inspect.FrameInfo, arguments: Sequence[Any]) -> bool:
        if frame.filename != file:
            return False
        run.printed.append((frame.lineno, " ".join(map(str, arguments))))
        return True

    with mock.patch.object(pytest_examples.run_code, "inspect", _Frames):
        prints, _ = run_code(
            example=as_code_example(example),
            python_file=example.path,
            loader=Source(),
            config=ExamplesConfig(line_length=100_000),
            enable_print_mock=True,
            print_callback=None,
            include_print=collect,
            module_globals=None,
            call=None,
        )
    run.prints = prints
    if isinstance(run.error, KeyboardInterrupt):
        raise run.error


def as_code_example(example: Example) -> CodeExample:
    """The example as pytest-examples sees it."""
    code: CodeExample = CodeExample.create(example.source, path=example.path, prefix="py")
    return code


def _line_of(error: BaseException, file: str) -> int | None:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None


def type_name(error: BaseException) -> str:
    """The full name of an exception's type; built-in ones go without a module."""
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def came_from_a_miss(error: BaseException | None) -> bool:
    """Whether a refused request is among the causes of an error, under whatever name the client gives it."""
    while error is not None:
        if isinstance(error, Unrecorded):
            return True
        error = error.__cause__ or error.__context__
    return False


def raised_in(error: BaseException) -> str:
    """The innermost place, without the machine's path to it."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "the example"
    path = frames[-1].filename.replace("\\", "/").rpartition("/site-packages/")[2]
    return f"{shown(Path(path)) if path == frames[-1].filename else path}:{frames[-1].lineno}"
