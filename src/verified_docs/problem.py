"""One shape for every message to a person: where, what, and the command that fixes it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Problem(Exception):
    """Something a person has to change.

    Attributes:
        path: The file to look at; shown relative to the working directory.
        line: The line in that file, counted from 1, or None for the whole file.
        what: One sentence that says what is wrong.
        fix: The command or edit that puts it right.
        detail: More lines for a reader who needs them, such as a difference.
        kind: A short stable name of the failure, for tests and reports.
    """

    path: Path
    line: int | None
    what: str
    fix: str
    detail: str = ""
    kind: str = "problem"

    def __post_init__(self) -> None:
        super().__init__(self.what)

    @property
    def where(self) -> str:
        """The file and line in the form that editors make clickable."""
        return shown(self.path) if self.line is None else f"{shown(self.path)}:{self.line}"

    def __str__(self) -> str:
        detail = "".join(f"\n    {line}" for line in self.detail.splitlines())
        return f"{self.where}: {self.what}{detail}\n    fix: {self.fix}"


class Problems(Exception):
    """Several problems found in one pass, so that a person can fix them in one go.

    Attributes:
        found: The problems, in the order in which they were met.
    """

    def __init__(self, found: list[Problem]) -> None:
        self.found = found
        super().__init__("\n".join(map(str, found)))


def read_text(path: Path, fix: str = "save the file as UTF-8 text, then make verify", missing: str = "") -> str:
    """The text of a file that a person wrote, with plain line ends and without a byte order mark.

    Args:
        path: The file.
        fix: What to do if it is not UTF-8.
        missing: What to do if it is not there, where that is more than to look for it.

    Raises:
        Problem: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        gone = isinstance(error, FileNotFoundError) and missing
        look = gone or f"ls -ld {shown(path)}, and correct what keeps it from being read"
        raise Problem(path, None, f"this cannot be read: {error.strerror}", look, kind="file") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Problem(path, line, f"this is not UTF-8: {error.reason}", fix, kind="file") from error


def shown(path: Path) -> str:
    """A path as people type it: relative to the working directory where that is shorter."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)
    return str(path) if relative.startswith("..") else relative.replace(os.sep, "/")
