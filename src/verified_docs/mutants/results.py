"""Breaks what was verified after it was: what an earlier run has found must not hold then."""

from __future__ import annotations

from collections.abc import Iterator

from verified_docs.mutants import cassettes, examples, files, headers
from verified_docs.mutants.mutant import Fault, Operator, Project

_BROKEN = (*examples.OPERATORS, *cassettes.OPERATORS, *headers.OPERATORS, *files.OPERATORS)

_MADE = ("build/", "site/")


def _broken_later(project: Project) -> Iterator[Fault]:
    """The faults of other operators, whether their gates see them or not, but none in what is made from results."""
    for operator in _BROKEN:
        if not operator.absent:
            yield from (fault for fault in operator.find(project) if not fault.target.startswith(_MADE))


OPERATORS = (
    Operator("result-cache", "something broken after its result was kept for later runs", ("results",), _broken_later),
)
