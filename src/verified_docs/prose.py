"""Finds what prose states as a fact, and what no evidence says: a status, a version, a number, a quoted message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Literal

from jinja2 import Environment

from verified_docs.census import find_fences
from verified_docs.problem import Problem

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
# Stands for what an expression of the page gives.
GIVEN = "\x00"
# What few servers ever answer is more often a number of something else.
_RARE = frozenset({HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS, HTTPStatus.IM_A_TEAPOT, HTTPStatus.IM_USED})
_CODES = "|".join(str(int(one)) for one in HTTPStatus if one >= 200 and one not in _RARE)
_UNITS = (
    "bytes|calls|characters|columns|days|entries|examples|experiments|files|hours|kB|KiB|lines|MB|metrics|MiB|minutes|models"
    "|months|pages|parameters|percent|projects|requests|results|rows|runs|seconds|signs|steps|tags|times|values|versions|weeks"
)
_STATUS = re.compile(
    rf"(?<![\w.,:#/$@=-])(?<!job )(?<!port )(?<!project )(?<!run )(?<!first )(?P<status>{_CODES})"
    rf"(?![\w%/-]|:\S|\.\d|,\d| (?:{_UNITS})\b)"
)
_CODE = re.compile(r"(?<!`)`(?P<text>[^`\n]+)`(?!`)")
_QUOTED = re.compile(r"\b(?:says?|answers?|errors?|message|prints?|with|raises?) [“\"](?P<text>[^“”\"\n]{8,})[”\"]")
_WORDS = re.compile(r"^\d{3} [A-Z][a-z]|^[a-z ]+: \d{3}$|[A-Za-z]{2,}[,;:.]? +[^\s=]*[A-Za-z…]{2,}")
# A command or a request is no message; the census and the tests of snippets look after those.
_COMMAND = re.compile(
    r"(?:\$|--?\w|\||<|/|@|#|%|\.\.?/|(?:GET|POST|PUT|PATCH|DELETE|HEAD) "
    r"|(?:import|from|def|class|return|with|for|if|await) "
    r"|(?:apt-get|cat|cd|chmod|cp|curl|docker|echo|export|git|jupyter|make|mv|npm|pip|pipx|pre-commit|python3?|read|rm|set"
    r"|source|ssh|sudo|unset|uv|uvx)\b|[\w-]+(?: [a-z-]+){0,2} --?\w|[\w.]+\(.*\)$|[\[{].* for .* in "
    # A setting: `scope: read_api`.
    r"|(?:(?!\w*(?:Error|Exception))[\w-]+): (?!\d{3}$)\S+$)"
)
_LINK = re.compile(r"\]\([^)\n]*\)|\]\[[^\]\n]*\]")
_HTML = re.compile(r"<!--.*?-->|<[^>\n]+>|\{[:#.][^}\n]*\}|\{ [#.:][^}\n]*\}")
_BARE = re.compile(r"(?<![\w.,/@=:^~<>+-])v?(?P<version>\d+\.\d+(?:\.\d+)?)(?![\w%/]|\.\d|-\w)")

Kind = Literal["status", "version", "number", "message"]


@dataclass(frozen=True)
class Fact:
    """Something that prose states.

    Attributes:
        kind: What it is.
        text: It, as it is written.
        line: The row of the page, counted from 1.
        about: Of a version the software, of a number what is counted.
    """

    kind: Kind
    text: str
    line: int
    about: str = ""


def prose_of(path: Path, source: str) -> list[str]:
    """The rows of a page that are prose: without fences, expressions, links' targets and HTML.

    Args:
        path: The page, for messages.
        source: Its source.
    """
    parts = []
    for _, kind, value in Environment(keep_trailing_newline=True).lex(source):
        # Rows inside an expression stay rows.
        parts.append(value if kind == "data" else GIVEN + "\n" * value.count("\n"))
    rows = "".join(parts).split("\n")
    for fence in find_fences(path, "\n".join(rows)):
        for number in range(fence.line - 1, min(fence.line + fence.content.count("\n") + 1, len(rows))):
            rows[number] = ""
    text = _HTML.sub(lambda match: "\n" * match.group().count("\n"), "\n".join(rows))
    return [_LINK.sub("]", row) for row in text.split("\n")]


def find_facts(rows: Iterable[str], software: Iterable[str], counted: Iterable[str]) -> list[Fact]:
    """What the rows of a page state.

    Args:
        rows: Its prose.
        software: The names whose versions count.
        counted: The nouns whose number counts, in the plural.
    """
    names = "|".join(map(re.escape, software))
    version = re.compile(rf"\b(?P<name>{names})(?:’s|'s)? v?(?P<version>\d+(?:\.\d+)*)(?![\w%]|\.\d)")
    nouns = "|".join(map(re.escape, counted))
    number = re.compile(rf"\b(?P<number>{'|'.join(NUMBERS[1:])}|\d[\d,]*) (?:[a-z]+ )?(?P<noun>{nouns})\b", re.I)
    found: list[Fact] = []
    for line, row in enumerate(rows, start=1):
        messages = list(_messages(row))
        # Of a quoted message, the whole is held to the evidence.
        quoted = {place for one in messages for place in range(*one.span())}
        found += (Fact("status", one["status"], line) for one in _STATUS.finditer(row) if one.start() not in quoted)
        found += (Fact("version", one["version"], line, one["name"]) for one in version.finditer(row))
        named = {match.start("version") for match in version.finditer(row)}
        plain = _CODE.sub(lambda match: " " * len(match.group()), row)
        found += (
            Fact("version", match["version"], line)
            for match in _BARE.finditer(plain)
            if match.start("version") not in named
        )
        if nouns:
            found += (Fact("number", one["number"], line, one["noun"].lower()) for one in number.finditer(row))
        found += (Fact("message", match["text"].strip(), line) for match in messages)
    return found


def _messages(row: str) -> Iterator[re.Match[str]]:
    for pattern in (_CODE, _QUOTED):
        for match in pattern.finditer(row):
            text = match["text"].strip()
            if GIVEN not in text and _WORDS.search(text) and not _COMMAND.match(text):
                yield match


def sections(rows: list[str]) -> list[range]:
    """The sections of a page as ranges of rows counted from 1; each begins with its heading."""
    starts = [1, *(number for number, row in enumerate(rows, start=1) if re.match(r"#{1,6} ", row) and number > 1)]
    return [range(start, end) for start, end in zip(starts, [*starts[1:], len(rows) + 1], strict=True)]


@dataclass(frozen=True)
class Known:
    """What evidence says.

    Attributes:
        versions: Software to the versions that were recorded.
        numbers: A noun to the number of what was recorded; only whole sites have such.
        says: Whether a text stands in something that was recorded, measured or programmed.
    """

    versions: Mapping[str, frozenset[str]]
    numbers: Mapping[str, int]
    says: Callable[[str], bool]


@dataclass(frozen=True)
class Section:
    """What a section of a page rests on.

    Attributes:
        given: What its expressions give.
        statuses: The statuses in the recordings of its examples.
        requests: How many requests these have.
    """

    given: str
    statuses: frozenset[int]
    requests: frozenset[int]


def fault(fact: Fact, known: Known, section: Section) -> tuple[str, str] | None:
    """What is wrong with a fact, and what to write instead; None for one that evidence backs.

    Args:
        fact: The fact.
        known: What evidence says.
        section: What the section rests on in which it stands.
    """
    if fact.kind == "status":
        if int(fact.text) in section.statuses or re.search(rf"(?<!\d){fact.text}(?!\d)", section.given):
            return None
        return (
            f"no example or table of this section has the status {fact.text}",
            '{{ status("area/name", "POST end/of/path") }} writes the recorded one',
        )
    if fact.kind == "version":
        return _version_fault(fact, known)
    if fact.kind == "number":
        return _number_fault(fact, known, section)
    if known.says(fact.text):
        return None
    return (
        f"nothing that was recorded, measured or programmed says {fact.text!r}",
        '{{ quote("area/name", "the words") }} quotes what was recorded',
    )


def _version_fault(fact: Fact, known: Known) -> tuple[str, str] | None:
    if fact.about:
        versions = known.versions[fact.about]
        if any(one == fact.text or one.startswith(f"{fact.text}.") for one in versions):
            return None
        return f"{fact.about} {fact.text} was not recorded", f"it was {', '.join(sorted(versions))}"
    every = {one for versions in known.versions.values() for one in versions}
    near = [
        one for one in every if one.split(".")[0] == fact.text.split(".")[0] and one.count(".") == fact.text.count(".")
    ]
    # Any other number with a dot is no version of what was recorded.
    if fact.text in every or not near:
        return None
    return f"{fact.text} looks like a version, and was not recorded", f"it was {', '.join(sorted(near))}"


def _number_fault(fact: Fact, known: Known, section: Section) -> tuple[str, str] | None:
    word = fact.text.lower()
    number = NUMBERS.index(word) if word in NUMBERS else int(word.replace(",", ""))
    if fact.about in known.numbers:
        right = known.numbers[fact.about]
        if number < len(NUMBERS) <= right:
            # "Two examples" speaks of two of them, and not of all.
            return None
        fix = f"{in_words(right)} {fact.about}, or a reference such as {{{{ facts.{fact.about} | in_words }}}}"
        return None if number == right else (f"there are {right} {fact.about}, not {fact.text}", fix)
    if number in section.requests:
        return None
    return (
        f"no example of this section has {fact.text} {fact.about}",
        '{{ requests("area/name") | in_words }} writes the recorded number',
    )


def in_words(number: int) -> str:
    """A number as prose has it: in words up to twelve."""
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else str(number)


def problem(path: Path, fact: Fact, wrong: tuple[str, str]) -> Problem:
    """What a person has to change."""
    what, fix = wrong
    return Problem(
        path,
        fact.line,
        f"a fact that no evidence backs: {what}",
        f"write {fix}, or give it a reason in docs/facts.yaml; make site",
        kind="fact",
    )
