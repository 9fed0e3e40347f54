"""The command that joins the evidence of shards into evidence of the whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verified_docs.problem import shown
from verified_docs.terminal import out, told


def join(
    parts: Annotated[list[Path], typer.Argument(help="The evidence of each shard; files of times are left out.")],
    evidence: Annotated[Path, typer.Option(help="Where to write what all of them prove.")],
) -> None:
    """Join the shards of one environment: the evidence is, to the byte, what one run of all examples writes."""
    with told():
        from verified_docs.durations import without_durations
        from verified_docs.shard import join as joined

        shards = without_durations(parts)
        whole = joined(shards, evidence)
        examples = len(whole.examples)
        out.print(f"[green]joined[/] {len(shards)} shards with {examples} examples into {shown(evidence)}")
