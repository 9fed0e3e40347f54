"""The command that says what a change does to the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from verified_docs.terminal import out, told


def compare(
    old: Annotated[Path, typer.Argument(help="What was proven before.")],
    new: Annotated[Path, typer.Argument(help="What is proven now.")],
    markdown: Annotated[Path | None, typer.Option(help="Where to write the comment for a merge request.")] = None,
    name: Annotated[str, typer.Option(help="What is compared, where there are several comments.")] = "",
) -> None:
    """Say what differs between two files of evidence: verdicts, outputs, examples that came or went.

    Exit codes: 0 compared, whatever differs; 1 a file cannot be read.
    """
    with told():
        from verified_docs import evidence_diff
        from verified_docs.evidence import load_evidence
        from verified_docs.whole import write_whole

        changes = evidence_diff.compare(load_evidence(old), load_evidence(new))
        if markdown:
            write_whole(markdown, evidence_diff.markdown(changes, name))
        for one in changes:
            where = f"{one.example} in {one.lane}" if one.lane else one.example
            short = "" if one.kind == "output" or one.before is None else f" ({one.before} → {one.after})"
            out.print(escape(f"{one.kind}: {where}{short}"))
        out.print(f"[bold]{escape(evidence_diff.headline(changes))}[/]")
