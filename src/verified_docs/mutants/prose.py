"""Breaks facts that stand in the prose of pages: a status, a version, a message that was recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from verified_docs.census import DOCS, find_fences
from verified_docs.mutants.mutant import Fault, Operator, Project, change

# Written anew, not taken from the check: that would only find what it finds.
_STATUS = re.compile(r"(?<![\w.,:#/$@=-])[2-5]\d\d(?![\w%/:.,-]|\.\d)")
_QUOTED = re.compile(r"(?<!`)`(?P<text>[^`\n{}]*[A-Za-z]{3,} [A-Za-z]{2,}[^`\n{}]*)`(?!`)")
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|<[^>\n]+>|\]\([^)\n]*\)", re.S)
_OTHER_STATUS = {"200": "201", "201": "200", "400": "422", "401": "403", "403": "401", "404": "410", "500": "502"}


def _plain(project: Project, path: str) -> str:
    """The text of a page with everything but prose blanked, so that places stay what they are."""
    text = project.text(path)
    rows = _EXPRESSION.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text).split("\n")
    for fence in find_fences(project.root / path, text):
        for number in range(fence.line - 1, min(fence.line + fence.content.count("\n") + 1, len(rows))):
            rows[number] = " " * len(rows[number])
    return "\n".join(rows)


def _facts(project: Project) -> Iterator[Fault]:
    names = {name.rpartition(" ")[0] for lane in project.lanes for name in (lane.server, lane.client)}
    version = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, names)))}) (?P<version>\d+(?:\.\d+)+)")
    recorded = "\n".join(_recorded(project))
    for path in project.files(DOCS, ".md"):
        text = _plain(project, path)
        for match in _STATUS.finditer(text):
            if match.group() in _OTHER_STATUS:
                yield _edit(project, path, *match.span(), _OTHER_STATUS[match.group()])
        for match in version.finditer(text):
            first, _, last = match["version"].rpartition(".")
            yield _edit(project, path, *match.span("version"), f"{first}.{int(last) + 1}")
        for match in _QUOTED.finditer(text):
            word = re.search(r"[A-Za-z]{3,}", match["text"])
            if word and match["text"].replace("…", "") in recorded:
                at = match.start("text") + word.start() + 1
                yield _edit(project, path, at, at, text[at])


def _recorded(project: Project) -> Iterator[str]:
    """What servers answered and how clients failed."""
    for _, _, cassette in project.cassettes():
        ended = cassette.provenance.exception
        if ended is not None:
            yield ended.message
        for one in cassette.interactions:
            if isinstance(one.answer, str):
                yield one.answer


def _edit(project: Project, path: str, start: int, end: int, new: str) -> Fault:
    text = project.text(path)
    row = text.rfind("\n", 0, start) + 1
    # A word before and after says which of several it is.
    before, after = text[max(row, start - 20) : start], text[end : end + 20].partition("\n")[0]
    return Fault(
        target=path,
        place=f"{before}\n{text[start:end]}{after}\n{new}",
        what=change(f"{before}{text[start:end]}{after}", f"{before}{new}{after}"),
        make=project.edited(path, start, end, new),
    )


OPERATORS = (
    Operator("prose-fact", "a status, a version or a quoted message of prose that is another one", ("page",), _facts),
)
