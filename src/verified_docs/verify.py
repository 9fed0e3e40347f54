"""Runs an example in a lane and checks every promise it makes; says what it proves or what is wrong."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from verified_docs.adapter import Adapter
from verified_docs.cassette import (
    Cassette,
    cassette_path,
    file_sha256,
    line_of_interaction,
    load_cassette,
)
from verified_docs.census import Fence
from verified_docs.claims import check_claims
from verified_docs.comparison import difference
from verified_docs.evidence import Result
from verified_docs.example import Example, Metadata, load_example
from verified_docs.lane import Lane
from verified_docs.problem import Problem, shown
from verified_docs.promise import Expected, refuse_unseen_output, without_promises
from verified_docs.provenance import Failure
from verified_docs.replay import StrictTape
from verified_docs.run import Run, as_code_example, came_from_a_miss, raised_in, run_example, run_offline, type_name
from verified_docs.whole import write_whole


def verify(
    example: Example,
    lane: Lane,
    root: Path,
    adapter: Adapter,
    *,
    cassette: Cassette | None = None,
    update: bool = False,
) -> Result:
    """Replays an example in a lane and checks every promise it makes.

    Args:
        example: The example to run.
        lane: The lane; its client has to be the one that is installed.
        root: The project's folder.
        adapter: Knowledge of server and client.
        cassette: The cassette to use instead of the one on disk, for checks that change it in memory.
        update: Rewrite the promised output of the example's file where only that is wrong.

    Returns:
        What the example did, in the words of its recording.

    Raises:
        Problem: A promise is broken; the first cause is named, with the command that fixes it.
    """
    check = f"make check EX={example.id}"
    if adapter.client_version() != lane.client_version:
        lock = root / "requirements" / f"{lane.environment}.txt"
        raise Problem(
            lock,
            _line_in(lock, f"{adapter.client.lower()}=="),
            f"this environment has {adapter.client} {adapter.client_version()}, the lane {lane} needs another",
            "make setup",
            kind="client",
        )
    path = cassette_path(root, lane, example.id)
    from_disk = cassette is None
    before = file_sha256(path) if from_disk else ""
    if cassette is None:
        cassette = load_cassette(path)
    check_claims(cassette, lane, adapter, example)
    run, tape = run_example(example, cassette, root, adapter)
    if from_disk and file_sha256(path) != before:
        raise Problem(path, None, "the run changed its cassette", f"git checkout -- {shown(path)}", kind="written")
    _check_requests(example, cassette, tape, run, check)
    failure = _check_ending(example, lane, cassette, run, check)
    # After the ending, which explains why nothing more was sent; before the output, which a lost request shifts.
    _check_unplayed(example, cassette, tape, check)
    _check_output(example, lane, run, check, update=update and failure is None)
    provenance = cassette.provenance
    return Result(
        verdict="passes" if failure is None else "fails_as_shown",
        output="".join(f"{text}\n" for _, text in run.printed),
        exception=failure,
        requests=len(cassette.interactions),
        recorded_at=provenance.recorded_at,
        server=provenance.server,
        client=provenance.client,
        cassette=path.relative_to(root).as_posix(),
        cassette_sha256=before or hashlib.sha256(cassette.text.encode()).hexdigest(),
    )


def _check_requests(example: Example, cassette: Cassette, tape: StrictTape, run: Run, check: str) -> None:
    if tape.misses:
        first = tape.misses[0]
        swallowed = not came_from_a_miss(run.error)
        more = len(tape.misses) - 1
        what = f"{first.sent} is not in the recording at this place"
        if swallowed:
            what += " (the client swallowed the refusal)"
        if more:
            what += f"; {more} more after it"
        raise Problem(
            example.path,
            first.line or run.error_line,
            what,
            _change_or_record(example, check),
            f"{first.why}\ncassette: {shown(cassette.path)}",
            kind="unrecorded",
        )
    if run.blocked:
        raise Problem(
            example.path,
            run.error_line,
            f"the example tried to leave the machine: {run.blocked[0]}",
            f"send requests only to the server that was recorded, then {check}",
            kind="network",
        )


def _check_ending(example: Example, lane: Lane, cassette: Cassette, run: Run, check: str) -> Failure | None:
    expected = example.metadata.raises_in(lane.id)
    recorded = cassette.provenance.exception
    error = run.error
    if error is None:
        if expected is not None:
            raise Problem(
                example.path,
                example.header_line("raises"),
                f"the example ends without the {expected.type} that it promises for {lane}",
                f"take the lane out of [tool.verified.raises], then {check}",
                kind="no-exception",
            )
        if recorded is not None:
            raise Problem(
                example.path,
                1,
                f"the example runs to its end, but its recording ended with {recorded.type} in {lane}",
                _change_or_record(example, check),
                recorded.message,
                kind="no-exception",
            )
        return None
    found = Failure(type=type_name(error), message=str(error))
    if expected is None:
        raise Problem(
            example.path,
            run.error_line,
            f"the example ends with {found.type} in {lane}",
            f'correct the example, or promise it: [tool.verified.raises] "{lane.id}" = '
            f'{{ type = "{found.type}", match = "…" }}, then {check}',
            f"{found.message}\nraised in {raised_in(error)}",
            kind="exception",
        )
    if found.type != expected.type:
        raise Problem(
            example.path,
            run.error_line,
            f"the example ends with {found.type} in {lane}, not with the {expected.type} that it promises",
            f"correct type under [tool.verified.raises], then {check}",
            found.message,
            kind="exception",
        )
    if not re.search(expected.match, found.message):
        raise Problem(
            example.path,
            example.header_line("match"),
            f"the message of {found.type} in {lane} does not match {expected.match!r}",
            f"correct match under [tool.verified.raises], then {check}",
            found.message,
            kind="message",
        )
    if recorded is None or recorded != found:
        then = "none" if recorded is None else f"{recorded.type}: {recorded.message}"
        raise Problem(
            example.path,
            run.error_line,
            f"the example ends otherwise than its recording in {lane}",
            _change_or_record(example, check),
            difference([then], [f"{found.type}: {found.message}"]),
            kind="message",
        )
    return found


def _check_output(example: Example, lane: Lane, run: Run, check: str, *, update: bool) -> None:
    only_here = example.metadata.output.get(lane.id)
    if only_here is not None or run.error is not None:
        promised = (only_here or "").strip("\n").splitlines()
        printed = [row.rstrip() for _, text in run.printed for row in text.splitlines() or [""]]
        if promised != printed:
            raise Problem(
                example.path,
                example.header_line("output"),
                f"in {lane} the example prints something else than it promises",
                f'correct [tool.verified.output] "{lane.id}" = {json.dumps("\n".join(printed), ensure_ascii=False)}, '
                f"then {check}",
                difference(promised, printed),
                kind="output",
            )
        return
    by_line = sorted(run.printed, key=lambda entry: entry[0])
    printed_rows = [(line, row.rstrip()) for line, text in by_line for row in text.split("\n")]
    promised_rows = example.expected
    assert run.prints is not None
    try:
        rewritten = run.prints.updated_print_statements(as_code_example(example))
    except (IndexError, ValueError):  # pytest-examples cannot read the block that stands after a print
        rewritten = example.source + "\n"
    if [row for _, row in printed_rows] == [row.text for row in promised_rows] and rewritten is None:
        return
    pairs = zip_longest(printed_rows, promised_rows)
    line = next((_line_of_pair(*pair) for pair in pairs if _differ(*pair)), 1)
    if update and rewritten is not None:
        _rewrite(example, rewritten, [row for _, row in printed_rows], line)
        return
    raise Problem(
        example.path,
        line,
        f"in {lane} the example prints something else than its `#>` comments promise",
        f"make update EX={example.id}, and read the difference",
        difference([row.text for row in promised_rows], [row for _, row in printed_rows]),
        kind="output",
    )


def _rewrite(example: Example, rewritten: str, printed: list[str], line: int) -> None:
    """Writes new promises into an example, if they are all that changes."""
    try:
        same = without_promises(rewritten) == without_promises(example.source)
        promised = [line.text for line in Example(example.id, example.path, rewritten, example.metadata, ()).expected]
    except SyntaxError:
        same, promised = False, []
    if not same or promised != printed:
        raise Problem(
            example.path,
            line,
            "the expected output cannot be written for you: a print stands where it cannot be followed by a comment",
            f"give each print a row of its own outside of else, finally and match, then make update EX={example.id}",
            kind="update",
        )
    write_whole(example.path, rewritten)


def _differ(printed: tuple[int, str] | None, promised: Expected | None) -> bool:
    """Whether a printed and a promised row differ, or one of them is missing."""
    return printed is None or promised is None or printed[1] != promised.text


def _line_of_pair(printed: tuple[int, str] | None, promised: Expected | None) -> int:
    """Where to look: at the print, or at the promise that nothing printed."""
    if printed is not None:
        return printed[0]
    return promised.line if promised is not None else 1


def _check_unplayed(example: Example, cassette: Cassette, tape: StrictTape, check: str) -> None:
    left = tape.unplayed()
    if left:
        more = f"; {len(left) - 1} more after it" if len(left) > 1 else ""
        raise Problem(
            cassette.path,
            line_of_interaction(cassette.text, left[0]),
            f"{shown(example.path)} never sends {cassette.interactions[left[0]]} (interaction {left[0]}){more}",
            _change_or_record(example, check),
            kind="unplayed",
        )


def _change_or_record(example: Example, check: str) -> str:
    return (
        f"change the example back, then {check}; or bring a new recording: make record EX={example.id}, "
        f"or make import FROM=FOLDER EX={example.id}"
    )


def _line_in(path: Path, start: str) -> int | None:
    rows = path.read_text("utf-8").splitlines() if path.exists() else []
    return next((number for number, row in enumerate(rows, start=1) if row.startswith(start)), None)


def verify_lanes(
    examples: Sequence[Example],
    lanes: Sequence[Lane],
    root: Path,
    adapter: Adapter,
    *,
    update: bool = False,
    known: Callable[[Example, Lane], Result | None] = lambda example, lane: None,
) -> Iterator[tuple[Example, Lane, Result | Problem]]:
    """Verifies examples in several lanes of one client, in the order given.

    Args:
        examples: The examples to run.
        lanes: The lanes of the installed client.
        root: The project's folder.
        adapter: Knowledge of server and client.
        update: Rewrite promised output that is wrong.
        known: Gives what an earlier run has found and still holds: it is not run again.

    Yields:
        Example, lane, and the result or what is wrong; a lane without cassette gives `not_recorded`.
    """
    for example in examples:
        current = example
        refused: Problem | None = None
        for lane in lanes if update else ():
            # What one lane prints is written; whether the others agree is seen below.
            if cassette_path(root, lane, example.id).exists():
                try:
                    verify(current, lane, root, adapter, update=True)
                except Problem as problem:
                    refused = problem if problem.kind == "update" else refused
                current = load_example(example.path, root)
        for lane in lanes:
            if not cassette_path(root, lane, example.id).exists():
                yield current, lane, Result(verdict="not_recorded")
                continue
            if found := known(current, lane):
                yield current, lane, found
                continue
            try:
                outcome: Result | Problem = verify(current, lane, root, adapter)
            except Problem as problem:
                # Who asked for an update wants to know why there was none.
                outcome = refused if refused and problem.kind == "output" else problem
            yield current, lane, outcome


def verify_fence(fence: Fence, root: Path, adapter: Adapter) -> None:
    """Runs a Python fence of a page, which has to do without a server.

    Args:
        fence: The fence.
        root: The project's folder.
        adapter: Knowledge of the client, whose state is restored.

    Raises:
        Problem: It fails, asks for a server, or prints something else than its `#>` comments.
    """
    metadata = Metadata(title="A fence", role="none", scope="none")
    example = Example(fence.id, fence.page, fence.content, metadata, ())
    lane = Lane("no server", f"{adapter.client} {adapter.client_version()}")
    try:
        refuse_unseen_output(fence.page, fence.content, "make site")
        run = run_offline(example, root, adapter)
        if run.blocked:
            raise Problem(
                fence.page,
                run.error_line,
                f"the fence talks to a server: {run.blocked[0]}",
                "move it to examples/ and include it, so that it is recorded: make record EX=area/name",
                kind="network",
            )
        if run.error is not None:
            raise Problem(
                fence.page,
                run.error_line,
                f"the fence ends with {type_name(run.error)}: {run.error}",
                "correct the fence, then make site",
                kind="exception",
            )
        _check_output(example, lane, run, "make site", update=False)
    except Problem as problem:
        # Inside the fence lines are counted from its first row.
        problem.line = fence.line + (problem.line or 0)
        if problem.kind == "output":
            problem.fix = "correct the `#>` comments of the fence, then make site"
        raise
