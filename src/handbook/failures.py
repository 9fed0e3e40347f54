"""Gives every error that was seen its cause and its fix, so that a reader who has a message finds them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, field_validator

from handbook.calls import link, split
from handbook.explained import Explained
from handbook.measured import validated
from handbook.sightings import Sighting, once
from handbook.table import table
from verified_docs.card import EVIDENCE_PAGE, evidence_anchor, fence
from verified_docs.problem import Problem, read_text
from verified_docs.provenance import Frozen

PAGE = "reference/errors.md"
REGISTRY = Path("docs/reference/errors.yaml")
_FEW = 6
_OPEN = 4
_WIDTH, _LINES = 300, 3


class Entry(Frozen):
    """One error as a reader looks it up.

    Attributes:
        id: The anchor of its section.
        title: What happened, in a reader's words.
        claims: Patterns: a message or an answer that one of them finds is this error.
        cause: Why it happens, in Markdown.
        fix: What to do, in Markdown.
        examples: Examples to show in its section, each with the sentence that explains it.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$")
    title: str = Field(min_length=5)
    claims: Annotated[tuple[str, ...], Field(min_length=1)]
    cause: str = Field(min_length=5)
    fix: str = Field(min_length=5)
    examples: dict[str, str] = Field(default_factory=dict)

    @field_validator("claims")
    @classmethod
    def _compile(cls, claims: tuple[str, ...]) -> tuple[str, ...]:
        for claim in claims:
            try:
                re.compile(claim)
            except re.error as error:
                raise ValueError(f"{claim!r} is not a regular expression: {error}") from error
        return claims


class Group(Frozen):
    """Entries that stand under one heading."""

    title: str
    entries: Annotated[tuple[Entry, ...], Field(min_length=1)]


class Registry(Frozen):
    """Everything that is known about errors."""

    groups: Annotated[tuple[Group, ...], Field(min_length=1)]


@dataclass
class Found:
    """An entry with the evidence that it claims."""

    entry: Entry
    sightings: list[Sighting] = field(default_factory=list)

    @property
    def texts(self) -> list[Sighting]:
        """What the client said, each message once."""
        return once((one.text, one) for one in self.sightings if one.text)

    @property
    def answers(self) -> list[Sighting]:
        """What GitLab answered, each status and body once."""
        return once((f"{one.status} {one.body or ''}", one) for one in self.sightings if one.status)


def load_registry(root: Path) -> Registry:
    """Reads what is known about errors.

    Raises:
        Problem: It is not YAML, not of this form, or names an entry twice.
    """
    path = root / REGISTRY
    text = read_text(path)
    try:
        document = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = f"the registry is not YAML: {getattr(error, 'problem', None) or error}"
        raise Problem(path, mark.line + 1 if mark else 1, what, "correct the line", kind="registry") from error
    try:
        registry = validated(path, partial(Registry.model_validate, document))
    except Problem as problem:
        problem.fix, problem.kind = "correct it in the registry", "registry"
        raise
    seen: set[str] = set()
    for entry in (entry for group in registry.groups for entry in group.entries):
        if entry.id in seen:
            raise _wrong(root, entry, "there are two entries of this id", "rename one of them")
        seen.add(entry.id)
    return registry


def _wrong(root: Path, entry: Entry, what: str, fix: str) -> Problem:
    rows = enumerate(read_text(root / REGISTRY).splitlines(), start=1)
    line = next((number for number, row in rows if re.match(rf"\s*(?:- )?id: {entry.id}$", row)), None)
    return Problem(root / REGISTRY, line, f"{entry.id}: {what}", fix, kind="registry")


class Failures:
    """The index of errors: what each is, where it was seen, what to do.

    Args:
        root: The project's folder.
        sightings: All the evidence there is.
        explained: The pages that explain the examples.

    Raises:
        Problem: Evidence that no entry or more than one claims, or an entry without evidence.
    """

    def __init__(self, root: Path, sightings: Iterable[Sighting], explained: Explained) -> None:
        self._root = root
        self.groups = load_registry(root).groups
        self.found = {entry.id: Found(entry) for group in self.groups for entry in group.entries}
        self._lanes: set[str] = set()
        self._explained = explained
        claims = [(re.compile("|".join(f"(?:{one})" for one in f.entry.claims)), f) for f in self.found.values()]
        claimed: dict[str, list[Found]] = {}
        for one in sightings:
            text = one.claimed_by
            if text not in claimed:
                claimed[text] = [found for pattern, found in claims if pattern.search(text)]
            if len(claimed[text]) != 1:
                raise self._disputed(one, [found.entry for found in claimed[text]])
            claimed[text][0].sightings.append(one)
            if one.kind != "asked":
                self._lanes.add(one.lane)
        for found in self.found.values():
            if not found.sightings:
                raise _wrong(root, found.entry, "nothing that was recorded or measured is this error", "take it out")
            seen = {one.source[0] for one in found.sightings if one.kind == "recorded"}
            if strange := sorted(found.entry.examples.keys() - seen):
                raise _wrong(root, found.entry, f"{strange[0]} does not end with this error", "show it elsewhere")

    def _disputed(self, one: Sighting, entries: Sequence[Entry]) -> Problem:
        text = f"{_head(one.claimed_by)!r} ({one.kind}: {', '.join(one.source)}, {one.lane})"
        if entries:
            names = " and ".join(entry.id for entry in entries)
            return _wrong(self._root, entries[0], f"{names} both claim {text}", "narrow the claims of one of them")
        path = self._root / REGISTRY
        return Problem(path, None, f"no entry claims {text}", "add an entry, or widen a claim", kind="registry")

    @property
    def messages(self) -> int:
        """How many different messages of the client and answers of GitLab there are."""
        return sum(len(found.texts) + len(found.answers) for found in self.found.values())

    @property
    def sightings(self) -> int:
        """How many times an error was seen."""
        return sum(len(found.sightings) for found in self.found.values())

    @property
    def quotes(self) -> dict[str, str]:
        """Each text that the page quotes, as a block holds it, to where it was seen."""
        seen = {}
        for found in self.found.values():
            said = [(one.text, one) for one in found.texts] + [(one.body or "", one) for one in found.answers]
            for text, one in said:
                where = f"{one.kind}: {', '.join(one.source)}, {one.lane}"
                seen[f"{_head(text)}\n"] = seen[f"{text}\n"] = where
        return seen

    def page(self, up: str, card: Callable[[str], str]) -> str:
        """All entries in Markdown.

        Args:
            up: The way from the page to the top of the site.
            card: Gives the card of an example.
        """
        parts = []
        for group in self.groups:
            parts.append(f"## {group.title}")
            parts += [self._section(self.found[entry.id], up, card) for entry in group.entries]
        return "\n\n".join(parts)

    def _section(self, found: Found, up: str, card: Callable[[str], str]) -> str:
        entry = found.entry
        parts = [f"### {entry.title} {{ #{entry.id} }}"]
        parts += _some("messages", [_quoted("MLflow raises", one.text) for one in found.texts])
        parts += _some("answers", [_quoted(f"GitLab answers {one.status}", one.body or "") for one in found.answers])
        if not any(one.kind == "recorded" for one in found.sightings):
            parts.append("*Measured, no example.*")
        parts += [f"**Cause.** {entry.cause.strip()}", f"**Fix.** {entry.fix.strip()}"]
        for name, words in entry.examples.items():
            parts += [words.strip(), card(name)]
        parts.append(f'<div class="seen" data-search-exclude markdown="1">\n\n{self._seen(found, up)}\n\n</div>')
        return "\n\n".join(parts)

    def _seen(self, found: Found, up: str) -> str:
        """Where an error was seen, and in which lanes."""
        lanes = ", ".join(dict.fromkeys(one.lane for one in sorted(found.sightings, key=lambda one: one.lane)))
        rows = []
        for kind in ("recorded", "measured"):
            by_source: dict[tuple[str, bool], list[str]] = {}
            for one in found.sightings:
                if one.kind == kind:
                    by_source.setdefault((one.source[0], one.held), []).append(one.lane)
            make = partial(self._example, up) if kind == "recorded" else partial(_call, up)
            rows += [
                f"- *{kind}{', in quarantine, not verified' if held else ''}*: {make(source)} ({self._names(where)})"
                for (source, held), where in by_source.items()
            ]
        text = f"**Seen in:** {lanes}.\n\n"
        text += (
            "\n".join(rows) if len(rows) <= _FEW else _closed(f"The {len(rows)} examples and calls", "\n".join(rows))
        )
        cells = [one for one in found.sightings if one.kind == "asked"]
        return f"{text}\n\n{_closed(f'The {len(cells)} requests with plain HTTP', _requests(cells))}" if cells else text

    def _names(self, lanes: Sequence[str]) -> str:
        return "in all lanes" if set(lanes) >= self._lanes else ", ".join(lanes)

    def _example(self, up: str, name: str) -> str:
        explained = self._explained.pages
        text = f"[`{name}`]({up}{EVIDENCE_PAGE}#{evidence_anchor(name)})"
        return f"{text}, explained in [{explained[name][1]}]({up}{explained[name][0]})" if name in explained else text


def _head(text: str) -> str:
    """The first lines of a text, each as far as a page is wide."""
    lines = [row if len(row) <= _WIDTH else f"{row[:_WIDTH]} …" for row in text.strip("\n").splitlines()[:_LINES]]
    return "\n".join(lines)


def _some(what: str, blocks: list[str]) -> list[str]:
    """The first of many blocks, and the others closed."""
    more = len(blocks) - _OPEN
    if more <= 1:
        return blocks
    return [*blocks[:_OPEN], _closed(f"{more} more {what}", "\n\n".join(blocks[_OPEN:]))]


def _quoted(title: str, text: str) -> str:
    """The first lines of a text, and below them the whole of it where that is more."""
    head = _head(text)
    block = fence("text", f"{head}\n", title)
    if head == text.rstrip("\n"):
        return block
    return f"{block}\n\n{_closed('The whole text', fence('text', f'{text}\n', title))}"


def _closed(title: str, body: str) -> str:
    indented = "\n".join(f"    {row}" if row.strip() else "" for row in body.splitlines())
    return f'??? quote "{title}"\n\n{indented}'


def _call(up: str, probe_id: str) -> str:
    api, variant = split(probe_id)
    words = "" if variant == "basic" else f", {html.escape(variant)}"
    return f"[`{api}`{words}]({link(probe_id, up)})"


def _requests(cells: Sequence[Sighting]) -> str:
    """A table of operations with the credentials and the projects that had this answer; those alike share a row."""
    by_operation: dict[str, tuple[dict[str, None], dict[str, None], dict[str, None]]] = {}
    for one in cells:
        columns = by_operation.setdefault(one.source[0], ({}, {}, {}))
        for column, value in zip(columns, (one.source[1], one.source[2], one.lane.partition(" · ")[0]), strict=True):
            column[value] = None
    rows: dict[tuple[str, ...], list[str]] = {}
    for operation, columns in by_operation.items():
        key = tuple(", ".join(f"`{value}`" if n < 2 else value for value in column) for n, column in enumerate(columns))
        rows.setdefault(key, []).append(f"`{operation}`")
    return table(["Operation", "Credentials", "Projects", "Servers"], ([", ".join(v), *k] for k, v in rows.items()))
