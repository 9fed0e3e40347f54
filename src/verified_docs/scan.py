"""Scans files and folders for secrets: what git tracks, what is staged, what was built, and what is in archives."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import batched
from pathlib import Path, PurePath
from typing import Any

from verified_docs.cassette import CASSETTES
from verified_docs.lane import CONFIG, load_settings
from verified_docs.leaks import TOO_LARGE, Known, Leak, find_leaks_in_bytes, unspoken
from verified_docs.problem import Problem

# Of git, of other people, and made from files that are looked at.
_NOT_OURS = frozenset({".git", ".venv", "__pycache__"})
# What `make` builds to be read; other folders of `build/` hold what it loads.
BUILT = ("build/docs", "build/evidence", "site", "public")
_GONE, _SUBMODULE = "000000", "160000"
_LARGEST = 256 * 2**20
_FIXES = {
    "e-mail address": "write one of example.com",
    "private host": "write one of example.com; hosts_in lists files that name your own",
    "another host": "a cassette may name no other host: record it again",
    "path of a machine": "write a relative path",
    "canary": "take it out; if it is a token, revoke it: it may have been read",
    "random text": "if it is a token, revoke it and write a label such as <token>",
    TOO_LARGE: "unpack it, or leave it out",
}
_FIX = "revoke it, and write a label such as <project:developer:api> in its place"
_ALLOW = 'scan_allow = [{ file = "path", kind = "kind", reason = "why" }]'


@dataclass(frozen=True)
class Finding:
    """A secret in a file; the secret itself is not kept.

    Attributes:
        file: The path from the project's folder where it is inside, with `/`.
        line: The line, counted from 1; None where the secret is in the file's name.
        kind: What it looks like.
        inside: How it is hidden, such as ` in base64`, or the file of an archive.
    """

    file: str
    line: int | None
    kind: str
    inside: str = ""

    @property
    def where(self) -> str:
        """The file and line in the form that editors make clickable."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    @property
    def said(self) -> str:
        """The kind, and how the secret is hidden."""
        return self.kind + self.inside

    @property
    def fix(self) -> str:
        """What puts it right."""
        return _FIXES.get(self.kind, _FIX)


@dataclass(frozen=True)
class Exempt:
    """A finding that the project allows.

    Attributes:
        file: The path of the file, or a pattern with `*`.
        kind: The kind of finding.
        reason: Why it is no secret.
    """

    file: str
    kind: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether it is about the finding."""
        return finding.kind == self.kind and fnmatchcase(finding.file, self.file)


@dataclass
class Report:
    """What a scan found.

    Attributes:
        findings: What is not allowed.
        unused: What is allowed and was not found, though its file was scanned.
        files: How many files were scanned.
        size: How many bytes they have.
    """

    findings: list[Finding] = field(default_factory=list)
    unused: list[Exempt] = field(default_factory=list)
    files: int = 0
    size: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing is left to do."""
        return not self.findings and not self.unused


def load_exempt(root: Path) -> tuple[Exempt, ...]:
    """Reads `scan_allow = [...]` under `[tool.verified_docs]`.

    Raises:
        Problem: A row has other keys than file, kind and reason, or one of them is empty.
    """
    rows: Any = load_settings(root).get("scan_allow", [])
    try:
        exempt = tuple(Exempt(**row) for row in rows)
        if not all(isinstance(one, str) and one.strip() for row in exempt for one in (row.file, row.kind, row.reason)):
            raise TypeError
    except TypeError:
        what = "scan_allow under [tool.verified_docs] has to list a file, a kind and a reason each"
        raise Problem(root / CONFIG, None, what, f"write {_ALLOW}, then make scan", kind="config") from None
    return exempt


def scan(
    root: Path,
    files: Iterable[tuple[str, bytes]],
    known: Known,
    exempt: Sequence[Exempt] = (),
    *,
    host: str | None = None,
    whole: bool = False,
) -> Report:
    """Looks for secrets in files.

    Args:
        root: The project's folder.
        files: Names and contents.
        known: What the project and this machine know.
        exempt: What is allowed.
        host: The only host that a cassette may name; None for any.
        whole: Whether these are all files, so that what is allowed in no file of them is not needed any more.

    Returns:
        What was found, sorted by file and line.
    """
    report = Report()
    used: set[Exempt] = set()
    names: set[str] = set()
    # Most of a site stands in the repository too.
    seen: dict[tuple[bytes, bool], tuple[Leak, ...]] = {}
    for name, content in files:
        names.add(name)
        report.files += 1
        report.size += len(content)
        recorded = CASSETTES in PurePath(name).parts and name.endswith(".yaml")
        key = hashlib.sha256(content).digest(), recorded
        if key not in seen:
            knows = replace(known, only_host=host) if recorded else known
            large = len(content) > _LARGEST
            seen[key] = (Leak(TOO_LARGE, 1),) if large else tuple(find_leaks_in_bytes(content, knows))
        found = [Finding(name, leak.line, leak.kind, leak.inside) for leak in seen[key]]
        shown = _speakable(name, known)
        if shown != name:
            found = [*(replace(one, file=shown) for one in found), Finding(shown, None, "name of a file")]
        for one in found:
            allowing = {rule for rule in exempt if rule.covers(one)}
            used |= allowing
            if not allowing:
                report.findings.append(one)
    report.findings.sort(key=lambda one: (one.file, one.line or 0, one.kind))
    report.unused = [
        one for one in exempt if one not in used and (one.file in names or (whole and _expected(one, names)))
    ]
    return report


def _expected(row: Exempt, names: set[str]) -> bool:
    """Whether a scan of everything would have met it: what is not built yet is not scanned."""
    return not row.file.startswith(BUILT) or any(fnmatchcase(name, row.file) for name in names)


def _speakable(name: str, known: Known) -> str:
    """A file's name, cut where it holds a secret itself."""
    if unspoken(name, known) == name:
        return name
    cut = "/".join(unspoken(part, known, "(a secret)") for part in PurePath(name).parts)
    return unspoken(cut, known, "(a secret)")


def everything(root: Path) -> Iterator[tuple[str, bytes]]:
    """What git tracks, and what was built.

    Raises:
        Problem: The folder is not a git repository.
    """
    # A file in conflict is listed once for each of its versions.
    names = dict.fromkeys(_split(_git(root, "ls-files", "-z")))
    yield from _read(root, (root / name for name in names))
    yield from chosen(root, [root / name for name in BUILT if (root / name).is_dir()])


def staged(root: Path) -> Iterator[tuple[str, bytes]]:
    """What the next commit would add or change, as it is staged.

    Raises:
        Problem: The folder is not a git repository.
    """
    rows = _split(_git(root, "diff", "--cached", "--raw", "--no-abbrev", "--no-renames", "--relative", "-z"))
    ids = {}
    for about, name in batched(rows, 2):
        _, mode, _, content, _ = about.split(" ")
        # What is removed has no content, and that of a submodule is in another repository.
        if mode not in {_GONE, _SUBMODULE}:
            ids[name] = content
    answered = io.BytesIO(_git(root, "cat-file", "--batch", given="".join(f"{one}\n" for one in ids.values())))
    for name in ids:
        size = int(answered.readline().split(b" ")[2])
        yield name, answered.read(size)
        answered.readline()


def chosen(root: Path, paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Files, and all files of folders, but for what git, Python and an environment keep in theirs.

    Raises:
        Problem: There is no such path, or a file cannot be read.
    """
    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise Problem(path, None, "there is no such file", "name files or folders: verified-docs scan PATH")
        if path.is_dir() and not path.is_symlink():
            yield from _read(root, _below(root, path))
        else:
            yield from _read(root, [path])


def _below(root: Path, top: Path) -> Iterator[Path]:
    built = [root.absolute() / name for name in BUILT]
    for folder, folders, names in os.walk(top.absolute()):
        # What is published is looked at to the last file.
        if not any(Path(folder).is_relative_to(one) for one in built):
            folders[:] = (name for name in folders if name not in _NOT_OURS)
        folders.sort()
        yield from (Path(folder) / name for name in sorted(names))


def _read(root: Path, paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        inside = path.absolute().is_relative_to(root.absolute())
        name = path.absolute().relative_to(root.absolute()).as_posix() if inside else path.as_posix()
        if path.is_symlink():
            # Git keeps where it points to, not what is there.
            yield name, os.fsencode(path.readlink())
        elif path.is_file():
            try:
                yield name, path.read_bytes()
            except OSError as error:
                raise Problem(
                    path, None, f"this cannot be read: {error.strerror}", f"ls -ld {path}, and correct its rights"
                ) from None


def _split(listed: bytes) -> list[str]:
    return listed.decode("utf-8", "surrogateescape").split("\0")[:-1]


def _git(root: Path, *arguments: str, given: str = "") -> bytes:
    command = ["git", *arguments]
    try:
        return subprocess.run(command, cwd=root, input=given.encode(), capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        what = "git cannot list the files of this folder"
        raise Problem(root, None, what, "name what to scan: verified-docs scan PATH", kind="git") from error
