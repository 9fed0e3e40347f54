"""Counts what became of mutants, holds those that change nothing, and is the one file that the page is made from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import Field, ValidationError

from verified_docs.problem import Problem, Problems, read_text, shown
from verified_docs.provenance import Frozen
from verified_docs.whole import write_whole

# A page shows the score: what makes and tries mutants takes long to load, and pages need none of it.
if TYPE_CHECKING:
    from verified_docs.mutants.mutant import Mutant, Operator
    from verified_docs.mutants.trial import Verdict

FOLDER = Path("mutants")
SCORE = FOLDER / "score.json"
EQUIVALENT = FOLDER / "equivalent.yaml"
MINIMUM = 0.99


class Equivalent(Frozen):
    """A mutant that changes nothing that a page says, so that no check has to see it.

    Attributes:
        id: The mutant.
        reason: Why nothing changes.
    """

    id: str
    reason: str = Field(min_length=15)


class Survivor(Frozen):
    """A mutant that no check saw.

    Attributes:
        id: The mutant.
        what: The fault.
    """

    id: str
    what: str


class Count(Frozen):
    """What became of the mutants of an operator.

    Attributes:
        what: What the operator does.
        mutants: Their number.
        killed: Gate to the number of mutants that it saw first.
        equivalent: The number of those that change nothing.
        survivors: Those that no gate saw.
        absent: Why there are none.
    """

    what: str
    mutants: int = 0
    killed: dict[str, int] = Field(default_factory=dict)
    equivalent: int = 0
    survivors: tuple[Survivor, ...] = ()
    absent: str = ""

    @property
    def seen(self) -> int:
        """The number of mutants that some gate saw."""
        return sum(self.killed.values())

    @property
    def score(self) -> float:
        """Seen mutants for each one that changes something; 1 where there are none."""
        counted = self.mutants - self.equivalent
        return self.seen / counted if counted else 1.0


class Score(Frozen):
    """The whole run.

    Attributes:
        version: The version of this format.
        operators: Operator to its count, in the order of the page.
        gates: Gate to what it is.
    """

    version: int = 1
    operators: dict[str, Count]
    gates: dict[str, str]

    @property
    def total(self) -> Count:
        """All operators together."""
        killed: Counter[str] = Counter()
        for count in self.operators.values():
            killed.update(count.killed)
        counts = self.operators.values()
        return Count(
            what="all",
            mutants=sum(count.mutants for count in counts),
            killed=dict(killed),
            equivalent=sum(count.equivalent for count in counts),
            survivors=tuple(one for count in counts for one in count.survivors),
        )

    def to_json(self) -> str:
        """The document as it is written."""
        return json.dumps(self.model_dump(mode="json", exclude_defaults=True), indent=1, ensure_ascii=False) + "\n"


def score(
    operators: Sequence[Operator],
    verdicts: Iterable[Verdict],
    equivalent: Sequence[Equivalent],
    gates: dict[str, str],
) -> Score:
    """Counts verdicts.

    Args:
        operators: All operators of the run, also those without a mutant.
        verdicts: What became of the mutants.
        equivalent: Those that change nothing.
        gates: Gate to what it is.
    """
    same = {one.id for one in equivalent}
    by_operator: dict[str, list[Verdict]] = {operator.name: [] for operator in operators}
    for verdict in verdicts:
        by_operator[verdict.mutant.operator.name].append(verdict)
    counts: dict[str, Count] = {}
    used: set[str] = set()
    for operator in operators:
        rows = by_operator[operator.name]
        killed = Counter(row.gate for row in rows if row.gate is not None)
        used |= killed.keys()
        alive = [row.mutant for row in rows if not row.killed and row.mutant.id not in same]
        counts[operator.name] = Count(
            what=operator.what,
            mutants=len(rows),
            killed=dict(sorted(killed.items())),
            equivalent=sum(not row.killed and row.mutant.id in same for row in rows),
            survivors=tuple(Survivor(id=mutant.id, what=mutant.fault.what) for mutant in alive),
            absent=operator.absent,
        )
    return Score(operators=counts, gates={name: what for name, what in gates.items() if name in used})


def load_equivalent(root: Path) -> list[Equivalent]:
    """Reads the list of mutants that change nothing.

    Raises:
        Problem: It is malformed.
    """
    path = root / EQUIVALENT
    if not path.exists():
        return []
    try:
        rows = yaml.safe_load(read_text(path)) or []
        found = [Equivalent.model_validate(row) for row in rows]
        if len({one.id for one in found}) != len(found):
            raise ValueError("an id stands there twice")
    except (yaml.YAMLError, ValidationError, ValueError, TypeError) as error:
        what = f"this is no list of ids with reasons: {str(error).partition(chr(10))[0]}"
        raise Problem(path, 1, what, "write `- id: …` and `reason: …`", kind="equivalent") from error
    return found


def check_equivalent(root: Path, equivalent: Sequence[Equivalent], mutants: Iterable[Mutant]) -> None:
    """Makes sure that every listed mutant is one.

    Args:
        root: The project's folder.
        equivalent: The list.
        mutants: All mutants of all operators.

    Raises:
        Problems: One for each that is not there any more.
    """
    known = {mutant.id for mutant in mutants}
    gone = [one for one in equivalent if one.id not in known]
    if gone:
        raise Problems([_row(root, one.id, "there is no such mutant any more") for one in gone])


def check_still_equivalent(root: Path, equivalent: Sequence[Equivalent], verdicts: Iterable[Verdict]) -> None:
    """Makes sure that no check sees a mutant that is listed as one that changes nothing.

    Raises:
        Problems: One for each that is seen.
    """
    same = {one.id for one in equivalent}
    seen = [row for row in verdicts if row.killed and row.mutant.id in same]
    if seen:
        raise Problems([_row(root, row.mutant.id, f"the gate {row.gate} sees this mutant") for row in seen])


def _row(root: Path, name: str, what: str) -> Problem:
    path = root / EQUIVALENT
    line = next((n for n, row in enumerate(read_text(path).splitlines(), start=1) if name in row), 1)
    return Problem(path, line, f"{what}: {name}", f"take its row out of {shown(path)}", kind="equivalent")


def load_score(root: Path) -> Score:
    """Reads the score that the page shows.

    Raises:
        Problem: It is missing or malformed.
    """
    path = root / SCORE
    try:
        return Score.model_validate_json(read_text(path, "make mutants UPDATE=1"))
    except ValidationError as error:
        raise Problem(path, 1, "this is no score", "make mutants UPDATE=1", kind="score") from error


def check_score(root: Path, found: Score) -> None:
    """Makes sure that the page shows what a whole run has found; without a score there is no page that shows it.

    Raises:
        Problem: It shows something else; the first difference is named.
    """
    path = root / SCORE
    if not path.exists():
        return
    then = read_text(path).splitlines()
    now = found.to_json().splitlines()
    if then != now:
        line = next((n for n, (old, new) in enumerate(zip(then, now, strict=False), 1) if old != new), len(then))
        what = "the page would show another score than this run has found"
        raise Problem(path, line or 1, what, "make mutants UPDATE=1, and commit it", kind="score")


def write_score(root: Path, found: Score) -> None:
    """Writes the score that the page shows."""
    write_whole(root / SCORE, found.to_json())
