"""Shows what the doctor found: to a person as lines, to a program as JSON of a stable shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mlflow_gitlab.doctor.examination import NINE, Examination
from mlflow_gitlab.doctor.finding import Finding, Severity
from mlflow_gitlab.doctor.write_check import WriteCheck
from mlflow_gitlab.settings import Settings
from mlflow_gitlab.terminal import Exit

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

# Of the JSON. It changes when a key goes, or means something else; new keys do not change it.
VERSION = 1
_MARKS = {
    Severity.ERROR: ("error", "bold red"),
    Severity.WARNING: ("warning", "yellow"),
    Severity.NOTE: ("note", "dim"),
}


@dataclass(frozen=True)
class Report:
    """Everything that came of one visit.

    Attributes:
        settings: What was examined.
        examination: The answers, or None where nobody was asked.
        findings: What was found: errors first, and of those the most basic.
        write: What became of the try to write, or None where it was not tried.
    """

    settings: Settings
    examination: Examination | None
    findings: Sequence[Finding]
    write: WriteCheck | None = None

    def exit_code(self, strict: bool = False) -> Exit:
        """What to say to the program that called.

        Args:
            strict: Count warnings as errors.
        """
        trouble = self.examination.trouble if self.examination and not self.examination.answers else None
        if trouble and trouble.evidence.request:
            return Exit.SERVER
        worst = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
        return Exit.FOUND if any(one.severity in worst for one in self.findings) else Exit.OK

    @property
    def verdict(self) -> str:
        """The last line."""
        counts = [sum(one.severity is each for one in self.findings) for each in (Severity.ERROR, Severity.WARNING)]
        if counts[0]:
            return f"{counts[0]} {'thing' if counts[0] == 1 else 'things'} to fix"
        also = f"; {counts[1]} {'warning' if counts[1] == 1 else 'warnings'}" if counts[1] else ""
        return f"fine: {'a write was tried, too' if self.write else 'you can log'}{also}"

    def data(self) -> dict[str, Any]:
        """The report as JSON data; the page of the command documents its shape."""
        examined = self.examination
        answers = {one.name: one for one in examined.answers} if examined else {}
        return {
            "version": VERSION,
            "verdict": self.verdict,
            "gitlab": {
                "url": self.settings.url,
                "version": examined.server if examined else None,
                "project": self.settings.project,
                "user": examined.user if examined else None,
            },
            "mlflow": {"version": examined.client if examined else None, "tracking_uri": self.settings.tracking_uri},
            "answers": [
                {
                    "name": one.name,
                    "does": one.does,
                    "request": answer.request if answer else None,
                    "status": answer.status if answer else None,
                    "ok": answer.fine if answer else None,
                }
                for one in NINE
                for answer in [answers.get(one.name)]
            ],
            "findings": [asdict(one) for one in self.findings],
            "write": None if self.write is None else self._written(self.write),
        }

    @staticmethod
    def _written(write: WriteCheck) -> dict[str, Any]:
        return {"experiment": write.name, "done": write.done, "ok": not write.refused, "left": write.left}

    def show(self, console: Console) -> None:
        """Prints it for a person."""
        from rich.text import Text

        examined = self.examination
        if examined:
            server = f"GitLab {examined.server}" if examined.server else "GitLab of an unknown version"
            client = f"MLflow {examined.client}" if examined.client else "no MLflow installed here"
            console.print(Text(f"{self.settings.url}, project {self.settings.project}: {server}, {client}"))
            for question in NINE:
                answer = examined.answer(question.name)
                line = Text(f"{'ok' if answer and answer.fine else '-':>4}  ")
                line.append(f"{question.does:<28}")
                line.append(f"{answer.status} {answer.request}" if answer else "not asked", style="dim")
                console.print(line)
        if self.write:
            for words in self.write.done:
                console.print(Text(f"  ok  {words}"))
        for finding in self.findings:
            console.print()
            console.print(self._lines(finding))
        console.print()
        console.print(Text(self.verdict, style="bold"))

    @staticmethod
    def _lines(finding: Finding) -> Text:
        from rich.text import Text

        name, style = _MARKS[finding.severity]
        text = Text()
        text.append(f"{name}: ", style=style)
        text.append(f"{finding.what} ")
        text.append(f"[{finding.id}]\n", style="dim")
        text.append(f"  seen  {finding.evidence}\n  fix   {finding.fix}\n  page  {finding.page}")
        return text
