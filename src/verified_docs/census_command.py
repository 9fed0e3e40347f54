"""The command that counts every block of code a reader sees, and holds the share that nothing proves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from verified_docs.problem import Problem
from verified_docs.terminal import Root, told
from verified_docs.terminal import out as _out

_EVIDENCE = Path("build/evidence")


def census(
    parts: Annotated[
        list[Path] | None, typer.Argument(help="The evidence of each environment.", show_default="build/evidence")
    ] = None,
    lower: Annotated[bool, typer.Option("--lower", help="Commit the lowest ceiling that the pages fit under.")] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Write the census as a document.")] = None,
    root: Root = Path(),
) -> None:
    """Count every block of code of the pages: what ran, what was checked, and what nothing proves.

    Fails if the share that nothing proves is above its ceiling, or if the ceiling could be lower.
    """
    with told():
        from verified_docs.blocks import KINDS, SETTING, check_ceiling, lower_ceiling
        from verified_docs.durations import load_durations
        from verified_docs.evidence import load_evidence, merge
        from verified_docs.lane import load_lanes
        from verified_docs.publish import take_page_census
        from verified_docs.quarantine import load_quarantine
        from verified_docs.whole import write_whole

        root = root.resolve()
        lanes = load_lanes(root)
        files = parts or sorted({root / _EVIDENCE / f"{lane.environment}.json" for lane in lanes})
        evidence = merge([load_evidence(one) for one in files], lanes, files[0].parent)
        found = take_page_census(root, evidence, load_durations(files))
        if not found.blocks:
            what = "there is no block of code on any page"
            raise Problem(root / "docs", None, what, "ls docs, to see whether this is the right folder", kind="census")
        for kind in KINDS:
            by_language = [(found.count(kind, language=one), one) for one in found.languages]
            told_of = ", ".join(f"{count} {one}" for count, one in by_language if count)
            _out.print(f"{found.count(kind):5} {kind}" + (f": {escape(told_of)}" if told_of else ""))
        held = load_quarantine(root).entries
        for one in held:
            _out.print(f"      in quarantine: {escape(one.line)}")
        if json:
            write_whole(json, found.to_json())
        if lower:
            before = found.ceiling
            now = lower_ceiling(root, found)
            _out.print(f"[green]{SETTING} = {now}[/]" + (f", it was {before}" if before != now else ", as before"))
        else:
            check_ceiling(root, found)
        _out.print(f"[green]{len(found.blocks)} blocks[/], each accounted for; {found.share:.2%} are not proven")
