"""Compares the finder of fences with what the site's own Markdown shows as code: no block of it may go unseen."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import markdown  # type: ignore[import-untyped]
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT
from verified_docs.census import find_fences
from verified_docs.problem import Problem

PAGE = Path("page.md")


@cache
def site_markdown() -> markdown.Markdown:
    """Python-Markdown with the extensions of mkdocs.yml, and those that MkDocs always adds."""
    rows = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), Loader=_AnyTag)["markdown_extensions"]
    names = ["toc", "tables", "fenced_code"]
    options: dict[str, dict[str, Any]] = {}
    for row in rows:
        ((name, given_options),) = row.items() if isinstance(row, dict) else ((row, {}),)
        names.append(name)
        options[name] = given_options or {}
    return markdown.Markdown(extensions=list(dict.fromkeys(names)), extension_configs=options)


class _AnyTag(yaml.SafeLoader):
    """Reads mkdocs.yml, which names Python functions."""


_AnyTag.add_multi_constructor("", lambda loader, suffix, node: None)


class _Code(HTMLParser):
    """The text of each block that a page shows as code."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "pre":
            self._depth += 1
            if self._depth == 1:
                self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre" and self._depth:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.blocks[-1] += data


def shown_as_code(text: str) -> Counter[str]:
    """What the site shows as blocks of code, without blanks: where a block is dedented differs."""
    reader = site_markdown()
    reader.reset()
    parser = _Code()
    parser.feed(reader.convert(text))
    parser.close()
    return Counter(bare(block) for block in parser.blocks)


def bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def found(text: str) -> Counter[str] | None:
    """What the finder finds, or None where it refuses the page."""
    try:
        return Counter(bare(fence.content) for fence in find_fences(PAGE, text))
    except Problem as problem:
        assert problem.kind == "census"
        assert problem.line is not None
        assert 1 <= problem.line <= text.count("\n") + 1
        return None


def unseen(text: str) -> Counter[str]:
    """What the site shows as code, and the finder neither finds nor refuses."""
    seen = found(text)
    return Counter() if seen is None else Counter({k: n for k, n in (shown_as_code(text) - seen).items() if k})


TICKS = ["```", "````", "~~~", "~~~~~", "``", "``` ```"]
INFOS = [
    "",
    "python",
    " python",
    "{ .python }",
    '{.python title="a"}',
    'python hl_lines="1"',
    "python title=`x`",
    "a`b",
]
CODE = ["x = 1", "# Title", "- a", "> b", '=== "c"', "| a |", "    deep", "", "print(`1`)", "<b>", "*a*"]
OPENERS = [
    '=== "Tab"',
    "===! 'Tab'",
    "!!! note",
    '!!! note "Title"',
    "!!! note inline end",
    "??? note",
    "???+ note 'T'",
    "- item",
    "* item",
    "1. item",
    "10) item",
    "> quote",
    "Term",
    ":   Meaning",
    "[^1]: Note",
    "A[^1]",
    "*[HTML]: Text",
    '<div markdown="1">',
    "<div markdown>",
    "</div>",
    "<details>",
    "<pre>",
    "</pre>",
    "<table>",
    '<table class="a">',
    "<div>",
    "</table>",
    "<!--",
    "-->",
    "<!-- a -->",
    "| a | b |",
    "|---|---|",
    "Heading",
    "===",
    "---",
    "Text.",
    "\\```",
    "`code`",
    "",
]
LINES = st.one_of(
    st.sampled_from(OPENERS),
    st.builds(str.__add__, st.sampled_from(TICKS), st.sampled_from(INFOS)),
    st.sampled_from(TICKS),
    st.sampled_from(CODE),
)
INDENTS = st.sampled_from(["", "", "", "    ", "    ", "        ", "  ", "   ", "> ", "- ", "1. ", "\t", ">     "])
ODD_ROWS = st.builds(str.__add__, INDENTS, LINES)
ODD_PAGES = st.lists(ODD_ROWS, max_size=14).map(lambda rows: "\n".join(rows) + "\n")


def fence(ticks: str, info: str, rows: list[str]) -> list[str]:
    return [f"{ticks}{info}", *(row for row in rows if row.strip() != ticks), ticks]


def remarked(body: list[str]) -> list[str]:
    return ["<!-- skipped: a reason -->", *body]


def table(body: list[str]) -> list[str]:
    cell = ["<tr><td><samp>", "    &lt;html&gt;", *body[1:-1], "</samp></td></tr>"]
    return ["<div>", "<table>", *cell, "</table>", "</div>"]


def hidden(body: list[str]) -> list[str]:
    return ["<!--", *body, "-->"]


def inside(opener: str, body: list[str]) -> list[str]:
    if opener == ">":
        return [f"> {row}".rstrip() for row in body]
    return [opener, "", *(f"    {row}" if row else "" for row in body)]


FENCES = st.builds(
    fence,
    st.sampled_from(["```", "````", "~~~"]),
    st.sampled_from(INFOS[:6]),
    st.lists(st.sampled_from(CODE), max_size=4),
)
WORDS = st.sampled_from([["Text."], ["# Heading"], ["| a | b |", "|---|---|", "| 1 | 2 |"], ["<!-- a -->"], ["A[^1]"]])
HOLDERS = [">", "- item", "1. item", '=== "Tab"', "!!! note", '??? note "Title"', "Term\n:   Meaning", "[^1]: Note"]
BODIES = st.recursive(
    st.one_of(FENCES, FENCES.map(remarked), FENCES.map(hidden), FENCES.map(table), FENCES, WORDS),
    lambda inner: st.one_of(
        st.builds(inside, st.sampled_from(HOLDERS), inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda bodies: [row for body in bodies for row in [*body, ""]]),
    ),
    max_leaves=4,
)
SOUND_PAGES = st.lists(BODIES, min_size=1, max_size=3).map(
    lambda bodies: "\n".join(row for body in bodies for row in [*body, ""]) + "\n"
)


@st.composite
def spoiled_pages(draw: st.DrawFn) -> str:
    """A sound page with a row more, a row less, or a row that is further in or out."""
    rows = draw(SOUND_PAGES).split("\n")
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(rows) - 1))
        match draw(st.sampled_from(["more", "less", "in", "out", "blank"])):
            case "more":
                rows.insert(place, draw(ODD_ROWS))
            case "less" if len(rows) > 1:
                del rows[place]
            case "in":
                rows[place] = draw(st.sampled_from([" ", "  ", "    ", "> ", "\t"])) + rows[place]
            case "out":
                rows[place] = rows[place][draw(st.integers(1, 4)) :]
            case "blank":
                rows.insert(place, "")
    return "\n".join(rows)


@settings(max_examples=300)
@given(ODD_PAGES)
def test_no_code_of_an_odd_page_goes_unseen(text: str) -> None:
    assert unseen(text) == Counter()


@settings(max_examples=400)
@given(spoiled_pages())
def test_no_code_of_a_spoiled_page_goes_unseen(text: str) -> None:
    assert unseen(text) == Counter()


@settings(max_examples=200)
@given(SOUND_PAGES)
def test_no_code_of_a_sound_page_goes_unseen(text: str) -> None:
    assert unseen(text) == Counter()


def test_the_pages_of_this_site_show_just_the_code_that_is_found() -> None:
    pages = sorted((ROOT / "docs").rglob("*.md"))
    different = [page for page in pages if found(text := page.read_text("utf-8")) != +Counter(shown_as_code(text))]
    assert pages
    assert different == []


@pytest.mark.parametrize(
    "text",
    [
        '    === "Tab"\n',
        "~~~\n>     ~~~\n",
        "Text.\n- item\n\n    ```python\n    x = 1\n    ```\n",
        '=== "Tab"\n===! "Tab"\n\n    ```\n    x\n    ```\n',
        '=== "Tab"\n\n    <!--\n\n    ```\n    x\n    ```\n    -->\n',
        "<!--\n```\n> b\n> b\n-->\n\n```\n```\n\n| a |\n",
    ],
)
def test_code_that_other_parsers_do_not_see_is_refused(text: str) -> None:
    """Found by the properties above: the site shows code here, CommonMark does not."""
    assert shown_as_code(text)
    assert found(text) is None
