"""Holds the facts of a page's prose to what was recorded, and writes recorded facts into it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from verified_docs.cassette import CASSETTES, Cassette, first_line, load_cassette
from verified_docs.evidence import Evidence
from verified_docs.example import Example
from verified_docs.exchange import NotThere, locate
from verified_docs.origin import Rows
from verified_docs.problem import Problem, read_text
from verified_docs.prose import Known, Section, fault, find_facts, problem, prose_of, sections
from verified_docs.provenance import Frozen

FACTS = "docs/facts.yaml"
# What a program puts in at this place.
GAP = "\x00"
_BETWEEN = "\x1e"
# So many words of a message have to be a program's own.
_LITERAL = 3
_EXAMPLE = re.compile(r"\b(?:example|exchange|status|requests|quote)\(\s*[\"'](?P<name>[\w/]+)[\"']")
_LINKED = re.compile(r"evidence\.md#(?P<anchor>[\w-]+)|examples/(?P<name>[\w/]+)\.py")


class Reasoned(Frozen):
    """A fact of prose that stands for itself, such as one that is made up.

    Attributes:
        page: The page below `docs/`, or `*` for every page.
        text: The fact, as the page has it.
        reason: Why no evidence backs it.
    """

    page: str
    text: str
    reason: str = Field(min_length=10)


@dataclass
class Recorded:
    """What all cassettes of a project hold.

    Attributes:
        texts: Every answer and exception, one after another.
        statuses: Example to the statuses of its answers.
        requests: Example to how many requests it has, in each lane.
    """

    texts: str
    statuses: dict[str, frozenset[int]] = field(default_factory=dict)
    requests: dict[str, frozenset[int]] = field(default_factory=dict)


_READ: dict[tuple[tuple[str, int, int], ...], Recorded] = {}


def read_recorded(root: Path) -> Recorded:
    """Reads all cassettes; those that did not change are read once in a process, also where they are a copy."""
    folder = root / CASSETTES
    files = sorted(folder.rglob("*.yaml"))
    key = tuple((str(one.relative_to(folder)), one.stat().st_mtime_ns, one.stat().st_size) for one in files)
    if key not in _READ:
        _READ.clear()
        _READ[key] = _read(folder, files)
    return _READ[key]


def _read(folder: Path, files: Iterable[Path]) -> Recorded:
    texts: dict[str, None] = {}
    statuses: dict[str, set[int]] = {}
    requests: dict[str, set[int]] = {}
    for path in files:
        # The lane has two folders: server and client.
        name = "/".join(path.relative_to(folder).with_suffix("").parts[2:])
        cassette = load_cassette(path)
        failure = cassette.provenance.exception
        texts[f"{failure.type}: {failure.message}" if failure else ""] = None
        requests.setdefault(name, set()).add(len(cassette.interactions))
        for one in cassette.interactions:
            statuses.setdefault(name, set()).add(one.status)
            texts[f"{one.status} {one.reason}"] = None
            texts |= dict.fromkeys(f"{name}: {value}" for name, value in one.headers.items())
            if isinstance(one.answer, str):
                texts[one.answer] = None
    return Recorded(
        _BETWEEN.join(texts),
        {name: frozenset(found) for name, found in statuses.items()},
        {name: frozenset(found) for name, found in requests.items()},
    )


class Backing:
    """What the prose of pages may state.

    Args:
        root: The project's folder.
        evidence: What was proven.
        examples: The examples, for what they promise to print: one in quarantine has proven none of it.
        texts: Further texts that were measured.
        programs: Texts that the project's own programs print, with `GAP` for what they put in.
        numbers: Further numbers: a noun in the plural to how many there are.
    """

    def __init__(
        self,
        root: Path,
        evidence: Evidence,
        examples: Iterable[Example] = (),
        texts: Callable[[], Iterable[str]] = tuple,
        programs: Callable[[], Iterable[str]] = tuple,
        numbers: Mapping[str, int] | None = None,
    ) -> None:
        self._root = root
        self._evidence = evidence
        self._promised = {one.id: "\n".join(line.text for line in one.expected) for one in examples}
        self._texts = texts
        self._programs = programs
        self._numbers = numbers or {}
        self.reasoned = load_reasoned(root)
        self._used: set[Reasoned] = set()

    @cached_property
    def _recorded(self) -> Recorded:
        return read_recorded(self._root)

    @cached_property
    def _said(self) -> str:
        proofs = self._evidence.examples.values()
        outputs = dict.fromkeys(result.output for proof in proofs for result in proof.results.values())
        return _plain(_BETWEEN.join((self._recorded.texts, *outputs, *self._promised.values(), *self._texts())))

    @cached_property
    def _program(self) -> str:
        return _plain(_BETWEEN.join(self._programs()))

    @cached_property
    def known(self) -> Known:
        """What the evidence says of all pages."""
        versions: dict[str, set[str]] = {}
        for lane in self._evidence.lanes.values():
            for software in (lane.server, lane.client):
                name, _, version = software.rpartition(" ")
                versions.setdefault(name, set()).add(version)
        for proof in self._evidence.examples.values():
            for result in proof.results.values():
                for one in filter(None, (result.server, result.client)):
                    versions.setdefault(one.name, set()).add(one.version.partition("-")[0])
        servers = {lane.server for lane in self._evidence.lanes.values()}
        clients = {lane.client for lane in self._evidence.lanes.values()}
        numbers = {
            "lanes": len(self._evidence.lanes),
            "servers": len(servers),
            "clients": len(clients),
            **{f"{one.rpartition(' ')[0].lower()}s": len(servers) for one in servers},
            "examples": len(self._evidence.examples),
            "results": self._evidence.count("passes", "fails_as_shown"),
            **self._numbers,
        }
        return Known({name: frozenset(found) for name, found in versions.items()}, numbers, self.says)

    def was_said(self, text: str) -> bool:
        """Whether a text was recorded or measured; `…` stands for anything within one such text."""
        return _stands_in(text, self._said)

    def says(self, text: str) -> bool:
        """Whether a text was recorded or measured, or is what a program of the project prints."""
        if self.was_said(text) or _stands_in(text, self._program):
            return True
        wanted = _words(text)
        return any(_prints(template, wanted) for template in self._templates)

    @cached_property
    def _templates(self) -> list[list[str]]:
        """The words that programs print, where they put something in."""
        found = dict.fromkeys(text for text in self._program.split(_BETWEEN) if GAP in text)
        return [_words(text) for text in found]

    # --- What pages may ask for ---

    def status(self, name: str, request: str = "", number: int = 1, lane: str | None = None) -> int:
        """The recorded status of a request of an example: of the last refused one, if none is named.

        Raises:
            NotThere: There is none, or the lanes disagree.
        """
        found: dict[int, str] = {}
        for one in self._lanes(name, lane):
            if request:
                cassette, index, _ = locate(self._root, self._evidence, name, request, number, one)
                found[cassette.interactions[index].status] = one
            else:
                refused = [each.status for each in self._cassette(name, one).interactions if each.status >= 400]
                found[refused[-1] if refused else 0] = one
        if len(found) != 1 or 0 in found:
            told = ", ".join(f"{status or 'none'} in {one}" for status, one in found.items())
            raise NotThere(f"{name} has no one status for {request or 'a refusal'}: {told}")
        return next(iter(found))

    def requests(self, name: str, lane: str | None = None) -> int:
        """How many requests an example sends.

        Raises:
            NotThere: The lanes disagree.
        """
        # In quarantine, nothing is said of what a replay sends; the recording stands all the same.
        found = {len(self._cassette(name, one).interactions) for one in self._lanes(name, lane)}
        if len(found) != 1:
            raise NotThere(f"the lanes disagree about the requests of {name}: {', '.join(map(str, sorted(found)))}")
        return found.pop()

    def quote(self, name: str, words: str) -> str:
        """Words that an example printed, raised, or was answered.

        Raises:
            NotThere: It never did.
        """
        for one in self._lanes(name, None):
            cassette = self._cassette(name, one)
            ended = cassette.provenance.exception
            failure = f"{ended.type}: {ended.message}" if ended else ""
            printed = (self._evidence.examples[name].results[one].output, self._promised.get(name, ""))
            answers = (str(each.answer) for each in cassette.interactions)
            if any(_plain(words) in _plain(text) for text in (*printed, failure, *answers)):
                return words
        raise NotThere(f"{name} never says {words!r}")

    def _cassette(self, name: str, lane: str) -> Cassette:
        return load_cassette(self._root / str(self._evidence.examples[name].results[lane].cassette))

    def _lanes(self, name: str, lane: str | None) -> list[str]:
        if name not in self._evidence.examples:
            raise NotThere(f"there is no example {name!r}")
        results = self._evidence.examples[name].results
        recorded = [one for one, result in results.items() if result.cassette and lane in {None, one}]
        if not recorded:
            raise NotThere(f"{name} was not recorded in {lane or 'any lane'}")
        return recorded

    # --- What they are held to ---

    def faults(self, page: str, path: Path, source: str, rows: Rows) -> list[Problem]:
        """What the prose of a page states, and no evidence backs.

        Args:
            page: Its name below `docs/`.
            path: Its file.
            source: Its source.
            rows: What it became.
        """
        prose = prose_of(path, source)
        parts = [(part, self._section(part, source.split("\n"), rows)) for part in sections(prose)]
        found = []
        for fact in find_facts(prose, self.known.versions, {*_COUNTED, *self.known.numbers}):
            section = next(section for part, section in parts if fact.line in part)
            wrong = fault(fact, self.known, section)
            if wrong and not self._has_reason(page, fact.text, prose[fact.line - 1]):
                found.append(problem(path, fact, wrong))
        return found

    def _section(self, part: range, source: list[str], rows: Rows) -> Section:
        given = "\n".join(text for row, text in rows.given.items() if row in part)
        text = "\n".join(source[row - 1] for row in part if row <= len(source))
        names = {match["name"] for match in _EXAMPLE.finditer(text)}
        anchors = {name.replace("/", "-").replace("_", "-"): name for name in self._evidence.examples}
        for match in _LINKED.finditer(text):
            names.add(match["name"] or anchors.get(match["anchor"], ""))
        statuses = [self._recorded.statuses.get(name, frozenset()) for name in names]
        requests = [self._recorded.requests.get(name, frozenset()) for name in names]
        return Section(given, frozenset().union(*statuses), frozenset().union(*requests))

    def _has_reason(self, page: str, text: str, row: str) -> bool:
        for one in self.reasoned:
            if one.page in {page, "*"} and (one.text == text or (text in one.text and one.text in row)):
                self._used.add(one)
                return True
        return False

    def unused_reasons(self) -> list[Problem]:
        """The reasoned facts that stand on no page any more."""
        path = self._root / FACTS
        rows = read_text(path).splitlines() if self.reasoned else []
        found = []
        for one in self.reasoned:
            if one not in self._used:
                line = next((number for number, row in enumerate(rows, start=1) if one.text in row), None)
                what = f"{one.text!r} is no fact without evidence on {one.page} any more"
                found.append(Problem(path, line, what, "take the entry out, then make site", kind="fact"))
        return found


# Nouns whose number evidence knows.
_COUNTED = ("requests", "questions", "reads")


def load_reasoned(root: Path) -> tuple[Reasoned, ...]:
    """Reads which facts of prose stand for themselves; without a file, none does.

    Raises:
        Problem: The file is not of its form.
    """
    path = root / FACTS
    if not path.exists():
        return ()
    try:
        rows = yaml.safe_load(read_text(path)) or []
        found = tuple(Reasoned.model_validate(row) for row in rows)
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        what = f"these are no reasoned facts: {first_line(error)}"
        raise Problem(
            path, mark.line + 1 if mark else 1, what, "write page, text and reason, then make site", kind="fact"
        ) from error
    return found


def _plain(text: str) -> str:
    """A text in one line, with one blank between words."""
    return re.sub(r"[^\S\x1e]+", " ", text.replace('\\"', '"'))


def _stands_in(text: str, corpus: str) -> bool:
    pieces = [re.escape(piece.strip()) for piece in re.split(r"…|\.\.\.", _plain(text)) if piece.strip()]
    return bool(pieces) and re.search(f"[^{_BETWEEN}]*?".join(pieces), corpus) is not None


def _words(text: str) -> list[str]:
    return [word.strip(".,:;") for word in _plain(text).split()]


def _prints(template: list[str], wanted: list[str]) -> bool:
    """Whether a program can print some words, one after another: where it puts something in, any word fits."""
    for start in range(len(template) - len(wanted) + 1):
        pairs = list(zip(template[start : start + len(wanted)], wanted, strict=True))
        literal = sum(one == other for one, other in pairs)
        if literal >= _LITERAL and all(one == other or GAP in one for one, other in pairs):
            return True
    return False


def strings(document: Any) -> Iterator[str]:
    """Every text in a document of JSON."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, (dict, list)):
        for one in document.values() if isinstance(document, dict) else document:
            yield from strings(one)
