"""Keeps how long each run took, beside the evidence: that says the same each time, and this does not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, ValidationError

from verified_docs.problem import Problem, read_text
from verified_docs.provenance import Frozen
from verified_docs.whole import write_whole

_ENDING = ".durations.json"


class Durations(Frozen):
    """How long runs took, in seconds.

    Attributes:
        examples: Hash of an example's source to lane id to the time of its replay.
        fences: Hash of a Python fence to the time of its run.
    """

    examples: dict[str, dict[str, float]] = Field(default_factory=dict)
    fences: dict[str, float] = Field(default_factory=dict)

    def to_json(self) -> str:
        """The document as it is written."""
        return self.model_dump_json(indent=1) + "\n"

    def of_example(self, sha256: str) -> float | None:
        """How long the replays of an example took in all lanes together, or None where nobody measured it."""
        lanes = self.examples.get(sha256)
        return sum(lanes.values()) if lanes else None


def beside(evidence: Path) -> Path:
    """Where the times of the runs stand that a file of evidence is of."""
    return evidence.with_name(f"{evidence.stem}{_ENDING}")


def write_durations(evidence: Path, durations: Durations) -> None:
    """Writes times beside the evidence."""
    write_whole(beside(evidence), durations.to_json())


def load_durations(parts: Iterable[Path]) -> Durations:
    """Reads the times beside some evidence and joins them; without a file, nothing is known.

    Args:
        parts: The files of evidence, one per environment.

    Raises:
        Problem: A file is not of this format.
    """
    examples: dict[str, dict[str, float]] = {}
    fences: dict[str, float] = {}
    for path in map(beside, parts):
        if not path.exists():
            continue
        one = read_durations(path)
        for sha256, lanes in one.examples.items():
            examples.setdefault(sha256, {}).update(lanes)
        for sha256, seconds in one.fences.items():
            fences[sha256] = fences.get(sha256, 0.0) + seconds
    return Durations(examples=examples, fences=fences)


def read_durations(path: Path) -> Durations:
    """Reads the times of one file.

    Raises:
        Problem: It is not there, or not of this format.
    """
    try:
        return Durations.model_validate_json(read_text(path, "make verify", missing="make verify, or leave it out"))
    except ValidationError as error:
        what = f"these are no times of runs: {error.errors()[0]['msg']}"
        raise Problem(path, None, what, "make verify", kind="evidence") from error


def without_durations(files: Iterable[Path]) -> list[Path]:
    """Files of evidence, without the times that a pattern such as `shards/*.json` names too."""
    return [path for path in files if not path.name.endswith(_ENDING)]
