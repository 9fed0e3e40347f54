"""The command that records examples against a GitLab of yours."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from verified_docs.problem import Problem, shown
from verified_docs.terminal import Root, told
from verified_docs.terminal import err as _err
from verified_docs.terminal import out as _out

if TYPE_CHECKING:
    from verified_docs.lane import Lane
    from verified_docs.record import Outcome
    from verified_docs.recording import Recording

INTERRUPTED = 130
_COLORS = {"recorded": "green", "unchanged": "green", "changed": "yellow", "skipped": "yellow", "failed": "red"}
_WORDS = {"changed": "changed (drift)"}


def record(
    examples: Annotated[list[str] | None, typer.Argument(help="Examples, such as tracking/log_first_run.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="An area or area/name; may be repeated.")] = None,
    lane: Annotated[list[str] | None, typer.Option(help="A lane, such as gitlab-19.3/mlflow-3; may be repeated.")] = (
        None
    ),
    source: Annotated[
        Path | None, typer.Option("--from", help="Import a raw recording, or a folder of them, instead.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Write cassettes/ and outputs.json there, for `verified-docs drift`.")
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            envvar="RECORD_GROUP",
            help="Path of the group to make projects in.",
            show_default="the namespace of the token's owner",
        ),
    ] = None,
    project: Annotated[
        int | None, typer.Option(help="Use this existing project, with tokens from variables, none an Owner's.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Start over instead of going on where a run stopped.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Put a recording in place that breaks the example's promise.")
    ] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Put a recording in place that says the same, for its date.")
    ] = False,
    root: Root = Path(),
) -> None:
    """Record examples against your GitLab: GITLAB_URL, and GITLAB_TOKEN of somebody who may make projects.

    Each example gets a private project that is removed afterwards, and tokens of the least role that it names. Nothing
    is replaced before its new recording was scrubbed, scanned and replayed. A run that was interrupted goes on.

    Exit codes: 0 all recorded, 1 an example failed or was skipped or the server is gone, 130 interrupted.
    """
    root = root.resolve()
    names = [*(examples or []), *(only or [])]
    with told(), _gone_told(), _interruptible():
        if source is not None:
            _imported(root, source, names)
        else:
            _recorded(root, names, lane or [], into, group, project, again=again, accept=accept, refresh=refresh)


@contextmanager
def _gone_told() -> Iterator[None]:
    """Tells that the server does not answer any more; what was recorded before stays recorded."""
    from verified_docs.adapter import ServerGone

    try:
        yield
    except (ServerGone, Problem) as error:
        if _interrupted(error):
            _err.print("[yellow]interrupted[/]; the next run removes the scratch project that is left, and goes on")
            raise typer.Exit(INTERRUPTED) from None
        if isinstance(error, Problem):
            raise
        _err.print(f"[red]{escape(str(error))}[/]\n    fix: run the same command again, it goes on where it stopped")
        raise typer.Exit(1) from None


def _interrupted(error: BaseException | None) -> bool:
    """Whether an error came up while an interrupted run was cleaned up."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def _interruptible() -> Iterator[None]:
    """Lets a run that is told to end clean up behind itself, as one that is interrupted."""

    def end(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        _err.print("[yellow]interrupted[/]; run the same command again, it goes on where it stopped")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _recorded(
    root: Path,
    names: list[str],
    lanes_wanted: list[str],
    into: Path | None,
    group: str | None,
    project: int | None,
    *,
    again: bool,
    accept: bool,
    refresh: bool,
) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from verified_docs.adapter import load_adapter
    from verified_docs.example import load_examples
    from verified_docs.lane import load_lanes
    from verified_docs.logbook import Logbook
    from verified_docs.process import RECORD
    from verified_docs.record import Wishes, plan, record
    from verified_docs.workers import Workers

    lanes = load_lanes(root)
    examples = _chosen(root, load_examples(root), names)
    adapter = load_adapter(root)
    recorder = adapter.recorder(root, group, project)
    into = into.resolve() if into else None
    book = Logbook(root, into or root)
    outcomes: list[Outcome] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with book.held(), Workers(root, RECORD) as workers:
        server = recorder.server()
        for removed in recorder.leftovers(book.open):
            _out.print(f"removed {escape(removed)}, which an earlier run has left")
        book.closed(*book.open)
        items = plan(root, examples, lanes, server, lanes_wanted)
        book.begin(f"{server.name} {server.version} at {recorder.address}", again=again)
        left = [item for item in items if not book.is_done(f"{item[1].id}/{item[0].id}", item[0].sha256)]
        if len(left) < len(items):
            _out.print(f"{len(items) - len(left)} of {len(items)} are done already; --again starts over")
        with Progress(*columns, console=_err, transient=True, disable=not _err.is_terminal) as progress:
            task = progress.add_task("recording", total=len(left))
            for outcome in record(root, left, adapter, recorder, workers, book, Wishes(into, accept, refresh)):
                outcomes.append(outcome)
                progress.advance(task)
                _out.print(_line(outcome))
        if all(outcome.fine for outcome in outcomes):
            book.finished()
    bad = [outcome for outcome in outcomes if not outcome.fine]
    done = len(outcomes) - len(bad)
    _out.print(f"[{'red' if bad else 'green'}]{done} recorded[/]" + (f", {len(bad)} not" if bad else ""))
    if bad:
        raise typer.Exit(1)


def _line(outcome: Outcome) -> str:
    word = _WORDS.get(outcome.state, outcome.state)
    why = f": {outcome.why}" if outcome.why else ""
    return f"[{_COLORS[outcome.state]}]{word}[/] {escape(outcome.key)}{escape(why)}"


def _chosen(root: Path, examples: list[Any], names: list[str]) -> list[Any]:
    """The examples of some areas and names; all if nothing is named."""
    from verified_docs.example import choose

    areas = {example.id.partition("/")[0] for example in examples}
    ids = [example.id for example in examples]
    chosen = {one for name in names if name not in areas for one in choose(root, ids, name)}
    return [one for one in examples if not names or one.id in chosen or one.id.partition("/")[0] in names]


def _imported(root: Path, source: Path, names: list[str]) -> None:
    from verified_docs.adapter import load_adapter
    from verified_docs.known import load_known
    from verified_docs.lane import load_lanes
    from verified_docs.recording import find_recordings, import_recordings

    lanes = load_lanes(root)
    adapter = load_adapter(root)
    folder = source.is_dir()
    chosen = (
        find_recordings(source, lanes, names) if folder else [_one_file(source, lanes, adapter.server, adapter.client)]
    )
    others = find_recordings(source, lanes) if folder else []
    written = import_recordings(root, chosen, adapter, others, load_known(root))
    for path in written:
        _out.print(f"[green]imported[/] {escape(shown(path))}")


def _one_file(path: Path, lanes: tuple[Lane, ...], server: str, client: str) -> Recording:
    """A raw recording that stands alone: its lane and example are those of its place, or of the JSON file beside it."""
    import json

    from verified_docs.recording import Recording, key_of

    example_id = "/".join(path.resolve().with_suffix("").parts[-2:])
    place = path.resolve().parent.parent.as_posix()
    for lane in lanes:
        if place.endswith(f"/{lane.id}"):
            return Recording(lane, example_id, path, path.resolve().parents[3] / "scenarios" / f"{example_id}.py")
    beside = path.with_suffix(".json")
    try:
        about = json.loads(beside.read_text("utf-8"))
        example_id = f"{about['area']}/{about['name']}"
        version, made_with = f"{server} {about[key_of(server)]['version']}.", about[key_of(client)]
        lane = next(one for one in lanes if version.startswith(f"{one.server}.") and one.client_version == made_with)
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        what = f"nothing says in which lane {shown(path)} was recorded ({type(error).__name__})"
        fix = f"put it into <lane>/<area>/<name>.yaml, or say it in {shown(beside)}, then make import"
        raise Problem(path, None, what, fix, kind="recording") from None
    return Recording(lane, example_id, path, path.with_suffix(".py"))
