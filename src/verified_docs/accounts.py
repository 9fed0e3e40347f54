"""Says of every block of a finished page what proves it; a block that nothing accounts for is not published."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

from verified_docs.blocks import Block, Kind
from verified_docs.cassette import line_of_interaction
from verified_docs.census import MARK, PYTHON, Fence, find_fences
from verified_docs.checkers import SHELL, Malformed, Tagged, check_block, malformed, skipped
from verified_docs.curl import has_curl
from verified_docs.durations import Durations
from verified_docs.evidence import Evidence
from verified_docs.example import Example
from verified_docs.exchange import locate
from verified_docs.lane import load_settings
from verified_docs.origin import Rows
from verified_docs.problem import Problem, Problems, read_text

_YAML = frozenset({"yaml", "yml"})
_WORDS = {"passes": "ran as shown", "fails_as_shown": "failed as shown"}


@dataclass(frozen=True)
class Proven:
    """What proves a block.

    Attributes:
        kind: What was done with it.
        by: What ran it or looked at it.
        verdict: What came of it.
        source: The file and row that it comes from, or None for the page itself.
        reason: Why nothing proves it, where nothing does.
        seconds: How long it took, or None.
    """

    kind: Kind
    by: str
    verdict: str
    source: str | None = None
    reason: str | None = None
    seconds: float | None = None


# What a project's own functions know of a block: what proves it, or None.
Quoted = Callable[[str], Proven | None]
# What is wrong with the `curl` of a script: its row and what, or None.
Curl = Callable[[str], tuple[int, str] | None]


class Accounts:
    """What stands behind the blocks of one page.

    Args:
        root: The project's folder.
        evidence: What was proven.
        examples: All examples.
        durations: How long their runs took.
        code: Code that ran, to the examples it is of.
    """

    def __init__(
        self,
        root: Path,
        evidence: Evidence,
        examples: Mapping[str, Example],
        durations: Durations,
        code: Mapping[str, set[str]],
    ) -> None:
        self._root = root
        self._evidence = evidence
        self._examples = examples
        self._durations = durations
        self._code = code
        self._schemas: dict[str, str] = load_settings(root).get("schemas", {})
        self._made: dict[str, Proven] = {}
        self._sources: dict[str, str] = {}

    def new_page(self) -> None:
        """Forgets what an earlier page has shown: what stands on one page proves nothing on another."""
        self._made = {}
        self._sources = {}

    def add_card(self, example: Example, section: str | None, card: str) -> None:
        """Takes in the blocks of an example's card: its code, and what it printed."""
        line = example.sections[section].start if section else 1
        proven = self._ran(example, line)
        for one in find_fences(example.path, card):
            self._made[one.content] = proven

    def add_notebook(self, example: Example, source: Path, cells: list[Fence]) -> None:
        """Takes in the blocks of a notebook that was executed: its plots, and what its cells printed."""
        proven = replace(self._ran(example, 1), source=f"{source.relative_to(self._root).as_posix()}:1")
        for one in cells:
            if one.language not in PYTHON or one.content not in self._code:
                self._made[one.content] = proven

    def add_exchange(self, example_id: str, request: str, number: int, lane: str | None, text: str) -> None:
        """Takes in the blocks of a recorded exchange."""
        cassette, index, _ = locate(self._root, self._evidence, example_id, request, number, lane)
        line = line_of_interaction(read_text(cassette.path), index)
        source = f"{cassette.path.relative_to(self._root).as_posix()}:{line}"
        proven = Proven("checked", "the recording", "stands there", source)
        for one in find_fences(cassette.path, text):
            self._made.setdefault(one.content, proven)

    def add_file(self, path: Path, text: str) -> None:
        """Takes in a file that is shown."""
        for one in find_fences(path, text):
            self._sources[one.content] = path.relative_to(self._root).as_posix()

    def _ran(self, example: Example, line: int) -> Proven:
        """What the runs of an example prove of its code and its output."""
        proof = self._evidence.examples[example.id]
        source = f"{proof.path}:{line}"
        seconds = self._durations.of_example(proof.sha256)
        counts = Counter(str(result.verdict) for result in proof.results.values())
        words = ", ".join(f"{words} in {counts[name]}" for name, words in _WORDS.items() if counts[name])
        if words:
            return Proven("executed", "replay", words, source, None, seconds)
        held = [result.quarantine for result in proof.results.values() if result.quarantine]
        why = f"{held[0].reason} (until {held[0].until})" if held else "no lane has a recording of it"
        return Proven("quarantined" if held else "skipped", "", "nothing is proven", source, why)

    def blocks(self, page: str, path: Path, rows: Rows, own: Mapping[str, Any]) -> list[Block]:
        """Every block of a finished page.

        Args:
            page: Its name below `docs/`.
            path: Its source, for messages.
            rows: The page, with the rows of its source.
            own: What the project's own functions know: `quoted`, `curl`.

        Raises:
            Problems: One entry for each block that is malformed, or that nothing accounts for.
        """
        found: list[Problem] = []
        blocks: list[Block] = []
        fences = find_fences(path, rows.text)
        found += _stray_marks(path, rows, fences)
        for fence in fences:
            line = rows.source(fence.line)
            try:
                proven = self._proven(page, replace(fence, line=line), own)
            except Problem as problem:
                found.append(problem)
                continue
            blocks.append(block(page, line, fence.language, proven))
        if found:
            raise Problems(found)
        return blocks

    def cells(self, page: str, cells: list[Fence], own: Mapping[str, Any]) -> list[Block]:
        """Every block of a notebook; its Python is checked, or is that of an example.

        Args:
            page: Its name below `docs/`.
            cells: Its blocks.
            own: What the project's own functions know.

        Raises:
            Problems: One entry for each block that is malformed, or that nothing accounts for.
        """
        found: list[Problem] = []
        blocks: list[Block] = []
        for cell in cells:
            try:
                proven = self._known(page, cell, own) or self.checked(cell, own)
            except _NoChecker:
                proven = self._proven(page, cell, own)
            except Problem as problem:
                found.append(problem)
                continue
            blocks.append(block(page, cell.line, cell.language, proven))
        if found:
            raise Problems(found)
        return blocks

    def _proven(self, page: str, fence: Fence, own: Mapping[str, Any]) -> Proven:
        proven = self._known(page, fence, own)
        if proven is None and fence.declared:
            return Proven("skipped" if skipped(fence) else "illustration", "", "nobody looks at it", None, fence.reason)
        if proven is None:
            raise Problem(
                fence.page,
                fence.line,
                f"nothing proves this block of {fence.language}: {fence.content.strip().partition(chr(10))[0][:60]!r}",
                "show what an example printed, or write <!-- illustration: why --> into the row before it; make census",
                kind="unaccounted",
            )
        if fence.declared and proven.kind in {"executed", "checked"}:
            what = f"this block is {proven.kind} by {proven.by}, and called {fence.declared}"
            raise Problem(
                fence.page, fence.line - 1, what, "take the comment out, then make census", kind="unaccounted"
            )
        return proven

    def _known(self, page: str, fence: Fence, own: Mapping[str, Any]) -> Proven | None:
        if fence.content in self._made:
            return self._made[fence.content]
        if skipped(fence):
            return None
        if fence.language in PYTHON:
            return self._python(page, fence)
        quoted: Quoted = own.get("quoted", lambda text: None)
        if proven := quoted(fence.content):
            return proven
        try:
            return self.checked(fence, own)
        except _NoChecker:
            return None

    def _python(self, page: str, fence: Fence) -> Proven | None:
        if ids := self._code.get(fence.content):
            example = self._examples[min(ids)]
            first = fence.content.partition("\n")[0]
            rows = enumerate(example.source.splitlines(), start=1)
            return self._ran(example, next((number for number, row in rows if row == first), 1))
        if fence.sha256 in self._evidence.fences.get(page, []):
            return Proven(
                "executed", "run without a server", "ran as shown", seconds=self._durations.fences.get(fence.sha256)
            )
        return None

    def checked(self, fence: Fence, own: Mapping[str, Any]) -> Proven:
        """What the checker of its language says of a block.

        Raises:
            Problem: It is malformed, or has a `curl` that sends what nobody recorded.
        """
        if fence.language in _NOT_CHECKED:
            raise _NoChecker
        source = self._sources.get(fence.content)
        try:
            checked = check_block(fence.language, fence.content, self._schema(source, fence.title))
            by = checked.by
            if curls := list(_scripts(fence)):
                by += ", recorded requests"
                self._check_curls(curls, own.get("curl"), fence.language in SHELL)
        except Malformed as error:
            at = replace(fence, page=self._root / source, line=0) if source else fence
            raise malformed(at, error) from error
        return Proven("checked", by, "sound", f"{source}:1" if source else None, None, checked.seconds)

    def _schema(self, source: str | None, title: str) -> Path | str | None:
        """The JSON Schema for a file, by its name or by the title of its block."""
        for pattern, schema in self._schemas.items():
            if any(fnmatch(name, pattern) for name in (source or "", title) if name):
                path = self._root / schema
                return path if path.is_file() else schema
        return None

    def _check_curls(self, scripts: list[str], curl: Curl | None, whole: bool) -> None:
        for script in scripts:
            fault = curl(script) if curl else (0, "has a curl, and nothing says which requests were recorded")
            if fault:
                fix = "write the request as it was recorded, or make record, then make census"
                raise Malformed(fault[1], fault[0] if whole else 0, fix)


class _NoChecker(Exception):
    """No checker knows the language."""


_NOT_CHECKED = frozenset({"text", "http"})


def block(page: str, line: int, language: str, proven: Proven) -> Block:
    """A row of the census."""
    seconds = None if proven.seconds is None else round(proven.seconds, 3)
    return Block(
        page=page,
        line=line,
        language=language,
        kind=proven.kind,
        by=proven.by,
        verdict=proven.verdict,
        source=proven.source,
        reason=proven.reason,
        seconds=seconds,
    )


def _scripts(fence: Fence) -> Iterator[str]:
    """The scripts of a block that may have a `curl`: itself, or the texts of a pipeline."""
    if not has_curl(fence.content):
        return
    if fence.language in SHELL:
        yield fence.content
    elif fence.language in _YAML:
        yield from (
            text for one in yaml.load_all(fence.content, Loader=Tagged) for text in _texts(one) if has_curl(text)
        )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def without_marks(text: str) -> str:
    """A page without the comments that say why nothing proves a block; they are for those who write it."""
    inside = {
        row
        for one in find_fences(Path("page.md"), text)
        for row in range(one.line + 1, one.line + 1 + one.content.count("\n"))
    }
    rows = enumerate(text.split("\n"), start=1)
    return "\n".join("" if number not in inside and MARK.match(row) else row for number, row in rows)


def _stray_marks(path: Path, rows: Rows, fences: list[Fence]) -> Iterator[Problem]:
    """Comments that say of a block why nothing proves it, and stand before none."""
    inside = {row for one in fences for row in range(one.line, one.line + one.content.count("\n") + 2)}
    marks = [
        number
        for number, row in enumerate(rows.text.split("\n"), start=1)
        if number not in inside and re.match(r"[\s>]*<!--\s*(?:illustration|skipped)\b", row)
    ]
    starts = {one.line for one in fences if one.declared}
    texts = rows.text.split("\n")
    for number in marks:
        after = next((at for at in range(number + 1, len(texts) + 1) if texts[at - 1].strip(" >")), 0)
        if after not in starts or not MARK.match(texts[number - 1]):
            what = "this comment is about a block of code, and stands before none, or gives no reason"
            fix = "write <!-- illustration: why --> into the row before the block, then make census"
            yield Problem(path, rows.source(number), what, fix, kind="unaccounted")
