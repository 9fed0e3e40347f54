"""Compares what was proven before with what is proven now, for the readers of a merge request."""

from __future__ import annotations

import difflib
import html
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from verified_docs.drift_markdown import in_code, table_of, table_row
from verified_docs.evidence import Evidence, Result
from verified_docs.finding import plain
from verified_docs.leaks import find_leaks
from verified_docs.problem import Problem

Kind = Literal["added", "removed", "verdict", "output", "exception", "requests", "code", "recording"]
# In the first row of a comment: by it, the comment is found again.
MARK = "<!-- verified-docs: evidence"
_LONGEST = 60_000
_LINES = 60
_WORDS: dict[Kind, tuple[str, str]] = {
    "verdict": ("verdict changed", "verdicts changed"),
    "output": ("output changed", "outputs changed"),
    "exception": ("exception changed", "exceptions changed"),
    "requests": ("number of requests changed", "numbers of requests changed"),
    "added": ("example added", "examples added"),
    "removed": ("example removed", "examples removed"),
    "code": ("example edited", "examples edited"),
    "recording": ("recording replaced", "recordings replaced"),
}
_NO_VERDICT = "no such lane"


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        kind: What differs.
        example: The example's id.
        lane: The lane's id, or an empty text where the example differs as a whole.
        before: What was said before, or None.
        after: What is said now, or None.
    """

    kind: Kind
    example: str
    lane: str = ""
    before: str | None = None
    after: str | None = None


def compare(old: Evidence, new: Evidence) -> list[Change]:
    """What differs, in the order in which a reader wants to know it.

    Args:
        old: What was proven before.
        new: What is proven now.
    """
    found: list[Change] = []
    for name in sorted(old.examples.keys() | new.examples.keys()):
        before, after = old.examples.get(name), new.examples.get(name)
        if before is None or after is None:
            found.append(Change("added" if before is None else "removed", name))
            continue
        if before.sha256 != after.sha256:
            found.append(Change("code", name))
        for lane in sorted(before.results.keys() | after.results.keys()):
            found += _results(name, lane, before.results.get(lane), after.results.get(lane))
    kinds = list(_WORDS)
    return sorted(found, key=lambda one: (kinds.index(one.kind), one.example, one.lane))


def _results(name: str, lane: str, old: Result | None, new: Result | None) -> list[Change]:
    if old is None or new is None or old.verdict != new.verdict:
        return [Change("verdict", name, lane, _verdict(old), _verdict(new))]
    told = {
        "output": (old.output, new.output),
        "exception": (_exception(old), _exception(new)),
        "requests": (str(old.requests), str(new.requests)),
        "recording": (old.recorded_at, new.recorded_at),
    }
    found: list[Change] = []
    for kind in ("output", "exception", "requests"):
        before, after = told[kind]
        if before != after:
            found.append(Change(kind, name, lane, before, after))
    if old.cassette_sha256 != new.cassette_sha256:
        found.append(Change("recording", name, lane, *told["recording"]))
    return found


def _verdict(result: Result | None) -> str:
    return result.verdict.replace("_", " ") if result else _NO_VERDICT


def _exception(result: Result) -> str | None:
    return f"{result.exception.type}: {result.exception.message}" if result.exception else None


def headline(changes: list[Change]) -> str:
    """All differences in one line."""
    counts = Counter(one.kind for one in changes)
    words = [f"{counts[kind]} {_WORDS[kind][counts[kind] != 1]}" for kind in _WORDS if counts[kind]]
    return ", ".join(words) or "nothing changed"


def markdown(changes: list[Change], name: str = "", longest: int = _LONGEST) -> str:
    """The differences as a comment; its first row says what it is, to a program.

    What an example printed stands in code, where it is neither a link, nor a mention, nor a command.

    Args:
        changes: The differences.
        name: What was compared, where one merge request has several such comments.
        longest: The most bytes that the text may have. What does not fit is counted.

    Raises:
        Problem: The text would hold a secret.
    """
    unchanged = "" if changes else " unchanged"
    mark = f"{MARK}{f' {name}' if name else ''}{unchanged} -->"
    title = f"## Evidence{f' of {in_code(name)}' if name else ''}: {headline(changes)}"
    text = f"{mark}\n{title}\n"
    blocks = _blocks(changes)
    left = sum(block != "" for block in blocks)
    # Room for the last row.
    room = longest - len(text.encode()) - 200
    for block in blocks:
        room -= len(block.encode()) + 1
        if room < 0:
            break
        text += f"\n{block}" if not block.startswith("|") or "\n|--" in block else block
        text += "\n"
        left -= block != ""
    if left:
        text += f"\n{left} more did not fit.\n"
    for leak in find_leaks(text):
        what = f"the comment would hold a secret ({leak.kind})"
        fix = "take it out of what the example prints, then verified-docs verify and verified-docs compare again"
        raise Problem(Path("evidence"), leak.line, what, fix, kind="secret")
    return text


def _blocks(changes: list[Change]) -> list[str]:
    rows = []
    for one in changes:
        lane = in_code(one.lane) if one.lane else "every lane"
        rows.append(table_row(_WORDS[one.kind][0], in_code(one.example), lane, _told(one)))
    table = table_of("| What | Example | Lane | Before → now |\n|---|---|---|---|", rows)
    return [*(block for block in table if block), *(_details(one) for one in changes if one.kind == "output")]


def _told(one: Change) -> str:
    if one.kind == "output":
        return "see below"
    if one.before is None and one.after is None:
        return ""
    return " → ".join("nothing" if text is None else in_code(text) for text in (one.before, one.after))


def _details(one: Change) -> str:
    """What an example printed before and now, folded."""
    rows = list(
        difflib.unified_diff((one.before or "").splitlines(), (one.after or "").splitlines(), lineterm="", n=2)
    )[2:]
    more = [f"… {len(rows) - _LINES} more rows"] if len(rows) > _LINES else []
    body = "\n".join(plain(row) for row in [*rows[:_LINES], *more])
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", body)), default=0))
    where = f"Output of <code>{html.escape(one.example)}</code> in <code>{html.escape(one.lane)}</code>"
    return f"<details><summary>{where}</summary>\n\n{ticks}diff\n{body}\n{ticks}\n\n</details>"
