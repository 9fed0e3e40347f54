"""Turns HTML that stands in Markdown into plain Markdown: a program reads rows and cells, not tags."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html.parser import HTMLParser

Attributes = list[tuple[str, str | None]]
Link = Callable[[str], str]

# What stands in a row of its own.
_BLOCKS = re.compile(
    "address|article|aside|blockquote|caption|dd|details|div|dl|dt|figcaption|figure|footer|form|h[1-6r]|header|li|main|nav"
    "|ol|p|pre|section|summary|table|tbody|td|tfoot|th|thead|tr|ul"
)
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_CODE = frozenset({"code", "kbd", "samp"})
# Of these, only the words of their title or label are for a reader.
_DRAWN = frozenset({"svg"})
_SILENT = frozenset({"script", "style", "template"})
_TAG = re.compile(
    r"<!--.*?-->|<(?P<end>/?)(?P<name>[a-z][\w:-]*)(?:\s(?:[^\"'>]|\"[^\"]*\"|'[^']*')*?)?(?P<closed>/?)>", re.I | re.S
)
_BEGINS = re.compile(r"<(?:[a-z/]|!--)", re.I)


def plain_html(html: str, link: Link = str) -> str:
    """The Markdown that says what a piece of HTML says.

    Tables become tables of Markdown, of which each row stands in one line; lists, links, code and pictures stay what
    they are; of a drawing its title is left. Everything else is its text.

    Args:
        html: The HTML.
        link: Gives the address to write for one that the HTML has.

    Returns:
        Markdown without an HTML tag, and without empty lines at its ends.
    """
    parser = _Plain(link)
    parser.feed(html)
    parser.close()
    text = re.sub(r"[ \t]+\n", "\n", parser.text())
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def rows_of_html(rows: Sequence[str]) -> int:
    """How many of some rows, from the first on, are one piece of HTML: until each element that began has ended.

    Returns:
        1 at least; where an element never ends, only the first row is taken.
    """
    is_open, rest = 0, ""
    for number, row in enumerate(rows, start=1):
        end = 0
        text = f"{rest}{row}\n"
        for tag in _TAG.finditer(text):
            end = tag.end()
            if tag["name"] and tag["name"].lower() not in _VOID and not tag["closed"]:
                is_open += -1 if tag["end"] else 1
        # A tag may go on in the next row.
        rest = text[end:] if _BEGINS.search(text, end) else ""
        if is_open <= 0 and not rest:
            return number
    return 1


def code(text: str) -> str:
    """Text as code in a line of Markdown, whatever signs it has."""
    runs = [len(run) for run in re.findall(r"`+", text)]
    ticks = "`" * next(number for number in range(1, len(runs) + 2) if number not in runs)
    space = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{ticks}{space}{text}{space}{ticks}"


class _Table:
    """The cells of a table, row by row; a cell over several rows or columns is said in each of its rows once."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        # By their column: for how many rows more a cell counts, and what it says.
        self._below: dict[int, tuple[int, str]] = {}
        self._later: dict[int, tuple[int, str]] = {}
        self.span = (1, 1)

    def begin_row(self) -> None:
        self.rows.append([])
        self._fill()

    def add(self, text: str) -> None:
        if not self.rows:
            self.rows.append([])
        down, across = self.span
        row = self.rows[-1]
        for number in range(across):
            said = text if number == 0 else ""
            if down > 1:
                self._later[len(row)] = (down - 1, said)
            row.append(said)
        self._fill()

    def _fill(self) -> None:
        row = self.rows[-1]
        while (place := len(row)) in self._below:
            left, said = self._below.pop(place)
            if left > 1:
                self._later[place] = (left - 1, said)
            row.append(said)

    def end_row(self) -> None:
        self._below.update(self._later)
        self._later.clear()

    def markdown(self) -> str:
        width = max((len(row) for row in self.rows), default=0)
        if not width:
            return ""
        rows = [f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in self.rows if any(row)]
        return "\n".join([rows[0], f"|{'---|' * width}", *rows[1:]]) if rows else ""


class _Plain(HTMLParser):
    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link
        # The text so far; a table's cell, a link, a piece of code and a drawing each begin one of their own.
        self._texts: list[list[str]] = [[]]
        self._tables: list[_Table] = []
        self._links: list[str] = []
        self._silent = 0
        self._drawn = 0
        self._title = False
        self._code = 0
        self._pre = 0

    def text(self) -> str:
        while len(self._texts) > 1:
            self._end_text()
        return "".join(self._texts[0])

    def _end_text(self) -> None:
        text = "".join(self._texts.pop())
        self._texts[-1].append(text)

    def _break(self, sign: str = "") -> None:
        self._texts[-1].append(f"\n{sign}")

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in _SILENT:
            self._silent += 1
        elif tag in _DRAWN:
            self._drawn += 1
            self._texts[-1].append(values.get("aria-label", ""))
        elif self._drawn:
            self._title = tag == "title" and not "".join(self._texts[-1]).strip()
        elif tag in {"td", "th"} and self._tables:
            self._tables[-1].span = (_number(values.get("rowspan")), _number(values.get("colspan")))
            self._texts.append([])
        elif tag == "tr" and self._tables:
            self._tables[-1].begin_row()
        elif tag == "table":
            self._tables.append(_Table())
        elif tag == "pre":
            self._pre += 1
            self._texts.append([])
        elif tag in _CODE and not self._pre:
            self._code += 1
            self._texts.append([])
        elif tag == "a" and "href" in values:
            self._links.append(self._link(values["href"]))
            self._texts.append([])
        elif tag == "img":
            self._texts[-1].append(f"![{values.get('alt', '')}]({self._link(values.get('src', ''))})")
        elif tag in {"b", "strong", "dt", "summary", "caption"}:
            self._break() if _BLOCKS.fullmatch(tag) else None
            self._texts[-1].append("**")
        elif tag == "br":
            self._break()
        elif _BLOCKS.fullmatch(tag):
            self._break("- " if tag == "li" else "" if tag in {"dd", "thead", "tbody", "tfoot"} else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _DRAWN:
            self._drawn = max(0, self._drawn - 1)
        elif self._drawn:
            self._title = False
        elif tag in {"td", "th"} and self._tables and len(self._texts) > 1:
            said = re.sub(r"\s+", " ", "".join(self._texts.pop())).strip()
            self._tables[-1].add(re.sub(r"(?<!\\)\|", r"\\|", said))
        elif tag == "tr" and self._tables:
            self._tables[-1].end_row()
        elif tag == "table" and self._tables:
            markdown = self._tables.pop().markdown()
            # Within a cell of another one there is no room for rows.
            self._texts[-1].append(markdown.replace("|", "/") if self._tables else f"\n\n{markdown}\n\n")
        elif tag == "pre" and self._pre:
            self._pre -= 1
            text = "".join(self._texts.pop()).strip("\n")
            one_row = re.sub(r"\s*\n\s*", " ", text)
            self._texts[-1].append(f" {code(one_row)} " if self._tables else f"\n\n{_fenced(text)}\n\n")
        elif tag in _CODE and self._code:
            self._code -= 1
            text = "".join(self._texts.pop()).strip("\n")
            if "\n" in text and not self._tables:
                self._texts[-1].append(f"\n\n{_fenced(text)}\n\n")
                return
            before = "".join(self._texts[-1])[-1:]
            one_row = re.sub(r"\s*\n\s*", " ", text)
            self._texts[-1].append(f"{' ' if before in {'*', '`'} else ''}{code(one_row)}")
        elif tag == "a" and self._links:
            text, address = "".join(self._texts.pop()).strip(), self._links.pop()
            self._texts[-1].append(f"[{text}]({address})" if text else "")
        elif tag in {"b", "strong", "dt", "summary", "caption"}:
            self._texts[-1].append(":** " if tag == "dt" else "**")
            self._break("\n") if tag in {"summary", "caption"} else None
        elif _BLOCKS.fullmatch(tag) and tag not in {"li", "dd", "dl"}:
            self._break()

    def handle_data(self, data: str) -> None:
        if self._silent or (self._drawn and not self._title):
            return
        if self._pre or self._code:
            self._texts[-1].append(data)
        else:
            self._texts[-1].append(re.sub(r"\s+", " ", data).replace("<", "\\<"))


def _number(value: str | None) -> int:
    return max(1, int(value)) if value and value.isdecimal() else 1


def _fenced(text: str) -> str:
    ticks = "```"
    while ticks in text:
        ticks += "`"
    return f"{ticks}text\n{text}\n{ticks}"
