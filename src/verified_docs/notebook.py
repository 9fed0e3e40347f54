"""Finds the code of notebooks: their cells, and the fences in their text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from verified_docs.census import Fence, find_fences
from verified_docs.problem import Problem, read_text

NOTEBOOK = ".ipynb"
_MAGIC = re.compile(r"^%%(?P<name>\w+).*")
# `%cd folder`, `!pip install x`, `?name`: what no other Python knows.
_LINE = re.compile(r"^\s*(?:[%!?]|[\w.]+\s*\?+\s*$|[\w, ]+=\s*[%!])")


def notebook_blocks(path: Path, *, saved: bool = False) -> list[Fence]:
    """Every block of code of a notebook, each with its row in the file.

    Args:
        path: The notebook.
        saved: Whether saved output is compared with what execution gives; each text of it is then a block.

    Raises:
        Problem: It is no notebook of format 4, or holds saved output, which nobody compares with anything.
    """
    text = read_text(path, "save it as a notebook once more")
    try:
        document = json.loads(text)
        cells = document["cells"]
        language = str(document.get("metadata", {}).get("kernelspec", {}).get("language", "python")).lower()
        if document["nbformat"] != 4 or not isinstance(cells, list):
            raise ValueError("its format is not 4")
        rows = [node.start_mark.line + 1 for node in _cells(text)]
        return [
            block for cell, row in zip(cells, rows, strict=True) for block in _blocks(path, cell, row, language, saved)
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, yaml.YAMLError) as error:
        what = f"this is no notebook: {type(error).__name__}: {error}"
        raise Problem(path, 1, what, "save it as a notebook of format 4, then make census", kind="census") from error


def _cells(text: str) -> list[yaml.Node]:
    """The cells with their places: JSON is YAML, whose parser tells rows."""
    top = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert isinstance(top, yaml.MappingNode)
    found = next(value for key, value in top.value if key.value == "cells")
    return list(found.value)


def _blocks(path: Path, cell: dict[str, Any], row: int, language: str, saved: bool) -> Iterator[Fence]:
    source = cell["source"]
    content = source if isinstance(source, str) else "".join(source)
    if cell["cell_type"] == "markdown":
        for fence in find_fences(path, content):
            yield Fence(
                path, row + fence.line, fence.language, fence.content, fence.title, fence.declared, fence.reason
            )
    elif cell["cell_type"] == "code":
        outputs = cell.get("outputs") or []
        if outputs and not saved:
            what = "a cell holds saved output, which nobody compares with anything"
            raise Problem(path, row, what, "jupyter nbconvert --clear-output --inplace", kind="census")
        if content.strip():
            yield _code(path, content, row, language)
        for text in ("".join(one["text"]) for one in outputs if "text" in one):
            yield Fence(path, row, "text", text)


def _code(path: Path, content: str, row: int, language: str) -> Fence:
    """A cell; `%%bash` names another language, and rows that only a notebook knows become comments."""
    head, _, rest = content.partition("\n")
    if magic := _MAGIC.match(head):
        return Fence(path, row, magic["name"].lower(), f"{rest.rstrip()}\n")
    plain = [f"# {one.lstrip()}" if _LINE.match(one) else one for one in content.rstrip().split("\n")]
    return Fence(path, row, language, "\n".join(plain) + "\n")
