"""Holds what a scan finds, how much it matters, and how to know it again after lines have moved."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from mlflow_gitlab.doctor.compatibility import Outcome, Variant, split


class Severity(IntEnum):
    """How much a finding matters."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Finding:
    """One call that does not do what it does elsewhere.

    Attributes:
        path: The file, as reports name it.
        line: Counted from 1.
        column: Counted from 1, in characters.
        end_line: The last line of the call.
        end_column: One behind its last character.
        call: The call, such as `mlflow.search_runs`.
        form: What is special about this call, in the words of the matrix; may be empty.
        check: The measured variant, such as `mlflow.search_runs:order_by`.
        severity: How much it matters.
        done: Whether the call does its work, if with a caveat.
        says: What happens, as measured.
        lanes: The ids of the lanes where that happens.
        instead: What to do instead; may be empty.
        more: The page of the site about that; may be empty.
        page: The page of the site that shows the measurement; may be empty.
        cell: The number of a notebook's code cell, counted from 1, or None; then `line` is that of the file.
        cell_line: The line within the cell.
        fingerprint: Stays the same when lines move; no two findings of a scan share one.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    call: str = ""
    form: str = ""
    check: str = ""
    severity: Severity = Severity.NOTE
    done: bool = True
    says: str = ""
    lanes: tuple[str, ...] = ()
    instead: str = ""
    more: str = ""
    page: str = ""
    cell: int | None = None
    cell_line: int | None = None
    fingerprint: str = ""


@dataclass
class Scanned:
    """What was found in one file.

    Attributes:
        findings: In the order of the file.
        suppressed: How many findings a comment keeps quiet.
        elsewhere: The line that sends MLflow to another server than a GitLab, or None: such calls are not checked.
    """

    findings: list[Finding] = field(default_factory=list)
    suppressed: int = 0
    elsewhere: int | None = None


@dataclass(frozen=True)
class Judgement:
    """How a call goes in one lane.

    Attributes:
        severity: How much that matters.
        variant: The measured variant that says so.
        outcome: How that one went.
        says: The same in words, with what else the call may be.
    """

    severity: Severity
    variant: Variant
    outcome: Outcome
    says: str


def judge(variants: Sequence[Variant], lane: str, usual: bool) -> Judgement:
    """Says how a call goes in a lane.

    Args:
        variants: What it may be.
        lane: The id of the lane.
        usual: Whether only the server can tell the variants apart: then the worst counts, but as an error only if all
            of them fail. Else the arguments prove that it is one of them, and the best counts.
    """
    pairs = [(variant, variant.outcomes[lane]) for variant in variants]
    pick = max if usual else min
    variant, outcome = pick(pairs, key=lambda pair: badness(pair[1]))
    severity = _severity(outcome)
    if usual and severity is Severity.ERROR and not all(one.status == "fails" for _, one in pairs):
        severity = Severity.WARNING
    says = outcome.sentence
    if usual and len(pairs) > 1:
        sentences: dict[str, list[str]] = {}
        for one, result in pairs:
            name = split(one.id)[1]
            sentences.setdefault(result.sentence, []).append("as a rule" if name == "basic" else name)
        if len(sentences) > 1:
            says = "; ".join(f"{', '.join(names)}: {sentence}" for sentence, names in sentences.items())
    return Judgement(severity, variant, outcome, says)


def badness(outcome: Outcome) -> int:
    """How bad an outcome is: 0 for what works, 1 with a caveat or not in the client, 2 ignored, 3 fails."""
    return {"yes": 0, "but": 1, "none": 1, "no": 3 if outcome.status == "fails" else 2}[outcome.kind]


def _severity(outcome: Outcome) -> Severity:
    return (Severity.NOTE, Severity.WARNING, Severity.WARNING, Severity.ERROR)[badness(outcome)]


def with_fingerprints(findings: list[Finding]) -> list[Finding]:
    """Each finding with a hash of its file, its check and its number among those of the same check there."""
    counts: Counter[str] = Counter()
    marked = []
    for one in findings:
        key = f"{one.call} {one.check}"
        counts[key] += 1
        identity = "\0".join((one.path, key, str(counts[key])))
        marked.append(
            replace(one, fingerprint=hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32])
        )
    return marked
