"""Keeps pages up to date while somebody writes: verifies what changed, and publishes, each time a file is saved."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from verified_docs.cassette import CASSETTES
from verified_docs.census import DOCS, PYTHON, take_census
from verified_docs.example import EXAMPLES
from verified_docs.lane import CONFIG, load_lanes
from verified_docs.notebook import NOTEBOOK
from verified_docs.pages import SNIPPETS
from verified_docs.problem import Problem, Problems

EVIDENCE = "build/evidence"
# What a run reads, and what only pages read.
_VERIFIED = (EXAMPLES, CASSETTES, "src", "config", CONFIG, "quarantine.yaml", ".env.template", "requirements")
_SHOWN = (DOCS, SNIPPETS, "measured", "mutants", "overrides", "mkdocs.yml")
_COMPILED = "__pycache__"
Seen = frozenset[tuple[str, int, int]]


@dataclass
class Watch:
    """A project that somebody writes.

    Attributes:
        root: The project's folder.
        pages: The folder below it that MkDocs renders.
        tell: Tells a person what happens.
    """

    root: Path
    pages: Path
    tell: Callable[[str], None]
    _verified: tuple[Seen, tuple[str, ...]] | None = field(default=None, init=False)
    _published: Seen | None = field(default=None, init=False)

    @property
    def watched(self) -> list[Path]:
        """What to look at, where it is there."""
        return [path for name in (*_VERIFIED, *_SHOWN) if (path := self.root / name).exists()]

    def refresh(self) -> bool:
        """Verifies if something changed that a run reads, then publishes.

        Returns:
            Whether the pages are those of the project as it stands. Where they are not, the programs have told why,
            and the pages are the last good ones.
        """
        seen = self._seen(*_VERIFIED, *_SHOWN)
        if seen == self._published:
            return True
        read = self._read()
        if read is None or read != self._verified:
            self._verified = None
            self.tell("verifying what changed")
            if not self._verify():
                return False
            self._verified = read
        if not self._publish():
            return False
        self._published = seen
        return True

    def _read(self) -> tuple[Seen, tuple[str, ...]] | None:
        """What runs read, the Python of pages with it; None where that cannot be told, and verifying says why."""
        try:
            fences = take_census(self.root / DOCS)
        except (Problem, Problems):
            return None
        notebooks = frozenset(row for row in self._seen(DOCS) if row[0].endswith(NOTEBOOK))
        return self._seen(*_VERIFIED) | notebooks, tuple(one.sha256 for one in fences if one.language in PYTHON)

    def _seen(self, *names: str) -> Seen:
        return frozenset(row for name in names for row in _rows(self.root / name))

    def _environments(self) -> list[str]:
        return sorted({lane.environment for lane in load_lanes(self.root)})

    def _verify(self) -> bool:
        """Verifies in all environments at once: what has not changed is not run again."""
        try:
            environments = self._environments()
        except Problem as problem:
            self.tell(str(problem))
            return False
        running = []
        for environment in environments:
            program = self.root / ".venv" / environment / "bin" / "verified-docs"
            if not program.exists():
                what = "this environment is not there yet"
                self.tell(str(Problem(program.parent, None, what, "make setup", kind="environment")))
                continue
            command = [str(program), "verify", "--evidence", self._part(environment)]
            running.append(subprocess.Popen(command, cwd=self.root))
        codes = [one.wait() for one in running]
        return len(codes) == len(environments) and not any(codes)

    def _publish(self) -> bool:
        parts = [self._part(environment) for environment in self._environments()]
        # In a process of its own, so that a changed source is the one that runs.
        command = [sys.executable, "-m", "verified_docs", "publish", *parts, "--into", str(self.pages)]
        return subprocess.run(command, cwd=self.root, check=False).returncode == 0

    def _part(self, environment: str) -> str:
        return f"{EVIDENCE}/{environment}.json"


def _rows(path: Path) -> Iterator[tuple[str, int, int]]:
    files = [path] if path.is_file() else path.rglob("*")
    for file in files:
        try:
            if _COMPILED in file.parts or file.is_dir():
                continue
            found = file.stat()
        except OSError:  # gone while somebody saves
            continue
        yield str(file), found.st_mtime_ns, found.st_size


# MkDocs loads the hooks by their file, and gives them no other way to know what they are for.
current: list[Watch] = []
