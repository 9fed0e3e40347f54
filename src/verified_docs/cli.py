"""The `verified-docs` command: import recordings, verify examples, write the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verified_docs.built_command import built
from verified_docs.bundle_command import bundle
from verified_docs.census_command import census
from verified_docs.comment_command import baseline, comment
from verified_docs.compare_command import compare
from verified_docs.drift_command import drift, freshness
from verified_docs.init_command import init
from verified_docs.join_command import join
from verified_docs.links_command import addresses, links
from verified_docs.mutants_command import mutants
from verified_docs.notebooks_command import notebooks
from verified_docs.problem import shown
from verified_docs.quarantine_command import quarantine
from verified_docs.record_command import record
from verified_docs.scan_command import scan
from verified_docs.terminal import Root, told
from verified_docs.terminal import out as _out
from verified_docs.verify_command import verify
from verified_docs.watch_command import watch

app = typer.Typer(
    name="verified-docs",
    help="Keeps documentation true: examples are replayed against recordings of real servers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(help="Holds <lane>/<area>/<name>.yaml with a .json beside each.")],
    only: Annotated[list[str] | None, typer.Option(help="An area or area/name; may be repeated.")] = None,
    root: Root = Path(),
) -> None:
    """Turn raw vcrpy recordings into cassettes.

    Headers are kept by an allow-list, ids and times become stable, and a recording that holds a secret is refused.
    Importing twice gives identical files.
    """
    with told():
        from verified_docs.adapter import load_adapter
        from verified_docs.known import load_known
        from verified_docs.lane import load_lanes
        from verified_docs.recording import find_recordings, import_recordings

        root = root.resolve()
        lanes = load_lanes(root)
        recordings = find_recordings(folder, lanes, only or ())
        others = find_recordings(folder, lanes)
        written = import_recordings(root, recordings, load_adapter(root), others, load_known(root))
        size = sum(path.stat().st_size for path in written)
        _out.print(f"[green]imported[/] {len(written)} recordings, {size / 1e6:.2f} MB")


@app.command()
def publish(
    parts: Annotated[list[Path], typer.Argument(help="The evidence of each environment.")],
    into: Annotated[Path, typer.Option(help="The folder below the root that MkDocs renders; it is made anew.")] = Path(
        "build/docs"
    ),
    root: Root = Path(),
) -> None:
    """Write the pages: plain Markdown and JSON, with code, output and proof of every example."""
    with told():
        from verified_docs.durations import load_durations
        from verified_docs.evidence import load_evidence, merge
        from verified_docs.lane import load_lanes
        from verified_docs.publish import publish_pages

        root = root.resolve()
        merged = merge([load_evidence(part) for part in parts], load_lanes(root), parts[0].parent)
        pages = publish_pages(root, merged, into, load_durations(parts))
        _out.print(f"[green]wrote[/] {pages} pages to {shown(root / into)}")


app.command()(addresses)
app.command()(baseline)
app.command()(built)
app.command()(bundle)
app.command()(census)
app.command()(comment)
app.command()(compare)
app.command()(drift)
app.command()(freshness)
app.command()(init)
app.command()(join)
app.command()(links)
app.command()(mutants)
app.command()(notebooks)
app.add_typer(quarantine)
app.command()(record)
app.command()(scan)
app.command()(verify)
app.command()(watch)
