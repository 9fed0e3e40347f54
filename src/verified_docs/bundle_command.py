"""The command that packs the site for readers without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verified_docs.built_command import PAGES
from verified_docs.problem import shown
from verified_docs.terminal import Root, out, told

FOLDER = Path("build/bundle")


def bundle(
    pages: Annotated[Path, typer.Option(help="The folder of the pages, below the root.")] = PAGES,
    into: Annotated[Path, typer.Option(help="The folder of the site that is packed; it is made anew.")] = FOLDER,
    root: Root = Path(),
) -> None:
    """Build the site for reading from the file system, with search, and pack it into one archive.

    The pages have to be written: `make bundle` does both. The same pages always give the same archive.

    Exit codes: 0 it is there, 1 the site cannot be built, or would hold a secret.
    """
    with told():
        from verified_docs.adapter import load_adapter
        from verified_docs.bundle import build_offline, bundle_name, check_secrets, pack

        root = root.resolve()
        name = bundle_name(root)
        build_offline(root, root / pages, root / into)
        report = check_secrets(root, root / into, load_adapter(root).host)
        target = (root / into).parent / f"{name}.zip"
        size = pack(root / into, target)
        out.print(f"[green]packed[/] {report.files} files, {report.size / 1e6:.1f} MB, without a secret")
        out.print(f"{shown(target)}: {size / 1e6:.1f} MB; unpack it, and open {name}/index.html")
