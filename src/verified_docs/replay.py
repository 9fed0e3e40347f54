"""Runs an example against its cassette, strictly, and says what it proves or what is wrong."""

from __future__ import annotations

import contextlib
import copy
import difflib
import hashlib
import importlib.abc
import inspect
import json
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any
from urllib.parse import urlsplit

import vcr.patch
from pytest_examples import CodeExample
from pytest_examples.config import ExamplesConfig
from pytest_examples.run_code import Arg, InsertPrintStatements, run_code
from vcr.cassette import Cassette as Tape
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.record_mode import RecordMode
from vcr.request import Request

from verified_docs.adapter import Adapter
from verified_docs.cassette import (
    Cassette,
    Echo,
    Failure,
    Fingerprint,
    Interaction,
    cassette_path,
    load_cassette,
)
from verified_docs.evidence import Result
from verified_docs.census import Fence
from verified_docs.example import Example, Metadata, load_example
from verified_docs.isolation import isolated, no_network
from verified_docs.lane import Lane
from verified_docs.problem import Problem, shown

CACHE = Path("build") / "cache"
_MOST_ROWS = 30


class Unrecorded(CannotOverwriteExistingCassetteException):
    """The example sent a request that the recording does not have at this place."""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)


@dataclass(frozen=True)
class _Miss:
    """A request that was not recorded, and the recorded request that stood at its place."""

    sent: str
    why: str
    line: int | None


class StrictTape(Tape):
    """A vcrpy cassette that answers each request once, in order per path, and never reaches a server.

    A request has to agree with the next unplayed interaction of the same method and path in scheme, host, port,
    query, credential and body. It answers or refuses under a lock, so that the client may use threads.
    """

    def __init__(self, cassette: Cassette, adapter: Adapter, script: Path) -> None:
        super().__init__(path=str(cassette.path), record_mode=RecordMode.NONE)
        self.interactions = cassette.interactions
        self.misses: list[_Miss] = []
        self._adapter = adapter
        self._script = str(script)
        self._played: set[int] = set()
        self._uploads: dict[int, bytes] = {}
        self._answering = threading.Lock()

    def unplayed(self) -> list[int]:
        """The numbers of the interactions that no request asked for."""
        return [number for number in range(len(self.interactions)) if number not in self._played]

    def can_play_response_for(self, request: Request) -> bool:
        """Always: vcrpy then never connects, and `play_response` alone decides."""
        return True

    def play_response(self, request: Request) -> dict[str, Any]:
        """Answers one request.

        Raises:
            Unrecorded: The recording does not have it here. The miss is kept, should the client swallow this.
        """
        with self._answering:
            number, why = self._find(request)
            if number is None:
                sent = f"{request.method} {request.path}{_query_text(request.uri)}"
                self.misses.append(_Miss(sent, why, _current_line(self._script)))
                raise Unrecorded(f"{sent}\n{why}")
            self._played.add(number)
            interaction = self.interactions[number]
            if isinstance(interaction.body, Fingerprint):
                self._uploads[number] = _body_bytes(request)
            return {
                "status": {"code": interaction.status, "message": interaction.reason},
                "headers": {name: [value] for name, value in interaction.answer_headers.items()},
                "body": {"string": self._content(interaction)},
            }

    def _content(self, interaction: Interaction) -> bytes:
        answer = interaction.answer
        if isinstance(answer, Echo):
            return self._uploads[answer.index]
        return answer.encode() if isinstance(answer, str) else answer

    def _find(self, request: Request) -> tuple[int | None, str]:
        same_path = [
            number
            for number in self.unplayed()
            if self.interactions[number].method == request.method
            and self.interactions[number].path == urlsplit(request.uri).path
        ]
        if not same_path:
            played = sum(
                interaction.method == request.method and interaction.path == urlsplit(request.uri).path
                for interaction in self.interactions
            )
            if played:
                return None, f"the recording has it {played} time{'s' if played > 1 else ''}, all answered already"
            near = difflib.get_close_matches(
                f"{request.method} {request.path}", map(str, self.interactions), n=1, cutoff=0.6
            )
            return None, "the recording has no such request" + (f"; the nearest is {near[0]}" if near else "")
        number = same_path[0]
        difference = self._difference(request, self.interactions[number])
        if difference:
            return None, f"interaction {number} of the recording differs:\n{difference}"
        if isinstance(self.interactions[number].answer, Echo):
            upload = self.interactions[number].answer
            assert isinstance(upload, Echo)
            if upload.index not in self._uploads:
                return None, f"interaction {number} gives back the file of interaction {upload.index}, not sent yet"
        return number, ""

    def _difference(self, request: Request, recorded: Interaction) -> str:
        sent, known = urlsplit(request.uri), urlsplit(recorded.uri)
        for what, now, then in (
            ("address", (sent.scheme, sent.hostname, sent.port), (known.scheme, known.hostname, known.port)),
            ("query", _query(request.uri), recorded.query),
            ("credential", self._credential(request.headers), self._credential(recorded.headers)),
        ):
            if now != then:
                return f"{what}\n{_diff(_rows(then), _rows(now))}"
        return self._body_difference(_body_bytes(request), str(request.headers.get("Content-Type", "")), recorded.body)

    def _credential(self, headers: Any) -> list[str]:
        return sorted(
            f"{name.lower()}: {value}"
            for name, value in headers.items()
            if name.lower() in self._adapter.credential_headers
        )

    def _body_difference(self, content: bytes, content_type: str, recorded: str | Fingerprint | None) -> str:
        if isinstance(recorded, Fingerprint):
            if not recorded.exact:
                return "" if content else "body\n-(a file)\n+(nothing)"
            now = Fingerprint.of(content, exact=True)
            return "" if now == recorded else f"body\n{_diff([str(recorded)], [str(now)])}"
        if recorded is None or not content:
            then = "(nothing)" if recorded is None else recorded
            return "" if recorded is None and not content else f"body\n{_diff([then], [_decoded(content)])}"
        if "json" in content_type:
            try:
                now_body = self._adapter.comparable(json.loads(content))
                then_body = self._adapter.comparable(json.loads(recorded))
            except ValueError:
                pass
            else:
                return "" if now_body == then_body else f"body\n{_diff(_rows(then_body), _rows(now_body))}"
        return "" if content == recorded.encode() else f"body\n{_diff(recorded.splitlines(), _decoded(content).splitlines())}"

    def _save(self, force: bool = False) -> None:
        """Never: a replay does not write."""


@dataclass
class _Run:
    """What happened while an example ran."""

    printed: list[tuple[int, str]] = field(default_factory=list)
    error: BaseException | None = None
    error_line: int | None = None
    prints: InsertPrintStatements | None = None
    noise: str = ""
    blocked: list[str] = field(default_factory=list)


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
        raise Problem(
            root / "requirements" / f"{lane.environment}.txt",
            None,
            f"this environment has {adapter.client} {adapter.client_version()}, but the lane {lane} needs {lane.client}",
            "make setup",
            kind="client",
        )
    path = cassette_path(root, lane, example.id)
    from_disk = cassette is None
    before = _digest(path) if from_disk else ""
    if cassette is None:
        cassette = load_cassette(path)
    _check_provenance(cassette, lane, adapter, example)
    tape = StrictTape(cassette, adapter, example.path)
    run = _execute(example, tape, root, adapter)
    if from_disk and _digest(path) != before:
        raise Problem(path, None, "the run changed its cassette", f"git checkout -- {shown(path)}", kind="written")
    _check_requests(example, cassette, tape, run, check)
    failure = _check_ending(example, lane, cassette, run, check)
    _check_output(example, lane, run, check, update=update and failure is None)
    # Only now: a missing request is the cause, and what was never sent its consequence.
    _check_unplayed(example, cassette, tape, check)
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
        cassette_sha256=hashlib.sha256(cassette.text.encode()).hexdigest(),
    )


def _check_provenance(cassette: Cassette, lane: Lane, adapter: Adapter, example: Example) -> None:
    provenance = cassette.provenance
    server = f"{provenance.server.name} {provenance.server.version}"
    client = f"{provenance.client.name} {provenance.client.version}"
    if not server.startswith(f"{lane.server}.") or client != lane.client:
        raise Problem(
            cassette.path,
            1,
            f"the cassette was recorded from {server} with {client}, but stands in the lane {lane}",
            f"verified-docs import FOLDER --only {example.id}",
            kind="provenance",
        )


def _execute(example: Example, tape: StrictTape, root: Path, adapter: Adapter) -> _Run:
    run = _Run()
    environment = adapter.environment(example)
    with isolated(environment, example.path.name, root / CACHE) as noise, no_network() as blocked:
        with adapter.restored(), _threads_may_connect(), _use(tape):
            _run_source(example, run)
        run.blocked = list(blocked)
    run.noise = noise.getvalue()
    return run


@contextlib.contextmanager
def _use(tape: StrictTape) -> Iterator[None]:
    from vcr.cassette import CassetteContextDecorator

    class Loaded:
        @staticmethod
        def load(**_: Any) -> StrictTape:
            return tape

    with CassetteContextDecorator.from_args(Loaded, path=tape.path):
        yield


@contextlib.contextmanager
def _threads_may_connect() -> Iterator[None]:
    """Keeps vcrpy from lifting its patches for all threads while one of them makes a connection.

    Without this, MLflow's parallel downloads reach for the real network now and then.
    """
    original = vcr.patch.force_reset
    vcr.patch.force_reset = contextlib.nullcontext
    try:
        yield
    finally:
        vcr.patch.force_reset = original


def _run_source(example: Example, run: _Run) -> None:
    file = str(example.path)

    class Source(importlib.abc.Loader):
        def create_module(self, spec: Any) -> ModuleType | None:
            return None

        def exec_module(self, module: ModuleType) -> None:
            try:
                exec(compile(example.source, file, "exec"), module.__dict__)
            except BaseException as error:
                # Here the traceback still has all frames; pytest-examples keeps only some, and swallows an interrupt.
                run.error = error
                run.error_line = _line_of(error, file)

    def collect(path: Path, frame: inspect.FrameInfo, arguments: Sequence[Any]) -> bool:
        if frame.filename != file:
            return False
        run.printed.append((frame.lineno, " ".join(str(Arg(argument)) for argument in arguments)))
        return True

    prints, _ = run_code(
        example=as_code_example(example),
        python_file=example.path,
        loader=Source(),
        config=ExamplesConfig(line_length=100_000),
        enable_print_mock=True,
        print_callback=None,
        include_print=collect,
        module_globals=None,
        call=None,
    )
    run.prints = prints
    if isinstance(run.error, KeyboardInterrupt):
        raise run.error


def as_code_example(example: Example) -> CodeExample:
    """The example as pytest-examples sees it."""
    return CodeExample.create(example.source, path=example.path, prefix="py")


def _check_requests(example: Example, cassette: Cassette, tape: StrictTape, run: _Run, check: str) -> None:
    if tape.misses:
        first = tape.misses[0]
        swallowed = not isinstance(run.error, Unrecorded)
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


def _check_ending(example: Example, lane: Lane, cassette: Cassette, run: _Run, check: str) -> Failure | None:
    expected = example.metadata.raises_in(lane.id)
    recorded = cassette.provenance.exception
    error = run.error
    if error is None:
        if expected is not None:
            raise Problem(
                example.path,
                _line_of_text(example, "raises"),
                f"the example ends without the {expected.type} that it promises for {lane}",
                f"take the lane out of [tool.verified.raises], then {check}",
                kind="no-exception",
            )
        if recorded is not None:
            raise Problem(
                example.path,
                None,
                f"the example runs to its end, but its recording ended with {recorded.type} in {lane}",
                _change_or_record(example, check),
                recorded.message,
                kind="no-exception",
            )
        return None
    found = Failure(type=_type_name(error), message=str(error))
    if expected is None:
        raise Problem(
            example.path,
            run.error_line,
            f"the example ends with {found.type} in {lane}",
            f'correct the example, or promise it: [tool.verified.raises] "{lane.id}" = '
            f'{{ type = "{found.type}", match = "…" }}, then {check}',
            found.message + "\n" + "".join(traceback.format_exception(error)[-3:]),
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
            _line_of_text(example, "match"),
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
            _diff([then], [f"{found.type}: {found.message}"]),
            kind="message",
        )
    return found


def _check_output(example: Example, lane: Lane, run: _Run, check: str, *, update: bool) -> None:
    only_here = example.metadata.output.get(lane.id)
    if only_here is not None or run.error is not None:
        promised = (only_here or "").strip("\n").splitlines()
        printed = [row.rstrip() for _, text in run.printed for row in text.splitlines() or [""]]
        if promised != printed:
            raise Problem(
                example.path,
                _line_of_text(example, "output"),
                f"in {lane} the example prints something else than it promises",
                f'correct [tool.verified.output] "{lane.id}" = {json.dumps("\n".join(printed), ensure_ascii=False)}, '
                f"then {check}",
                _diff(promised, printed),
                kind="output",
            )
        return
    by_line = sorted(run.printed, key=lambda entry: entry[0])
    printed_rows = [(line, row.rstrip()) for line, text in by_line for row in text.split("\n")]
    promised_rows = example.expected
    assert run.prints is not None
    rewritten = run.prints.updated_print_statements(as_code_example(example))
    if [row for _, row in printed_rows] == [row.text for row in promised_rows] and rewritten is None:
        return
    if update and rewritten is not None:
        example.path.write_text(rewritten, "utf-8")
        return
    line = next(
        (line for (line, row), promise in zip(printed_rows, promised_rows, strict=False) if row != promise.text),
        (promised_rows[len(printed_rows) :] or [None])[0].line  # type: ignore[union-attr]
        if len(promised_rows) > len(printed_rows)
        else (printed_rows[len(promised_rows) :] or [(1, "")])[0][0],
    )
    raise Problem(
        example.path,
        line,
        f"in {lane} the example prints something else than its `#>` comments promise",
        f"make update EX={example.id}, and read the difference",
        _diff([row.text for row in promised_rows], [row for _, row in printed_rows]),
        kind="output",
    )


def _check_unplayed(example: Example, cassette: Cassette, tape: StrictTape, check: str) -> None:
    left = tape.unplayed()
    if left:
        more = f"; {len(left) - 1} more after it" if len(left) > 1 else ""
        rows = cassette.text.splitlines()
        starts = [number for number, row in enumerate(rows, start=1) if row.startswith("- request:")]
        raise Problem(
            cassette.path,
            starts[left[0]],
            f"{shown(example.path)} never sends {cassette.interactions[left[0]]} (interaction {left[0]}){more}",
            _change_or_record(example, check),
            kind="unplayed",
        )


def _change_or_record(example: Example, check: str) -> str:
    return (
        f"{check} after changing the example back, or bring a new recording: "
        f"verified-docs import FOLDER --only {example.id}"
    )


def _type_name(error: BaseException) -> str:
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _line_of(error: BaseException, file: str) -> int | None:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None


def _current_line(file: str) -> int | None:
    """The line of the example that is running now, also when a thread of the client asks."""
    frame: FrameType | None = sys._getframe()
    for start in (frame, sys._current_frames().get(threading.main_thread().ident or 0)):
        frame = start
        while frame is not None:
            if frame.f_code.co_filename == file:
                return frame.f_lineno
            frame = frame.f_back
    return None


def _line_of_text(example: Example, word: str) -> int:
    rows = example.source.splitlines()
    return next((n for n, row in enumerate(rows, start=1) if row.startswith("#") and word in row), 1)


def _query(uri: str) -> list[tuple[str, str]]:
    return Interaction("GET", uri, {}, None, 0, "", {}, "").query


def _query_text(uri: str) -> str:
    query = urlsplit(uri).query
    return f"?{query}" if query else ""


def _body_bytes(request: Request) -> bytes:
    content = copy.copy(request.body_bytes)
    if content is None:
        return b""
    return content.encode() if isinstance(content, str) else bytes(content)


def _decoded(content: bytes) -> str:
    if not content:
        return "(nothing)"
    try:
        return content.decode()
    except UnicodeDecodeError:
        return str(Fingerprint.of(content, exact=True))


def _rows(value: Any) -> list[str]:
    return value if isinstance(value, list) and all(isinstance(row, str) for row in value) else json.dumps(
        value, indent=1, ensure_ascii=False, default=str
    ).splitlines()


def _diff(then: list[str], now: list[str]) -> str:
    """The changed rows with a little around them: `-` as recorded or promised, `+` as it is now."""
    rows = [row for row in difflib.unified_diff(then, now, lineterm="", n=1) if not row.startswith(("---", "+++", "@@"))]
    return "\n".join(rows[:_MOST_ROWS] + ["…"] * (len(rows) > _MOST_ROWS))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def verify_lanes(
    examples: Sequence[Example],
    lanes: Sequence[Lane],
    root: Path,
    adapter: Adapter,
    *,
    update: bool = False,
) -> Iterator[tuple[Example, Lane, Result | Problem]]:
    """Verifies examples in several lanes of one client, in the order given.

    Args:
        examples: The examples to run.
        lanes: The lanes of the installed client.
        root: The project's folder.
        adapter: Knowledge of server and client.
        update: Rewrite promised output that is wrong.

    Yields:
        Example, lane, and the result or what is wrong; a lane without cassette gives `not_recorded`.
    """
    for example in examples:
        current = example
        for lane in lanes:
            if not cassette_path(root, lane, example.id).exists():
                yield current, lane, Result(verdict="not_recorded")
                continue
            try:
                outcome: Result | Problem = verify(current, lane, root, adapter, update=update)
            except Problem as problem:
                outcome = problem
            yield current, lane, outcome
            if update:
                current = load_example(example.path, root)


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
    run = _Run()
    with isolated({}, fence.page.name, root / CACHE) as noise, no_network() as blocked:
        with adapter.restored():
            _run_source(example, run)
        run.blocked = list(blocked)
    run.noise = noise.getvalue()
    try:
        if run.blocked:
            raise Problem(
                fence.page,
                run.error_line,
                f"the fence talks to a server: {run.blocked[0]}",
                "move it to examples/ and include it, so that it is recorded",
                kind="network",
            )
        if run.error is not None:
            raise Problem(
                fence.page,
                run.error_line,
                f"the fence ends with {_type_name(run.error)}: {run.error}",
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
