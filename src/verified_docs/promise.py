"""Reads what a source promises to print, and refuses what it prints unseen."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verified_docs.problem import Problem

_QUOTES = re.compile(r"^[rR]?('{3}|\"{3})")


@dataclass(frozen=True)
class Expected:
    """One line of output that the source promises.

    Attributes:
        line: Where the promise stands in the file, counted from 1.
        text: The promised text, without trailing blanks.
    """

    line: int
    text: str


def refuse_unseen_output(path: Path, source: str, check: str) -> None:
    """Refuses output that the comparison would not see, and promises that nobody would compare.

    Args:
        path: The file, for messages.
        source: Python that parses.
        check: The command that checks it again, for messages.

    Raises:
        Problem: The source prints by another way than a plain `print(...)`.
    """
    for node in ast.walk(ast.parse(source)):
        what = _unseen(node)
        if what:
            line = getattr(node, "lineno", 1)
            raise Problem(path, line, f"{what} cannot be verified", f"print one plain text, then {check}", kind="print")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and re.match(r"#\s+>", token.string):
            # A formatter that writes `# >` for `#>` would turn a promise into a comment.
            raise Problem(
                path,
                token.start[0],
                "`# >` is a comment, not expected output",
                f"write `#>` without a blank, then {check}",
                kind="print",
            )


def _unseen(node: ast.AST) -> str | None:
    """What a node does that prints past the comparison, or None."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == "print" and node.keywords:
            return f"print(..., {node.keywords[0].arg}=...)"
        if node.func.id in {"exec", "eval"}:
            return f"{node.func.id}(...)"
    if isinstance(node, ast.Attribute) and node.attr in {"stdout", "stderr", "__stdout__", "__stderr__"}:
        return f"{ast.unparse(node)}"
    if isinstance(node, ast.Name) and node.id == "print" and not isinstance(node.ctx, ast.Load):
        return "another print"
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        names = {alias.asname or alias.name for alias in node.names}
        if "print" in names or "pprint" in names or getattr(node, "module", None) == "pprint":
            return f"{ast.unparse(node)}"
    if isinstance(node, (ast.Assign, ast.Call, ast.keyword)):
        values = [node.value] if not isinstance(node, ast.Call) else node.args
        if any(isinstance(value, ast.Name) and value.id == "print" for value in values):
            return "print handed on under another name"
    return None


def promised_output(source: str, tree: ast.Module) -> Iterator[tuple[range, list[Expected]]]:
    """Each block of expected output: its rows in the file, and the lines it promises.

    A block is a run of `#>` comments, or a string in triple quotes that stands alone after a print.
    """
    blocks: list[tuple[range, list[Expected]]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and token.string.startswith("#>"):
            row = token.start[0]
            text = token.string[2:].removeprefix(" ").rstrip()
            blocks.append((range(row, row + 1), [Expected(row, text)]))
    for parent in ast.walk(tree):
        for _, children in ast.iter_fields(parent):
            if not isinstance(children, list):
                continue
            for node in children[1:]:
                lone = _lone_string(node)
                if lone is None or not _QUOTES.match(ast.get_source_segment(source, node) or ""):
                    continue
                rows = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                body = [row.rstrip() for row in _dedent(lone, node.col_offset).strip("\n").split("\n")]
                blocks.append((rows, [Expected(node.lineno + 1 + n, row) for n, row in enumerate(body)]))
    yield from sorted(blocks, key=lambda block: block[0].start)


def _lone_string(node: Any) -> str | None:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value
    return None


def _dedent(text: str, columns: int) -> str:
    return "\n".join(row[columns:] if not row[:columns].strip() else row for row in text.split("\n"))


def without_promises(source: str) -> str:
    """A source without its promises, to tell whether anything else changed."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name, rows in ast.iter_fields(node):
            if isinstance(rows, list):
                first, rest = rows[:1], rows[1:]
                kept = [row for row in rest if not (isinstance(row, ast.Expr) and isinstance(row.value, ast.Constant))]
                setattr(node, name, first + kept)
    return ast.dump(tree)
