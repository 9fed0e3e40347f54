"""The command that makes a new handbook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verified_docs.problem import shown
from verified_docs.terminal import out, told


def init(
    folder: Annotated[Path, typer.Argument(help="Where to make it.")],
    name: Annotated[str, typer.Option(help="Its name, which readers see.")] = "Our handbook",
    ci: Annotated[bool, typer.Option("--ci", help="Also make a pipeline for GitLab CI.")] = False,
) -> None:
    """Make a handbook of your own: one page, one example with its recordings, and the settings.

    It verifies and builds as it stands. No file is overwritten.
    """
    with told():
        from rich.markup import escape

        from verified_docs.scaffold import scaffold

        written = scaffold(folder, name, ci=ci)
        out.print(f"[green]made[/] {len(written)} files; now: cd {escape(shown(folder))} && make site")
