"""Breaks what an example promises about itself: how it ends, what it needs, and which part of it a page shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from verified_docs.cassette import Cassette
from verified_docs.example import EVERY_LANE, Example
from verified_docs.mutants.mutant import Edits, Fault, Operator, Project, cassette_file, change, digest
from verified_docs.mutants.source import Span

_RAISES = re.compile(
    r'^# "(?P<lane>[^"]+)" = \{ type = "(?P<type>[^"]+)", match = (?P<quote>["\'])(?P<match>.+)(?P=quote) \}\n', re.M
)
_ROW = re.compile(r"^# (?P<key>[a-z-]+) = (?P<value>.+)\n", re.M)
_LANE_KEY = re.compile(r'^# "(?P<key>[a-z0-9./-]+)" = ', re.M)
_BOUND = re.compile(r'"(?P<name>[a-z-]+)(?P<bound>[<>]=?[\d.,<>=]+)?"')
_MARKER = re.compile(r"^ *# --8<-- \[(?P<edge>start|end):(?P<name>[\w-]+)\]\n", re.M)
_PYTHON = ">=3.99"


def _fault(project: Project, example: Example, span: Span, new: str, lanes: tuple[str, ...] | None = None) -> Fault:
    old = example.source[slice(*span)]
    around = example.source[: span[0]].rpartition("\n")[2]
    return Fault(
        target=example.id,
        place=f"{around}\n{old}\n{new}",
        what=change(around + old, around + new if new.strip() else ""),
        make=project.edited(project.path_of(example), *span, new),
        example=example.id,
        lanes=project.recorded(example) if lanes is None else lanes,
    )


def _header(example: Example) -> str:
    return example.source.partition("\n# ///\n")[0] + "\n"


def _ends(project: Project) -> Iterator[tuple[Example, re.Match[str], tuple[str, ...]]]:
    """Each promised exception, with the lanes in which it is promised."""
    for example in project.examples.values():
        recorded = project.recorded(example)
        for match in _RAISES.finditer(_header(example)):
            named = match["lane"]
            lanes = [
                lane for lane in recorded if lane == named or (named == EVERY_LANE and lane not in _named(example))
            ]
            if lanes:
                yield example, match, tuple(lanes)


def _named(example: Example) -> set[str]:
    return set(example.metadata.raises) - {EVERY_LANE}


def _types(project: Project) -> Iterator[Fault]:
    known = sorted({one.type for example in project.examples.values() for one in example.metadata.raises.values()})
    for example, match, lanes in _ends(project):
        other = min((one for one in known if one != match["type"]), key=lambda one: digest(example.id, one))
        for new in (other, f"{match['type']}s"):
            yield _fault(project, example, match.span("type"), new, lanes)
        yield _fault(project, example, match.span(), "", lanes)
    yield from _recorded_ends(project, "type")


def _messages(project: Project) -> Iterator[Fault]:
    for example, match, lanes in _ends(project):
        # A letter doubled in the longest word, which no pattern makes optional.
        word = max(re.finditer(r"[A-Za-z_]{2,}|\d{2,}", match["match"]), key=lambda one: len(one[0]))
        at = match.start("match") + word.start() + 1
        yield _fault(project, example, (at, at), example.source[at], lanes)
        yield _fault(project, example, (match.end("match"), match.end("match")), "$.", lanes)
    yield from _recorded_ends(project, "message")


def _recorded_ends(project: Project, field: str) -> Iterator[Fault]:
    for lane, name, cassette in project.cassettes():
        if cassette.provenance.exception is not None:
            yield _recorded_end(lane, name, cassette, field)


def _recorded_end(lane: str, name: str, cassette: Cassette, field: str) -> Fault:
    path = cassette_file(lane, name)
    ended = cassette.provenance.exception
    assert ended is not None
    old = getattr(ended, field)
    other = ended.model_copy(update={field: f"{old}x"})
    provenance = cassette.provenance.model_copy(update={"exception": other})
    return Fault(
        target=path,
        place=f"{field}\n{old}",
        what=f"recorded {field}: {change(old, f'{old}x')}",
        make=lambda: {path: replace(cassette, provenance=provenance).text},
        example=name,
        lanes=(lane,),
    )


def _metadata(project: Project) -> Iterator[Fault]:
    for example in project.examples.values():
        header = _header(example)
        for match in _ROW.finditer(header):
            start, end = match.span()
            if match["key"] in {"title", "role", "scope"}:
                yield _fault(project, example, (start, end), "")
                yield _fault(project, example, match.span("key"), match["key"][:-1])
                yield _fault(project, example, (end - 1, end - 1), " ,")
            if match["key"] == "requires-python":
                yield _fault(project, example, match.span("value"), f'"{_PYTHON}"')
            if match["key"] == "dependencies":
                yield from _dependencies(project, example, match)
        for match in _LANE_KEY.finditer(header):
            yield _fault(project, example, match.span("key"), f"{match['key']}9")
        for marker in ("# /// script\n", "# [tool.verified]\n"):
            at = example.source.index(marker)
            yield _fault(project, example, (at, at + len(marker)), "")


def _dependencies(project: Project, example: Example, row: re.Match[str]) -> Iterator[Fault]:
    """A package that is not named, or is asked for in a version that was not verified."""
    for match in _BOUND.finditer(row["value"]):
        start = row.start("value") + match.start()
        end = start + len(match.group())
        yield _fault(project, example, (start, end), f'"{match["name"]}>=999"')
        yield _fault(project, example, (start, end), '"packaging"')


def _sections(project: Project) -> Iterator[Fault]:
    for example in project.examples.values():
        found = list(_MARKER.finditer(example.source))
        for match in found:
            name = match["name"]
            yield _fault(project, example, match.span("name"), f"{name}-other")
            yield _fault(project, example, match.span(), "")
            yield _fault(project, example, match.span("edge"), "end" if match["edge"] == "start" else "start")
            yield _fault(project, example, match.span(), match.group() * 2)
            yield _fault(project, example, match.span("name"), f" {name}")
            if match["edge"] == "end":
                yield _renamed(project, example, name)


def _renamed(project: Project, example: Example, name: str) -> Fault:
    """A section under another name, as code: only a page that asks for it can notice."""
    path = project.path_of(example)

    def make() -> Edits:
        return {path: re.sub(rf"\[(start|end):{re.escape(name)}\]", rf"[\1:{name}-other]", example.source)}

    what = f"section {name} → {name}-other"
    return Fault(example.id, what, what, make, example.id, project.recorded(example))


OPERATORS = (
    Operator(
        "expected-exception-type",
        "another type of the promised or recorded exception, or no promise",
        ("replay", "inventory"),
        _types,
    ),
    Operator(
        "expected-exception-message",
        "another message of the promised or recorded exception",
        ("replay", "inventory"),
        _messages,
    ),
    Operator(
        "metadata",
        "a field of the header left out or misspelled, another lane, dependency or Python",
        ("replay", "inventory", "example-tests"),
        _metadata,
    ),
    Operator(
        "section",
        "a marker of a section taken out, doubled, turned around or renamed",
        ("replay", "pages"),
        _sections,
    ),
)
