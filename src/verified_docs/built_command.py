"""The command that compares what was built with what the evidence gives now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verified_docs.problem import shown
from verified_docs.terminal import Root, out, told

PAGES = Path("build/docs")


def built(
    parts: Annotated[list[Path], typer.Argument(help="The evidence of each environment.")],
    pages: Annotated[Path, typer.Option(help="The folder of the pages, below the root.")] = PAGES,
    site: Annotated[Path | None, typer.Option(help="The folder of the site.", show_default="not compared")] = None,
    root: Root = Path(),
) -> None:
    """Check that pages and site are what the evidence gives now: both are built again, and compared.

    Exit codes: 0 they are, 1 a file is another one, missing or left over.
    """
    with told():
        import tempfile

        from verified_docs.built import build_again, check_built

        root = root.resolve()
        folder = root / "build"
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".again-") as name:
            again = Path(name)
            build_again(root, parts, again / "docs", again / "site" if site else None)
            check_built(again / "docs", root / pages)
            if site:
                check_built(again / "site", root / site)
        what = f"{shown(root / pages)} and {shown(root / site)} are" if site else f"{shown(root / pages)} is"
        out.print(f"{what} [green]what the evidence gives[/]")
