"""Reads what is to be scanned: files, folders, notebooks and standard input; what cannot be read is told, once each."""

from __future__ import annotations

import fnmatch
import io
import json
import os
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlflow_gitlab.doctor.scan_notebook import Place, notebook
from verified_docs.problem import Problem

STDIN = "<stdin>"
_LEAVE_OUT = "save it as UTF-8, or leave it out with --exclude"
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})


@dataclass(frozen=True)
class Source:
    """One module to scan.

    Attributes:
        path: Its path from the top of the repository, or the working directory where there is none; with slashes.
        text: Its Python.
        places: For a notebook, where each line of the text stands.
    """

    path: str
    text: str
    places: tuple[Place, ...] = ()


def repository(folder: Path) -> Path:
    """The top of the repository around a folder, or the folder itself: reports name files from there."""
    folder = folder.resolve()
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)


def read_sources(paths: Sequence[Path], exclude: Sequence[str], root: Path) -> Iterator[Source | Problem]:
    """Every module below the paths, each once, in the order of their names; a problem in place of one with a fault.

    The paths of problems are told from the root, as those of modules are.

    Folders are read with all that is in them, but for hidden ones, environments and `node_modules`. A folder behind a
    symbolic link is read only if it is named itself, so no loop of links has an end to look for.

    Args:
        paths: Files, folders, and `-` for standard input.
        exclude: Shell patterns of names or paths to leave out.
        root: The folder that paths are told from.
    """
    seen: set[tuple[int, int]] = set()
    for given in paths:
        if str(given) == "-":
            yield from _read(STDIN, sys.stdin.buffer.read())
            continue
        for path in _files(given, exclude, root):
            if isinstance(path, Problem):
                yield path
                continue
            try:
                status = path.stat()
                if (status.st_dev, status.st_ino) in seen:
                    continue
                seen.add((status.st_dev, status.st_ino))
                data = path.read_bytes()
            except OSError as error:
                yield _unreadable(path, error, root)
                continue
            yield from _read(name_of(path, root), data)


def name_of(path: Path, root: Path) -> str:
    """A path as reports tell it; bytes of a name that are no UTF-8 are spelled out."""
    try:
        # A link keeps its own name: that is the one which the repository has.
        absolute = path.parent.resolve() / path.name if path.name not in {"", ".."} else path.resolve()
        name = absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else absolute.as_posix()
    except (OSError, RuntimeError):
        name = path.as_posix()
    name = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in name)


def _files(given: Path, exclude: Sequence[str], root: Path) -> Iterator[Path | Problem]:
    if _is_excluded(given, exclude, root):
        return
    if not given.is_dir():
        yield given
        return
    faults: list[OSError] = []
    for folder, folders, names in os.walk(given, onerror=faults.append):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not _is_skipped(here / name, exclude, root))
        for name in sorted(names):
            path = here / name
            wanted = path.suffix in {".py", ".ipynb"} and not _is_excluded(path, exclude, root)
            # A pipe would wait for somebody to write; a link to nowhere is told as what it is.
            if wanted and (path.is_file() or path.is_symlink()):
                yield path
        while faults:
            yield _unreadable(Path(faults[0].filename), faults.pop(0), root)
    while faults:
        yield _unreadable(Path(faults[0].filename), faults.pop(0), root)


def _is_skipped(folder: Path, exclude: Sequence[str], root: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name in _SKIPPED
    return hidden or (folder / "pyvenv.cfg").exists() or _is_excluded(folder, exclude, root)


def _is_excluded(path: Path, exclude: Sequence[str], root: Path) -> bool:
    names = (path.name, path.as_posix(), name_of(path, root))
    return any(fnmatch.fnmatch(name, pattern.rstrip("/")) for pattern in exclude for name in names)


def _read(name: str, data: bytes) -> Iterable[Source | Problem]:
    try:
        if name.endswith(".ipynb"):
            text, places, problems = notebook(name, data.decode("utf-8-sig"))
            return [*problems, Source(name, text, places)]
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        # As Python reads it: any end of line is one.
        return [Source(name, io.IncrementalNewlineDecoder(None, True).decode(data.decode(encoding), True))]
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        what = f"this is not {error.encoding.upper()}: {error.reason}"
        return [Problem(Path(name), line, what, _LEAVE_OUT, kind="file")]
    except SyntaxError as error:
        return [Problem(Path(name), 1, f"this is not UTF-8: {error.msg}", _LEAVE_OUT, kind="file")]
    except json.JSONDecodeError as error:
        return [_no_json(name, error.lineno, error.msg)]
    except RecursionError:
        return [_no_json(name, None, "it is nested too deeply")]


def _no_json(name: str, line: int | None, said: str) -> Problem:
    what = f"this notebook is not JSON that can be read: {said}"
    return Problem(Path(name), line, what, "save it again, or leave it out with --exclude", kind="file")


def _unreadable(path: Path, error: OSError, root: Path) -> Problem:
    what = f"this cannot be read: {error.strerror or error}"
    fix = "check the path and who may read it, or leave it out with --exclude"
    return Problem(Path(name_of(path, root)), None, what, fix, kind="file")
