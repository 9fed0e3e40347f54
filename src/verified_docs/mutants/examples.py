"""Breaks what an example does: its calls, their arguments, their values, and the credential it uses."""

from __future__ import annotations

import ast
import difflib
import itertools
import re
import sys
from collections import defaultdict
from collections.abc import Iterator

from verified_docs.example import Example
from verified_docs.mutants.mutant import Fault, Operator, Project, change
from verified_docs.mutants.source import Source, Span, called, is_print, names

# Pages check what the parts of an example hand on to each other.
_GATES = ("replay", "own")
_TOKEN = re.compile(r"^(?:[A-Z0-9]+_)*TOKEN(?:_[A-Z0-9]+)*$")
_HEADER_VALUE = re.compile(r'^# (?P<key>role|scope) = "(?P<value>[^"]+)"$', re.M)
_LABEL = re.compile(r'^# .*?= "(?P<value>[a-z_]+(?::[a-z_]+){1,2})"', re.M)


def _sources(project: Project) -> Iterator[tuple[Example, Source]]:
    for example in project.examples.values():
        if project.recorded(example):
            yield example, Source(example)


def _fault(project: Project, example: Example, span: Span, new: str, *, around: str = "") -> Fault:
    """The fault that replaces a piece of an example."""
    old = example.source[slice(*span)]
    return Fault(
        target=example.id,
        place=f"{around}\n{old}\n{new}",
        what=change(old, new),
        make=project.edited(project.path_of(example), *span, new),
        example=example.id,
        lanes=project.recorded(example),
    )


def _changed_constants(project: Project) -> Iterator[Fault]:
    for example, source in _sources(project):
        for node in source.nodes():
            if isinstance(node, ast.Constant) and (new := _another(node.value, source.of(node))) is not None:
                yield _fault(project, example, source.span(node), new)


def _another(value: object, text: str) -> str | None:
    """Another literal of the same type."""
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, (int, float)):
        return repr(value + 1)
    if isinstance(value, (str, bytes)):
        quotes = re.search(r"""('''|\"\"\"|'|")$""", text)
        return f"{text[: quotes.start()]}x{quotes[0]}" if quotes else None
    return None


def _changed_arguments(project: Project) -> Iterator[Fault]:
    for example, source in _sources(project):
        for call in source.calls:
            given: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
            texts = [source.of(one) for one in given]
            if not given or [*sorted(map(source.span, given))] != list(map(source.span, given)):
                continue
            span = source.span(given[0])[0], source.span(given[-1])[1]
            around = source.of(call.func)
            without = [", ".join(texts[:n] + texts[n + 1 :]) for n in range(len(texts))]
            positional = len(call.args)
            for number, new in enumerate(without):
                # Of the positional arguments only the last: the others would just move up.
                if number >= positional - 1:
                    yield _fault(project, example, span, new, around=around)
            if positional > 1 and texts[0] != texts[1]:
                yield _fault(project, example, span, ", ".join([texts[1], texts[0], *texts[2:]]), around=around)


def _removed_calls(project: Project) -> Iterator[Fault]:
    for example, source in _sources(project):
        for body in source.bodies:
            for statement in body:
                if isinstance(statement, ast.Expr) and called(statement):
                    yield _fault(project, example, source.span(statement), "pass")


def _added_calls(project: Project) -> Iterator[Fault]:
    """A call before itself: as it is, and where its failure is swallowed."""
    for example, source in _sources(project):
        # Where a lane ends with an exception, the second of two calls may never be reached.
        ends = bool(example.metadata.raises)
        for body in source.bodies:
            for statement in body:
                if not (isinstance(statement, ast.Expr) and called(statement) and source.first_on_its_line(statement)):
                    continue
                text, start = source.of(statement), source.span(statement)[0]
                margin = " " * statement.col_offset
                swallowed = text.replace("\n", "\n    ")
                again = f"{text}\n{margin}"
                hidden = f"try:\n{margin}    {swallowed}\n{margin}except Exception:\n{margin}    pass\n{margin}"
                for new in (hidden,) if ends else (again, hidden):
                    yield _fault(project, example, (start, start), new, around=text)


def _reordered_calls(project: Project) -> Iterator[Fault]:
    for example, source in _sources(project):
        for body in source.bodies:
            for first, second in itertools.pairwise(body):
                if not (called(first) and called(second)) or names(first, ast.Store) & names(second, ast.Load):
                    continue
                start, end = source.span(first)[0], source.span(second)[1]
                between = source.text[source.span(first)[1] : source.span(second)[0]]
                one, two = source.of(first), source.of(second)
                if one != two and not between.strip():
                    yield _fault(project, example, (start, end), f"{two}{between}{one}")


def _other_api_names(project: Project) -> Iterator[Fault]:
    """Another function of the same object, as examples use it, or none: the name is gone in the next version."""
    found: list[tuple[Example, Source, ast.Attribute]] = []
    siblings: dict[str, set[str]] = defaultdict(set)
    for example, source in _sources(project):
        for call in source.calls:
            if isinstance(call.func, ast.Attribute) and (root := _root(call.func)):
                if root in sys.stdlib_module_names:
                    continue
                found.append((example, source, call.func))
                siblings[source.of(call.func.value)].add(call.func.attr)
    for example, source, function in found:
        end = source.span(function)[1]
        span = end - len(function.attr), end
        around = source.of(function.value)
        others = sorted(siblings[around] - {function.attr})
        near = difflib.get_close_matches(function.attr, others, n=1, cutoff=0.0)
        for new in (*near, f"{function.attr}_gone"):
            yield _fault(project, example, span, new, around=around)


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _other_credentials(project: Project) -> Iterator[Fault]:
    """Another role, scope or label in the header, or another variable with a token in the code."""
    known: dict[str, set[str]] = defaultdict(set)
    for example in project.examples.values():
        known["role"].add(example.metadata.role)
        known["scope"].add(example.metadata.scope)
        known["label"].update(example.metadata.tokens.values())
        known["variable"].update(example.metadata.tokens)
    for example, source in _sources(project):
        header = source.text.partition("\n# ///\n")[0]
        for match in _HEADER_VALUE.finditer(header):
            for value in sorted(known[match["key"]] - {match["value"]}):
                yield _fault(project, example, match.span("value"), value, around=match["key"])
        for match in _LABEL.finditer(header):
            for value in sorted(known["label"] - {match["value"]}):
                yield _fault(project, example, match.span("value"), value)
        for node in source.nodes():
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _TOKEN.match(node.value):
                for value in sorted(known["variable"] - {node.value}):
                    yield _fault(project, example, source.span(node), f'"{value}"')


def _changed_output(project: Project) -> Iterator[Fault]:
    for example, source in _sources(project):
        metadata = example.metadata
        lanes = tuple(
            lane for lane in project.recorded(example) if lane not in metadata.output and not metadata.raises_in(lane)
        )
        if not lanes:
            continue
        rows = [line.line for line in example.expected]
        for number, line in enumerate(rows):
            start, end = source.row(line)
            row = source.text[start:end]
            for new in (_other_text(row), "", row + row):
                if new != row:
                    yield _in_lanes(_fault(project, example, (start, end), new), lanes)
            if number + 1 < len(rows) and rows[number + 1] == line + 1:
                after = slice(*source.row(line + 1))
                if source.text[after] != row:
                    both = _fault(project, example, (start, after.stop), source.text[after] + row)
                    yield _in_lanes(both, lanes)


def _in_lanes(fault: Fault, lanes: tuple[str, ...]) -> Fault:
    return Fault(fault.target, fault.place, fault.what, fault.make, fault.example, lanes)


def _other_text(row: str) -> str:
    """A row in which the last letter or digit is another one."""
    found = list(re.finditer(r"[A-Za-z0-9]", row))
    if not found:
        return row
    last = found[-1]
    return f"{row[: last.start()]}{'7' if last[0] != '7' else '8'}{row[last.end() :]}"


def _removed_prints(project: Project) -> Iterator[Fault]:
    for example, source in _sources(project):
        for body in source.bodies:
            for statement in body:
                if isinstance(statement, ast.Expr) and is_print(statement.value):
                    yield _fault(project, example, source.span(statement), "pass")


OPERATORS = (
    Operator("example-argument", "an argument of a call left out, or two swapped", _GATES, _changed_arguments),
    Operator("example-constant", "another number, text or truth value", _GATES, _changed_constants),
    Operator("example-removed-call", "a call taken out", _GATES, _removed_calls),
    Operator("example-added-call", "a call made twice, also where its failure is swallowed", _GATES, _added_calls),
    Operator("example-reordered-call", "two calls in the other order", _GATES, _reordered_calls),
    Operator("example-api-name", "another function, or one that is gone", _GATES, _other_api_names),
    Operator("example-credential", "another role, scope, label or token variable", _GATES, _other_credentials),
    Operator("example-print", "a print taken out", _GATES, _removed_prints),
    Operator("expected-output", "a promised row changed, taken out, doubled or moved", _GATES, _changed_output),
)
