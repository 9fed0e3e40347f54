"""Makes links of built pages lead to files: HTML that a page brings along counts on a server that opens folders."""

from __future__ import annotations

import html
import os
import re
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from verified_docs.problem import Problem, Problems

_LINK = re.compile(r'(?P<name>\s(?:href|src))="(?P<link>[^"]*)"')
_MOST = 10


def make_links_lead_to_files(folder: Path) -> int:
    """Rewrites links to folders in every page of a site that was built without directory URLs.

    MkDocs rewrites the links of Markdown. Those of HTML, such as of tables that a program makes, stay as they were
    written: for a page that is a folder, so one step deeper than its file is.

    Args:
        folder: The site.

    Returns:
        The number of links that were rewritten.

    Raises:
        Problems: One for each link that leads to no file either way; the first ten.
    """
    # Thousands of links of one table lead to few files.
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    rewritten = 0
    found: list[Problem] = []
    for path in sorted(folder.rglob("*.html")):
        page = path.relative_to(folder).as_posix()
        known: dict[str, str | None] = {}

        def lead(match: re.Match[str], page: str = page, known: dict[str, str | None] = known) -> str:
            nonlocal rewritten
            link = html.unescape(match["link"])
            if link not in known:
                known[link] = _to_file(page, link, files)
            to = known[link]
            if to is None or to == link:
                return match.group()
            rewritten += 1
            return f'{match["name"]}="{html.escape(to)}"'

        before = path.read_text("utf-8")
        after = _LINK.sub(lead, before)
        if after != before:
            path.write_text(after, "utf-8")
        for line, link in _Links(after).found:
            if _to_file(page, link, files) != link:
                what = f"this link leads to no file: {link}"
                found.append(Problem(path, line, what, "correct it on its page, then make bundle", kind="bundle"))
    if found:
        raise Problems(found[:_MOST])
    return rewritten


def _to_file(page: str, link: str, files: set[str]) -> str | None:
    """The link as it leads to a file, itself where it does so already, or None where it cannot."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or not parts.path:
        return link
    path = unquote(parts.path)
    if _below(PurePosixPath(page).parent, path) in files and not path.endswith("/"):
        return link
    as_folder = PurePosixPath(page).parent if PurePosixPath(page).name == "index.html" else PurePosixPath(page[:-5])
    target = _below(as_folder, path)
    for name in (target, f"{target}.html", f"{target}/index.html".removeprefix("./")):
        if name in files:
            to = quote(os.path.relpath(name, PurePosixPath(page).parent))
            return parts._replace(path=to).geturl()
    return None


def _below(folder: PurePosixPath, path: str) -> str:
    return os.path.normpath(f"{folder}/{path}")


class _Links(HTMLParser):
    """The links of a page, each with its row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes in what a tag leads to or loads."""
        self.found += [(self.getpos()[0], value) for name, value in attrs if name in {"href", "src"} and value]
