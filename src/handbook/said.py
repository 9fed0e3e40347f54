"""Gives the texts that were measured, and those that this project's own programs print, for prose that quotes them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from verified_docs.backing import GAP, strings
from verified_docs.problem import read_text

_PROGRAMS = Path(__file__).resolve().parent.parent


def measured_texts(root: Path) -> Iterator[str]:
    """Every text in the measured data: messages, answers, notes."""
    for path in sorted((root / "measured").glob("*.json")):
        yield from dict.fromkeys(strings(json.loads(read_text(path))))


@lru_cache(maxsize=1)
def program_texts() -> tuple[str, ...]:
    """Every text in the source of the programs; `GAP` stands for what they put in."""
    found: dict[str, None] = {}
    for path in sorted(_PROGRAMS.rglob("*.py")):
        for node in ast.walk(ast.parse(read_text(path))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found[node.value] = None
            elif isinstance(node, ast.JoinedStr):
                pieces = (one.value if isinstance(one, ast.Constant) else GAP for one in node.values)
                found["".join(map(str, pieces))] = None
    return tuple(found)
