"""The commands that put examples into quarantine, list them, and take them out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from verified_docs.terminal import Root, Today, out, told

quarantine = typer.Typer(
    name="quarantine", no_args_is_help=True, help="Take failing examples out of the gate for a while."
)


@quarantine.command("add")
def quarantine_add(
    example: Annotated[str, typer.Argument(help="The example's id, such as tracking/log_first_run.")],
    reason: Annotated[str, typer.Option(help="What fails and why, in one line; pages show it.")],
    owner: Annotated[str, typer.Option(help="The person or team that corrects it, such as @acme/ml-platform.")],
    until: Annotated[str, typer.Option(help="The last day, at most 90 days from today. The build fails after it.")],
    lane: Annotated[str, typer.Option(help="The lane in which it fails.", show_default="every lane")] = "*",
    today: Today = None,
    root: Root = Path(),
) -> None:
    """Put an example into quarantine: it still runs, and its failure does not fail the gate.

    Its page says until when, and why. Nothing of it counts as verified.
    """
    with told():
        from verified_docs.day import day
        from verified_docs.day import today as this_day
        from verified_docs.example import load_examples
        from verified_docs.lane import load_lanes
        from verified_docs.quarantine import FILE, add_entry

        root = root.resolve()
        row = {"example": example, "lane": lane, "reason": reason, "owner": owner, "until": day(until, "--until")}
        entry = add_entry(root, row, load_examples(root), load_lanes(root), this_day(today))
        out.print(f"[yellow]in quarantine[/] {escape(entry.line)}\ncommit {FILE}")


@quarantine.command("list")
def quarantine_list(today: Today = None, root: Root = Path()) -> None:
    """List what is in quarantine, the first to end first."""
    with told():
        from verified_docs.day import today as this_day
        from verified_docs.quarantine import load_quarantine

        entries = sorted(load_quarantine(root.resolve()).entries, key=lambda entry: entry.until)
        for entry in entries:
            ended = "[red]ended[/] " if entry.until < this_day(today) else ""
            out.print(f"{ended}{escape(entry.line)}")
        out.print(f"{len(entries)} in quarantine")


@quarantine.command("remove")
def quarantine_remove(
    example: Annotated[str, typer.Argument(help="The example's id.")],
    lane: Annotated[str | None, typer.Option(help="The lane of the entry.", show_default="all entries")] = None,
    root: Root = Path(),
) -> None:
    """Take an example out of quarantine: the gate counts it again."""
    with told():
        from verified_docs.quarantine import FILE, remove_entries

        for entry in remove_entries(root.resolve(), example, lane):
            out.print(f"[green]out of quarantine[/] {escape(str(entry))}; make check EX={escape(entry.example)}")
        out.print(f"commit {FILE}")
