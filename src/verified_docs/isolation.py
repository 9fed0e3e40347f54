"""Keeps a run to itself: no network, a clean environment, and the process as it was afterwards."""

from __future__ import annotations

import contextlib
import io
import ipaddress
import logging
import os
import random
import shutil
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "VIRTUAL_ENV")
_NAME_LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
_SENDS = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getnameinfo"}
_PROGRAM_STARTS = {"subprocess.Popen", "os.posix_spawn", "os.exec", "os.spawn", "os.system", "pty.spawn"}
_FORKS = {"os.fork", "os.forkpty"}
# What MLflow, Matplotlib and the standard library ask the machine; none of it reaches further.
_HARMLESS_PROGRAMS = {"uname", "ldconfig", "gcc", "cc", "ld", "objdump", "fc-list"}
_HARMLESS_GIT = {"version", "--version", "rev-parse", "cat-file", "config", "symbolic-ref"}


class Blocked(PermissionError):
    """The code tried to leave the machine, or to start a program that could."""


# Each is only itself: of two that have seen the same, the inner one ends first.
@dataclass(eq=False)
class _Guard:
    """One block that refuses the network, programs or both; blocks may be nested."""

    programs: bool
    network: bool = True
    attempts: list[str] = field(default_factory=list)


_guards: list[_Guard] = []
_installed = threading.Event()


@contextlib.contextmanager
def no_network(*, programs: bool = True) -> Iterator[list[str]]:
    """Refuses every connection and name look-up that is not loopback.

    Works on the interpreter's audit events, so below all Python libraries and in every thread. Code that swallows
    the refusal is still found out by the list. A library that opens sockets in C, without Python's, is not seen.

    Args:
        programs: Refuse to start programs as well, which could connect on their own.

    Yields:
        What was tried, in words; still readable after the end.
    """
    if not _installed.is_set():
        _installed.set()
        sys.addaudithook(_audit)
    guard = _Guard(programs)
    _guards.append(guard)
    try:
        yield guard.attempts
    finally:
        _guards.remove(guard)


@contextlib.contextmanager
def no_programs() -> Iterator[list[str]]:
    """Refuses to start programs, and lets the body connect: for a run against a real server.

    Yields:
        What was tried, in words; still readable after the end.
    """
    if not _installed.is_set():
        _installed.set()
        sys.addaudithook(_audit)
    guard = _Guard(programs=True, network=False)
    _guards.append(guard)
    try:
        yield guard.attempts
    finally:
        _guards.remove(guard)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _guards:
        return
    target: str | None = None
    starts_program = event in _PROGRAM_STARTS or event in _FORKS
    if event in _NAME_LOOKUPS:
        host = arguments[0]
        if not _is_loopback(host):
            target = f"a look-up of {_text(host)}"
    elif event in _SENDS:
        address = arguments[0] if event == "socket.getnameinfo" else arguments[1]
        # A path is a Unix socket; None repeats an address that was already let through.
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            target = f"a connection to {_text(address[0])}:{address[1]}"
    elif event in _FORKS:
        target = "a copy of the process"
    elif starts_program:
        words = _words(arguments)
        name = Path(words[0]).name
        if not (name in _HARMLESS_PROGRAMS or (name == "git" and words[1:2] and words[1] in _HARMLESS_GIT)):
            target = f"the program {words[0]}"
    if target is None:
        return
    refusing = [guard for guard in _guards if (guard.programs if starts_program else guard.network)]
    for guard in refusing:
        guard.attempts.append(target)
    if refusing:
        raise Blocked(f"no network in a replay: {target} was refused")


def _words(arguments: tuple[Any, ...]) -> list[str]:
    """Program and arguments of an audit event, whichever way it was started."""
    for argument in arguments[1::-1]:
        if isinstance(argument, (list, tuple)) and argument:
            return [_text(word) for word in argument]
    return _text(arguments[0] or "").split() or ["?"]


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _is_loopback(host: Any) -> bool:
    name = _text(host) if host is not None else "localhost"
    if name in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


@contextlib.contextmanager
def isolated(environment: Mapping[str, str], script: str, cache: Path) -> Iterator[io.StringIO]:
    """Runs the body as a script would run alone, and restores the process.

    The body gets only the given environment, an empty working and home directory, and a temporary directory
    that is removed. Afterwards environment, directories, arguments, main module, import path, random states,
    warning filters, standard streams, logging, the sockets' time-out and the options of NumPy and pandas are what
    they were. Random states are not seeded: what an example prints must not depend on them.

    Args:
        environment: The variables to set; besides them only what a shell needs to find programs.
        script: The script's name, as the program would see it.
        cache: A folder that may survive, for caches that are expensive to build.

    Yields:
        What goes to standard output and error besides the example's own prints.
    """
    noise = io.StringIO()
    scratch = Path(tempfile.mkdtemp(prefix="verified-docs-")).resolve()
    before = _Process.now()
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    for name in ("home", "tmp", "work"):
        (scratch / name).mkdir()
    try:
        os.environ.clear()
        os.environ.update(
            kept
            | {
                "HOME": str(scratch / "home"),
                "TMPDIR": str(scratch / "tmp"),
                "NETRC": os.devnull,
                "TZ": "UTC",
                "LOGNAME": "developer",
                "MPLBACKEND": "agg",
                "MPLCONFIGDIR": str(cache / "matplotlib"),
                "PYTHONWARNINGS": "ignore",
                "JOBLIB_MULTIPROCESSING": "0",
                # Several programs at once on few cores: with a thread per core each, they slow each other down.
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
            }
            | dict(environment)
        )
        os.chdir(scratch / "work")
        tempfile.tempdir = str(scratch / "tmp")
        sys.argv = [script]
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(noise),
            contextlib.redirect_stderr(noise),
            mock.patch.object(os, "_exit", sys.exit),
        ):
            warnings.simplefilter("ignore")
            yield noise
    finally:
        before.restore()
        shutil.rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True)
class _Process:
    """The state of the process that a script can change."""

    environment: dict[str, str]
    directory: str
    arguments: list[str]
    import_path: list[str]
    main: Any
    temporary: str | None
    random: Any
    timeout: float | None
    logging: tuple[int, int, list[logging.Handler]]
    libraries: dict[str, Any]

    @classmethod
    def now(cls) -> _Process:
        root = logging.getLogger()
        return cls(
            dict(os.environ),
            str(Path.cwd()),
            list(sys.argv),
            list(sys.path),
            sys.modules.get("__main__"),
            tempfile.tempdir,
            random.getstate(),
            socket.getdefaulttimeout(),
            (root.level, logging.root.manager.disable, list(root.handlers)),
            _library_state(),
        )

    def restore(self) -> None:
        os.environ.clear()
        os.environ.update(self.environment)
        if hasattr(time, "tzset"):
            time.tzset()
        os.chdir(self.directory)
        sys.argv[:] = self.arguments
        sys.path[:] = self.import_path
        sys.modules["__main__"] = self.main
        tempfile.tempdir = self.temporary
        random.setstate(self.random)
        socket.setdefaulttimeout(self.timeout)
        root = logging.getLogger()
        level, disabled, root.handlers[:] = self.logging
        root.setLevel(level)
        logging.disable(disabled)
        if numpy := sys.modules.get("numpy"):
            if "numpy" in self.libraries:
                numpy.random.set_state(self.libraries["numpy"])
                numpy.set_printoptions(**self.libraries["print options"])
            else:
                numpy.random.seed()
        if (pandas := sys.modules.get("pandas")) and "pandas" in self.libraries:
            for option, value in self.libraries["pandas"].items():
                if pandas.get_option(option) != value:
                    pandas.set_option(option, value)


def _library_state() -> dict[str, Any]:
    """Options and random state of the libraries that are loaded."""
    state: dict[str, Any] = {}
    if numpy := sys.modules.get("numpy"):
        state["numpy"] = numpy.random.get_state()
        state["print options"] = numpy.get_printoptions()
    if pandas := sys.modules.get("pandas"):
        display = ("display.max_rows", "display.max_columns", "display.width", "display.precision")
        state["pandas"] = {option: pandas.get_option(option) for option in display}
    return state
