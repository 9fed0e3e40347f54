"""Makes the Markdown twin of a page: the same words, code and proof, for readers that are programs."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

from verified_docs.notebook import NOTEBOOK
from verified_docs.plain_html import code, plain_html, rows_of_html

_FENCE = re.compile(r"^(?P<ticks>`{3,}|~{3,})\s*(?P<info>[^`]*)$")
_TITLE = re.compile(r'\btitle="(?P<title>[^"]*)"')
_NOTE = re.compile(r"^(?:!!!|\?\?\?\+?)\s+[\w -]*?(?:\"(?P<title>[^\"]*)\")?\s*$")
_TAB = re.compile(r'^===[!+]?\s+"(?P<title>[^"]*)"\s*$')
_MODULE = re.compile(r"^:::\s+(?P<name>[\w.]+)\s*$")
_TAGS = re.compile(r"^<(?P<end>/?)(?P<tag>[a-z][\w-]*)\b[^>]*>$")
_HTML = re.compile(r"^<(?:/?[a-z]|!--)", re.I)
_HEADING = re.compile(r"^(?P<heading>#{1,6} .*?)\s+\{[^{}]*\}\s*$")
# Attributes after a link, a picture or a piece of code.
_ATTRIBUTES = re.compile(r"(?:^|(?<=[)*]))\{:?\s[^{}]*\}")
_INLINE = re.compile(r"</?(?:span|small|samp|sub|sup|em|b|i|kbd|time|abbr|wbr|a|br|strong|code|mark)\b[^<>]*>")
_BREAK = re.compile(r"<br\s*/?>")
_CODE_SPAN = re.compile(r"(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)", re.S)
_ENTITY = re.compile(r"&(?:#x?[0-9a-f]+|[a-z]+\d*);", re.I)
# What would mean something if it stood there as itself.
_MEANING = frozenset("<>&|*[]`\\#~")
# A recorded conversation: in a twin each request is one row. Who wants the bodies reads the recording.
_PANEL = re.compile(
    r'^<details class="wire wire--panel"[^\n]*?><summary>(?P<title>.*?)</summary>\n\n(?P<origin>.*?)'
    r'(?: In the commands [^\n]*)?\n\n<ol class="wire__list">(?P<requests>.*?)</ol>$',
    re.M | re.S,
)
_REQUEST = re.compile(
    r'<summary><b>(?P<method>.*?)</b> <span class="wire__path">(?P<path>.*?)</span> <span[^>]*>(?P<status>.*?)</span>'
)
_INDENT = "    "
# The page of a notebook; the file to download is another.
_TO_NOTEBOOK = re.compile(r"(?P<to>\]\((?![^)]*download/)[^)\s]*)\.ipynb(?=[)#])")


class Twins:
    """Makes twins.

    Args:
        pages: The name of each page's Markdown file, and the page's address, both below the top of the site. A twin
            stands where the file would stand: a link from one page's file to another's leads from twin to twin.
        site_url: The address of the top of the site, with a slash at its end.
    """

    def __init__(self, pages: Mapping[str, str], site_url: str) -> None:
        self._pages = pages
        self._names = {url.rstrip("/"): name for name, url in pages.items()}
        self._site_url = site_url

    def twin(self, name: str, markdown: str) -> str:
        """The twin of a page.

        Args:
            name: The name of its file, such as `how-to/install.md`.
            markdown: What is published in that file.
        """
        rows = _PANEL.sub(_conversation, _without_front_matter(markdown)).split("\n")
        text = "\n".join(self._blocks(rows, self._pages[name]))
        body = _TO_NOTEBOOK.sub(r"\g<to>.md", _outside_fences(text).strip("\n"))
        return f"{body}\n\n---\n\nFor people: {self._site_url}{self._pages[name]}\n"

    def _blocks(self, rows: list[str], url: str) -> list[str]:
        """Some rows, in which nothing is indented for the sake of a frame around it."""
        made: list[str] = []
        place = 0
        while place < len(rows):
            row = rows[place]
            if fence := _FENCE.match(row):
                end = _end_of_fence(rows, place, fence["ticks"])
                made += _fence(rows[place:end], fence)
                place = end
            elif (frame := _NOTE.match(row)) or (frame := _TAB.match(row)):
                end = _end_of_indented(rows, place + 1)
                title = frame["title"]
                made += ["", f"**{title}**", ""] if title else [""]
                made += [*self._blocks([_dedented(one) for one in rows[place + 1 : end]], url), ""]
                place = end
            elif module := _MODULE.match(row):
                place = _end_of_indented(rows, place + 1)
                made.append(f"`{module['name']}`: {self._site_url}{url}#{module['name']}")
            elif _HTML.match(row):
                end = place + rows_of_html(rows[place:])
                tag = _TAGS.match(row)
                if not (tag and (tag["end"] or "markdown=" in row)):
                    made += ["", plain_html("\n".join(rows[place:end]), lambda address: self._link(url, address)), ""]
                else:
                    end = place + 1
                place = end
            else:
                made.append(_line(row))
                place += 1
        return made

    def _link(self, url: str, address: str) -> str:
        """An address of a page's HTML, as its twin has to write it: that one stands one folder higher."""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or not parts.path:
            return address
        target = posixpath.normpath(posixpath.join(url, unquote(parts.path))).removeprefix(".")
        name = self._names.get(target.strip("/"), target)
        here = posixpath.dirname(self._names[url.rstrip("/")])
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        return f"{posixpath.relpath(name, here or '.')}{fragment}"


def twin_name(name: str) -> str:
    """The file of a twin, from that of its page: the same, but for a notebook."""
    return f"{name.removesuffix(NOTEBOOK)}.md" if name.endswith(NOTEBOOK) else name


def markdown(path: Path) -> str:
    """The Markdown of a published page; of a notebook its text, its code and what that printed.

    Args:
        path: The file below the published folder.
    """
    text = path.read_text("utf-8")
    if path.suffix != NOTEBOOK:
        return text
    made: list[str] = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        made.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        for output in cell.get("outputs", ()):
            said = "".join(output.get("text", ())).rstrip("\n")
            shown = [one["alt"] for one in output.get("metadata", {}).values() if "alt" in one]
            made.append(f"```text\n{said}\n```" if said else f"*Figure: {' '.join(shown)}*")
    return "\n\n".join(made) + "\n"


def description(twin: str) -> str:
    """The first sentence of a twin's first paragraph, in plain text."""
    paragraphs = re.split(r"\n{2,}", twin.strip())
    first = next((one for one in paragraphs if not one.startswith(("#", "|", "-", "**", "`", "!"))), "")
    words = re.sub(r"\s+", " ", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", first)).strip()
    return re.split(r"(?<=[.!?]) (?=[A-Z])", words, maxsplit=1)[0]


def _without_front_matter(markdown: str) -> str:
    return re.sub(r"\A---\n.*?\n---\n", "", markdown, flags=re.S)


def _conversation(panel: re.Match[str]) -> str:
    rows = [
        f"- {code(unescape(f'{one["method"]} {one["path"]}'))} {one['status']}"
        for one in _REQUEST.finditer(panel["requests"])
    ]
    return "\n".join([f"**{panel['title']}**", "", panel["origin"], "", *rows])


def _end_of_fence(rows: list[str], begin: int, ticks: str) -> int:
    for number in range(begin + 1, len(rows)):
        row = rows[number].strip()
        if row.startswith(ticks) and not row.strip(ticks[0]):
            return number + 1
    return len(rows)


def _end_of_indented(rows: list[str], begin: int) -> int:
    end = begin
    for number in range(begin, len(rows)):
        if rows[number].startswith(_INDENT):
            end = number + 1
        elif rows[number].strip():
            break
    return end


def _fence(rows: list[str], fence: re.Match[str]) -> list[str]:
    info = fence["info"].strip()
    title = _TITLE.search(info)
    language = info.split(" ")[0].strip("{}.") if info and not info.startswith("title=") else ""
    heading = ["", f"{title['title']}:", ""] if title else []
    return [*heading, f"{fence['ticks']}{language}", *rows[1:]]


def _dedented(row: str) -> str:
    return row.removeprefix(_INDENT)


def _line(row: str) -> str:
    """A row of Markdown without tags, and without what Python-Markdown reads as attributes."""
    heading = _HEADING.match(row)
    if heading:
        row = heading["heading"]
    made, place = "", 0
    for span in _CODE_SPAN.finditer(row):
        made += _words(row[place : span.start()]) + span[0]
        place = span.end()
    return made + _words(row[place:])


def _words(text: str) -> str:
    """What stands between two pieces of code in a row."""
    text = _INLINE.sub("", _BREAK.sub(" ", _ATTRIBUTES.sub("", text)))
    return _ENTITY.sub(lambda one: one[0] if unescape(one[0]) in _MEANING else unescape(one[0]), text)


def _outside_fences(text: str) -> str:
    """The same text with no more than one empty row at a time, but in code."""
    made: list[str] = []
    rows = text.split("\n")
    place = 0
    while place < len(rows):
        if fence := _FENCE.match(rows[place]):
            end = _end_of_fence(rows, place, fence["ticks"])
            made += rows[place:end]
            place = end
            continue
        if rows[place].strip() or (made and made[-1].strip()):
            made.append(rows[place].rstrip())
        place += 1
    return "\n".join(made)
