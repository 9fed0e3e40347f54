"""Reads what a benchmark measured, and draws the line through a project of several sizes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, ValidationError, model_validator

from verified_docs.problem import Problem, read_text
from verified_docs.provenance import Frozen

FOLDER = Path("bench")
SPEED = FOLDER / "speed.json"
OTHERS = FOLDER / "others.json"
OURS = "verified-docs"
REPLAY = "its replay alone"

Seconds = Annotated[FiniteFloat, Field(ge=0)]


class Machine(Frozen):
    """Where was measured, without any name of the machine.

    Attributes:
        cores: How many cores it has.
        memory_gb: How much memory it has.
        python: The version of Python.
        system: The operating system.
    """

    cores: int = Field(gt=0)
    memory_gb: int = Field(gt=0)
    python: str
    system: str


class Sample(Frozen):
    """Some runs of the same thing.

    Attributes:
        what: What ran.
        seconds: The time of each run.
        peak_mb: The most memory that one of its processes held in any run, where that was measured.
    """

    what: str
    seconds: tuple[Seconds, ...] = Field(min_length=1)
    peak_mb: Seconds | None = None

    @property
    def median(self) -> float:
        """The time in the middle."""
        return statistics.median(self.seconds)


class Limit(Frozen):
    """How slow ours may be: so many times the other, so many seconds more than the other, or so many seconds."""

    kind: Literal["times", "more", "seconds"]
    value: float = Field(gt=0)


class Pair(Frozen):
    """Two things that ran in turn on one machine.

    Attributes:
        part: The part of the benchmark that ran them.
        name: What was measured.
        ours: What this project does.
        other: What it is compared with.
        limit: The budget, where there is one.
    """

    part: str
    name: str
    ours: Sample
    other: Sample | None = None
    limit: Limit | None = None

    @model_validator(mode="after")
    def _has_what_its_limit_needs(self) -> Self:
        if self.limit and self.limit.kind != "seconds" and not (self.other and self.other.median):
            raise ValueError(f"{self.name}: the limit compares with a time that is not there")
        return self

    @property
    def ratio(self) -> float | None:
        """How many times the other's median ours is."""
        return self.ours.median / self.other.median if self.other and self.other.median else None

    @property
    def kept(self) -> bool | None:
        """Whether the budget is kept, or None where there is none."""
        if self.limit is None:
            return None
        other = self.other.median if self.other else 0.0
        most = {"times": other * self.limit.value, "more": other + self.limit.value, "seconds": self.limit.value}
        return self.ours.median <= most[self.limit.kind]


class Way(Sample):
    """A way to read all recordings.

    Attributes:
        readable: Whether people can read and compare the files.
        used: Whether this project reads them so.
    """

    readable: bool
    used: bool = False


class Loads(Frozen):
    """How long reading all recordings takes.

    Attributes:
        files: Their number.
        mb: Their size.
        ways: Each way that was tried.
    """

    files: int = Field(gt=0)
    mb: float = Field(gt=0)
    ways: tuple[Way, ...] = Field(min_length=1)


class Point(Frozen):
    """One size of a made-up project."""

    examples: int = Field(gt=0)
    seconds: Seconds
    peak_mb: Seconds


class Growth(Frozen):
    """What happens to time and memory as a project grows.

    Attributes:
        what: What ran.
        points: What it took, by size.
    """

    what: str
    points: tuple[Point, ...] = Field(min_length=3)

    @model_validator(mode="after")
    def _has_sizes(self) -> Self:
        if len({point.examples for point in self.points}) < 3:
            raise ValueError(f"{self.what}: a line through fewer than three sizes says nothing")
        return self


class Speed(Frozen):
    """All that `scripts/bench.py` measured."""

    version: Literal[1] = 1
    machine: Machine
    pairs: tuple[Pair, ...] = ()
    loads: Loads | None = None
    growth: tuple[Growth, ...] = ()


class Tool(Frozen):
    """A tool that runs the code of pages.

    Attributes:
        version: Its version.
        sample: The runs of all examples.
    """

    version: str
    sample: Sample


class Planted(Frozen):
    """Faults of one kind.

    Attributes:
        what: What was done.
        faults: Their number.
        caught: Tool to the number of those that it refused.
    """

    what: str
    faults: int = Field(gt=0)
    caught: dict[str, int]


class Others(Frozen):
    """All that `scripts/compare.py` measured.

    Attributes:
        machine: Where.
        examples: How many examples every tool ran.
        left_out: How many more there are, which some tool could not run, with the reason.
        tools: The tools by name.
        planted: Operator to what became of its faults.
    """

    version: Literal[1] = 1
    machine: Machine
    examples: int = Field(gt=0)
    left_out: dict[str, int]
    tools: dict[str, Tool]
    planted: dict[str, Planted]

    @model_validator(mode="after")
    def _counts_what_was_planted(self) -> Self:
        for name, row in self.planted.items():
            if not row.caught.keys() >= self.tools.keys() or any(not 0 <= n <= row.faults for n in row.caught.values()):
                raise ValueError(f"{name}: what was caught is not counted for each tool")
        return self


@dataclass(frozen=True)
class Line:
    """A straight line through points, and how well it fits.

    Attributes:
        start: Its value at zero.
        each: What one more adds.
        r2: The share of the differences that it explains: 1 where all points are on it.
        worst: The largest distance of a point from it, as a share of the line's value there.
    """

    start: float
    each: float
    r2: float
    worst: float


def fit(points: Sequence[tuple[float, float]]) -> Line:
    """The line with the least squares.

    Args:
        points: Size and value; at least two sizes.
    """
    sizes, values = zip(*points, strict=True)
    each, start = statistics.linear_regression(sizes, values)
    middle = statistics.fmean(values)
    off = [value - (start + each * size) for size, value in points]
    spread = sum((value - middle) ** 2 for value in values)
    r2 = 1.0 - sum(one**2 for one in off) / spread if spread else 1.0
    shares = (abs(one) / abs(line) for one, (size, _) in zip(off, points, strict=True) if (line := start + each * size))
    return Line(start, each, r2, max(shares, default=0.0))


def load_speed(root: Path) -> Speed:
    """Reads what `make bench` wrote.

    Raises:
        Problem: It is missing or malformed.
    """
    return _load(root / SPEED, "make bench", Speed)


def load_others(root: Path) -> Others:
    """Reads what `make compare` wrote.

    Raises:
        Problem: It is missing or malformed.
    """
    return _load(root / OTHERS, "make compare", Others)


def _load[T: Frozen](path: Path, fix: str, model: type[T]) -> T:
    try:
        return model.model_validate_json(read_text(path, fix, missing=fix))
    except ValidationError as error:
        first = error.errors()[0]
        what = f"these are no measured times: /{'/'.join(map(str, first['loc']))}: {first['msg']}"
        raise Problem(path, 1, what, fix, kind="speed") from error
