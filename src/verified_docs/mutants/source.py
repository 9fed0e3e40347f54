"""Finds places in Python source by its syntax, so that a fault changes just what it means to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from verified_docs.example import Example

Span = tuple[int, int]


class Source:
    """The source of an example, with its syntax tree.

    Args:
        example: The example.
    """

    def __init__(self, example: Example) -> None:
        self.text = example.source
        self.tree = ast.parse(example.source)
        self._rows = self.text.splitlines(keepends=True)
        self._starts = [0]
        for row in self._rows:
            self._starts.append(self._starts[-1] + len(row))

    def at(self, line: int, column: int) -> int:
        """The place of a line, counted from 1, and a column in bytes."""
        row = self._rows[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(row)

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> Span:
        """Where a node starts and ends."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset)

    def of(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def row(self, line: int) -> Span:
        """Where a line starts and ends, with its line break."""
        return self._starts[line - 1], self._starts[line]

    @cached_property
    def bodies(self) -> list[list[ast.stmt]]:
        """Every list of statements that are done one after the other."""
        return [
            rows
            for node in ast.walk(self.tree)
            for _, rows in ast.iter_fields(node)
            if isinstance(rows, list) and rows and all(isinstance(row, ast.stmt) for row in rows)
        ]

    @cached_property
    def calls(self) -> list[ast.Call]:
        """Every call but prints, in the order of the file; not those inside of f-strings."""
        found = [node for node in self.nodes() if isinstance(node, ast.Call) and not is_print(node)]
        return sorted(found, key=lambda node: (node.lineno, node.col_offset))

    def nodes(self) -> Iterator[ast.AST]:
        """Every node but f-strings, annotations, imports, and strings that stand alone."""
        queue: list[ast.AST] = [self.tree]
        while queue:
            node = queue.pop()
            if isinstance(node, (ast.JoinedStr, ast.Import, ast.ImportFrom)) or _lone_string(node):
                continue
            yield node
            for name, child in ast.iter_fields(node):
                if name not in {"annotation", "returns"}:
                    children = child if isinstance(child, list) else [child]
                    queue += [one for one in children if isinstance(one, ast.AST)]

    def first_on_its_line(self, node: ast.stmt) -> bool:
        """Whether nothing but blanks stands before a statement."""
        start, _ = self.row(node.lineno)
        return not self.text[start : self.span(node)[0]].strip()


def is_print(node: ast.AST) -> bool:
    """Whether a node is a call of `print`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


def called(node: ast.stmt) -> ast.Call | None:
    """The call that a statement is or assigns, if it is not a print."""
    value = node.value if isinstance(node, (ast.Expr, ast.Assign)) else None
    return value if isinstance(value, ast.Call) and not is_print(value) else None


def names(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    """The names that a node reads or makes."""
    found = (one for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, context))
    return {one.id for one in found}


def _lone_string(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
