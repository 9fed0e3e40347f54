"""Tells the search what readers call each page, and keeps out of it what would hide the pages that help."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from verified_docs.problem import Problem, read_text
from verified_docs.provenance import Frozen

FILE = "search.yaml"
INDEX = "search/search_index.json"
# Words outside of these are cells of tables, glued to one another.
_PROSE = re.compile(r"<(p|li|pre|h\d)>.*?</\1>", re.S)


class Findable(Frozen):
    """How a page is found.

    Attributes:
        words: What readers call what it is about, where its own words are others.
        weight: What it counts for; 1 is usual.
        rows: What its sections count for, where the page itself counts fully.
        outline: Whether only the titles of its sections are searched.
        prose: Whether its tables are left out.
    """

    words: tuple[str, ...] = ()
    weight: float = Field(default=1, gt=0, le=10)
    rows: float = Field(default=1, gt=0, le=10)
    outline: bool = False
    prose: bool = False


_FILE: TypeAdapter[dict[str, Findable]] = TypeAdapter(dict[str, Findable])


def load_findable(path: Path, pages: Iterable[str]) -> dict[str, Findable]:
    """Reads how each page is found.

    Args:
        path: The file: page names without `.md` and what is to be known of them; a name that ends in `/*` is for every
            page below a folder that has no row of its own.
        pages: The names of all pages, without `.md`.

    Returns:
        A row for each page.

    Raises:
        Problem: The file is not of this form, or has a row for a page that is not there.
    """
    fix = "correct the row, then make site"
    text = read_text(path, fix)
    try:
        rows = _FILE.validate_python(yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Problem(path, mark.line + 1 if mark else None, "this is not YAML", fix, kind="search") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"]]
        what = f"{'/'.join(place)}: {first['msg']}"
        raise Problem(path, _line(text, place[0] if place else ""), what, fix, kind="search") from error
    names = set(pages)
    for name in rows:
        folder = name.removesuffix("*")
        if name not in names and not (name.endswith("/*") and any(page.startswith(folder) for page in names)):
            raise Problem(path, _line(text, name), f"there is no page {name!r}", fix, kind="search")
    folders = sorted((name for name in rows if name.endswith("/*")), key=len, reverse=True)
    found: dict[str, Findable] = {}
    for page in sorted(names):
        near = (folder for folder in folders if page.startswith(folder.removesuffix("*")))
        found[page] = rows.get(page) or rows.get(next(near, ""), Findable())
    return found


def tune(index: str, findable: Callable[[str], Findable]) -> str:
    """The index of the search, with what is known of the pages.

    Args:
        index: The index as the search's plugin writes it, in JSON.
        findable: Gives the row of a page by its address, such as `how-to/install/`.

    Returns:
        The index in JSON: each page's first entry has its other names as tags.
    """
    document: dict[str, Any] = json.loads(index)
    seen: set[str] = set()
    for entry in document["docs"]:
        page = entry["location"].partition("#")[0]
        row = findable(page)
        is_first = page not in seen
        seen.add(page)
        if row.outline and not is_first:
            entry["text"] = ""
        elif row.prose:
            entry["text"] = " ".join(match[0] for match in _PROSE.finditer(entry["text"]))
        if is_first and row.words:
            entry["tags"] = list(row.words)
        weight = row.weight * (1 if is_first else row.rows)
        if weight != 1:
            entry["boost"] = weight
    return json.dumps(document, separators=(",", ":"))


def _line(text: str, name: str) -> int | None:
    rows = enumerate(text.splitlines(), start=1)
    return next((number for number, row in rows if row.startswith((f"{name}:", f'"{name}":'))), None)
