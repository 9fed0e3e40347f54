"""Brings what was measured into the project: `python -m handbook import FOLDER`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from handbook.diagrams import draw
from handbook.intake import import_measured
from handbook.screens import read_screens, write_screens
from handbook.shipped import write_compatibility
from verified_docs.problem import shown
from verified_docs.terminal import told

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


_out = Console(highlight=False, soft_wrap=True)


@app.callback()
def main() -> None:
    """Data and pictures that the pages of this site are made of, besides the examples."""


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(help="Holds permissions-*.json and coverage-*.json.")],
    screens: Annotated[Path | None, typer.Option(help="Holds index.json and the pictures it names.")] = None,
    root: Path = Path(),
) -> None:
    """Import measured data, and pictures of GitLab if there are any."""
    with told():
        pictures = read_screens(screens) if screens is not None else {}
        written = import_measured(folder, root.resolve())
        if pictures:
            written += write_screens(pictures, root.resolve())
    for path in written:
        _out.print(f"[green]wrote[/] {escape(shown(path))}, {path.stat().st_size / 1000:.0f} KB")


@app.command()
def compatibility(root: Path = Path()) -> None:
    """Write the matrix that `mlflow-gitlab doctor scan` reads, from the measured coverage."""
    with told():
        path = write_compatibility(root.resolve())
        _out.print(f"[green]wrote[/] {escape(shown(path))}, {path.stat().st_size / 1000:.0f} KB")


@app.command()
def diagrams(
    mermaid: Annotated[Path, typer.Argument(help="Mermaid's own mermaid.min.js.")],
    root: Path = Path(),
) -> None:
    """Draw the diagrams of docs/assets/diagrams anew, with a Chromium of this machine."""
    with told():
        for path in draw(root.resolve(), mermaid):
            _out.print(f"[green]drew[/] {escape(shown(path))}")


if __name__ == "__main__":
    app()
