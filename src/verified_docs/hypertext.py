"""Reads built pages as a browser does: what they link to, what they load, and where in them a link may lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from verified_docs.problem import read_text

# Where an element has an address that is loaded or followed.
_HREF = frozenset({"a", "area", "link", "use", "image"})
_SRC = frozenset({"src", "poster", "data"})
_IMAGES = frozenset({"srcset", "imagesrcset"})
_REFRESH = re.compile(r"url=(?P<url>.+)", re.I)
# A link, a picture, or what stands between pointed brackets, in Markdown; code is taken out before.
_MARKDOWN = re.compile(
    r"\]\((?P<url>[^()\s]+(?:\([^()\s]*\)[^()\s]*)*)(?:\s+\"[^\"]*\")?\)|<(?P<bare>https?://[^>\s]+)>"
)
_CODE = re.compile(
    r"^(?P<fence>`{3,}|~{3,}).*?^(?P=fence)[`~]*[ \t]*$|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)", re.M | re.S
)
_PLAIN = re.compile(r"https?://[^\s<>\"'`)\]|\\]+[^\s<>\"'`)\]|\\.,:;!?]")


@dataclass(frozen=True)
class Reference:
    """An address on a page.

    Attributes:
        url: As it is written.
        line: The row of the file, counted from 1.
        is_followed: Whether a reader follows it; otherwise the browser loads it.
    """

    url: str
    line: int
    is_followed: bool = True


@dataclass(frozen=True)
class Hypertext:
    """A file of the site that has links.

    Attributes:
        path: The file.
        references: The addresses in it, in their order.
        ids: What a fragment may name.
        redirect: Where a browser is sent on to, where the page is nothing else.
    """

    path: Path
    references: tuple[Reference, ...]
    ids: frozenset[str] = frozenset()
    redirect: str | None = None


def read_html(path: Path) -> Hypertext:
    """Reads a page of HTML."""
    parser = _Parser()
    parser.feed(read_text(path, "make site"))
    parser.close()
    return Hypertext(path, tuple(parser.references), frozenset(parser.ids), parser.redirect)


def read_markdown(path: Path) -> Hypertext:
    """Reads a file of Markdown: its links, but none in code."""
    text = read_text(path, "make site")
    text = _CODE.sub(lambda code: "\n" * code[0].count("\n") if code["fence"] else "`" * len(code[0]), text)
    found = [
        Reference(one["url"] or one["bare"], text.count("\n", 0, one.start()) + 1) for one in _MARKDOWN.finditer(text)
    ]
    return Hypertext(path, tuple(found))


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.references: list[Reference] = []
        self.ids: list[str] = []
        self.redirect: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids += [values[name] for name in ("id", "name") if values.get(name) and (name == "id" or tag == "a")]
        line = self.getpos()[0]
        is_followed = tag in {"a", "area"} or (tag == "link" and values.get("rel") != "stylesheet")
        for name, value in values.items():
            if not value:
                continue
            if (name in {"href", "xlink:href"} and tag in _HREF) or (name in _SRC and tag != "param"):
                if name != "data" or tag == "object":
                    self.references.append(Reference(value, line, is_followed))
            elif name in _IMAGES:
                self.references += [Reference(one.split()[0], line, False) for one in value.split(",") if one.strip()]
        if tag == "meta" and values.get("http-equiv", "").lower() == "refresh":
            to = _REFRESH.search(values.get("content", ""))
            if to:
                self.redirect = to["url"].strip()
                self.references.append(Reference(self.redirect, line))


@dataclass(frozen=True)
class Broken:
    """An address that leads nowhere.

    Attributes:
        path: The file with the address.
        line: Its row.
        url: The address.
        why: What is missing.
    """

    path: Path
    line: int
    url: str
    why: str


@dataclass
class Site:
    """A built site.

    Attributes:
        folder: Its folder.
        url: The address at which it will stand, with a slash at its end: what begins with that is on the site.
    """

    folder: Path
    url: str
    _html: dict[Path, Hypertext] = field(default_factory=dict)

    @cached_property
    def pages(self) -> dict[str, Hypertext]:
        """The pages by address below the top, such as `how-to/install/`; a page of an error is none."""
        found = {}
        for path in sorted(self.folder.rglob("*.html")):
            name = path.relative_to(self.folder).as_posix()
            if name != "404.html":
                found[name.removesuffix("index.html")] = self._read(path)
        return found

    @cached_property
    def texts(self) -> dict[str, Hypertext]:
        """The files of Markdown, and llms.txt, by name."""
        paths = [*self.folder.rglob("*.md"), *self.folder.glob("llms.txt")]
        return {path.relative_to(self.folder).as_posix(): read_markdown(path) for path in sorted(paths)}

    def _read(self, path: Path) -> Hypertext:
        if path not in self._html:
            self._html[path] = read_html(path)
        return self._html[path]

    def inside(self, url: str) -> str | None:
        """The part of an address below the top of the site; None for one that leads elsewhere."""
        if url.startswith(self.url):
            return f"/{url.removeprefix(self.url)}"
        parts = urlsplit(url)
        return None if parts.scheme or parts.netloc else url

    def external(self) -> Iterator[tuple[Hypertext, Reference]]:
        """The addresses that leave the site, with the pages that have them; of HTML only what readers follow."""
        for page in self.pages.values():
            for one in page.references:
                if self.inside(one.url) is None and urlsplit(one.url).scheme in {"http", "https"}:
                    yield page, one

    def broken(self) -> list[Broken]:
        """The addresses within the site that lead nowhere, of all pages and files of Markdown."""
        faults = []
        for hypertext in (*self.pages.values(), *self.texts.values()):
            for one in hypertext.references:
                why = self._fault(hypertext.path, one.url)
                if why:
                    faults.append(Broken(hypertext.path, one.line, one.url, why))
        return faults

    def _fault(self, path: Path, url: str) -> str | None:
        below = self.inside(url)
        if below is None or urlsplit(url).scheme in {"data", "mailto"}:
            return None
        parts = urlsplit(below)
        way = unquote(parts.path)
        start = self.folder / way.lstrip("/") if way.startswith("/") else path.parent / way
        target = (start if way else path).resolve()
        if not target.is_relative_to(self.folder.resolve()):
            return "it leads out of the site"
        target = target / "index.html" if target.is_dir() else target
        if not target.is_file():
            return "there is no such file"
        return self._missing_anchor(target, unquote(parts.fragment))

    def _missing_anchor(self, target: Path, fragment: str) -> str | None:
        if target.suffix == ".md":
            # A twin has no ids: the page that it is of has them.
            stem = target.with_suffix("")
            page = stem.parent / "index.html" if stem.name == "index" else stem / "index.html"
            target = page if page.is_file() else target
        if not fragment or target.suffix != ".html":
            return None
        page_read = self._read(target)
        return None if fragment in page_read.ids or page_read.redirect else f"there is no {fragment!r} on that page"
