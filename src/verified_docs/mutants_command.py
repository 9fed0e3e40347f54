"""The command that breaks the project on purpose and counts what no check sees."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from verified_docs.problem import Problem
from verified_docs.terminal import Root, err, out, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verified_docs.lane import Lane
    from verified_docs.mutants.mutant import Mutant
    from verified_docs.mutants.score import Score
    from verified_docs.mutants.trial import Verdict

_EACH = 100


def mutants(
    operator: Annotated[
        list[str] | None, typer.Option(help="An operator, or its first word, such as cassette; may be repeated.")
    ] = None,
    lane: Annotated[list[str] | None, typer.Option(help="Replay in this lane only; may be repeated.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="The id of a mutant; may be repeated.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the mutants and try none.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Write the score that the page shows.")] = False,
    json: Annotated[Path | None, typer.Option(help="Where to write every mutant and what became of it.")] = None,
    minimum: Annotated[float, typer.Option(help="Fail below this score.", min=0.0, max=1.0)] = 0.99,
    root: Root = Path(),
) -> None:
    """Break the project on purpose, one fault at a time, and ask the gates of CI whether they see it.

    Nothing of yours is changed: faults are made in a copy. The same project has the same mutants each time.

    Exit codes: 0 the score is high enough, 1 it is not, or it is not what the page shows, 2 no such mutant.
    """
    with told():
        from verified_docs.mutants.gates import GATES
        from verified_docs.mutants.mutant import Project, find_mutants
        from verified_docs.mutants.operators import OPERATORS, choose_operators
        from verified_docs.mutants.score import (
            check_equivalent,
            check_score,
            check_still_equivalent,
            load_equivalent,
            score,
            write_score,
        )
        from verified_docs.whole import write_whole

        root = root.resolve()
        whole = not (operator or lane or only)
        if update and not whole:
            raise Problem(root, None, "the page shows the whole score, not a part of it", "try all", kind="usage")
        project = Project(root)
        operators = choose_operators(operator or [])
        equivalent = load_equivalent(root)
        if whole:
            chosen = find_mutants(project, OPERATORS)
            check_equivalent(root, equivalent, chosen)
        else:
            names = [one.partition(":")[0] for one in only or []]
            operators = choose_operators(names) if names and not operator else operators
            chosen = _chosen(find_mutants(project, operators), only or [], lane or [])
        if listed:
            for mutant in chosen:
                out.print(f"{escape(mutant.id)}  [dim]{escape(mutant.fault.what)}[/]")
            out.print(f"{len(chosen)} mutants of {len(operators)} operators")
            return
        lanes = [one for one in project.lanes if not lane or one.id in lane]
        verdicts = _tried(root, chosen, lanes)
        found = score(operators, verdicts, equivalent, {name: gate.what for name, gate in GATES.items()})
        if json:
            write_whole(json, _document(found, verdicts))
        if only:
            _tell_each(verdicts)
        _tell(found)
        if update:
            write_score(root, found)
        if found.total.score < minimum:
            raise Problem(
                root / "mutants",
                None,
                f"the score is {found.total.score:.3f}, below {minimum}",
                "add the check that should have seen a survivor; if it changes nothing, list it with the reason in "
                "mutants/equivalent.yaml",
                kind="score",
            )
        check_still_equivalent(root, equivalent, verdicts)
        if whole:
            check_score(root, found)


def _chosen(found: Sequence[Mutant], only: Sequence[str], lane: Sequence[str]) -> list[Mutant]:
    known = {mutant.id for mutant in found}
    for name in only:
        if name not in known:
            raise Problem(
                Path("--only"), None, f"there is no mutant {name!r}", "verified-docs mutants --list", kind="usage"
            )
    chosen = [mutant for mutant in found if not only or mutant.id in only]
    return [mutant for mutant in chosen if not lane or set(mutant.fault.lanes) & set(lane)]


def _tried(root: Path, chosen: Sequence[Mutant], lanes: Sequence[Lane]) -> list[Verdict]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from verified_docs.mutants.trial import try_mutants

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("", total=len(chosen))

        done = itertools.count(1)

        def tell(verdict: Verdict) -> None:
            number = next(done)
            if number % _EACH == 0 and not err.is_terminal:
                # A log has no bar.
                err.print(f"{number} of {len(chosen)}")
            progress.update(task, advance=1, description=escape(verdict.mutant.operator.name))

        return try_mutants(root, chosen, lanes, tell)


def _document(found: Score, verdicts: Sequence[Verdict]) -> str:
    import json

    rows = [
        {
            "id": row.mutant.id,
            "operator": row.mutant.operator.name,
            "target": row.mutant.fault.target,
            "what": row.mutant.fault.what,
            "gate": row.gate,
            "kind": row.kind,
            "says": row.says,
            "seconds": round(row.seconds, 2),
        }
        for row in verdicts
    ]
    document = {"score": round(found.total.score, 4), "summary": json.loads(found.to_json()), "mutants": rows}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _tell_each(verdicts: Sequence[Verdict]) -> None:
    for row in verdicts:
        seen = f"[green]seen[/] by {row.gate}: {escape(row.says)}" if row.killed else "[red]not seen[/]"
        out.print(f"{escape(row.mutant.id)}\n    {escape(row.mutant.fault.what)}\n    {seen}")


def _tell(found: Score) -> None:
    for name, count in found.operators.items():
        if count.absent:
            out.print(f"  [dim]absent[/]  {name}: {escape(count.absent)}")
            continue
        color = "green" if not count.survivors else "red"
        gates = ", ".join(f"{gate} {number}" for gate, number in count.killed.items())
        same = f", {count.equivalent} equivalent" if count.equivalent else ""
        out.print(f"  [{color}]{count.score:7.2%}[/]  {name}: {count.seen} of {count.mutants} seen ({gates}){same}")
        for one in count.survivors:
            out.print(f"           [red]not seen[/] {escape(one.id)}\n             {escape(one.what)}")
    total = found.total
    out.print(
        f"[bold]{total.score:.2%}[/] of {total.mutants - total.equivalent} mutants seen; "
        f"{len(total.survivors)} not seen, {total.equivalent} change nothing"
    )
