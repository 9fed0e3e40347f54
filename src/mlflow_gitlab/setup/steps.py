"""One change, and the list of them that a person is shown before anything happens."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from mlflow_gitlab.setup.look import Stored


@dataclass(frozen=True)
class Step:
    """One change.

    Attributes:
        kind: What sort of change it is.
        about: What it changes, where there are several of a kind.
        what: The change, in words.
        why: The reason.
        now: What is there.
        wanted: What will be there.
        call: The requests, or the file.
        args: What the change needs to know. Never a token.
    """

    kind: str
    what: str
    why: str
    now: str
    wanted: str
    call: str
    about: str = ""
    args: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """A short stable name."""
        return f"{self.kind}:{self.about}" if self.about else self.kind

    def data(self) -> dict[str, Any]:
        """The step for a program."""
        shown = asdict(self)
        return {"id": self.id} | {name: shown[name] for name in ("what", "why", "now", "wanted", "call")}


@dataclass
class Plan:
    """What to do, in order.

    Attributes:
        steps: The changes.
        notes: What is worth knowing.
        findings: What a person has to decide or put right; the rest is done all the same.
        keep: The stored token that goes on being used, if it is not replaced.
    """

    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    keep: Stored | None = None
