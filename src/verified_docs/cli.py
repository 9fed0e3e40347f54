"""The `verified-docs` command: import recordings, verify examples, write the pages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from verified_docs.problem import Problem, Problems, shown

if TYPE_CHECKING:
    from verified_docs.evidence import Result
    from verified_docs.example import Example
    from verified_docs.lane import Lane

app = typer.Typer(
    name="verified-docs",
    help="Keeps documentation true: examples are replayed against recordings of real servers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)
_MOST_CHANGES = 40
Root = Annotated[Path, typer.Option("--root", help="The project's folder.", show_default="this folder")]


@contextmanager
def told() -> Iterator[None]:
    """Tells a person what is wrong in their own words, never with a traceback."""
    try:
        yield
    except (Problem, Problems) as error:
        found = error.found if isinstance(error, Problems) else [error]
        for problem in found:
            _tell(problem)
        raise typer.Exit(2 if any(problem.kind == "usage" for problem in found) else 1) from None
    except OSError as error:
        path = Path(error.filename or ".")
        _tell(Problem(path, None, f"{error.strerror or error}", "look at its path and its rights, then try again"))
        raise typer.Exit(1) from None


def _tell(problem: Problem) -> None:
    first, _, rest = str(problem).partition("\n")
    where, _, what = first.partition(": ")
    _err.print(f"[bold]{escape(where)}[/]: [red]{escape(what)}[/]\n{escape(rest)}")


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(help="Holds <lane>/<area>/<name>.yaml with a .json beside each.")],
    only: Annotated[list[str] | None, typer.Option(help="An area or area/name; may be repeated.")] = None,
    root: Root = Path(),
) -> None:
    """Turn raw vcrpy recordings into cassettes.

    Headers are kept by an allow-list, ids and times become stable, and a recording that holds a secret is refused.
    Importing twice gives identical files.
    """
    with told():
        from verified_docs.gitlab_mlflow import GitLabMLflow
        from verified_docs.lane import load_lanes
        from verified_docs.recording import find_recordings, import_recordings

        root = root.resolve()
        lanes = load_lanes(root)
        recordings = find_recordings(folder, lanes, only or ())
        written = import_recordings(root, recordings, GitLabMLflow(), find_recordings(folder, lanes))
        size = sum(path.stat().st_size for path in written)
        _out.print(f"[green]imported[/] {len(written)} recordings, {size / 1e6:.2f} MB")


@app.command()
def verify(
    example: Annotated[str | None, typer.Argument(help="An example, such as tracking/log_first_run.")] = None,
    update: Annotated[bool, typer.Option("--update", help="Rewrite `#>` comments that are wrong.")] = False,
    evidence: Annotated[Path | None, typer.Option(help="Where to write what was proven.")] = None,
    root: Root = Path(),
) -> None:
    """Replay examples in the lanes of the client that is installed here."""
    from verified_docs.isolation import no_network

    # Also around what a run leaves behind, such as a thread that goes on.
    with told(), no_network(programs=False):
        from verified_docs.census import DOCS, PYTHON, check_fences, take_census
        from verified_docs.evidence import gather, write_evidence
        from verified_docs.example import choose_examples, load_examples
        from verified_docs.gitlab_mlflow import GitLabMLflow
        from verified_docs.inventory import check_inventory
        from verified_docs.lane import load_lanes
        from verified_docs.verify import verify_fence, verify_lanes

        root = root.resolve()
        if example and evidence:
            raise Problem(
                evidence,
                None,
                "evidence of one example would pass for all",
                "leave out one of the two",
                kind="evidence",
            )
        adapter = GitLabMLflow()
        every_lane = load_lanes(root)
        lanes = [lane for lane in every_lane if lane.client_version == adapter.client_version()]
        if not lanes:
            raise Problem(
                root / "pyproject.toml",
                None,
                f"no lane has {adapter.client} {adapter.client_version()}, which is installed here",
                "make setup",
                kind="client",
            )
        if evidence:
            evidence.unlink(missing_ok=True)
        every_example = load_examples(root)
        check_inventory(root, every_example, every_lane)
        chosen = choose_examples(root, every_example, example) if example else every_example
        started = time.monotonic()
        found: list[Problem] = []
        results: list[tuple[Example, Lane, Result]] = []
        for one, lane, outcome in verify_lanes(chosen, lanes, root, adapter, update=update):
            if isinstance(outcome, Problem):
                found.append(outcome)
                _tell(outcome)
                continue
            results.append((one, lane, outcome))
            if example:
                _out.print(f"[green]✓[/] {one.id} in {lane}: {outcome.verdict.replace('_', ' ')}")
        fences = [] if example else take_census(root / DOCS)
        check_fences(fences)
        offline = [fence for fence in fences if fence.language in PYTHON]
        for fence in offline:
            try:
                verify_fence(fence, root, adapter)
            except Problem as problem:
                found.append(problem)
                _tell(problem)
        took = time.monotonic() - started
        done = [result for _, _, result in results if result.verdict != "not_recorded"]
        failing = sum(result.verdict == "fails_as_shown" for result in done)
        if found:
            _err.print(f"[red]{len(found)} of {len(found) + len(done)} failed[/] with {lanes[0].client}")
            raise typer.Exit(1)
        _out.print(
            f"[green]verified[/] {len(done)} results of {len(chosen)} examples"
            + (f" and {len(offline)} fences" if offline else "")
            + f" with {lanes[0].client} in {took:.1f} s"
            + (f", {failing} of them fail just as their pages show" if failing else "")
        )
        if evidence:
            write_evidence(evidence, gather(root, lanes, results, offline))


@app.command()
def publish(
    parts: Annotated[list[Path], typer.Argument(help="The evidence of each environment.")],
    into: Annotated[Path, typer.Option(help="The folder below the root that MkDocs renders; it is made anew.")] = Path(
        "build/docs"
    ),
    root: Root = Path(),
) -> None:
    """Write the pages: plain Markdown and JSON, with code, output and proof of every example."""
    with told():
        from verified_docs.evidence import load_evidence, merge
        from verified_docs.lane import load_lanes
        from verified_docs.publish import publish_pages

        root = root.resolve()
        merged = merge([load_evidence(part) for part in parts], load_lanes(root), parts[0].parent)
        pages = publish_pages(root, merged, into)
        _out.print(f"[green]wrote[/] {pages} pages to {shown(root / into)}")


@app.command()
def census(root: Root = Path()) -> None:
    """Count every code fence of the pages, by language, and check that each is accounted for."""
    with told():
        from verified_docs.census import DOCS, check_fences, take_census

        fences = take_census(root.resolve() / DOCS)
        counts = check_fences(fences)
        for language, number in sorted(counts.items()):
            _out.print(f"{number:4} {escape(language)}")
        _out.print(f"[green]{len(fences)} fences[/], each accounted for")


@app.command()
def drift(
    old: Annotated[Path | None, typer.Argument(help="The committed recordings, such as cassettes.")] = None,
    new: Annotated[Path | None, typer.Argument(help="The recordings that were made just now.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="A lane, an area or area/name; may be repeated.")] = None,
    evidence: Annotated[
        list[Path] | None,
        typer.Option(help="What was proven of the old ones; may be repeated.", show_default="build/evidence/*.json"),
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Where to write the summary for a merge request.")] = None,
    json: Annotated[Path | None, typer.Option(help="Where to write everything, for a program.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail at a warning, and at output nobody compared.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the report.")] = False,
) -> None:
    """Compare new recordings with the committed ones, and say how much each difference matters.

    Exit codes: 0 nothing that breaks an example, 1 an error (with --strict also a warning), 2 nothing to compare.
    """
    with told():
        from verified_docs.drift_markdown import WORDS
        from verified_docs.drift_markdown import markdown as summary
        from verified_docs.drift_report import compare_folders, json_schema
        from verified_docs.gitlab_mlflow import GitLabMLflow
        from verified_docs.whole import write_whole

        if schema:
            print(json_schema(), end="")
            return
        if old is None or new is None:
            what = "two folders are needed to compare"
            raise Problem(old or Path(), None, what, "verified-docs drift cassettes build/scratch", kind="usage")
        report = compare_folders(old, new, GitLabMLflow(), only=only or (), evidence=evidence or ())
        if markdown:
            write_whole(markdown, summary(report))
        if json:
            write_whole(json, report.to_json())
        for one in report.changes[:_MOST_CHANGES]:
            where = " ".join(filter(None, (one.route, one.pointer)))
            values = " → ".join("nothing" if text is None else text for text in (one.before, one.after))
            seen = f"{one.recordings} recordings, such as {one.example}"
            shown_values = "" if one.before is None and one.after is None else values
            _out.print(f"[bold]{one.tier:7}[/] {escape(f'{WORDS[one.kind]}: {where} {shown_values} ({seen})')}")
        if (more := len(report.changes) - _MOST_CHANGES) > 0:
            _out.print(f"{more} more; --markdown FILE and --json FILE tell them")
        if missing := report.recordings - report.outputs_compared:
            _out.print(f"printed output was not compared in {missing} of {report.recordings} recordings")
        fails = report.fails(strict=strict)
        _out.print(f"[{'red' if fails else 'green'}]{escape(report.headline())}[/]")
        if fails:
            raise typer.Exit(1)


@app.command()
def freshness(
    today: Annotated[str | None, typer.Option(help="The day that counts as today.", show_default="the clock's")] = None,
    max_days: Annotated[
        int | None, typer.Option(min=1, help="How old a recording may be.", show_default="what the project promises")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the ages for a program.")] = False,
    badge: Annotated[Path | None, typer.Option(help="Where to write a badge for shields.io, as JSON.")] = None,
    root: Root = Path(),
) -> None:
    """Say how old the recordings are, and fail if one is older than promised.

    For a scheduled job: neither `verify` nor the tests look at the age of a recording.
    """
    with told():
        from verified_docs import freshness as age
        from verified_docs.day import today as day
        from verified_docs.lane import load_lanes
        from verified_docs.whole import write_whole

        root = root.resolve()
        lanes = load_lanes(root)
        promised = {lane.id: max_days for lane in lanes} if max_days else age.promises(root)
        ages = age.freshness(root, age.recorded_days(root, lanes), promised, day(today))
        if badge:
            write_whole(badge, ages.badge())
        if json:
            print(ages.to_json(), end="")
        else:
            for line in age.told(ages, root):
                _out.print(escape(line))
        if ages.old:
            fix = "record again, then verified-docs drift"
            _err.print(f"[red]{len(ages.old)} recordings are older than promised[/] on {ages.today}\nfix: {fix}")
            raise typer.Exit(1)
