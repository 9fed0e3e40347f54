"""Reads the arguments of one call: which are given, and what they surely are."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from mlflow_gitlab.doctor.scan_literals import Text, elements, is_constant, is_something, keys, number, text
from mlflow_gitlab.doctor.scan_names import ModelVersion, Names
from mlflow_gitlab.doctor.scan_scopes import Scope

SEMVER = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")
_NAN = frozenset({"math.nan", "numpy.nan", "numpy.NaN", "numpy.NAN"})
_INFINITY = frozenset({"math.inf", "numpy.inf", "numpy.Inf", "numpy.infty"})


@dataclass(frozen=True)
class Arguments:
    """The arguments of one call.

    Attributes:
        call: The call, or None for a decorator without parentheses.
        parameters: The names of its parameters, in their order, without `self`.
        scope: Where it stands.
        names: What the names there stand for.
    """

    call: ast.Call | None
    parameters: tuple[str, ...]
    scope: Scope
    names: Names

    def get(self, name: str) -> ast.expr | None:
        """The argument of a parameter, or None where none is written."""
        if self.call is None:
            return None
        for keyword in self.call.keywords:
            if keyword.arg == name:
                return keyword.value
        place = self.parameters.index(name) if name in self.parameters else len(self.call.args)
        before = self.call.args[: place + 1]
        if place >= len(self.call.args) or any(isinstance(one, ast.Starred) for one in before):
            return None
        return self.call.args[place]

    def absent(self, *names: str) -> bool:
        """Whether none of these is given, not even by `*arguments` or `**options`."""
        if self.call is None:
            return True
        open_ended = any(isinstance(one, ast.Starred) for one in self.call.args) or any(
            keyword.arg is None for keyword in self.call.keywords
        )
        return not open_ended and all(self.get(name) is None for name in names)

    def given(self, name: str) -> bool:
        """Whether a parameter is given, and not as a plain `None`."""
        node = self.get(name)
        return node is not None and not is_constant(node, self.scope, None)

    def filled(self, name: str) -> bool:
        """Whether a parameter is surely given something: neither `None` nor an empty value."""
        node = self.get(name)
        return node is not None and is_something(node, self.scope)

    def is_constant(self, name: str, value: object) -> bool:
        """Whether a parameter is given this constant."""
        node = self.get(name)
        return node is not None and is_constant(node, self.scope, value)

    def text(self, name: str) -> Text | None:
        """The text of a parameter, as far as it is known."""
        node = self.get(name)
        return None if node is None else text(node, self.scope)

    def whole(self, name: str) -> str | None:
        """The text of a parameter, if all of it is known."""
        found = self.text(name)
        return None if found is None else found.whole

    def length(self, name: str) -> int:
        """How many characters the text of a parameter has at least."""
        found = self.text(name)
        return 0 if found is None else sum(len(part) for part in found.parts if isinstance(part, str))

    def number(self, name: str) -> int | float:
        """The number of a parameter; 0 where it is not known."""
        node = self.get(name)
        return (number(node, self.scope) if node is not None else None) or 0

    def items(self, name: str) -> int | None:
        """How many items a list has that is written out."""
        node = self.get(name)
        found = elements(node, self.scope) if node is not None else None
        return None if found is None else len(found)

    def keys(self, name: str) -> dict[str, ast.expr]:
        """The known keys of a dictionary, with their values."""
        node = self.get(name)
        return keys(node, self.scope) if node is not None else {}

    def longest_value(self, name: str) -> int:
        """How many characters the longest text in a dictionary has at least."""
        found = [text(value, self.scope) for value in self.keys(name).values()]
        return max((len(one.whole) for one in found if one is not None and one.whole is not None), default=0)

    def symbol(self, name: str) -> str:
        """The dotted name of what was imported and is given, such as `mlflow.entities.ViewType.ALL`."""
        node = self.get(name)
        return "" if node is None else self.names.symbol(node, self.scope)

    def is_nan(self, name: str) -> bool:
        """Whether a parameter is surely not a number."""
        return self.symbol(name) in _NAN or self._float_of(name) == "nan"

    def is_infinite(self, name: str) -> bool:
        """Whether a parameter is surely infinite."""
        return self.symbol(name) in _INFINITY or self._float_of(name) in {"inf", "infinity"}

    def _float_of(self, name: str) -> str:
        given = self.get(name)
        if given is None:
            return ""
        node, scope = self.scope.behind(given)
        match node:
            case ast.Call(func=ast.Name(id="float"), args=[only]):
                found = text(only, scope)
                return found.whole.lower() if found is not None and found.whole is not None else ""
        return ""

    def is_database_id(self, name: str) -> bool:
        """Whether a parameter is surely what MLflow calls the version: `.version` of a model version, or a number."""
        given = self.get(name)
        if given is None:
            return False
        node, scope = self.scope.behind(given)
        whole = text(node, scope)
        if whole is not None and whole.whole is not None:
            return whole.whole.isdigit()
        if isinstance(node, ast.Attribute) and node.attr == "version":
            return isinstance(self.names.value(node.value, scope), ModelVersion)
        return isinstance(number(node, scope), int)

    def is_semver(self, name: str) -> bool:
        """Whether a parameter is surely a semantic version."""
        whole = self.whole(name)
        return whole is not None and SEMVER.fullmatch(whole) is not None

    def file_name(self, *names: str) -> str:
        """What is known of the last part of a path; unknown parts are one sign that no name has."""
        found = next((self.text(name) for name in names if self.get(name) is not None), None)
        return found.known.rpartition("/")[2] if found is not None else ""
