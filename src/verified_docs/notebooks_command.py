"""The command that executes the notebooks, and writes them anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verified_docs.terminal import Root, out, told


def notebooks(
    update: Annotated[
        bool, typer.Option("--update", help="Write the notebooks that differ; read the difference.")
    ] = False,
    root: Root = Path(),
) -> None:
    """Execute the notebooks under replay, in the lanes of the client that is installed here.

    A notebook is made of an example and the Markdown beside it, and is never edited itself.

    Exit codes: 0 each does what is committed, 1 one fails, sends other requests, or gives something else.
    """
    with told():
        from verified_docs.adapter import load_adapter
        from verified_docs.example import load_examples
        from verified_docs.inventory import recorded_lanes
        from verified_docs.lane import installed_lanes
        from verified_docs.notebooks.document import verify_notebook
        from verified_docs.notebooks.source import load_sources

        root = root.resolve()
        adapter = load_adapter(root)
        lanes = installed_lanes(root, adapter.client, adapter.client_version())
        sources = load_sources(root, load_examples(root))
        for source in sources:
            recorded = recorded_lanes(root, source.example, lanes)
            verify_notebook(source, recorded, root, update=update)
        names = " and ".join(lane.server for lane in lanes)
        out.print(f"[green]executed[/] {len(sources)} notebooks with {lanes[0].client} against {names}")
