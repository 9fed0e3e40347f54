"""Finds every code fence of the pages with a real Markdown parser, so that none is shown unchecked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from verified_docs.disagreement import refuse_disagreement
from verified_docs.problem import Problem, read_text, shown

DOCS = "docs"
PYTHON = frozenset({"python", "py", "python3"})
HTTP = "http"
_CONTAINER = re.compile(r"^(?P<indent> *)(?:===[!+]{0,2}\s+[\"']|!!!\s+\w|\?\?\?\+?\s+\w)")
_TICKS = re.compile(r"^[\s>*+-]*(?:\d+[.)])?\s*(?P<ticks>`{3,}|~{3,})")
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_HTML_CODE = re.compile(r"<(?:pre|code)\b|^\s*(?:`{3,}|~{3,})", re.M)
_MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkdn", ".mkd"})
# Says of the fence below it why nothing proves it.
MARK = re.compile(r"^[\s>]*<!-- (?P<kind>illustration|skipped): (?P<reason>\S.*?) -->\s*$")
_WORD = re.compile(r"[^\s{},=\"']+")
_TITLE = re.compile(r"""\btitle=(?P<quote>["'])(?P<title>.*?)(?P=quote)""")


@dataclass(frozen=True)
class Fence:
    """A fenced code block of a page.

    Attributes:
        page: The file it stands in.
        line: The line of its opening, counted from 1.
        language: Its language in lower case, empty where it names none.
        content: The text between opening and end, dedented.
        title: What stands above it, such as the name of a file.
        declared: What a comment in the row before says of it: `illustration`, `skipped`, or nothing.
        reason: The reason that the comment gives.
    """

    page: Path
    line: int
    language: str
    content: str
    title: str = ""
    declared: str = ""
    reason: str = ""

    @property
    def id(self) -> str:
        """A name for messages and tests."""
        return f"{shown(self.page)}:{self.line}"

    @property
    def sha256(self) -> str:
        """Hash of the content, so that evidence says exactly which code ran."""
        return hashlib.sha256(self.content.encode()).hexdigest()


def take_census(folder: Path) -> list[Fence]:
    """Finds every fence of every page, also inside tabs, admonitions, lists and quotes.

    Args:
        folder: Holds the pages, in sub-folders as well.

    Returns:
        The fences, in the order of pages and lines.

    Raises:
        Problem: There is no page, or no fence on any: then something is wrong with the search.
    """
    pages = sorted(path for path in folder.rglob("*") if path.suffix in _MARKDOWN and path.is_file())
    for page in pages:
        if page.suffix != ".md":
            fix = f"git mv {shown(page)} {shown(page.with_suffix('.md'))}, then make census"
            raise Problem(page, 1, f"a page has to end in .md, not {page.suffix}", fix, kind="census")
    fences = [fence for page in pages for fence in find_fences(page, read_text(page))]
    if not fences:
        what = f"there is no code fence on {len(pages)} pages" if pages else "there is no page"
        raise Problem(folder, None, what, f"ls {shown(folder)}, to see whether this is the right folder", kind="census")
    return fences


def find_fences(page: Path, text: str) -> list[Fence]:
    """Finds the fences of one page.

    Args:
        page: The file's name, for messages.
        text: Its Markdown.

    Raises:
        Problem: Something on it looks like code and is not a fence: nobody would run or check it.
    """
    return list(_fences(page, text))


# Several checks ask for the fences of the same page.
@lru_cache(maxsize=256)
def _fences(page: Path, text: str) -> tuple[Fence, ...]:
    refuse_disagreement(page, text)
    return tuple(sorted(_find(page, text.split("\n"), 0), key=lambda fence: fence.line))


def _find(page: Path, rows: list[str], first: int) -> Iterator[Fence]:
    """Finds the fences of a block whose first row is row `first` of the page, counted from 0."""
    rows, inner = _take_containers(rows)
    for start, body in inner:
        yield from _find(page, body, first + start)
    covered: set[int] = set()
    text = "\n".join(rows)
    for token in _parser("[^" in text).parse(text):
        if token.map is None:
            continue
        if token.type in {"fence", "html_block"}:
            covered.update(range(token.map[0], token.map[1]))
        if token.type == "fence":
            title = _TITLE.search(token.info)
            line = first + token.map[0] + 1
            above = next((text for text in reversed(rows[: token.map[0]]) if text.strip()), "")
            mark = MARK.match(above)
            said = (mark["kind"], mark["reason"]) if mark else ("", "")
            yield Fence(page, line, language_of(token.info), token.content, title["title"] if title else "", *said)
        elif token.type == "code_block":
            raise _unseen(page, first + token.map[0] + 1, "an indented block is shown as code")
        elif token.type == "html_block":
            html = _COMMENT.sub(lambda match: "\n" * match.group().count("\n"), token.content)
            if match := _HTML_CODE.search(html):
                line = first + token.map[0] + 1 + html.count("\n", 0, match.start())
                raise _unseen(page, line, "HTML with code in it is shown as it is")
    for number, row in enumerate(rows):
        if number not in covered and _TICKS.match(row):
            raise _unseen(page, first + number + 1, "a fence stands where Markdown parsers disagree about it")


def _take_containers(rows: list[str]) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Takes tabs, admonitions and details out of a block: CommonMark knows nothing of them.

    Returns:
        The rows with those of containers blanked, and each container's first row and dedented body.
    """
    kept = list(rows)
    inner: list[tuple[int, list[str]]] = []
    fence = ""
    number = 0
    while number < len(rows):
        row = rows[number]
        ticks = _TICKS.match(row)
        if fence:
            if ticks and ticks["ticks"].startswith(fence) and not row[ticks.end() :].strip():
                fence = ""
        elif ticks:
            fence = ticks["ticks"]
        elif header := _CONTAINER.match(row):
            depth = len(header["indent"]) + 4
            end = number + 1
            while end < len(rows) and (not rows[end].strip() or rows[end][:depth].strip() == ""):
                end += 1
            inner.append((number + 1, [body[depth:] for body in rows[number + 1 : end]]))
            kept[number:end] = [""] * (end - number)
            number = end
            continue
        number += 1
    return kept, inner


def _unseen(page: Path, line: int, what: str) -> Problem:
    return Problem(
        page, line, what, "write a fence at the margin of its block, after an empty row; make census", kind="census"
    )


def language_of(info: str) -> str:
    """The language that an info string names: `python`, `{ .python }`, `{.py title="x"}` alike."""
    words = _WORD.findall(info.strip())
    if info.lstrip().startswith("{"):
        words = [word.removeprefix(".") for word in words if word.startswith(".")]
    return words[0].lower() if words else ""


@cache
def _parser(has_notes: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table").use(deflist_plugin).use(footnote_plugin)
    # No fence begins within a row, and reading rows takes most of the time; but a footnote is known by its reference.
    return parser if has_notes else parser.disable("inline")
