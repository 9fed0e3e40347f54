"""Reads what an expression of a Python program says by itself: texts, numbers, keys, none of it run."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from mlflow_gitlab.doctor.scan_scopes import Scope

# Longer texts say nothing more: the longest limit of a value is 5000 characters.
_LONGEST = 20_000
_LARGEST = 2**256
# A name may stand for a sum of names, and so on: each step may double the work.
_DEEPEST = 12


@dataclass(frozen=True)
class Text:
    """A text of which some parts may be known only when the program runs.

    Attributes:
        parts: The known parts, and the expressions between them.
    """

    parts: tuple[str | ast.expr, ...]

    @property
    def whole(self) -> str | None:
        """The text, or None where a part is not known."""
        return "".join(map(str, self.parts)) if all(isinstance(part, str) for part in self.parts) else None

    @property
    def start(self) -> str:
        """The known beginning."""
        return self.parts[0] if self.parts and isinstance(self.parts[0], str) else ""

    @property
    def known(self) -> str:
        """The known parts, each other part as one sign that no address or name has."""
        return "".join(part if isinstance(part, str) else "\0" for part in self.parts)


def text(node: ast.expr, scope: Scope, depth: int = 0) -> Text | None:
    """The text that an expression is, or None where it may be something else.

    Args:
        node: The expression.
        scope: Where it stands.
        depth: How many expressions are being read around it.
    """
    if depth > _DEEPEST:
        return None
    depth += 1
    node, scope = scope.behind(node)
    match node:
        case ast.Constant(value=str(value)):
            return Text((value,))
        case ast.JoinedStr(values=values):
            return _joined([_piece(value, scope, depth) for value in values])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = text(left, scope, depth), text(right, scope, depth)
            if first is None and second is None:
                return None
            return _joined([first or Text((left,)), second or Text((right,))])
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _repeated(text(left, scope, depth), number(right, scope, depth)) or _repeated(
                text(right, scope, depth), number(left, scope, depth)
            )
        case ast.Call(func=ast.Name(id="str" | "Path") | ast.Attribute(attr="Path"), args=[only], keywords=[]):
            return text(only, scope, depth)
    return None


def number(node: ast.expr, scope: Scope, depth: int = 0) -> int | float | None:
    """The number that an expression is, or None; a power is worked out only as far as a limit of GitLab goes."""
    if depth > _DEEPEST:
        return None
    depth += 1
    node, scope = scope.behind(node)
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            found = number(operand, scope, depth)
            return None if found is None else -found
        case ast.BinOp(left=left, op=operator, right=right):
            first, second = number(left, scope, depth), number(right, scope, depth)
            if isinstance(first, int) and isinstance(second, int):
                return _calculated(first, operator, second)
    return None


def keys(node: ast.expr, scope: Scope) -> dict[str, ast.expr]:
    """The keys of a dictionary that are texts, with their values."""
    node, scope = scope.behind(node)
    if not isinstance(node, ast.Dict):
        return {}
    found = {}
    for key, value in zip(node.keys, node.values, strict=True):
        name = text(key, scope) if key is not None else None
        if name is not None and name.whole is not None:
            found[name.whole] = value
    return found


def elements(node: ast.expr, scope: Scope) -> list[ast.expr] | None:
    """The items of a list that is written out, or None."""
    node, scope = scope.behind(node)
    written = isinstance(node, ast.List | ast.Tuple) and not any(isinstance(one, ast.Starred) for one in node.elts)
    return node.elts if written and isinstance(node, ast.List | ast.Tuple) else None


def is_something(node: ast.expr, scope: Scope) -> bool:
    """Whether an expression is surely neither `None` nor empty."""
    node, scope = scope.behind(node)
    match node:
        case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
            return any(not isinstance(one, ast.Starred) for one in elts)
        case ast.Dict(keys=names):
            return any(name is not None for name in names)
        case ast.Constant(value=value):
            return value is not None and value != "" and value is not False
    found = text(node, scope)
    return found is not None and any(isinstance(part, str) and part for part in found.parts)


def is_constant(node: ast.expr, scope: Scope, value: object) -> bool:
    """Whether an expression is this constant, such as True."""
    node, scope = scope.behind(node)
    return isinstance(node, ast.Constant) and node.value is value


def _piece(node: ast.expr, scope: Scope, depth: int) -> Text:
    if isinstance(node, ast.FormattedValue):
        plain = node.conversion == -1 and node.format_spec is None
        return (text(node.value, scope, depth) if plain else None) or Text((node.value,))
    return text(node, scope, depth) or Text((node,))


def _joined(pieces: list[Text]) -> Text:
    parts: list[str | ast.expr] = []
    for part in (part for piece in pieces for part in piece.parts):
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    return Text(tuple(parts))


def _repeated(one: Text | None, times: int | float | None) -> Text | None:
    if one is None or one.whole is None or not isinstance(times, int):
        return None
    most = _LONGEST // max(len(one.whole), 1) + 1
    return Text((one.whole * min(times, most),))


def _calculated(first: int, operator: ast.operator, second: int) -> int | None:
    match operator:
        case ast.Add():
            found = first + second
        case ast.Sub():
            found = first - second
        case ast.Mult():
            found = first * second
        case ast.Pow() if abs(first) <= 1000 and 0 <= second <= 64:
            found = first**second
        case ast.LShift() if 0 <= second <= 64:
            found = first << second
        case _:
            return None
    return found if abs(found) < _LARGEST else None
