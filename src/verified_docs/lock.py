"""Compares an environment with its lock: what ran is what the lock says, and what people ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from verified_docs.lane import Lane
from verified_docs.problem import Problem, read_text

REQUIREMENTS = "requirements"
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}(?![0-9a-f])")


@dataclass(frozen=True)
class Pin:
    """One row of a lock.

    Attributes:
        line: Where it stands, counted from 1.
        name: The package, in its canonical spelling.
        version: The one version.
        hashes: The number of its hashes; 0 if one of them is none.
        here: Whether it is for this machine.
    """

    line: int
    name: str
    version: str
    hashes: int
    here: bool


def check_lock(root: Path, lane: Lane) -> None:
    """Makes sure that this environment is the one of its lock, and that the lock gives what is asked for.

    Args:
        root: The project's folder.
        lane: A lane of this environment.

    Raises:
        Problem: Another version is installed than the lock says, a row has no hash or no exact version, what
            `requirements/<environment>.in` asks for is missing or another version, or it does not ask for just the
            client of the lane.
    """
    path = root / REQUIREMENTS / f"{lane.environment}.txt"
    pins = {pin.name: pin for pin in _pins(path)}
    for pin in pins.values():
        if not pin.hashes:
            raise Problem(path, pin.line, f"{pin.name} {pin.version} has no hash", "make lock", kind="lock")
        if pin.here and (installed := _installed(pin.name)) != pin.version:
            has = f"has {installed}" if installed else "does not have it"
            what = f"the lock says {pin.name} {pin.version}, and this environment {has}"
            raise Problem(path, pin.line, what, "make setup", kind="lock")
    seen: set[tuple[str, frozenset[str]]] = set()
    queue = list(_asked(path.with_suffix(".in")))
    client = canonicalize_name(lane.client.rpartition(" ")[0])
    if not any(
        canonicalize_name(one.name) == client and str(one.specifier) == f"=={lane.client_version}" for *_, one in queue
    ):
        what = f"nothing asks for {client}=={lane.client_version}, the client of {lane}"
        raise Problem(path.with_suffix(".in"), None, what, "write it there, then make lock", kind="lock")
    while queue:
        file, line, asked = queue.pop()
        name = canonicalize_name(asked.name)
        given = pins.get(name)
        if given is None or not asked.specifier.contains(given.version, prereleases=True):
            has = f"gives {given.version}" if given else "does not have it"
            raise Problem(file, line, f"{asked} is asked for, and {path.name} {has}", "make lock", kind="lock")
        if given.here and (name, frozenset(asked.extras)) not in seen:
            seen.add((name, frozenset(asked.extras)))
            queue += [(path, given.line, one) for one in _needed(asked)]


def _pins(path: Path) -> Iterator[Pin]:
    """The rows of a lock; each goes on in the lines that end with a backslash."""
    rows = read_text(path, "make lock").splitlines()
    number = 0
    while number < len(rows):
        first, text = number, ""
        while True:
            row = rows[number]
            number += 1
            text += row.removesuffix("\\")
            if not row.endswith("\\") or number == len(rows):
                break
        text = re.sub(r"(?:^|\s)#.*", "", text)
        if not text.strip():
            continue
        asked = _requirement(path, first + 1, text.partition("--hash")[0])
        exact = [one for one in asked.specifier if one.operator == "==" and not one.version.endswith("*")]
        if len(exact) != 1 or len(asked.specifier) != 1:
            raise Problem(path, first + 1, f"{asked} names no exact version", "make lock", kind="lock")
        here = asked.marker is None or asked.marker.evaluate()
        sound = len(_HASH.findall(text)) == text.count("--hash=")
        hashes = text.count("--hash=") if sound else 0
        yield Pin(first + 1, canonicalize_name(asked.name), exact[0].version, hashes, here)


def _asked(path: Path) -> Iterator[tuple[Path, int, Requirement]]:
    """What people ask for, with the files that a file names."""
    for number, row in enumerate(read_text(path).splitlines(), start=1):
        text = re.sub(r"(?:^|\s)#.*", "", row).strip()
        if text.startswith("-r "):
            yield from _asked(path.parent / text[3:].strip())
        elif text:
            yield path, number, _requirement(path, number, text)


def _needed(asked: Requirement) -> Iterator[Requirement]:
    """What an installed package asks for in its turn, on this machine."""
    for text in requires(asked.name) or ():
        one = Requirement(text)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *asked.extras)):
            yield one


def _requirement(path: Path, line: int, text: str) -> Requirement:
    try:
        return Requirement(text.strip())
    except InvalidRequirement as error:
        what = f"{text.strip()!r} is no requirement: {str(error).partition(chr(10))[0]}"
        raise Problem(path, line, what, "make lock", kind="lock") from error


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
