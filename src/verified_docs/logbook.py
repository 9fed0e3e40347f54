"""Remembers what a recording has done, so that one that was interrupted goes on and leaves nothing half done."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from verified_docs.cassette import CASSETTES, Cassette, file_sha256, write_cassette
from verified_docs.inventory import MANIFEST, load_manifest, write_manifest
from verified_docs.problem import Problem
from verified_docs.whole import write_whole

FOLDER = Path("build") / "record"
_FINISHED = frozenset({"recorded", "unchanged", "changed"})


def checkpoint(name: str) -> None:
    """Does nothing: tests put a fault in its place, to see what is left when a run dies here."""


class Logbook:
    """What was done, which places on the server are open, and which cassette is on its way.

    Args:
        root: The project's folder.
        into: The folder that gets the cassettes: the project's, or another one.
    """

    def __init__(self, root: Path, into: Path) -> None:
        self.folder = root / FOLDER
        self.into = into
        self.raw = self.folder / "raw"
        self._state = self.folder / "state.json"
        self._coming = self.folder / "coming.json"
        self._about: dict[str, Any] = {"server": "", "done": {}, "open": []}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps every other recording of this folder out, and repairs what a killed one left half done.

        Raises:
            Problem: Another one is running.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                what = "another recording is running in this folder"
                raise Problem(
                    self.folder,
                    None,
                    what,
                    "wait for its end (ps -ef | grep verified-docs), then make record",
                    kind="locked",
                ) from None
            self._repair()
            shutil.rmtree(self.raw, ignore_errors=True)
            self._load()
            try:
                yield
            finally:
                shutil.rmtree(self.raw, ignore_errors=True)

    def _load(self) -> None:
        try:
            about = json.loads(self._state.read_text("utf-8"))
            if isinstance(about["done"], dict) and isinstance(about["open"], list) and isinstance(about["server"], str):
                self._about = about
        except (OSError, ValueError, KeyError, TypeError):
            pass  # none yet, or cut off: every example is recorded again

    def _save(self) -> None:
        write_whole(self._state, json.dumps(self._about, indent=1) + "\n")

    def begin(self, server: str, *, again: bool) -> None:
        """Starts over if asked to, or if the last run had another server or folder; else goes on."""
        where = f"{server} into {self.into}"
        if again or self._about["server"] != where:
            self._about |= {"server": where, "done": {}}
            self._save()

    def is_done(self, key: str, program: str) -> bool:
        """Whether an example was recorded already, just as it is now."""
        return bool(self._about["done"].get(key) == program)

    def note(self, key: str, program: str, state: str) -> None:
        """Notes how an example came out."""
        if state in _FINISHED:
            self._about["done"][key] = program
            self._save()

    def finished(self) -> None:
        """Forgets what was done: the next recording starts over."""
        self._about["done"] = {}
        self._save()

    @property
    def open(self) -> list[str]:
        """The marks of places on the server that may still be there."""
        return list(self._about["open"])

    def opening(self, mark: str) -> None:
        """Notes a place before it is made."""
        self._about["open"].append(mark)
        self._save()

    def closed(self, *marks: str) -> None:
        """Notes that places are gone."""
        self._about["open"] = [mark for mark in self._about["open"] if mark not in marks]
        self._save()

    def put(self, cassette: Cassette, key: str) -> None:
        """Puts a cassette into its place and its hash into the manifest.

        Both are files of their own. What is on its way is noted first, so that the next run can finish it.
        """
        row = {"recording": cassette.provenance.recording_sha256, "cassette": _sha256(cassette)}
        write_whole(self._coming, json.dumps({"key": key, "into": str(self.into), "row": row}) + "\n")
        checkpoint("noted")
        write_cassette(cassette)
        checkpoint("in place")
        self._list(key, row)
        checkpoint("listed")
        self._coming.unlink()

    def _list(self, key: str, row: dict[str, str]) -> None:
        write_manifest(self.into, load_manifest(self.into) | {key: row})

    def _repair(self) -> None:
        try:
            coming = json.loads(self._coming.read_text("utf-8"))
        except (OSError, ValueError):
            return
        into = Path(coming["into"])
        path = into / CASSETTES / f"{coming['key']}.yaml"
        for target in (path, into / CASSETTES / MANIFEST):
            for left in target.parent.glob(f".{target.name}.*"):
                left.unlink()
        if file_sha256(path) == coming["row"]["cassette"]:
            write_manifest(into, load_manifest(into) | {coming["key"]: coming["row"]})
        self._coming.unlink()


def _sha256(cassette: Cassette) -> str:
    return hashlib.sha256(cassette.text.encode()).hexdigest()
