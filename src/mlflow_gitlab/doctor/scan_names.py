"""Says what a name of a Python program stands for, where that is certain, and nothing where it is not."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from mlflow_gitlab.doctor.scan_literals import Text, text
from mlflow_gitlab.doctor.scan_scopes import Binding, Function, Program, Scope

CLIENTS = frozenset(
    {
        "mlflow.MlflowClient",
        "mlflow.client.MlflowClient",
        "mlflow.tracking.MlflowClient",
        "mlflow.tracking.client.MlflowClient",
    }
)
_REGISTRY = "mlflow.entities.model_registry"
_VERSIONS = frozenset({f"{_REGISTRY}.ModelVersion", f"{_REGISTRY}.model_version.ModelVersion"})
# What these return has the database id of a version in `.version`.
_MAKE_VERSIONS = frozenset({"create_model_version", "get_model_version", "get_model_version_by_alias"})
_WRAPPERS = frozenset({"typing.Optional", "typing.Annotated", "typing_extensions.Annotated"})
_HANDED_THROUGH = frozenset({"contextlib.nullcontext", "contextlib.closing"})
_DEEPEST = 40
_MOST = 50_000


@dataclass(frozen=True)
class Symbol:
    """Something imported, by its dotted name."""

    name: str


@dataclass(frozen=True)
class Client:
    """An `MlflowClient`.

    Attributes:
        elsewhere: Whether it surely talks to another server than a GitLab.
        explicit: Whether it says itself which server that is.
    """

    elsewhere: bool = False
    explicit: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Method:
    """A method of an `MlflowClient`."""

    client: Client
    name: str


@dataclass(frozen=True)
class ModelVersion:
    """What the registry returns for one version."""


@dataclass(frozen=True)
class Instance:
    """An object of a class of the same file."""

    of: ast.ClassDef


@dataclass(frozen=True)
class Local:
    """A class or function of the same file."""

    node: ast.ClassDef | Function


@dataclass(frozen=True)
class Nothing:
    """`None`, and what is still being looked at: it speaks against no other value."""


Value = Symbol | Client | Method | ModelVersion | Instance | Local | Nothing
_NOTHING = Nothing()


class Names:
    """What the expressions of one module stand for.

    A name counts only if all places that bind it agree, whatever their order; `None` agrees with everything. Nothing
    follows the flow of the program: a parameter without an annotation, a loop variable or an item of a list stands for
    nothing.

    Args:
        program: The scopes of the module.
    """

    def __init__(self, program: Program) -> None:
        self._scopes = program.scopes
        # With a second star, a name may come from either.
        self._starred = program.stars == ["mlflow"]
        self._known: dict[Hashable, Value | None] = {}
        self._busy: set[Hashable] = set()
        self._circular = False
        self._looks = 0

    def value(self, node: ast.expr, scope: Scope) -> Value | None:
        """What an expression stands for, or None where nothing is certain."""
        match node:
            case ast.Constant(value=None):
                return _NOTHING
            case ast.Name(id=name):
                return self._name(name, scope)
            case ast.Attribute(value=base, attr=attr):
                return self._attribute(self.value(base, scope), attr)
            case ast.Call():
                return self._called(node, scope)
            case ast.NamedExpr(value=value):
                return self.value(value, scope)
            case ast.IfExp(body=body, orelse=other):
                return _agreed([self.value(body, scope), self.value(other, scope)])
            case ast.BoolOp(values=values):
                return _agreed([self.value(value, scope) for value in values])
        return None

    def symbol(self, node: ast.expr, scope: Scope) -> str:
        """The dotted name of something imported, or an empty text."""
        found = self.value(node, scope)
        return found.name if isinstance(found, Symbol) else ""

    def _once(self, key: Hashable, find: Callable[[], Value | None]) -> Value | None:
        """Looks at a name once; one that depends on itself is nothing meanwhile."""
        if key in self._known:
            return self._known[key]
        # Names that depend on each other in many ways would be looked at without end: nothing is certain then.
        self._looks += 1
        if self._looks > _MOST:
            return None
        if key in self._busy or len(self._busy) > _DEEPEST:
            self._circular = True
            return _NOTHING if key in self._busy else None
        self._busy.add(key)
        try:
            found = find()
        finally:
            self._busy.discard(key)
        # Within a circle the answer is not the whole one yet.
        if not self._busy or not self._circular:
            self._known[key] = found
        if not self._busy:
            self._circular = False
        return found

    def _name(self, name: str, scope: Scope) -> Value | None:
        home = scope.home(name)
        if home is None:
            return Symbol(f"mlflow.{name}") if self._starred and not name.startswith("_") else None
        places = home.bindings.get(name, [])
        return self._once((id(home), name), lambda: _agreed([self._bound(place, home) for place in places]))

    def _bound(self, binding: Binding, scope: Scope) -> Value | None:
        expression = binding.expression
        if binding.annotation is not None:
            # A stand-in of a test promises to be a client and is none.
            mock = expression is not None and "mock" in ast.unparse(expression).lower()
            return None if mock else self._promised(binding.annotation, scope)
        if binding.symbol:
            return Symbol(binding.symbol)
        if binding.local is not None:
            return Local(binding.local)
        if binding.owner is not None:
            return Instance(binding.owner)
        if expression is None:
            return None
        return self._entered(expression, scope) if binding.entered else self.value(expression, scope)

    def _entered(self, expression: ast.expr, scope: Scope) -> Value | None:
        """What `with … as` binds: only a client, as it is or handed through by the standard library."""
        if isinstance(expression, ast.Call) and self.symbol(expression.func, scope) in _HANDED_THROUGH:
            expression = expression.args[0] if expression.args else expression
        found = self.value(expression, scope)
        return found if isinstance(found, Client) else None

    def _attribute(self, base: Value | None, attr: str) -> Value | None:
        match base:
            case Symbol(name=name):
                return Symbol(f"{name}.{attr}")
            case Client():
                return Method(base, attr)
            case Instance(of=node):
                return self._once((id(node), attr, "attribute"), lambda: self._of_object(node, attr, frozenset()))
        return None

    def _of_object(self, node: ast.ClassDef, attr: str, seen: frozenset[ast.ClassDef]) -> Value | None:
        scope = self._scopes.get(node)
        if scope is None or node in seen:
            return None
        places = [(binding, scope) for binding in scope.bindings.get(attr, [])] + scope.attributes.get(attr, [])
        if places:
            return _agreed([self._read(self._bound(binding, where), where) for binding, where in places])
        for base in node.bases:
            of = self.value(base, scope)
            if isinstance(of, Local) and isinstance(of.node, ast.ClassDef):
                return self._of_object(of.node, attr, seen | {node})
        return None

    def _read(self, value: Value | None, scope: Scope) -> Value | None:
        """What reading an attribute gives: of a property, what it returns."""
        if not isinstance(value, Local) or isinstance(value.node, ast.ClassDef):
            return value
        decorators = {ast.unparse(decorator).rpartition(".")[2] for decorator in value.node.decorator_list}
        if decorators & {"property", "cached_property"}:
            return self._promised(value.node.returns, scope) if value.node.returns is not None else None
        return value

    def _called(self, node: ast.Call, scope: Scope) -> Value | None:
        match self.value(node.func, scope):
            case Symbol(name=name) if name in CLIENTS:
                uri = tracking_uri(node)
                return Client(uri is not None and is_elsewhere(text(uri, scope)), uri is not None)
            case Symbol(name="mlflow.register_model"):
                return ModelVersion()
            case Method(name=name) if name in _MAKE_VERSIONS:
                return ModelVersion()
            case Local(node=ast.ClassDef() as of):
                return Instance(of)
            case Local(node=ast.FunctionDef() as made) if made.returns is not None and not made.decorator_list:
                return self._promised(made.returns, scope)
        return None

    def _promised(self, node: ast.expr, scope: Scope) -> Value | None:
        """What an annotation says of its name."""
        match node:
            case ast.Constant(value=None):
                return _NOTHING
            case ast.Constant(value=str(written)):
                try:
                    return self._promised(ast.parse(written, mode="eval").body, scope)
                except (SyntaxError, ValueError):
                    return None
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return _agreed([self._promised(left, scope), self._promised(right, scope)])
            case ast.Subscript(value=wrapper, slice=inner) if self.symbol(wrapper, scope) in _WRAPPERS:
                return self._promised(inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner, scope)
        match self.value(node, scope):
            case Symbol(name=name) if name in CLIENTS:
                return Client()
            case Symbol(name=name) if name in _VERSIONS:
                return ModelVersion()
            case Local(node=ast.ClassDef() as of):
                return Instance(of)
        return None


def is_elsewhere(address: Text | None) -> bool:
    """Whether an address is surely not that of a GitLab project: a file, a data base, or a server known to its end."""
    if address is None or not address.start or "/ml/mlflow" in address.known:
        return False
    return not address.start.startswith("http") or address.whole is not None


def tracking_uri(node: ast.Call) -> ast.expr | None:
    """The address that a client is made with, or None where it takes that of the environment."""
    given = [one.value for one in node.keywords if one.arg == "tracking_uri"] or node.args[:1]
    return given[0] if given and not isinstance(given[0], ast.Starred) else None


def _agreed(values: Sequence[Value | None]) -> Value | None:
    """The one value that all places give, or None; nothing where all of them are `None`."""
    found = [value for value in values if value != _NOTHING]
    if not found:
        return _NOTHING if values else None
    first = found[0]
    return first if all(value == first for value in found) else None
