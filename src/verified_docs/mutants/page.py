"""Shows the score of the mutants on a page: each way to break the project, what was seen, and what was not."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from verified_docs.mutants.score import Equivalent, Score, load_equivalent, load_score


class MutantsPage:
    """What the page of the mutants may ask for.

    Args:
        root: The project's folder, with the committed score.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @cached_property
    def _score(self) -> Score:
        return load_score(self._root)

    @cached_property
    def _equivalent(self) -> list[Equivalent]:
        return load_equivalent(self._root)

    def summary(self) -> str:
        """The score in one sentence."""
        total = self._score.total
        counted = total.mutants - total.equivalent
        ways = sum(not count.absent for count in self._score.operators.values())
        return f"**{total.score:.2%}**: of {counted} faults of {ways} kinds, {total.seen} were seen by a check."

    def operators(self) -> str:
        """A table of all ways to break the project."""
        rows = ["| Way to break it | What is done | Faults | Seen | By | Change nothing |", "|---|---|--:|--:|---|--:|"]
        for name, count in self._score.operators.items():
            if not count.absent:
                gates = ", ".join(f"{gate} {number}" for gate, number in count.killed.items())
                seen = f"{count.seen}" if not count.survivors else f"**{count.seen}**"
                rows.append(f"| {name} | {count.what} | {count.mutants} | {seen} | {gates} | {count.equivalent} |")
        return "\n".join(rows) + "\n"

    def absent(self) -> str:
        """The ways that have nothing to break."""
        found = [f"- {name}: {count.absent}" for name, count in self._score.operators.items() if count.absent]
        return "\n".join(found or ["- none"]) + "\n"

    def gates(self) -> str:
        """What each check is."""
        return "\n".join(f"- **{name}**: {what}" for name, what in self._score.gates.items()) + "\n"

    def survivors(self) -> str:
        """The faults that no check saw."""
        found = [(name, one) for name, count in self._score.operators.items() for one in count.survivors]
        if not found:
            return "There is none.\n"
        rows = ["| Fault | What is done |", "|---|---|"]
        return "\n".join([*rows, *(f"| `{one.id}` | `{_cell(one.what)}` |" for _, one in found)]) + "\n"

    def equivalent(self) -> str:
        """The faults that change nothing, with the reason."""
        if not self._equivalent:
            return "There is none.\n"
        rows = ["| Fault | Why nothing changes |", "|---|---|"]
        return "\n".join([*rows, *(f"| `{one.id}` | {_cell(one.reason)} |" for one in self._equivalent)]) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'").replace("\n", " ")
