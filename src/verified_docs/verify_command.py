"""The command that replays examples, and says what they prove."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from verified_docs.problem import Problem, shown
from verified_docs.terminal import Root, Today, err, out, tell, told

if TYPE_CHECKING:
    from datetime import date

    from verified_docs.adapter import Adapter
    from verified_docs.census import Fence
    from verified_docs.evidence import Result, Shard
    from verified_docs.example import Example
    from verified_docs.lane import Lane
    from verified_docs.notebooks.aside import Aside
    from verified_docs.notebooks.source import Source
    from verified_docs.quarantine import Entry, Quarantine
    from verified_docs.results import Results
    from verified_docs.shard import Part


def verify(
    example: Annotated[str | None, typer.Argument(help="An example, such as tracking/log_first_run.")] = None,
    update: Annotated[bool, typer.Option("--update", help="Rewrite `#>` comments that are wrong.")] = False,
    evidence: Annotated[Path | None, typer.Option(help="Where to write what was proven.")] = None,
    why: Annotated[bool, typer.Option("--why", help="Say of all that runs why it does.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Run everything, whatever earlier runs have found.")] = False,
    shard: Annotated[str | None, typer.Option(help="Verify one part of all, such as 2/3.")] = None,
    balance: Annotated[Path | None, typer.Option(help="Times of an earlier run, by which to divide shards.")] = None,
    code_quality: Annotated[Path | None, typer.Option(help="Where to write what is wrong, as Code Quality.")] = None,
    today: Today = None,
    root: Root = Path(),
) -> None:
    """Replay examples in the lanes of the client that is installed here.

    What an earlier run has verified holds as long as nothing has changed that it depends on, and does not run again.

    Examples in quarantine run, and do not fail the gate. A quarantine that has ended does.
    """
    from verified_docs.code_quality import reported
    from verified_docs.isolation import no_network

    # Also around what a run leaves behind, such as a thread that goes on.
    with told(), reported(code_quality, root) as problems, no_network(programs=False), _loading():
        from verified_docs.adapter import code_of, load_adapter
        from verified_docs.day import today as day
        from verified_docs.lane import installed_lanes
        from verified_docs.results import Results

        part = None
        if shard is not None or balance is not None:
            from verified_docs.shard import Part

            part = Part.read(shard, example, evidence, balance)
        if example and evidence:
            raise Problem(
                evidence,
                None,
                "evidence of one example would pass for all",
                f"verified-docs verify {example}, or verified-docs verify --evidence {shown(evidence)}",
                kind="evidence",
            )
        root = root.resolve()
        adapter = load_adapter(root)
        lanes = installed_lanes(root, adapter.client, adapter.client_version())
        that_day = day(today)
        results = Results(root, lanes[0].environment, code_of(adapter), fresh=fresh or update)
        whole = None if example or part else results.find_whole(str(that_day))
        if whole:
            # Nothing has changed: the client is never loaded, nor is most of this program.
            _write(evidence, whole)
            out.print(f"{whole['said']}; [green]nothing has changed since an earlier run[/]")
            return
        if evidence:
            evidence.unlink(missing_ok=True)
        desk = _Desk(root, adapter, lanes, results, why=why, problems=problems)
        try:
            said = desk.verify(example, that_day, part, balance, update=update)
            if not example:
                document = desk.documents()
                _write(evidence, {"said": said, **document})
                # What is in quarantine is told each time, and a shard has not seen everything.
                if not desk.held and not part:
                    results.keep_whole({"said": said, **document})
        finally:
            results.save()


def _write(evidence: Path | None, whole: dict[str, str]) -> None:
    if evidence:
        from verified_docs.durations import beside
        from verified_docs.whole import write_whole

        write_whole(evidence, whole["evidence"])
        write_whole(beside(evidence), whole["durations"])


@contextmanager
def _loading() -> Iterator[None]:
    """Looks for no garbage while modules are loaded, which make a million objects and leave none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass
class _Desk:
    """A run of the command: what it has found so far, and what it could take from earlier runs."""

    root: Path
    adapter: Adapter
    lanes: list[Lane]
    store: Results
    why: bool
    problems: list[Problem] = field(default_factory=list)
    results: list[tuple[Example, Lane, Result]] = field(default_factory=list)
    seconds: dict[str, dict[str, float]] = field(default_factory=dict)
    fences: dict[str, float] = field(default_factory=dict)
    proven: list[Fence] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    notebooks: dict[Path, dict[str, str]] = field(default_factory=dict)
    before: int = 0
    shard: Shard | None = None

    def verify(self, only: str | None, day: date, part: Part | None, balance: Path | None, *, update: bool) -> str:
        """Verifies one example, one shard, or everything.

        Returns:
            What was verified, in a sentence.
        """
        from verified_docs.census import DOCS, PYTHON, take_census
        from verified_docs.checkers import check_fences
        from verified_docs.example import load_examples
        from verified_docs.inventory import check_inventory
        from verified_docs.lane import load_lanes
        from verified_docs.lock import REQUIREMENTS, check_lock
        from verified_docs.notebooks.aside import Aside
        from verified_docs.notebooks.source import load_sources
        from verified_docs.quarantine import check_quarantine, load_quarantine

        root, every_lane = self.root, load_lanes(self.root)
        if not only and (root / REQUIREMENTS).is_dir():
            check_lock(root, self.lanes[0])
        examples = load_examples(root, only)
        check_inventory(root, examples, every_lane, others=not only)
        quarantine = load_quarantine(root)
        asked = quarantine.of(examples) if only else quarantine
        check_quarantine(root, asked, examples, every_lane, day)
        fences = [] if only else take_census(root / DOCS)
        if part:
            share = part.share(root, examples, fences, balance)
            examples, fences, self.shard = share.examples, share.fences, share.shard
        started = time.monotonic()
        sources = load_sources(root, examples)
        offline = [fence for fence in fences if fence.language in PYTHON]
        with Aside(root) as aside:
            if not update:
                self._begin_notebooks(aside, sources)
            self._verify_examples(examples, quarantine, update=update, tell_each=bool(only))
            check_fences(fences)
            self._verify_fences(offline)
            # A notebook is the code of its example once more, in a kernel: where that fails, it says nothing new.
            made = [source for source in sources if source.example.id not in self.failing]
            self._take_notebooks(aside, made, update=update)
        took = time.monotonic() - started
        done = [result for *_, result in self.results if result.verdict in {"passes", "fails_as_shown"}]
        client = self.lanes[0].client
        if self.problems:
            err.print(f"[red]{len(self.problems)} of {len(self.problems) + len(done)} failed[/] with {client}")
            raise typer.Exit(1)
        failing = sum(result.verdict == "fails_as_shown" for result in done)
        held = sum(result.verdict == "quarantined" for *_, result in self.results)
        said = (
            f"[green]verified[/] {len(done)} results of {len(examples)} examples"
            + (f" and {len(offline)} fences" if offline else "")
            + (f", and {len(made)} notebooks" if made else "")
            + f" with {client} in {{took}}"
            + (f", {failing} of them fail just as their pages show" if failing else "")
            + (f"; [yellow]{held} in quarantine, not verified[/]" if held else "")
        )
        before = f"; {self.before} hold from an earlier run" if self.before else ""
        out.print(said.format(took=f"{took:.1f} s") + before)
        return said.format(took="0 s")

    def documents(self) -> dict[str, str]:
        """The evidence and the times of the runs, as they are written."""
        from verified_docs.durations import Durations
        from verified_docs.evidence import gather

        evidence = gather(self.root, self.lanes, self.results, self.proven).model_copy(update={"shard": self.shard})
        durations = Durations(examples=self.seconds, fences=self.fences)
        return {"evidence": evidence.to_json(), "durations": durations.to_json()}

    def _find(self, name: str, parts: dict[str, str]) -> Any:
        value = self.store.find(name, parts)
        if value is not None:
            self.before += 1
        elif self.why:
            out.print(f"runs: {escape(name)}, because {escape(self.store.why(name, parts))}")
        return value

    def _verify_examples(
        self, examples: Sequence[Example], quarantine: Quarantine, *, update: bool, tell_each: bool
    ) -> None:
        from verified_docs.evidence import Result
        from verified_docs.verify import verify_lanes

        asked: dict[tuple[str, str], dict[str, str]] = {}
        known: dict[tuple[str, str], float] = {}

        def find(one: Example, lane: Lane) -> Result | None:
            name, parts = self.store.of_example(one, lane)
            asked[one.id, lane.id] = parts
            if (value := self._find(name, parts)) is None:
                return None
            known[one.id, lane.id] = value["seconds"]
            return Result.model_validate(value["result"])

        started = time.monotonic()
        for one, lane, outcome in verify_lanes(
            examples, self.lanes, self.root, self.adapter, update=update, known=find
        ):
            _loaded()
            key, name = (one.id, lane.id), f"{one.id} in {lane}"
            took = known.get(key, round(time.monotonic() - started, 3))
            started = time.monotonic()
            self.seconds.setdefault(one.sha256, {})[lane.id] = took
            if isinstance(outcome, Problem):
                self.store.drop(name)
            elif key in asked and key not in known:
                value = outcome.model_dump(mode="json", exclude_none=True)
                self.store.keep(name, asked[key], {"result": value, "seconds": took})
            counted, held = quarantine.settle(self.root, one, lane, outcome)
            if held:
                _tell_held(held, lane, outcome)
                self.held.add(one.id)
            elif isinstance(outcome, Problem):
                self.problems.append(outcome)
                self.failing.add(one.id)
                tell(outcome)
            if isinstance(counted, Problem):
                continue
            self.results.append((one, lane, counted))
            if tell_each and not held:
                out.print(f"[green]✓[/] {one.id} in {lane}: {counted.verdict.replace('_', ' ')}")

    def _verify_fences(self, fences: Iterable[Fence]) -> None:
        from verified_docs.verify import verify_fence

        for fence in fences:
            name = f"the fence {fence.sha256[:8]} of {fence.page.relative_to(self.root).as_posix()}"
            parts = {"the fence": fence.sha256}
            seconds = self._find(name, parts)
            started = time.monotonic()
            try:
                if seconds is None:
                    verify_fence(fence, self.root, self.adapter)
                    seconds = round(time.monotonic() - started, 3)
                    self.store.keep(name, parts, seconds)
            except Problem as problem:
                self.store.drop(name)
                self.problems.append(problem)
                tell(problem)
                continue
            self.fences[fence.sha256] = seconds
            self.proven.append(fence)

    def _begin_notebooks(self, aside: Aside, sources: Iterable[Source]) -> None:
        from verified_docs.inventory import recorded_lanes

        for source in sources:
            lanes = recorded_lanes(self.root, source.example, self.lanes)
            name, parts = self.store.of_notebook(source, lanes)
            if self._find(name, parts) is None:
                self.notebooks[source.path] = parts
                aside.begin(source, lanes)

    def _take_notebooks(self, aside: Aside, sources: Iterable[Source], *, update: bool) -> None:
        from verified_docs.inventory import recorded_lanes
        from verified_docs.notebooks.document import proven_blocks, verify_notebook
        from verified_docs.notebooks.source import notebook_path

        for source in sources:
            lanes = [] if source.example.id in self.held else recorded_lanes(self.root, source.example, self.lanes)
            name, _ = self.store.of_notebook(source, lanes)
            try:
                if update:
                    self.proven += verify_notebook(source, lanes, self.root, update=True)
                elif not lanes or source.path not in self.notebooks:
                    self.proven += proven_blocks(notebook_path(self.root, source.path))
                else:
                    self.proven += aside.proven(source)
                    self.store.keep(name, self.notebooks[source.path], True)
            except Problem as problem:
                self.store.drop(name)
                self.problems.append(problem)
                tell(problem)


def _loaded() -> None:
    """What is loaded stays: nobody has to look for garbage in it."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _tell_held(held: Entry, lane: Lane, outcome: Result | Problem) -> None:
    """Tells what an example in quarantine did, which fails nothing."""
    why = escape(f"until {held.until}, by {held.owner}, because: {held.reason}")
    err.print(f"[yellow]in quarantine[/] {escape(f'{held.example} in {lane}')}, {why}")
    if isinstance(outcome, Problem):
        tell(outcome)
    else:
        fix = f"if it does so in every lane of its entry, {held.remove}"
        err.print(f"[yellow]it does what its page shows[/]: take it out\n    fix: {escape(fix)}")
