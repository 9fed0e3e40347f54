"""Says what a mutant is: one small fault, with a name that stays the same for as long as what it breaks does."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from verified_docs.cassette import CASSETTES, Cassette, cassette_path, load_cassette
from verified_docs.example import Example, load_examples
from verified_docs.inventory import recorded_lanes
from verified_docs.lane import Lane, load_lanes
from verified_docs.problem import read_text

# Of one operator: enough to tell a gate that is off from one that is on, and a thousand in all take minutes.
QUOTA = 36
LEAST = 25
_SEED = "mutants 1"
_MOST_SHOWN = 60

Edits = Mapping[str, str | None]


@dataclass(frozen=True)
class Fault:
    """A place that an operator can break.

    Attributes:
        target: What is broken: an example's id, or a file's path below the root.
        place: What stands there and what shall stand there; equal places of a target are told apart by their order.
        what: The fault in one line, for people.
        make: Gives the files as the fault leaves them: path below the root to text, or None for one that goes.
        example: The example whose replay may notice, if there is one.
        lanes: The lanes in which it may, best first.
    """

    target: str
    place: str
    what: str
    make: Callable[[], Edits] = field(repr=False, compare=False)
    example: str | None = None
    lanes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operator:
    """A way to break the project.

    Attributes:
        name: Its name, the first part of the ids of its mutants.
        what: What it does, in a few words.
        gates: The checks of CI that may notice, the cheapest first; see `gates`.
        find: Finds every place that it can break.
        absent: Why it has no mutants: what it would break is not there.
    """

    name: str
    what: str
    gates: tuple[str, ...]
    find: Callable[[Project], Iterable[Fault]]
    absent: str = ""


@dataclass(frozen=True)
class Mutant:
    """A fault that was chosen.

    Attributes:
        id: Operator, target, and a hash of what is broken and how. Another line elsewhere in the file changes nothing.
        operator: The operator.
        fault: What it breaks.
    """

    id: str
    operator: Operator
    fault: Fault


class Project:
    """What mutants are made of: the project as it stands, read once.

    Args:
        root: The project's folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._texts: dict[str, str] = {}
        self._files: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        self._cassettes: dict[Path, Cassette] = {}

    @cached_property
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes."""
        return load_lanes(self.root)

    @cached_property
    def examples(self) -> dict[str, Example]:
        """The examples by id."""
        return {example.id: example for example in load_examples(self.root)}

    def text(self, path: str) -> str:
        """The text of a file, by its path below the root."""
        if path not in self._texts:
            self._texts[path] = read_text(self.root / path)
        return self._texts[path]

    def files(self, folder: str, *suffixes: str) -> list[str]:
        """The files of some suffixes in a folder and below, by their paths below the root."""
        if (folder, suffixes) not in self._files:
            found = (path for path in (self.root / folder).rglob("*") if path.suffix in suffixes and path.is_file())
            self._files[folder, suffixes] = sorted(path.relative_to(self.root).as_posix() for path in found)
        return self._files[folder, suffixes]

    def path_of(self, example: Example) -> str:
        """An example's path below the root."""
        return example.path.relative_to(self.root).as_posix()

    def recorded(self, example: Example) -> tuple[str, ...]:
        """The lanes in which an example is recorded; which comes first differs from example to example."""
        ids = [lane.id for lane in recorded_lanes(self.root, example, self.lanes)]
        return tuple(sorted(ids, key=lambda one: digest(example.id, one)))

    def cassettes(self) -> Iterable[tuple[str, str, Cassette]]:
        """Every cassette with its lane and its example."""
        for example in self.examples.values():
            for lane in recorded_lanes(self.root, example, self.lanes):
                path = cassette_path(self.root, lane, example.id)
                if path not in self._cassettes:
                    self._cassettes[path] = load_cassette(path)
                yield lane.id, example.id, self._cassettes[path]

    def edited(self, path: str, start: int, end: int, new: str) -> Callable[[], Edits]:
        """The fault that puts other characters in the place of some."""
        return lambda: {path: self.text(path)[:start] + new + self.text(path)[end:]}


def cassette_file(lane: str, example: str) -> str:
    """The path of a cassette below the root."""
    return f"{CASSETTES}/{lane}/{example}.yaml"


def digest(*words: str) -> str:
    """A short hash of some words, the same in every run."""
    return hashlib.sha256("\0".join((_SEED, *words)).encode()).hexdigest()[:10]


def change(old: str, new: str) -> str:
    """A change in one line, for people."""
    return f"{_short(old)} → {_short(new)}" if new else f"without {_short(old)}"


def _short(text: str) -> str:
    line = " ⏎ ".join(row.strip() for row in text.strip().splitlines())
    return line if len(line) <= _MOST_SHOWN else f"{line[: _MOST_SHOWN - 1]}…"


def choose(project: Project, operator: Operator, quota: int = QUOTA) -> list[Mutant]:
    """The mutants of an operator: always the same ones, from as many targets as there are.

    Args:
        project: What is broken.
        operator: How.
        quota: Their number, where there are as many places.

    Returns:
        The mutants, sorted by id.
    """
    seen: dict[tuple[str, str], int] = defaultdict(int)
    by_target: dict[str, list[Mutant]] = defaultdict(list)
    for fault in operator.find(project):
        key = (fault.target, fault.place)
        seen[key] += 1
        name = f"{operator.name}:{fault.target}:{digest(operator.name, *key, str(seen[key]))}"
        by_target[fault.target].append(Mutant(name, operator, fault))
    ranked: list[tuple[int, str, Mutant]] = []
    for mutants in by_target.values():
        mutants.sort(key=lambda mutant: digest(mutant.id))
        ranked += [(rank, digest(mutant.id), mutant) for rank, mutant in enumerate(mutants)]
    ranked.sort(key=lambda row: row[:2])
    return sorted((mutant for *_, mutant in ranked[:quota]), key=lambda mutant: mutant.id)


def find_mutants(project: Project, operators: Sequence[Operator], quota: int = QUOTA) -> list[Mutant]:
    """The mutants of several operators, in the order of operators and ids."""
    return [mutant for operator in operators if not operator.absent for mutant in choose(project, operator, quota)]
