"""Finds the calls of MLflow in Python source that a GitLab does not answer as MLflow's own server does."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from mlflow_gitlab.doctor.compatibility import Choice, Matrix, split
from mlflow_gitlab.doctor.scan_addresses import is_unencoded
from mlflow_gitlab.doctor.scan_arguments import Arguments
from mlflow_gitlab.doctor.scan_findings import Finding, Judgement, Scanned, Severity, badness, judge, with_fingerprints
from mlflow_gitlab.doctor.scan_literals import text as literal_text
from mlflow_gitlab.doctor.scan_names import CLIENTS, Method, Names, Symbol, is_elsewhere, tracking_uri
from mlflow_gitlab.doctor.scan_repeats import repeats
from mlflow_gitlab.doctor.scan_scopes import Program, Scope, Use
from mlflow_gitlab.doctor.scan_variants import measured_as, rule_of
from verified_docs.problem import Problem

UNENCODED = "uri: unencoded project path:tracking"
UNKNOWN_NAME = "ignore:unknown name"
_VARIABLE = "MLFLOW_TRACKING_URI"
_IGNORE = re.compile(r"#\s*mlflow-gitlab:\s*ignore\b(?:\[(?P<names>[^\]]*)\])?")
# They only change settings of this process.
_LOCAL = frozenset({"mlflow.set_tracking_uri", "mlflow.set_registry_uri"})


def scan_source(source: str, path: str, matrix: Matrix, choice: Choice, notes: bool = False) -> Scanned:
    """Checks one module.

    Args:
        source: Its text.
        path: Its name in reports.
        matrix: How each call went.
        choice: The lanes to compare with.
        notes: Whether to tell of calls that send nothing, and of those that were not measured.

    Raises:
        Problem: This is not Python, or it is nested too deeply to read.
    """
    try:
        with warnings.catch_warnings():
            # An invalid escape in somebody's text is not what is looked for here.
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        return _Scan(source, path, tree, matrix, choice, notes).run()
    except SyntaxError as error:
        what = f"this is not Python that can be read: {error.msg}"
        raise Problem(
            Path(path), error.lineno or 1, what, "correct it, or leave it out with --exclude", kind="syntax"
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        what = f"this cannot be read as Python: {str(error) or 'it is nested too deeply'}"
        raise Problem(Path(path), None, what, "leave it out with --exclude", kind="syntax") from None


class _Scan:
    def __init__(self, source: str, path: str, tree: ast.Module, matrix: Matrix, choice: Choice, notes: bool) -> None:
        self._rows = re.split(r"\r\n|\r|\n", source)
        self._path = path
        self._matrix = matrix
        self._choice = choice
        self._notes = notes
        self._program = Program(tree)
        self._names = Names(self._program)
        self._ignored = dict(_ignores(source))

    def run(self) -> Scanned:
        elsewhere = self._elsewhere()
        found: list[Finding] = []
        for use in self._program.uses:
            found += self._address(use)
            call = self._call(use.function, use.scope, elsewhere is not None)
            if call:
                found += self._use(use, call)
        for target, value, scope in self._program.assigned:
            if self._is_variable(target, scope) and is_unencoded(literal_text(value, scope)):
                found += self._variants(value, (UNENCODED,), _VARIABLE)
        for node, variant in repeats(
            self._program, self._names, lambda node, scope: self._call(node, scope, elsewhere is not None)
        ):
            found += self._variants(node, (variant,), self._call(node.func, self._scope_of(node), False))
        kept, suppressed = self._suppressed(found)
        kept += self._unknown_names()
        kept.sort(key=lambda one: (one.line, one.column, one.check))
        return Scanned(with_fingerprints(kept), suppressed, elsewhere)

    def _scope_of(self, node: ast.Call) -> Scope:
        return next(use.scope for use in self._program.uses if use.node is node)

    def _elsewhere(self) -> int | None:
        """The line that points MLflow itself to another server than a GitLab."""
        for use in self._program.uses:
            if self._names.symbol(use.function, use.scope) == "mlflow.set_tracking_uri":
                uri = Arguments(_as_call(use.node), ("uri",), use.scope, self._names).text("uri")
                if is_elsewhere(uri):
                    return use.node.lineno
        for target, value, scope in self._program.assigned:
            if self._is_variable(target, scope) and is_elsewhere(literal_text(value, scope)):
                return target.lineno
        return None

    def _is_variable(self, target: ast.expr, scope: Scope) -> bool:
        return (
            isinstance(target, ast.Subscript)
            and self._names.symbol(target.value, scope) == "os.environ"
            and (name := literal_text(target.slice, scope)) is not None
            and name.whole == _VARIABLE
        )

    def _call(self, function: ast.expr, scope: Scope, elsewhere: bool) -> str:
        """The name of the call as the matrix has it, or an empty text where it is nobody's that matters."""
        match self._names.value(function, scope):
            case Method(client=client, name=name) if not client.elsewhere and (client.explicit or not elsewhere):
                return "" if name.startswith("_") else f"MlflowClient.{name}"
            case Symbol(name=name) if name.startswith("mlflow.") and not elsewhere:
                # MLflow's own modules for what it shows at its top.
                return re.sub(r"^mlflow\.tracking(\.fluent)?\.(?=[a-z_]+$)", "mlflow.", name)
        return ""

    def _address(self, use: Use) -> Iterator[Finding]:
        symbol = self._names.symbol(use.function, use.scope)
        node = use.node
        uri: ast.expr | None = None
        if symbol == "mlflow.set_tracking_uri":
            uri = Arguments(_as_call(node), ("uri",), use.scope, self._names).get("uri")
        elif symbol in CLIENTS and isinstance(node, ast.Call):
            uri = tracking_uri(node)
        if uri is not None and is_unencoded(literal_text(uri, use.scope)):
            yield from self._variants(node, (UNENCODED,), symbol)

    def _use(self, use: Use, call: str) -> Iterator[Finding]:
        stands_for, exact = (call, True) if self._matrix.has(call) else measured_as(call)
        if not stands_for:
            yield from self._unmeasured(use.node, call)
            return
        rule = rule_of(stands_for)
        arguments = Arguments(_as_call(use.node), rule.parameters, use.scope, self._names)
        if rule.never(arguments):
            return
        held = [form.variants for form in rule.forms if form.holds(arguments)]
        for variants in dict.fromkeys(held):
            yield from self._variants(use.node, variants, call, exact)
        if held or rule.unless(arguments):
            return
        usual = (f"{stands_for}:basic",) if rule.usual is None else rule.usual
        known = tuple(variant for variant in usual if variant in self._matrix.variants)
        if known:
            yield from self._variants(use.node, known, call, exact, usual=True)

    def _unmeasured(self, node: ast.expr, call: str) -> Iterator[Finding]:
        plain = re.fullmatch(r"MlflowClient\.[a-z]\w*|mlflow\.[a-z]\w*", call)
        if self._notes and plain and call not in _LOCAL and isinstance(node, ast.Call):
            says = "was not measured"
            yield replace(self._place(node), call=call, check=f"{call}:not measured", says=says)

    def _variants(
        self, node: ast.expr, variants: Iterable[str], call: str, exact: bool = True, usual: bool = False
    ) -> Iterator[Finding]:
        """A finding, if the call is bad in a lane.

        Args:
            node: Where it stands.
            variants: What the call may be; the most common one first.
            call: Its name.
            exact: Whether this very call was measured, or one that stands for it.
            usual: Whether only the server can tell the variants apart: then the worst counts, but as an error only if
                all of them fail. Else the best counts.
        """
        known = [self._matrix.variants[variant] for variant in variants]
        judged = {lane.id: judge(known, lane.id, usual) for lane in self._choice.lanes}
        if len(judged) > 1:
            # A client that does not have the call is no reason to change it for the others.
            judged = {lane: one for lane, one in judged.items() if one.outcome.kind != "none"} or judged
        lane, worst = max(judged.items(), key=lambda pair: (pair[1].severity, badness(pair[1].outcome)))
        if badness(worst.outcome) == 0 and not (self._notes and worst.outcome.status == "client-only"):
            return
        bad = {lane: one for lane, one in judged.items() if badness(one.outcome) > 0} or judged
        says = _sentence(judged, bad)
        measured, form = split(worst.variant.id)
        if measured not in {call, "uri: unencoded project path"} and call != "mlflow.sklearn.autolog":
            says += f" (measured with {measured})"
        # What the server decides stands in the sentence, and what to do is for that case only.
        open_ended = usual and len(known) > 1
        shown = known[0] if open_ended else worst.variant
        advice = worst.variant if worst.outcome.kind == "no" else None
        condition = f"{form}: " if open_ended and form != "basic" else ""
        yield replace(
            self._place(node),
            call=call,
            form="" if open_ended or form == "basic" else form,
            check=shown.id,
            severity=worst.severity if exact else min(worst.severity, Severity.WARNING),
            done=shown.outcomes[lane].kind != "no",
            says=says,
            lanes=tuple(bad),
            instead=f"{condition}{advice.instead}" if advice is not None and advice.instead else "",
            more=advice.more if advice is not None else "",
            page=shown.page,
        )

    def _place(self, node: ast.expr) -> Finding:
        """A finding that says no more than where it is."""
        end = node.end_lineno or node.lineno
        return Finding(
            self._path,
            node.lineno,
            self._column(node.lineno, node.col_offset),
            end,
            self._column(end, node.end_col_offset or node.col_offset),
        )

    def _column(self, line: int, offset: int) -> int:
        """The column in characters, from one in bytes."""
        row = self._rows[line - 1] if line <= len(self._rows) else ""
        return len(row.encode()[:offset].decode("utf-8", "ignore")) + 1

    def _suppressed(self, found: list[Finding]) -> tuple[list[Finding], int]:
        kept = []
        for one in found:
            names = [self._ignored[line] for line in range(one.line, one.end_line + 1) if line in self._ignored]
            if not any(not wanted or wanted & _known_as(one) for wanted in names):
                kept.append(one)
        return kept, len(found) - len(kept)

    def _unknown_names(self) -> Iterator[Finding]:
        calls = self._matrix.calls | {call.rpartition(".")[2] for call in self._matrix.calls}
        known = calls | set(self._matrix.variants)
        for line, names in self._ignored.items():
            for name in sorted(names - known):
                if not measured_as(name)[0]:
                    row = self._rows[line - 1]
                    column = row[: row.find("mlflow-gitlab:")].rfind("#") + 1
                    says = f"there is no call {name!r} to ignore"
                    place = Finding(self._path, line, column, line, len(row) + 1)
                    yield replace(place, call=name, check=UNKNOWN_NAME, severity=Severity.WARNING, says=says)


def _sentence(judged: dict[str, Judgement], bad: dict[str, Judgement]) -> str:
    """What happens; with the lanes, where it is not the same in all of them."""
    sentences: dict[str, list[str]] = {}
    for lane, one in bad.items():
        sentences.setdefault(one.says, []).append(lane)
    if len(sentences) == 1 and len(bad) == len(judged):
        return next(iter(sentences))
    return "; ".join(f"{', '.join(lanes)}: {one}" for one, lanes in sentences.items())


def _known_as(finding: Finding) -> set[str]:
    """The names under which a comment may keep a finding quiet."""
    calls = {finding.call, split(finding.check)[0]}
    return {finding.check, *calls, *(call.rpartition(".")[2] for call in calls)}


def _ignores(source: str) -> Iterator[tuple[int, set[str]]]:
    """The lines with a comment that keeps findings quiet, and the names it has; none means all."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            match = _IGNORE.search(token.string) if token.type == tokenize.COMMENT else None
            if match is not None:
                names = (match["names"] or "").split(",")
                yield token.start[0], {name.strip() for name in names if name.strip()}
    except (tokenize.TokenError, SyntaxError):
        return


def _as_call(node: ast.expr) -> ast.Call | None:
    return node if isinstance(node, ast.Call) else None
