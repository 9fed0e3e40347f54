"""Tells what differs between two folders of recordings to the readers of a merge request."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from verified_docs.drift_report import Change, Compared, Drift, many
from verified_docs.finding import Finding, Tier, plain
from verified_docs.leaks import find_leaks
from verified_docs.problem import Problem

# GitLab takes notes of a million signs; nobody reads a tenth of that.
LONGEST = 60_000
_ROWS = 12
_SHORT = 60
WORDS = {
    "new-field": "new field",
    "header": "header differs",
    "download-moved": "downloads overtake each other",
    "new-cassette": "recorded for the first time",
    "removed-field": "field is gone",
    "order": "rows in another order",
    "new-row": "new row",
    "removed-row": "row is gone",
    "value": "other value",
    "type": "other type",
    "status": "other status",
    "path": "other path",
    "query": "other query",
    "body": "sends something else",
    "credential": "other credential",
    "content-type": "other content type",
    "request-added": "request was added",
    "request-removed": "request is gone",
    "request-moved": "request has moved",
    "output": "prints something else",
    "exception": "ends otherwise",
    "removed-cassette": "was not recorded again",
    "unreadable": "recording cannot be read",
}


def markdown(report: Drift, longest: int = LONGEST) -> str:
    """The report as a comment on a merge request.

    What a recording holds stands in code, where it is neither a link, nor a mention, nor a command to GitLab.

    Args:
        report: What to tell.
        longest: The most bytes that the text may have. What does not fit is counted.

    Raises:
        Problem: The text would hold a secret.
    """
    head = [f"## Drift: {report.headline()}", "", _told_of_outputs(report), "", ""]
    blocks = [*_lane_rows(report), *_change_rows(report.changes), *map(_details, report.examples)]
    text = "\n".join(head)
    left = sum(block != "" for block in blocks)
    # Room for the last line.
    room = longest - len(text.encode()) - 200
    for block in blocks:
        room -= len(block.encode()) + 1
        if room < 0:
            break
        text += f"{block}\n"
        left -= block != ""
    if left:
        text += f"\n{left} more rows and examples did not fit. The report in JSON has all of them.\n"
    for leak in find_leaks(text):
        raise Problem(Path("drift"), leak.line, f"the report would hold a secret ({leak.kind})", "report this as a bug")
    return text


def sample(report: Drift) -> str:
    """A table that shows each kind of difference once, where it was seen most."""
    numbers = Counter(one.kind for one in report.changes)
    first: dict[str, Change] = {}
    for one in report.changes:
        first.setdefault(one.kind, one)
    rows = []
    for kind, one in first.items():
        method, _, path = (one.route or "").partition(" ")
        route = f"{method} …/{'/'.join(path.split('/')[-2:])}" if path else None
        where = _place(route, one.pointer) or in_code(one.example)
        values = (
            text if text is None or len(text) <= _SHORT else f"{text[:_SHORT]}…" for text in (one.before, one.after)
        )
        rows.append(table_row(f"{one.tier}: `{kind}`", str(numbers[kind]), where, _values(*values)))
    head = "| Tier and kind | Different ones | Such as | Before → now |\n|---|--:|---|---|"
    return "\n".join([f"{report.headline().capitalize()}.", "", *table_of(head, rows)]).rstrip("\n")


def _told_of_outputs(report: Drift) -> str:
    missing = report.recordings - report.outputs_compared
    if not missing:
        return f"Printed output was compared in all {report.recordings} recordings."
    return (
        f"**Printed output was not compared in {missing} of {report.recordings} recordings:** it is not known of both."
    )


def _lane_rows(report: Drift) -> list[str]:
    """The table of lanes, row by row."""
    rows = []
    for lane, one in report.lanes.items():
        numbers = (one.recordings, one.unchanged, one.info, one.warning, one.error)
        rows.append(table_row(in_code(lane), *map(str, numbers), _several(one.before), _several(one.after)))
    head = (
        "| Lane | Recordings | Unchanged | Info | Warning | Error | Before | Now |\n|---|--:|--:|--:|--:|--:|---|---|"
    )
    return table_of(head, rows)


def _change_rows(changes: Sequence[Change]) -> list[str]:
    """The table of what differs, row by row."""
    rows = []
    for one in changes:
        where, values = _place(one.route, one.pointer), _values(one.before, one.after)
        rows.append(table_row(one.tier, WORDS[one.kind], where, values, str(one.recordings), in_code(one.example)))
    return table_of("| Tier | What | Where | Before → now | Recordings | Such as |\n|---|---|---|---|--:|---|", rows)


def table_of(head: str, rows: list[str]) -> list[str]:
    """A table in blocks: its head with the first row, each other row, and an empty one; nothing without rows."""
    return [f"{head}\n{rows[0]}", *rows[1:], ""] if rows else []


def table_row(*cells: str) -> str:
    """A row of a table."""
    # In a table a bar ends the cell, also inside code; after a backslash, parsers disagree whether it does.
    return f"| {' | '.join(cell.replace('\\|', '\\¦').replace('|', '\\|') for cell in cells)} |"


def _details(one: Compared) -> str:
    """Everything about one example, folded."""
    counts = Counter(each.tier for each in one.findings)
    told_counts = ", ".join(f"{counts[tier]} {many(tier, counts[tier])}" for tier in reversed(Tier) if counts[tier])
    where = f"<code>{html.escape(one.example)}</code> in <code>{html.escape(one.lane)}</code>"
    rows = [
        f"- **{each.tier}**, {WORDS[each.kind]}{_number(each)}: {_place(each.request, each.pointer)} "
        f"{_values(each.before, each.after)}".rstrip(" :")
        for each in sorted(one.findings, key=lambda each: -each.tier.rank)[:_ROWS]
    ]
    if len(one.findings) > _ROWS:
        rows.append(f"- {len(one.findings) - _ROWS} more")
    return "\n".join([f"<details><summary>{where}: {told_counts}</summary>", "", *rows, "", "</details>"])


def _number(one: Finding) -> str:
    """Which request it is, counted from 1 as a reader counts."""
    place = one.old if one.old is not None else one.new
    return "" if place is None else f" (request {place + 1})"


def _place(request: str | None, pointer: str) -> str:
    return " ".join(in_code(text) for text in (request, pointer) if text)


def _values(before: str | None, after: str | None) -> str:
    if before is None and after is None:
        return ""
    return " → ".join("nothing" if text is None else in_code(text) for text in (before, after))


def _several(texts: Sequence[str]) -> str:
    return "<br>".join(map(in_code, texts)) or "nothing"


def in_code(text: str) -> str:
    """A text as code in one line, whatever is in it."""
    text = plain(text).replace("\n", "⏎") or " "
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    # Without a blank, a tick at the edge would be one of the fence.
    edge = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{edge}{text}{edge}{ticks}"
