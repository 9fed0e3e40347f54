"""Lists every way to break the project, in the order of the page."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from verified_docs.mutants import cassettes, examples, files, headers, pages, prose, results
from verified_docs.mutants.mutant import Operator
from verified_docs.problem import Problem

OPERATORS: tuple[Operator, ...] = (
    *examples.OPERATORS,
    *cassettes.OPERATORS,
    *headers.OPERATORS,
    *pages.OPERATORS,
    *prose.OPERATORS,
    *files.OPERATORS,
    *results.OPERATORS,
)


def choose_operators(names: Sequence[str]) -> list[Operator]:
    """The operators of some names, or all.

    Args:
        names: Names, or the first words of names, such as `cassette`.

    Raises:
        Problem: There is none of that name.
    """
    chosen: list[Operator] = []
    for name in names:
        fitting = [one for one in OPERATORS if one.name == name or one.name.startswith(f"{name}-")]
        if not fitting:
            near = difflib.get_close_matches(name, [one.name for one in OPERATORS], n=3, cutoff=0.3)
            hint = f"did you mean {' or '.join(near)}?" if near else "verified-docs mutants --list"
            raise Problem(Path("--operator"), None, f"there is no operator {name!r}", hint, kind="usage")
        chosen += [one for one in fitting if one not in chosen]
    return chosen or list(OPERATORS)
