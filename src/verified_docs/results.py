"""Remembers what was verified, under a hash of all that it depends on, so that only what has changed runs again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verified_docs.whole import write_whole

if TYPE_CHECKING:
    from verified_docs.example import Example
    from verified_docs.lane import Lane
    from verified_docs.notebooks.source import Source

FOLDER = Path("build") / "cache" / "results"
# What a run reads of a project besides its requirements; a name that is not there counts as empty.
INPUTS = ("docs", "examples", "cassettes", "config", "pyproject.toml", "quarantine.yaml")
REQUIREMENTS = "requirements"
_VERSION = 3
_WHOLE = "everything"
_CODE = (".py", ".json", ".yaml", ".yml", ".j2", ".toml")
# Two writes within one tick of the clock of the file system look the same: what is so young is read again.
_TICK = 2_000_000_000


class Digests:
    """Hashes of files; one that was not touched since is not read again.

    Args:
        path: Where hashes are remembered, with the size and the times of each file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._then: dict[str, list[Any]] = _read(path)
        self._now: dict[str, list[Any]] = {}
        self._began = time.time_ns()

    def of(self, path: Path | str, stat: os.stat_result | None = None) -> str:
        """The hash of a file, or of nothing where there is none."""
        name = str(path)
        try:
            stat = stat or Path(name).stat()
            seen = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
            known = self._then.get(name)
            if isinstance(known, list) and len(known) == 4 and known[:3] == seen:
                digest = str(known[3])
            else:
                digest = hashlib.sha256(Path(name).read_bytes()).hexdigest()
        except OSError:
            return ""
        if max(seen[1:]) < self._began - _TICK:
            self._now[name] = [*seen, digest]
        return digest

    def of_all(self, top: Path, endings: tuple[str, ...] = ("",)) -> str:
        """The hash of a file, or of names and contents of all files below a folder.

        Args:
            top: The file or folder.
            endings: Of which files, by the ends of their names; without it of all.
        """
        if not top.is_dir():
            return self.of(top)
        start = len(str(top))
        whole = hashlib.sha256()
        for name, stat in sorted(_files(str(top)), key=lambda row: row[0]):
            if name.endswith(endings):
                whole.update(f"{name[start:]}\0{self.of(name, stat)}\n".encode())
        return whole.hexdigest()

    def save(self) -> None:
        """Remembers the hashes that were asked for, and those of other files that are still there."""
        if any(self._then.get(name) != row for name, row in self._now.items()):
            kept = {name: row for name, row in self._then.items() if Path(name).exists()}
            write_whole(self._path, json.dumps(kept | self._now))


class Results:
    """What was verified in one environment, by earlier runs and by this one.

    A value is found only by a name and parts that are the same as when it was kept: everything that it depends on.
    What is cut off, edited or of another version is not found, and so runs again: no file in here can fail a run.

    Args:
        root: The project's folder.
        name: The environment.
        code: Folders of code that examples run with: the client's, and what they import besides.
        fresh: Find nothing, and keep what this run finds.
    """

    def __init__(self, root: Path, name: str, code: Iterable[Path], *, fresh: bool = False) -> None:
        self.path = root / FOLDER / f"{name}.json"
        self.digests = Digests(self.path.with_suffix(".digests.json"))
        self._root = root
        self._fresh = fresh
        self.environment = {
            "Python": f"{sys.version} {platform.machine()}",
            "the installed packages": _packages(),
            "the lock": self.digests.of_all(root / REQUIREMENTS),
            "the code that examples run with": " ".join(self.digests.of_all(folder, _CODE) for folder in code),
            "verified_docs itself": self.digests.of_all(Path(__file__).parent, _CODE),
        }
        stored = _read(self.path)
        self._entries: dict[str, Any] = stored.get("entries", {}) if stored.get("version") == _VERSION else {}
        if not isinstance(self._entries, dict):
            self._entries = {}
        self._asked: set[str] = set()
        self._began_with: dict[str, str] = {}

    def of_example(self, example: Example, lane: Lane) -> tuple[str, dict[str, str]]:
        """The name of what an example does in a lane, and all that it depends on besides the environment."""
        from verified_docs.cassette import cassette_path

        cassette = self.digests.of(cassette_path(self._root, lane, example.id))
        return f"{example.id} in {lane}", {
            "the example": example.sha256,
            "its cassette": cassette,
            "the lane": f"{lane.id}: {lane}",
        }

    def of_notebook(self, source: Source, lanes: Iterable[Lane]) -> tuple[str, dict[str, str]]:
        """The name of what a notebook does in some lanes, and all that it depends on besides the environment."""
        from verified_docs.cassette import cassette_path
        from verified_docs.notebooks.source import notebook_path

        path = notebook_path(self._root, source.path)
        cassettes = {str(lane): cassette_path(self._root, lane, source.example.id) for lane in lanes}
        return f"the notebook {path.relative_to(self._root).as_posix()}", {
            "the example": source.example.sha256,
            "its prose": self.digests.of(source.path),
            "the notebook": self.digests.of(path),
            "its cassettes": " ".join(map(self.digests.of, cassettes.values())),
            "the lanes": " ".join(cassettes),
        }

    def find(self, name: str, parts: Mapping[str, str]) -> Any:
        """What was kept, or None.

        Args:
            name: What it is of.
            parts: What it depends on besides the environment, in words and hashes.
        """
        self._asked.add(name)
        if self._fresh or self.why(name, parts):
            return None
        return self._entries[name]["value"]

    def why(self, name: str, parts: Mapping[str, str]) -> str:
        """Why something has to run again, in words; empty if it does not."""
        entry = self._entries.get(name)
        if entry is None:
            return "nothing is known of it"
        if not _is_sealed(name, entry):
            return "what is kept of it was cut off or edited"
        wanted = {**self.environment, **parts}
        then = entry["parts"]
        changed = [word for word in wanted.keys() | then.keys() if wanted.get(word) != then.get(word)]
        if changed:
            return f"{' and '.join(sorted(changed, key=str.lower))} changed"
        return "everything is to run" if self._fresh else ""

    def keep(self, name: str, parts: Mapping[str, str], value: Any) -> None:
        """Keeps what was verified."""
        self._asked.add(name)
        everything = {**self.environment, **parts}
        self._entries[name] = {"parts": everything, "value": value, "seal": _seal(name, everything, value)}

    def drop(self, name: str) -> None:
        """Forgets something that has failed, and with it that everything was verified."""
        self._entries.pop(name, None)
        self._entries.pop(_WHOLE, None)

    def find_whole(self, day: str) -> Any:
        """What a run of everything has found, if nothing at all has changed since; or None.

        Args:
            day: The day that counts as today: a quarantine may have ended.
        """
        self._began_with = self._inputs(day)
        return self.find(_WHOLE, self._began_with)

    def keep_whole(self, value: Any) -> None:
        """Keeps what a run of everything has found, for what there was when `find_whole` was asked.

        What nobody asked for in that run is forgotten.
        """
        self.keep(_WHOLE, self._began_with, value)
        self._entries = {name: entry for name, entry in self._entries.items() if name in self._asked}

    def save(self) -> None:
        """Writes what is kept for the next run."""
        write_whole(self.path, json.dumps({"version": _VERSION, "entries": self._entries}, ensure_ascii=False))
        self.digests.save()

    def _inputs(self, day: str) -> dict[str, str]:
        held = (self._root / "quarantine.yaml").exists()
        return {name: self.digests.of_all(self._root / name) for name in INPUTS} | {"the day": day if held else ""}


def _is_sealed(name: str, entry: Any) -> bool:
    try:
        sealed: bool = entry["seal"] == _seal(name, entry["parts"], entry["value"])
    except (KeyError, TypeError):
        return False
    return sealed and isinstance(entry["parts"], dict)


def _seal(name: str, parts: Any, value: Any) -> str:
    return hashlib.sha256(json.dumps([name, parts, value], sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> dict[str, Any]:
    """A document in JSON, or an empty one: a cache that cannot be read is no cache."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        found = json.loads(path.read_bytes())
        if isinstance(found, dict):
            return found
    return {}


def _files(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name == "__pycache__":
                continue
            if entry.is_dir():
                yield from _files(entry.path)
            else:
                with contextlib.suppress(OSError):
                    yield entry.path, entry.stat()


def _packages() -> str:
    """The names and versions of what is installed, without reading any of it."""
    names: list[str] = []
    for folder in sys.path:
        with contextlib.suppress(OSError), os.scandir(folder or ".") as entries:
            names += [one.name for one in entries if one.name.endswith((".dist-info", ".egg-info", ".pth"))]
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()
