"""Finds what is written a second time to the same run, one line after another: GitLab keeps the first."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mlflow_gitlab.doctor.scan_arguments import Arguments
from mlflow_gitlab.doctor.scan_names import Names
from mlflow_gitlab.doctor.scan_scopes import Program, Scope

CallName = Callable[[ast.expr, Scope], str]
# Between two writes, these may have made another run the active one.
_SWITCHES = frozenset({"start_run", "end_run", "set_experiment"})
_COMPOUND = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.Match)


@dataclass(frozen=True)
class _Once:
    """A call that writes something once and for all.

    Attributes:
        variant: Id of the measured variant of the second call.
        parameters: Its parameters, in their order.
        on: The parameters that say what is written to.
        keys: The key, or the dictionary of keys.
        value: The value, where the variant is about equal ones.
    """

    variant: str
    parameters: tuple[str, ...]
    on: tuple[str, ...]
    keys: str
    value: str = ""


_RUN = ("run_id",)
_ONCE = {
    "mlflow.log_param": _Once("mlflow.log_param:same key, same value", ("key", "value"), (), "key", "value"),
    "MlflowClient.log_param": _Once(
        "MlflowClient.log_param:same key, same value", (*_RUN, "key", "value"), _RUN, "key", "value"
    ),
    "mlflow.set_tag": _Once("MlflowClient.set_tag:overwrite", ("key", "value"), (), "key"),
    "MlflowClient.set_tag": _Once("MlflowClient.set_tag:overwrite", (*_RUN, "key", "value"), _RUN, "key"),
    "mlflow.set_experiment_tag": _Once("MlflowClient.set_experiment_tag:overwrite", ("key", "value"), (), "key"),
    "MlflowClient.set_experiment_tag": _Once(
        "MlflowClient.set_experiment_tag:overwrite", ("experiment_id", "key", "value"), ("experiment_id",), "key"
    ),
    "mlflow.log_params": _Once("mlflow.log_params:overwrite", ("params",), ("run_id",), "params"),
    "mlflow.set_tags": _Once("mlflow.set_tags:overwrite", ("tags",), (), "tags"),
    "mlflow.register_model": _Once("mlflow.register_model:same run again", ("model_uri", "name"), (), "model_uri"),
}


def repeats(program: Program, names: Names, call_name: CallName) -> Iterator[tuple[ast.Call, str]]:
    """Every call that writes what a call before it in the same block has written.

    Both stand in one list of statements, name the same run or use the active one, and nothing between them starts or
    ends a run or binds a name that they use.

    Args:
        program: The module.
        names: What its names stand for.
        call_name: Gives the name of the measured call that an expression is, or an empty text.

    Yields:
        The later call, with the id of the variant that it is.
    """
    for block, scope in program.blocks:
        yield from _in_block(block, scope, names, call_name)


def _in_block(block: list[ast.stmt], scope: Scope, names: Names, call_name: CallName) -> Iterator[tuple[ast.Call, str]]:
    seen: dict[tuple[str, ...], str] = {}
    for statement in block:
        value = getattr(statement, "value", None)
        if isinstance(statement, ast.Expr | ast.Assign) and isinstance(value, ast.Call):
            name = call_name(value.func, scope)
            if name in _ONCE:
                once = _ONCE[name]
                arguments = Arguments(value, once.parameters, scope, names)
                written = _written(value, once, arguments)
                for key, text in written.items():
                    if key in seen and _is_repeat(name, once, seen[key], text):
                        yield value, once.variant
                        break
                for key, text in written.items():
                    seen.setdefault(key, text)
        _forget(seen, statement)


def _written(node: ast.Call, once: _Once, arguments: Arguments) -> dict[tuple[str, ...], str]:
    """What a call writes: on what, and under which key, to the value; all of it as it stands in the source."""
    key = arguments.get(once.keys)
    if key is None:
        return {}
    on = tuple(ast.unparse(given) if (given := arguments.get(name)) is not None else "" for name in once.on)
    # The client, and for functions of mlflow the module: a second name of either is another thing here.
    place = (once.variant, ast.unparse(node.func), *on)
    if once.keys in {"params", "tags"}:
        return {(*place, name): ast.unparse(value) for name, value in arguments.keys(once.keys).items()}
    if once.keys == "model_uri":
        return {(*place, ast.unparse(key)): ""} if not isinstance(key, ast.Constant | ast.Call) else {}
    name = arguments.whole(once.keys)
    value = arguments.get("value")
    return {} if name is None or value is None else {(*place, name): ast.unparse(value)}


def _is_repeat(call: str, once: _Once, before: str, now: str) -> bool:
    if once.value:
        # With another value, MLflow's own server raises as well.
        return before == now
    return before != now if call in {"mlflow.log_params", "mlflow.set_tags"} else True


def _forget(seen: dict[tuple[str, ...], str], statement: ast.stmt) -> None:
    """Drops what the statement may have made another thing."""
    if not seen:
        return
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    bound = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in _SWITCHES:
            seen.clear()
            return
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            bound.add(node.id)
    if isinstance(statement, ast.Return | ast.Raise | ast.Continue | ast.Break):
        seen.clear()
        return
    for key in [key for key in seen if bound & _used(key)]:
        del seen[key]


def _used(key: tuple[str, ...]) -> set[str]:
    """The names in what identifies a write."""
    found = set()
    for part in key[1:]:
        try:
            found |= {node.id for node in ast.walk(ast.parse(part, mode="eval")) if isinstance(node, ast.Name)}
        except SyntaxError:
            continue
    return found
