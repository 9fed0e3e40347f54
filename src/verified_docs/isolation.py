"""Runs code as if in a process of its own: no network, a clean environment, nothing left behind."""

from __future__ import annotations

import contextlib
import io
import ipaddress
import os
import random
import shutil
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "VIRTUAL_ENV")
_NAME_LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname"}
_SENDS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_PROGRAM_STARTS = {"subprocess.Popen", "os.posix_spawn", "os.exec", "os.system"}
# MLflow asks git which commit a script belongs to; these read the machine and nothing else.
_HARMLESS_PROGRAMS = {"git", "uname", "ldconfig", "gcc", "cc", "ld", "objdump", "sh", "fc-list"}


class Blocked(PermissionError):
    """The code tried to leave the machine, or to start a program that could."""


@dataclass
class _Guard:
    """One block that refuses the network; blocks may be nested."""

    programs: bool
    attempts: list[str] = field(default_factory=list)


_guards: list[_Guard] = []
_installed = threading.Event()


@contextlib.contextmanager
def no_network(*, programs: bool = True) -> Iterator[list[str]]:
    """Refuses every connection and name look-up that is not loopback.

    Works below all libraries, on the interpreter's audit events, and in every thread. Code that swallows the
    refusal is still found out by the list.

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


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _guards:
        return
    target: str | None = None
    starts_program = event in _PROGRAM_STARTS
    if event in _NAME_LOOKUPS:
        host = arguments[0]
        if not _is_loopback(host):
            target = f"a look-up of {_text(host)}"
    elif event in _SENDS:
        address = arguments[1]
        # A path is a Unix socket; None repeats an address that was already let through.
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            target = f"a connection to {_text(address[0])}:{address[1]}"
    elif starts_program:
        program = _program(arguments)
        if Path(program).name not in _HARMLESS_PROGRAMS:
            target = f"the program {program}"
    if target is None:
        return
    refusing = [guard for guard in _guards if guard.programs or not starts_program]
    for guard in refusing:
        guard.attempts.append(target)
    if refusing:
        raise Blocked(f"no network in a replay: {target} was refused")


def _program(arguments: tuple[Any, ...]) -> str:
    first = arguments[0]
    if isinstance(first, (list, tuple)):
        first = first[0] if first else ""
    if first in (None, "") and len(arguments) > 1 and arguments[1]:
        first = arguments[1][0]
    return _text(first).split(" ")[0]


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
    warning filters and standard streams are what they were.

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
            }
            | dict(environment)
        )
        os.chdir(scratch / "work")
        tempfile.tempdir = str(scratch / "tmp")
        sys.argv = [script]
        random.seed(0)
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(noise),
            contextlib.redirect_stderr(noise),
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
    numpy_random: Any

    @classmethod
    def now(cls) -> _Process:
        numpy = sys.modules.get("numpy")
        return cls(
            dict(os.environ),
            str(Path.cwd()),
            list(sys.argv),
            list(sys.path),
            sys.modules.get("__main__"),
            tempfile.tempdir,
            random.getstate(),
            numpy.random.get_state() if numpy else None,
        )

    def restore(self) -> None:
        os.environ.clear()
        os.environ.update(self.environment)
        os.chdir(self.directory)
        sys.argv[:] = self.arguments
        sys.path[:] = self.import_path
        sys.modules["__main__"] = self.main
        tempfile.tempdir = self.temporary
        random.setstate(self.random)
        numpy = sys.modules.get("numpy")
        if numpy:
            # Imported by this run: the next one must not depend on what this one drew.
            numpy.random.set_state(self.numpy_random) if self.numpy_random else numpy.random.seed(0)
