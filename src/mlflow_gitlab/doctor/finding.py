"""Holds one finding: what is wrong, what shows it, what to do, and where to read on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

_LONGEST = 400
# What all of MLflow's routes have in common; a line of text has better use for its place.
_COMMON = re.compile(r"/projects/[^/ ]+/(?:ml/mlflow/api/2\.0/mlflow|packages/ml_models)/")


class Severity(StrEnum):
    """How much a finding is in the way."""

    ERROR = "error"  # MLflow, or a part of it, does not work like this
    WARNING = "warning"  # it works, and somebody will be surprised
    NOTE = "note"  # good to know


@dataclass(frozen=True)
class Evidence:
    """What shows a finding; tokens are taken out of it.

    Attributes:
        body: What was answered, or what was seen on this machine. Long ones are cut.
        request: Method and path of the request, or None where no request was needed.
        status: The HTTP status of the answer, or None where there was none.
    """

    body: str
    request: str | None = None
    status: int | None = None

    def __str__(self) -> str:
        status = f"{self.status} " if self.status else ""
        return f"{_COMMON.sub('…/', self.request)}: {status}{self.body}" if self.request else self.body


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or that is good to know.

    Attributes:
        id: A stable name, such as `token-expired`.
        severity: How much it is in the way.
        what: One sentence that says what is wrong.
        evidence: What shows it.
        fix: A command or an edit that puts it right.
        page: The page of this documentation to read, below `docs/`, with its anchor.
    """

    id: str
    severity: Severity
    what: str
    evidence: Evidence
    fix: str
    page: str

    def clean(self, text: Callable[[str], str]) -> Finding:
        """The same finding with every text passed through a function, such as `Redactor.text`."""
        evidence = self.evidence
        request = None if evidence.request is None else text(evidence.request)
        return replace(
            self,
            what=text(self.what),
            evidence=replace(evidence, body=_short(text(evidence.body)), request=request),
            fix=text(self.fix),
        )


def _short(text: str) -> str:
    """One line of a bearable length."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


@dataclass(frozen=True)
class Kind:
    """A kind of finding, as the reference lists it.

    Attributes:
        id: Its stable name.
        severity: How much it is in the way, unless a case says otherwise.
        what: What is wrong; words in braces differ from case to case.
        fix: What to do; words in braces differ from case to case.
        page: Where to read on.
        sample: The words in braces, as the reference shows them.
    """

    id: str
    severity: Severity
    what: str
    fix: str
    page: str
    sample: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> tuple[str, str]:
        """What is wrong and what to do, with the words of the sample."""
        finding = self.found(Evidence(""))
        return finding.what, finding.fix

    def found(self, evidence: Evidence, severity: Severity | None = None, **words: str) -> Finding:
        """A finding of this kind.

        Args:
            evidence: What shows it.
            severity: How much it is in the way, where it is not as usual.
            **words: The words in braces, where they are not those of the sample.
        """
        filled = {**dict(self.sample), **words}
        what, fix = self.what.format(**filled), self.fix.format(**filled)
        return Finding(self.id, severity or self.severity, what, evidence, fix, self.page)
