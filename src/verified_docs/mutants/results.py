"""Breaks what was verified after it was: what an earlier run has found must not hold then."""

from __future__ import annotations

from collections.abc import Iterator

from verified_docs.mutants import cassettes, examples, files, headers
from verified_docs.mutants.mutant import Fault, Operator, Project

_BROKEN = (*examples.OPERATORS, *cassettes.OPERATORS, *headers.OPERATORS, *files.OPERATORS)


def _broken_later(project: Project) -> Iterator[Fault]:
    """The faults of other operators, whether their gates see them or not."""
    for operator in _BROKEN:
        if not operator.absent:
            yield from operator.find(project)


OPERATORS = (
    Operator("result-cache", "something broken after its result was kept for later runs", ("results",), _broken_later),
)
