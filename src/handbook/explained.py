"""Finds the page that explains an example, so that evidence can lead to it."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

from verified_docs.census import DOCS
from verified_docs.lane import load_settings
from verified_docs.problem import read_text

_CALL = re.compile(r'example\("([a-z0-9_/]+)"')


class Explained:
    """The pages of tasks, by the examples that they show.

    Args:
        root: The project's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @cached_property
    def pages(self) -> dict[str, tuple[str, str]]:
        """Example to the first page of a task that shows it: its way from the top of the site, and its title."""
        found: dict[str, tuple[str, str]] = {}
        docs = self._root / DOCS
        for task in load_settings(self._root).get("tasks", []):
            folder = docs / str(task)
            for path in sorted(folder.rglob("*.md")) if folder.is_dir() else [folder]:
                text = read_text(path)
                title = text.partition("# ")[2].partition("\n")[0]
                for name in _CALL.findall(text):
                    found.setdefault(name, (path.relative_to(docs).as_posix(), title))
        return found
