"""Keeps every address that was ever published alive: a list that only grows, and a check of the site against it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote, urlsplit

from verified_docs.hypertext import Hypertext, Site
from verified_docs.lane import CONFIG, load_settings
from verified_docs.problem import Problem, Problems, read_text
from verified_docs.whole import write_whole

FILE = "docs/addresses.txt"
SETTING = "unkept_addresses"
UPDATE = "verified-docs addresses --update"
_HEAD = """\
# Every address of this site, and every one that it ever had: pages, places in them, files. All are kept: what moves
# leaves a redirect. Made by a command that adds, and takes nothing away.
"""
# The first page, in the list.
_HOME = "./"
# What the theme makes anew for each page.
_OF_THE_THEME = re.compile(r"^(?:__|fn(?:ref)?\d*:)")
_PARTS_OF_THE_THEME = ("assets/javascripts/", "assets/stylesheets/", "assets/_")


def load_addresses(root: Path) -> list[str]:
    """The list, without its head."""
    path = root / FILE
    if not path.exists():
        return []
    return [row for row in read_text(path, UPDATE).splitlines() if row and not row.startswith("#")]


def load_unkept(root: Path) -> list[str]:
    """Patterns of addresses that nobody promises: `unkept_addresses` under `[tool.verified_docs]`.

    Raises:
        Problem: It is no list of patterns.
    """
    patterns = load_settings(root).get(SETTING, [])
    if not isinstance(patterns, list) or not all(isinstance(one, str) and one for one in patterns):
        what = f"{SETTING} = {patterns!r} under [tool.verified_docs] has to list patterns of addresses"
        raise Problem(root / CONFIG, None, what, f'write {SETTING} = ["folder/#*"]', kind="config")
    return patterns


def addresses(site: Site, unkept: Iterable[str]) -> set[str]:
    """The addresses that a site has now, below its top.

    Pages have theirs with a slash at the end; places in a page are those that an element's `id` names.

    Args:
        site: The built site.
        unkept: Patterns of addresses to leave out.
    """
    found = set()
    for url, page in site.pages.items():
        if page.redirect is None:
            found.add(url or _HOME)
            found |= {f"{url or _HOME}#{one}" for one in page.ids if not _OF_THE_THEME.match(one)}
    for path in site.folder.rglob("*"):
        name = path.relative_to(site.folder).as_posix()
        if path.is_file() and path.suffix != ".html" and not name.startswith(_PARTS_OF_THE_THEME):
            found.add(name)
    patterns = list(unkept)
    return {one for one in found if not any(fnmatchcase(one, pattern) for pattern in patterns)}


def lost(site: Site, known: Iterable[str]) -> list[str]:
    """The addresses of a list that lead nowhere on the site, also not by a redirect.

    Args:
        site: The built site.
        known: The list.
    """
    return [address for address in known if not _leads_somewhere(site, address)]


def check_addresses(root: Path, site: Site) -> None:
    """Holds the site to the list.

    Raises:
        Problems: An address of the list is gone, or one of the site is not on the list.
    """
    known = load_addresses(root)
    unkept = load_unkept(root)
    found = []
    for address in lost(site, known):
        place = "#" in address
        way = (
            "give its new place the old one as well: <span id=…></span>" if place else "write a redirect in mkdocs.yml"
        )
        what = f"{address} was published, and is gone"
        found.append(Problem(root / FILE, _line(root, address), what, f"{way}, then make site", kind="address"))
    new = sorted(addresses(site, unkept) - set(known))
    if new:
        more = f" and {len(new) - 1} more" if len(new) > 1 else ""
        what = f"{new[0]}{more} will be published, and is not on the list of what is kept"
        found.append(Problem(root / FILE, None, what, UPDATE, "\n".join(new[1:20]), kind="address"))
    if found:
        raise Problems(found)


def update_addresses(root: Path, site: Site) -> int:
    """Adds the site's addresses to the list.

    Returns:
        How many are new.
    """
    known = load_addresses(root)
    new = addresses(site, load_unkept(root)) - set(known)
    if new:
        write_whole(root / FILE, _HEAD + "".join(f"{one}\n" for one in sorted({*known, *new})))
    return len(new)


def _leads_somewhere(site: Site, address: str) -> bool:
    parts = urlsplit(address)
    path, fragment = unquote(parts.path), unquote(parts.fragment)
    page = _page(site, path)
    if page is None:
        file = (site.folder / path).resolve()
        return not path.endswith("/") and file.is_file() and file.is_relative_to(site.folder.resolve())
    seen = set()
    while page.redirect is not None and page.path not in seen:
        seen.add(page.path)
        target = site.inside(page.redirect)
        if target is None:
            return True
        to = urlsplit(target)
        fragment = to.fragment or fragment
        below = posixpath.normpath(
            posixpath.join(page.path.parent.relative_to(site.folder).as_posix(), unquote(to.path))
        )
        page = _page(site, f"{below}/")
        if page is None:
            return False
    return page.redirect is None and (not fragment or fragment in page.ids)


def _page(site: Site, path: str) -> Hypertext | None:
    return site.pages.get("" if path == _HOME else path)


def _line(root: Path, address: str) -> int | None:
    rows = enumerate(read_text(root / FILE, UPDATE).splitlines(), start=1)
    return next((number for number, row in rows if row == address), None)
