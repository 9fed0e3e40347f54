"""Finds the scopes of a Python module, every place that binds a name in them, and every call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True)
class Binding:
    """One place that gives a name its value; with nothing known, the value may be anything.

    Attributes:
        symbol: The dotted name of what an import brings.
        local: The class or function that is defined there.
        owner: The class whose object, or which itself, comes as the first parameter of a method.
        expression: What is assigned.
        annotation: What the place promises.
        entered: Whether a `with` binds it: then the value is what the expression's `__enter__` gives.
    """

    symbol: str = ""
    local: ast.ClassDef | Function | None = None
    owner: ast.ClassDef | None = None
    expression: ast.expr | None = None
    annotation: ast.expr | None = None
    entered: bool = False


UNKNOWN = Binding()


@dataclass(eq=False)
class Scope:
    """The names of a module, class, function or comprehension.

    Attributes:
        node: What it belongs to.
        parent: The scope around it.
        bindings: Every place that binds a name, by name.
        attributes: Of a class: every place in its methods that binds an attribute of the object, by name.
        elsewhere: The scope of a name that `global` or `nonlocal` sends there.
    """

    node: ast.AST
    parent: Scope | None = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    attributes: dict[str, list[tuple[Binding, Scope]]] = field(default_factory=dict)
    elsewhere: dict[str, Scope] = field(default_factory=dict)

    def bind(self, name: str, binding: Binding) -> None:
        """Notes one place that binds a name."""
        self.elsewhere.get(name, self).bindings.setdefault(name, []).append(binding)

    def home(self, name: str) -> Scope | None:
        """The scope that a name used here belongs to, or None where no place binds it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.elsewhere:
                return scope.elsewhere[name]
            # The names of a class are not seen by the functions inside it.
            if name in scope.bindings and (scope is self or not isinstance(scope.node, ast.ClassDef)):
                return scope
            scope = scope.parent
        return None

    def behind(self, node: ast.expr) -> tuple[ast.expr, Scope]:
        """What stands behind a name that is bound once, by a plain assignment, and where; else the node itself."""
        scope = self
        for _ in range(5):
            home = scope.home(node.id) if isinstance(node, ast.Name) else None
            if home is None or not isinstance(node, ast.Name):
                break
            bindings = home.bindings.get(node.id, [])
            if len(bindings) != 1 or bindings[0].expression is None or bindings[0].entered:
                break
            node, scope = bindings[0].expression, home
        return node, scope

    @property
    def module(self) -> Scope:
        """The outermost scope."""
        return self if self.parent is None else self.parent.module


@dataclass(frozen=True)
class Use:
    """One place that calls something.

    Attributes:
        node: The call, or the decorator without parentheses.
        scope: Where it stands.
    """

    node: ast.expr
    scope: Scope

    @property
    def function(self) -> ast.expr:
        """What is called."""
        return self.node.func if isinstance(self.node, ast.Call) else self.node


class Program(ast.NodeVisitor):
    """The scopes, calls and blocks of one module.

    Args:
        tree: The module.

    Attributes:
        scopes: The scope of every node that opens one.
        uses: Every call, in the order of the visit; none of a block that only a type checker reads.
        blocks: Every list of statements that run one after another, with its scope.
        assigned: Every assignment to an attribute or item, with its value, such as `os.environ["A"] = "b"`.
        stars: The modules that `from … import *` names.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.scopes: dict[ast.AST, Scope] = {}
        self.uses: list[Use] = []
        self.blocks: list[tuple[list[ast.stmt], Scope]] = []
        self.assigned: list[tuple[ast.expr, ast.expr, Scope]] = []
        self.stars: list[str] = []
        self._methods: dict[Scope, tuple[ast.ClassDef, str]] = {}
        self._typing = 0
        self._scope = self._open(tree)
        self._statements(tree.body)

    def _open(self, node: ast.AST, parent: Scope | None = None) -> Scope:
        self.scopes[node] = Scope(node, parent)
        return self.scopes[node]

    def _statements(self, body: list[ast.stmt]) -> None:
        if not self._typing:
            self.blocks.append((body, self._scope))
        for node in body:
            self.visit(node)

    def visit(self, node: ast.AST) -> None:
        """Visits one node; each list of statements within is a block of its own."""
        method = getattr(self, f"visit_{type(node).__name__}", None)
        if method is not None:
            method(node)
            return
        for _, value in ast.iter_fields(node):
            if isinstance(value, ast.AST):
                self.visit(value)
            elif isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                self._statements(value)
            elif isinstance(value, list):
                for one in value:
                    if isinstance(one, ast.AST):
                        self.visit(one)

    def visit_Call(self, node: ast.Call) -> None:
        """Notes the call, after those that make its arguments."""
        for child in ast.iter_child_nodes(node):
            self.visit(child)
        self._used(node)

    def _used(self, node: ast.expr) -> None:
        if not self._typing:
            self.uses.append(Use(node, self._scope))

    def visit_If(self, node: ast.If) -> None:
        """Leaves out what only a type checker reads, but for the names that it binds."""
        self.visit(node.test)
        only_typing = ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING"
        self._typing += only_typing
        self._statements(node.body)
        self._typing -= only_typing
        if node.orelse:
            self._statements(node.orelse)

    def visit_Import(self, node: ast.Import) -> None:
        """Binds the first part of each module, or its other name."""
        for alias in node.names:
            first = alias.name.partition(".")[0]
            self._scope.bind(alias.asname or first, Binding(symbol=alias.name if alias.asname else first))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Binds each imported name; what comes from the own package is anything."""
        for alias in node.names:
            if alias.name == "*":
                self.stars.append(f"{'.' * node.level}{node.module or ''}")
            elif node.level or not node.module:
                self._scope.bind(alias.asname or alias.name, UNKNOWN)
            else:
                self._scope.bind(alias.asname or alias.name, Binding(symbol=f"{node.module}.{alias.name}"))

    def visit_Assign(self, node: ast.Assign) -> None:
        """Binds every target to the value, part by part where both sides have as many."""
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)
            self._assign(target, node.value)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            same = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
            starred = any(isinstance(one, ast.Starred) for one in (*target.elts, *getattr(value, "elts", ())))
            for number, one in enumerate(target.elts):
                if same and not starred and isinstance(value, ast.Tuple | ast.List):
                    self._assign(one, value.elts[number])
                else:
                    self._unknown(one)
        else:
            self._bind(target, Binding(expression=value))
            if not isinstance(target, ast.Name) and not self._typing:
                self.assigned.append((target, value, self._scope))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Binds the target to what the annotation says."""
        if node.value is not None:
            self.visit(node.value)
        self.visit(node.target)
        self._bind(node.target, Binding(expression=node.value, annotation=node.annotation))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Binds the target to anything."""
        self.visit(node.value)
        self.visit(node.target)
        self._unknown(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """Binds the name in the function around any comprehension."""
        self.visit(node.value)
        scope = self._scope
        while isinstance(scope.node, Comprehension) and scope.parent is not None:
            scope = scope.parent
        scope.bind(node.target.id, Binding(expression=node.value))

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        """Binds the target to anything."""
        self.visit(node.iter)
        self.visit(node.target)
        self._unknown(node.target)
        self._statements(node.body)
        if node.orelse:
            self._statements(node.orelse)

    visit_AsyncFor = visit_For

    def visit_withitem(self, node: ast.withitem) -> None:
        """Binds the target to what the expression's `__enter__` gives."""
        self.visit(node.context_expr)
        if isinstance(node.optional_vars, ast.Name):
            self._bind(node.optional_vars, Binding(expression=node.context_expr, entered=True))
        elif node.optional_vars is not None:
            self.visit(node.optional_vars)
            self._unknown(node.optional_vars)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """Binds the name of the error."""
        if node.type is not None:
            self.visit(node.type)
        if node.name:
            self._scope.bind(node.name, UNKNOWN)
        self._statements(node.body)

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        """Binds the name of a pattern, or of its rest."""
        for child in ast.iter_child_nodes(node):
            self.visit(child)
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name:
            self._scope.bind(name, UNKNOWN)

    visit_MatchStar = visit_MatchMapping = visit_MatchAs

    def visit_Global(self, node: ast.Global) -> None:
        """Sends the names to the module."""
        for name in node.names:
            self._send(name, self._scope.module)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        """Sends the names to the function around."""
        for name in node.names:
            home = self._scope.parent.home(name) if self._scope.parent is not None else None
            self._send(name, home or self._scope.module)

    def _send(self, name: str, scope: Scope) -> None:
        if scope is not self._scope:
            self._scope.elsewhere[name] = scope

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Opens the scope of a class."""
        for one in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self.visit(one)
        self._scope.bind(node.name, Binding(local=node))
        with_class, self._scope = self._scope, self._open(node, self._scope)
        self._statements(node.body)
        self._scope = with_class

    def visit_FunctionDef(self, node: Function) -> None:
        """Opens the scope of a function; its defaults and decorators belong to the one around."""
        for decorator in node.decorator_list:
            self.visit(decorator)
            if not isinstance(decorator, ast.Call):
                self._used(decorator)
        self._arguments(node.args)
        self._scope.bind(node.name, Binding(local=node))
        around, self._scope = self._scope, self._open(node, self._scope)
        self._parameters(node, around)
        # `global` counts for the whole function, wherever it stands.
        for inner in _own_statements(node.body):
            if isinstance(inner, ast.Global | ast.Nonlocal):
                self.visit(inner)
        self._statements(node.body)
        self._scope = around

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Opens the scope of a lambda."""
        self._arguments(node.args)
        around, self._scope = self._scope, self._open(node, self._scope)
        for one in _all_parameters(node.args):
            self._scope.bind(one.arg, UNKNOWN)
        self.visit(node.body)
        self._scope = around

    def _arguments(self, node: ast.arguments) -> None:
        for default in (*node.defaults, *(one for one in node.kw_defaults if one is not None)):
            self.visit(default)

    def _parameters(self, node: Function, around: Scope) -> None:
        parameters = _all_parameters(node.args)
        decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
        method = isinstance(around.node, ast.ClassDef) and "staticmethod" not in decorators
        for number, one in enumerate(parameters):
            rest = one in (node.args.vararg, node.args.kwarg)
            if number == 0 and method and isinstance(around.node, ast.ClassDef) and not rest:
                self._scope.bind(one.arg, Binding(owner=around.node))
                if "classmethod" not in decorators:
                    self._methods[self._scope] = (around.node, one.arg)
            else:
                self._scope.bind(one.arg, Binding(annotation=None if rest else one.annotation))

    def _comprehension(self, node: Comprehension) -> None:
        self.visit(node.generators[0].iter)
        around, self._scope = self._scope, self._open(node, self._scope)
        for number, generator in enumerate(node.generators):
            if number:
                self.visit(generator.iter)
            self._unknown(generator.target)
            for condition in generator.ifs:
                self.visit(condition)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.visit(part)
        self._scope = around

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _unknown(self, target: ast.expr) -> None:
        for one in _targets(target):
            self._bind(one, UNKNOWN)

    def _bind(self, target: ast.expr, binding: Binding) -> None:
        if isinstance(target, ast.Name):
            self._scope.bind(target.id, binding)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            # `self` of the method, also in a function inside it.
            home = self._scope.home(target.value.id)
            owner, name = self._methods.get(home, (None, "")) if home is not None else (None, "")
            if owner is not None and name == target.value.id:
                self.scopes[owner].attributes.setdefault(target.attr, []).append((binding, self._scope))


def _all_parameters(node: ast.arguments) -> list[ast.arg]:
    rest = [one for one in (node.vararg, node.kwarg) if one is not None]
    return [*node.posonlyargs, *node.args, *node.kwonlyargs, *rest]


def _targets(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.Tuple | ast.List):
        for one in node.elts:
            yield from _targets(one)
    elif isinstance(node, ast.Starred):
        yield from _targets(node.value)
    else:
        yield node


def _own_statements(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """The statements of a function, without those of functions and classes inside it."""
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            todo.extend(ast.iter_child_nodes(node))
