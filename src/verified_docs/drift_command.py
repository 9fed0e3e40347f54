"""The commands of a scheduled recording: how old the recordings are, and what has drifted since."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from verified_docs.problem import Problem
from verified_docs.terminal import Root, Today, err, out, told

_MOST_CHANGES = 40


def drift(
    old: Annotated[Path | None, typer.Argument(help="The committed recordings, such as cassettes.")] = None,
    new: Annotated[Path | None, typer.Argument(help="The recordings that were made just now.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="A lane, an area or area/name; may be repeated.")] = None,
    evidence: Annotated[
        list[Path] | None,
        typer.Option(help="What was proven of the old ones; may be repeated.", show_default="build/evidence/*.json"),
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Where to write the summary for a merge request.")] = None,
    json: Annotated[Path | None, typer.Option(help="Where to write everything, for a program.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail at a warning, and at output nobody compared.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the report.")] = False,
    root: Root = Path(),
) -> None:
    """Compare new recordings with the committed ones, and say how much each difference matters.

    Exit codes: 0 nothing that breaks an example, 1 an error (with --strict also a warning), 2 nothing to compare.
    """
    with told():
        from verified_docs.adapter import load_adapter
        from verified_docs.drift_markdown import WORDS
        from verified_docs.drift_markdown import markdown as summary
        from verified_docs.drift_report import compare_folders, json_schema
        from verified_docs.whole import write_whole

        if schema:
            print(json_schema(), end="")
            return
        if old is None or new is None:
            what = "two folders are needed to compare"
            raise Problem(old or Path(), None, what, "verified-docs drift cassettes build/scratch", kind="usage")
        report = compare_folders(old, new, load_adapter(root.resolve()), only=only or (), evidence=evidence or ())
        if markdown:
            write_whole(markdown, summary(report))
        if json:
            write_whole(json, report.to_json())
        for one in report.changes[:_MOST_CHANGES]:
            where = " ".join(filter(None, (one.route, one.pointer)))
            values = " → ".join("nothing" if text is None else text for text in (one.before, one.after))
            seen = f"{one.recordings} recordings, such as {one.example}"
            shown_values = "" if one.before is None and one.after is None else values
            out.print(f"[bold]{one.tier:7}[/] {escape(f'{WORDS[one.kind]}: {where} {shown_values} ({seen})')}")
        if (more := len(report.changes) - _MOST_CHANGES) > 0:
            out.print(f"{more} more; --markdown FILE and --json FILE tell them")
        if missing := report.recordings - report.outputs_compared:
            out.print(f"printed output was not compared in {missing} of {report.recordings} recordings")
        fails = report.fails(strict=strict)
        out.print(f"[{'red' if fails else 'green'}]{escape(report.headline())}[/]")
        if fails:
            raise typer.Exit(1)


def freshness(
    today: Today = None,
    max_days: Annotated[
        int | None, typer.Option(min=1, help="How old a recording may be.", show_default="what the project promises")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the ages for a program.")] = False,
    badge: Annotated[
        list[Path] | None,
        typer.Option(help="Where to write a badge: a picture if it ends in .svg, else JSON; may be repeated."),
    ] = None,
    root: Root = Path(),
) -> None:
    """Say how old the recordings are, and fail if one is older than promised.

    For a scheduled job: neither `verify` nor the tests look at the age of a recording.
    """
    with told():
        from verified_docs import freshness as age
        from verified_docs.badge import svg
        from verified_docs.day import today as day
        from verified_docs.lane import load_lanes
        from verified_docs.whole import write_whole

        root = root.resolve()
        lanes = load_lanes(root)
        promised = {lane.id: max_days for lane in lanes} if max_days else age.promises(root)
        ages = age.freshness(root, age.recorded_days(root, lanes), promised, day(today))
        for path in badge or ():
            write_whole(path, svg(ages.badge()) if path.suffix == ".svg" else ages.badge())
        if json:
            print(ages.to_json(), end="")
        else:
            for line in age.told(ages, root):
                out.print(escape(line))
        if ages.old:
            fix = "record again, then verified-docs drift"
            err.print(f"[red]{len(ages.old)} recordings are older than promised[/] on {ages.today}\nfix: {fix}")
            raise typer.Exit(1)
