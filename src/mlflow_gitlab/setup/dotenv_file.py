"""Changes single values of a .env file, leaves every other byte alone, and keeps the file to its owner."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from verified_docs.problem import Problem, shown

_PRIVATE = 0o600
_BOM = "\ufeff"
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_BLANK_LINES = re.compile(r"(?:[^\S\r\n]*(?:\r\n|\n|\r))*")
_UP_TO_KEY = re.compile(r"\s*(?:export[^\S\r\n]+)?(?:'[^']+'|[^=#\s]+)[^\S\r\n]*")
_EQUALS = re.compile(r"=[^\S\r\n]*")
_IN_QUOTES = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_BARE = re.compile(r"(?:(?!\s+#)[^\r\n])*?(?=\s*(?:\s#|[\r\n]|$))")


@dataclass(frozen=True)
class DotenvFile:
    """A .env file as it stands on the disk.

    Attributes:
        path: Where it is, or would be.
        text: All of it, with its own line ends; empty where there is no file.
        mode: Its permissions, or None where there is no file.
    """

    path: Path
    text: str
    mode: int | None

    @property
    def exists(self) -> bool:
        """Whether there is such a file."""
        return self.mode is not None

    @property
    def is_private(self) -> bool:
        """Whether nobody but its owner may read it; also where there is none yet."""
        return self.mode is None or self.mode & 0o077 == 0

    @property
    def backup(self) -> Path:
        """Where the file as it was before the last change is kept."""
        return self.path.with_name(f"{self.path.name}.backup")

    @property
    def values(self) -> dict[str, str | None]:
        """What python-dotenv reads in it, without replacing `${...}`."""
        return dict(dotenv_values(stream=_stream(self.text), interpolate=False))

    def changed(self, changes: Mapping[str, str | None]) -> str:
        """The text with some values set, or taken out where the value is None.

        A value is replaced where it stands, at every place if the key stands there twice; a new one goes to the end.

        Raises:
            Problem: A value cannot be written so that a shell and python-dotenv read the same, or the file has a line
                that would swallow another one.
        """
        new = {key: None if value is None else self._written(key, value) for key, value in changes.items()}
        bom = _BOM if self.text.startswith(_BOM) else ""
        pieces, seen = [bom], set()
        for binding in parse_stream(_stream(self.text)):
            if binding.key not in new:
                pieces.append(binding.original.string)
                continue
            seen.add(binding.key)
            value = new[binding.key]
            pieces.append(_replaced(binding, value) if value is not None else _blank(binding))
        text = "".join(pieces)
        end = "\r\n" if 2 * self.text.count("\r\n") > self.text.count("\n") else "\n"
        for key, value in new.items():
            if value is not None and key not in seen:
                text += ("" if text in {"", _BOM} or text.endswith(("\n", "\r")) else end) + f"{key}={value}{end}"
        self._check(text, changes)
        return text

    def write(self, changes: Mapping[str, str | None]) -> None:
        """Changes values in the file: mode 0600, in one step; the file as it was becomes the backup.

        The file is read again first, so that what somebody wrote meanwhile stays.

        Raises:
            Problem: As `changed` and `read_dotenv`, or the folder cannot be written to.
        """
        now = read_dotenv(self.path)
        text = now.changed(changes)
        try:
            if now.exists and text != now.text:
                _write_private(self.backup, now.text)
            _write_private(self.path, text)
        except OSError as error:
            raise Problem(
                self.path, None, f"this cannot be written: {error.strerror}", "look at the rights of its folder"
            ) from None

    def _written(self, key: str, value: str) -> str:
        # A newline, a NUL or ${...} is read in different ways, or by nobody.
        if not re.search(r"[\r\n\0]|\$\{", value):
            if _PLAIN.fullmatch(value):
                return value
            if not re.search(r"['\\]", value):
                return f"'{value}'"
            if not re.search(r'["\\$`]', value):
                return f'"{value}"'
        raise Problem(
            self.path,
            None,
            f"the value of {key} cannot be written so that a shell and python-dotenv read the same",
            "choose one without quotes, $, ` and \\",
            kind="dotenv",
        )

    def _check(self, text: str, changes: Mapping[str, str | None]) -> None:
        expected = {key: value for key, value in self.values.items() if key not in changes}
        expected |= {key: value for key, value in changes.items() if value is not None}
        found = DotenvFile(self.path, text, self.mode).values
        if found != expected:
            broken = next(iter(parse_errors(self.text)), None)
            raise Problem(
                self.path,
                broken,
                "this line is no KEY=value, and what follows it would be read as a part of it"
                if broken
                else "this file cannot be changed without changing what else it says",
                f"put {shown(self.path)} in order, one KEY=value a line, then run the same command again",
                kind="dotenv",
            )


def read_dotenv(path: Path) -> DotenvFile:
    """Reads a .env file, also one that is not there yet.

    Raises:
        Problem: It is a link, or no file, or not UTF-8, or Git keeps it.
    """
    try:
        info = path.lstat()
    except FileNotFoundError:
        return DotenvFile(path, "", None)
    except OSError as error:
        raise Problem(path, None, f"this cannot be read: {error.strerror}", "look at its rights", kind="file") from None
    if stat.S_ISLNK(info.st_mode):
        fix = f"name the file itself: --env-file {path.resolve()}"
        raise Problem(path, None, "this is a link to another file; a token is not written through it", fix, kind="link")
    if not stat.S_ISREG(info.st_mode):
        raise Problem(path, None, "this is not a file", "name another one with --env-file", kind="file")
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise Problem(path, None, f"this cannot be read: {error.strerror}", "look at its rights", kind="file") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Problem(path, line, "this is not UTF-8", "save the file as UTF-8 text", kind="file") from None
    return DotenvFile(path, text, stat.S_IMODE(info.st_mode))


def parse_errors(text: str) -> Iterator[int]:
    """The lines, counted from 1, that python-dotenv cannot read."""
    for binding in parse_stream(_stream(text)):
        if binding.error:
            yield binding.original.line


def refuse_if_tracked(file: DotenvFile) -> list[str]:
    """Asks Git about the file and its backup.

    Returns:
        The names that Git would take into the next `git add .`.

    Raises:
        Problem: Git keeps one of them already: a token in it would be published.
    """
    exposed = []
    for path in (file.path, file.backup):
        if _git(path, "ls-files", "--error-unmatch") == 0:
            raise Problem(
                path,
                None,
                "Git keeps this file; a token in it would be published with the next push",
                f"git rm --cached {shown(path)} && echo {path.name} >> .gitignore",
                kind="tracked",
            )
        if _git(path, "check-ignore", "--quiet") == 1:
            exposed.append(path.name)
    return exposed


def _stream(text: str) -> StringIO:
    return StringIO(text.removeprefix(_BOM), newline="")


def _git(path: Path, *command: str) -> int | None:
    folder = path.absolute().parent
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *command, "--", path.name], capture_output=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):  # no Git here, so it keeps nothing
        return None
    return done.returncode


def _blank(binding: Binding) -> str:
    """The empty lines before a value that is taken out."""
    match = _BLANK_LINES.match(binding.original.string)
    return match.group() if match else ""


def _replaced(binding: Binding, value: str) -> str:
    """The line of a value with another one; indent, `export`, comment and line end stay."""
    line = binding.original.string
    head = _UP_TO_KEY.match(line)
    assert head is not None, "python-dotenv found a key here"
    equals = _EQUALS.match(line, head.end())
    start = equals.end() if equals else head.end()
    # `KEY= # words` is an empty value and a comment, `KEY=#words` a value.
    if equals and len(equals.group()) > 1 and line.startswith("#", start):
        end = start
    else:
        old = _IN_QUOTES.match(line, start) or _BARE.match(line, start)
        end = old.end() if old and equals else start
    tail = line[end:]
    return f"{line[: head.end()].rstrip()}={value}{' ' if tail.startswith('#') else ''}{tail}"


def _write_private(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_PRIVATE)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
