"""The command that replays examples, and says what they prove."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from verified_docs.notebooks_command import KERNEL
from verified_docs.problem import Problem, shown
from verified_docs.terminal import Root, Today, err, out, tell, told

if TYPE_CHECKING:
    from verified_docs.census import Fence
    from verified_docs.evidence import Result
    from verified_docs.example import Example
    from verified_docs.lane import Lane
    from verified_docs.quarantine import Entry


def verify(
    example: Annotated[str | None, typer.Argument(help="An example, such as tracking/log_first_run.")] = None,
    update: Annotated[bool, typer.Option("--update", help="Rewrite `#>` comments that are wrong.")] = False,
    evidence: Annotated[Path | None, typer.Option(help="Where to write what was proven.")] = None,
    shard: Annotated[str | None, typer.Option(help="Verify one part of all, such as 2/3.")] = None,
    balance: Annotated[Path | None, typer.Option(help="Times of an earlier run, by which to divide shards.")] = None,
    today: Today = None,
    root: Root = Path(),
) -> None:
    """Replay examples in the lanes of the client that is installed here.

    Examples in quarantine run, and do not fail the gate. A quarantine that has ended does.
    """
    from verified_docs.isolation import no_network

    # Also around what a run leaves behind, such as a thread that goes on.
    with told(), no_network(programs=False):
        from verified_docs.census import DOCS, PYTHON, take_census
        from verified_docs.checkers import check_fences
        from verified_docs.day import today as day
        from verified_docs.durations import Durations, write_durations
        from verified_docs.evidence import gather, write_evidence
        from verified_docs.example import choose_examples, load_examples
        from verified_docs.gitlab_mlflow import GitLabMLflow
        from verified_docs.inventory import check_inventory, recorded_lanes
        from verified_docs.lane import installed_lanes, load_lanes
        from verified_docs.lock import REQUIREMENTS, check_lock
        from verified_docs.notebooks.document import verify_notebook
        from verified_docs.notebooks.source import load_sources
        from verified_docs.quarantine import check_quarantine, load_quarantine
        from verified_docs.shard import Part, shared
        from verified_docs.verify import verify_fence, verify_lanes

        root = root.resolve()
        part = Part.read(shard, example, evidence, balance)
        if example and evidence:
            raise Problem(
                evidence,
                None,
                "evidence of one example would pass for all",
                f"verified-docs verify {example}, or verified-docs verify --evidence {shown(evidence)}",
                kind="evidence",
            )
        adapter = GitLabMLflow()
        every_lane = load_lanes(root)
        lanes = installed_lanes(root, adapter.client, adapter.client_version())
        if not example and (root / REQUIREMENTS).is_dir():
            check_lock(root, lanes[0])
        if evidence:
            evidence.unlink(missing_ok=True)
        every_example = load_examples(root)
        check_inventory(root, every_example, every_lane)
        chosen = choose_examples(root, every_example, example) if example else every_example
        quarantine = load_quarantine(root)
        check_quarantine(root, quarantine.of(chosen) if example else quarantine, every_example, every_lane, day(today))
        share = shared(part, root, chosen, [] if example else take_census(root / DOCS), balance)
        chosen, fences = share.examples, share.fences
        started = time.monotonic()
        found: list[Problem] = []
        results: list[tuple[Example, Lane, Result]] = []
        replays: dict[str, dict[str, float]] = {}
        runs: dict[str, float] = {}
        held_ids: set[str] = set()
        failing_ids: set[str] = set()
        before = started
        for one, lane, outcome in verify_lanes(chosen, lanes, root, adapter, update=update):
            replays.setdefault(one.sha256, {})[lane.id] = round(time.monotonic() - before, 3)
            before = time.monotonic()
            counted, held = quarantine.settle(root, one, lane, outcome)
            if held:
                _tell_held(held, lane, outcome)
                held_ids.add(one.id)
            elif isinstance(outcome, Problem):
                found.append(outcome)
                failing_ids.add(one.id)
                tell(outcome)
            if isinstance(counted, Problem):
                continue
            results.append((one, lane, counted))
            if example and not held:
                out.print(f"[green]✓[/] {one.id} in {lane}: {counted.verdict.replace('_', ' ')}")
        check_fences(fences)
        proven: list[Fence] = []
        offline = [fence for fence in fences if fence.language in PYTHON]
        for fence in offline:
            before = time.monotonic()
            try:
                verify_fence(fence, root, adapter)
                runs[fence.sha256] = round(time.monotonic() - before, 3)
            except Problem as problem:
                found.append(problem)
                tell(problem)
        # A notebook is the code of its example once more, in a kernel: where that fails, it says nothing new.
        made = [source for source in load_sources(root, chosen) if source.example.id not in failing_ids]
        for source in made:
            try:
                in_lanes = [] if source.example.id in held_ids else recorded_lanes(root, source.example, lanes)
                proven += verify_notebook(source, in_lanes, root, KERNEL, update=update)
            except Problem as problem:
                found.append(problem)
                tell(problem)
        took = time.monotonic() - started
        done = [result for _, _, result in results if result.verdict in {"passes", "fails_as_shown"}]
        held_results = sum(result.verdict == "quarantined" for _, _, result in results)
        failing = sum(result.verdict == "fails_as_shown" for result in done)
        if found:
            err.print(f"[red]{len(found)} of {len(found) + len(done)} failed[/] with {lanes[0].client}")
            raise typer.Exit(1)
        out.print(
            f"[green]verified[/] {len(done)} results of {len(chosen)} examples"
            + (f" and {len(offline)} fences" if offline else "")
            + (f", and {len(made)} notebooks" if made else "")
            + f" with {lanes[0].client} in {took:.1f} s"
            + (f", {failing} of them fail just as their pages show" if failing else "")
            + (f"; [yellow]{held_results} in quarantine, not verified[/]" if held_results else "")
        )
        if evidence:
            write_evidence(evidence, share.mark(gather(root, lanes, results, [*offline, *proven])))
            write_durations(evidence, Durations(examples=replays, fences=runs))


def _tell_held(held: Entry, lane: Lane, outcome: Result | Problem) -> None:
    """Tells what an example in quarantine did, which fails nothing."""
    why = escape(f"until {held.until}, by {held.owner}, because: {held.reason}")
    err.print(f"[yellow]in quarantine[/] {escape(f'{held.example} in {lane}')}, {why}")
    if isinstance(outcome, Problem):
        tell(outcome)
    else:
        fix = f"if it does so in every lane of its entry, {held.remove}"
        err.print(f"[yellow]it does what its page shows[/]: take it out\n    fix: {escape(fix)}")
