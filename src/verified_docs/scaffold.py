"""Makes a new handbook from a template that is small, green and complete: an example in two lanes, and its pipeline."""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from verified_docs.problem import Problem, shown
from verified_docs.whole import write_whole

_TEMPLATE = "template"
_PIPELINE = "pipeline"
_NAME = "__NAME__"
_SOUND = re.compile(r"[^\W_][^\n:#\"'{}\[\]<>|`*]{1,58}[^\s:]")


def scaffold(folder: Path, name: str, *, ci: bool = False) -> list[Path]:
    """Makes a handbook in a folder.

    Args:
        folder: Where; it may be there already, with none of these files.
        name: The name of the handbook.
        ci: Whether it also gets a pipeline for GitLab CI: the component, and the file that includes it.

    Returns:
        The files that were written.

    Raises:
        Problem: The name cannot be a title, or a file is there already: then none is written.
    """
    if not _SOUND.fullmatch(name):
        what = f"{name!r} cannot be the name of a handbook: letters, digits and blanks can"
        raise Problem(Path("--name"), None, what, 'verified-docs init FOLDER --name "My handbook"', kind="usage")
    parts = (_TEMPLATE, _PIPELINE) if ci else (_TEMPLATE,)
    found = (row for part in parts for row in _texts(files(__package__) / part))
    texts = {folder / place: text.replace(_NAME, name) for place, text in sorted(found)}
    for path in texts:
        if path.exists():
            what = "this file is there already; nothing was written"
            raise Problem(path, None, what, f"verified-docs init {shown(folder)}-handbook, or move it", kind="exists")
    for path, text in texts.items():
        write_whole(path, text)
    return list(texts)


def _texts(folder: Traversable, above: str = "") -> list[tuple[str, str]]:
    """Every file of the template: its place in a handbook, and its text."""
    found: list[tuple[str, str]] = []
    for entry in folder.iterdir():
        place = f"{above}{entry.name}"
        if entry.is_dir():
            found += _texts(entry, f"{place}/")
        else:
            found.append((place.removesuffix(".in").replace("dot-", "."), entry.read_text("utf-8")))
    return found
