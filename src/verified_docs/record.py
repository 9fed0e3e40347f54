"""Records examples against a real server, each checked and replayed before it replaces anything."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from verified_docs import logbook
from verified_docs.adapter import Adapter, NotHere, Recorder, Scratch, ServerGone
from verified_docs.cassette import CASSETTES, Cassette, cassette_path, check_cassette, load_cassette
from verified_docs.drift import drift
from verified_docs.example import Example
from verified_docs.known import load_known
from verified_docs.lane import CONFIG, Lane
from verified_docs.leaks import CANARY, Known, find_leaks
from verified_docs.logbook import Logbook
from verified_docs.problem import Problem, shown
from verified_docs.provenance import Software
from verified_docs.recording import Recording, convert
from verified_docs.unchanged import in_order_of, settled
from verified_docs.whole import write_whole
from verified_docs.workers import Workers

OUTPUTS = "outputs.json"
OUTCOMES = "outcomes.json"
State = Literal["recorded", "unchanged", "changed", "skipped", "failed"]
# What the example promises is not what it does now: the recording itself is sound.
_BROKEN_PROMISES = frozenset({"output", "exception", "no-exception", "message"})


@dataclass(frozen=True)
class Outcome:
    """How the recording of an example in a lane came out.

    Attributes:
        key: Lane and example, as in the manifest.
        state: `recorded` for the first time, `unchanged`, `changed`, `skipped` or `failed`.
        why: What a person should know about it; never a secret.
    """

    key: str
    state: State
    why: str = ""

    @property
    def fine(self) -> bool:
        """Whether there is a recording now."""
        return self.state not in {"skipped", "failed"}


@dataclass(frozen=True)
class Wishes:
    """What a person asks for beyond the plain recording.

    Attributes:
        into: A folder that gets the cassettes instead of the project, with `outputs.json` (what each example printed)
            and `outcomes.json` (how each came out).
        accept: Put a recording in place although the example does not do any more what it promises.
        refresh: Put a recording in place although it says the same as the old one, for its date.
    """

    into: Path | None = None
    accept: bool = False
    refresh: bool = False


def plan(
    root: Path,
    examples: Sequence[Example],
    lanes: Sequence[Lane],
    server: Software,
    wanted: Sequence[str] = (),
) -> list[tuple[Example, Lane]]:
    """Which examples to record in which lanes, lane by lane.

    An example belongs to the lanes that it was recorded in; a new one to all; and in a new lane, those belong that were
    recorded with the same client elsewhere.

    Args:
        root: The project's folder.
        examples: The examples that may be recorded.
        lanes: All lanes.
        server: The server that is there.
        wanted: The ids of the lanes that were asked for; empty for all that the server fits.

    Raises:
        Problem: There is no such lane, or the server fits none of them.
    """
    chosen = [lane for lane in lanes if lane.id in wanted or not wanted]
    fitting = [lane for lane in chosen if f"{server.name} {server.version}.".startswith(f"{lane.server}.")]
    unknown = [name for name in wanted if name not in {lane.id for lane in lanes}]
    if unknown or not fitting:
        version = ".".join(server.version.split(".")[:2])
        client = lanes[-1].client
        what = f"no lane is called {unknown[0]}" if unknown else f"no lane is for {server.name} {server.version}"
        add = f'add {{ server = "{server.name} {version}", client = "{client}" }} to lanes'
        one = f"make record LANE={lanes[-1].id}, or another of {', '.join(lane.id for lane in lanes[:-1])}"
        fix = one if unknown else f"{add}, then make record; or record another server"
        raise Problem(root / CONFIG, None, what, fix, kind="lane")
    found: list[tuple[Example, Lane]] = []
    for lane in fitting:
        new = not any((root / CASSETTES / lane.id).rglob("*.yaml"))
        for example in examples:
            recorded = {other.id for other in lanes if cassette_path(root, other, example.id).exists()}
            alike = {other.id for other in lanes if other.client == lane.client}
            if not recorded or lane.id in recorded or (new and recorded & alike):
                found.append((example, lane))
    return found


def record(
    root: Path,
    items: Iterable[tuple[Example, Lane]],
    adapter: Adapter,
    recorder: Recorder,
    workers: Workers,
    book: Logbook,
    wishes: Wishes,
) -> Iterator[Outcome]:
    """Records one example after the other.

    Each gets a new place on the server, runs there in the environment of its lane, becomes a cassette, is looked
    through for secrets, replayed, compared with the old cassette and with what it promises, and only then takes its
    place. Until that moment the old one stays as it is.

    Args:
        root: The project's folder.
        items: What to record.
        adapter: Knowledge of server and client.
        recorder: The server.
        workers: The environments.
        book: What was done before.
        wishes: What a person asks for.

    Yields:
        One outcome for each example and lane.

    Raises:
        ServerGone: The server does not answer any more.
        Problem: Nothing more can be recorded, such as on a full disk.
    """
    one = _One(root, adapter, recorder, workers, book, wishes, load_known(root))
    for example, lane in items:
        key = f"{lane.id}/{example.id}"
        try:
            state, why = one.record(example, lane)
        except NotHere as missing:
            state, why = "skipped", str(missing)
        except Problem as problem:
            if problem.kind in {"refused", "owner", "disk", "environment"}:
                raise
            state, why = "failed", f"{problem.what}; fix: {problem.fix}"
        except OSError as error:
            what = f"the recording of {key} cannot be written: {error.strerror or type(error).__name__}"
            then = "make room (df -h), then run the command again: it goes on here"
            raise Problem(Path(error.filename or book.folder), None, what, then, kind="disk") from None
        book.note(key, example.sha256, state)
        if wishes.into:
            _add(wishes.into / OUTCOMES, key, {"state": state, "why": why})
        yield Outcome(key, state, why)


@dataclass(frozen=True)
class _One:
    """The way of one example from the server into its place."""

    root: Path
    adapter: Adapter
    recorder: Recorder
    workers: Workers
    book: Logbook
    wishes: Wishes
    known: Known

    def record(self, example: Example, lane: Lane) -> tuple[State, str]:
        self.workers.check(lane)
        job = {"root": str(self.root), "example": str(example.path), "lane": asdict(lane)}
        with self._place(example, lane) as scratch:
            logbook.checkpoint("made")
            reply = self.workers.ask(lane, {"do": "record", **job, **self._details(scratch)})
            logbook.checkpoint("ran")
        self._check_reply(reply, example)
        raw = self.book.raw / lane.id / f"{example.id}.yaml"
        cassette = self._converted(Recording(lane, example.id, raw, example.path), scratch)
        logbook.checkpoint("converted")
        committed = cassette_path(self.root, lane, example.id)
        old = load_cassette(committed) if committed.exists() else None
        kept = settled(cassette, old, self.adapter) if old else cassette
        if old and kept is old and (self.wishes.into or self.wishes.refresh):
            kept = in_order_of(old, cassette, self.adapter)
        copy = raw.with_suffix(".cassette")
        write_whole(copy, kept.text)
        replayed = self.workers.ask(lane, {"do": "replay", **job, "cassette": str(copy)})
        logbook.checkpoint("replayed")
        problem = _problem(replayed)
        if problem and not (problem.kind in _BROKEN_PROMISES and (self.wishes.into or self.wishes.accept)):
            raise self._with_hint(problem)
        if self.wishes.into:
            said = {"output": replayed["printed"], "exception": replayed["exception"]}
            _add(self.wishes.into / OUTPUTS, f"{lane.id}/{example.id}", said)
        if kept is not old:
            self.book.put(kept, f"{lane.id}/{example.id}")
        raw.unlink(missing_ok=True)
        return self._state(old, kept, problem)

    def _converted(self, recording: Recording, scratch: Scratch) -> Cassette:
        """The cassette of a recording, looked through for secrets. A recording that holds one is removed."""
        known = self.known.with_canaries(scratch.labels)
        written = (recording.path, recording.path.with_suffix(".json"))
        try:
            _check_secrets(recording.path, [path.read_text("utf-8") for path in written], known)
            cassette = convert(self.book.into, recording, self.adapter)
            _check_secrets(recording.path, [cassette.text], known)
            check_cassette(cassette, known)
        except Problem as problem:
            if problem.kind == "secret":
                for path in written:
                    path.unlink(missing_ok=True)
            raise
        return cassette

    @contextlib.contextmanager
    def _place(self, example: Example, lane: Lane) -> Iterator[Scratch]:
        """A place on the server that is noted before it is made, and forgotten when it is gone."""
        mark = secrets.token_hex(16)
        self.book.opening(mark)
        try:
            with self.recorder.scratch(example, lane, mark) as scratch:
                yield scratch
        except NotHere:
            self.book.closed(mark)
            raise
        self.book.closed(mark)

    def _details(self, scratch: Scratch) -> dict[str, Any]:
        server = {"version": scratch.server.version, "edition": scratch.server.edition}
        return {
            "environment": scratch.environment,
            "labels": scratch.labels,
            "names": scratch.names,
            "server": server,
            "shown": scratch.shown,
            "folder": str(self.book.raw),
        }

    def _check_reply(self, reply: Mapping[str, Any], example: Example) -> None:
        if error := reply.get("error"):
            raise OSError(reply.get("errno"), error, str(self.book.raw))
        if problem := _problem(reply):
            raise problem
        if reply["gone"]:
            raise ServerGone(f"the server stopped answering while {shown(example.path)} ran")
        if reply["refused"]:
            what = f"nothing was written: {reply['refused'][0]}"
            fix = f"send requests only to the server, with the tokens of the header, then make record EX={example.id}"
            raise Problem(example.path, None, what, fix, kind="not-kept")

    def _with_hint(self, problem: Problem) -> Problem:
        if problem.kind in _BROKEN_PROMISES:
            problem.fix = (
                "look at it; verified-docs record --accept keeps it all the same, then make update corrects `#>`"
            )
        return problem

    def _state(self, old: Cassette | None, kept: Cassette, problem: Problem | None) -> tuple[State, str]:
        number = len(kept.interactions)
        requests = f"{number} request{'s' if number != 1 else ''}"
        promise = f"; {problem.what}" if problem else ""
        if old is None:
            return "recorded", requests + promise
        differences = drift(old, kept, self.adapter) if kept is not old else []
        if kept.provenance.server != old.provenance.server:
            before, after = old.provenance.server.version, kept.provenance.server.version
            return "changed", f"{before} is now {after}, {len(differences)} differences{promise}"
        if differences or kept.provenance.credentials != old.provenance.credentials:
            return "changed", f"{len(differences)} differences in {requests}{promise}"
        return "unchanged", requests + promise


def _add(path: Path, key: str, value: Any) -> None:
    """Adds to a JSON file, or makes it."""
    known: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    text = json.dumps(dict(sorted((known | {key: value}).items())), indent=1, ensure_ascii=False)
    write_whole(path, f"{text}\n")


def _problem(reply: Mapping[str, Any]) -> Problem | None:
    told = reply.get("problem")
    return Problem(**told | {"path": Path(told["path"])}) if told else None


def _check_secrets(raw: Path, texts: Iterable[str], known: Known) -> None:
    """Makes sure that none of the tokens that were handed out is in a text, in any spelling.

    Args:
        raw: The recording.
        texts: What was written, or is about to be.
        known: The tokens, and what else the project and this machine know.

    Raises:
        Problem: One is.
    """
    if any(leak.kind == CANARY for text in texts for leak in find_leaks(text, known)):
        what = "a token would have been written; nothing was kept"
        raise Problem(raw, None, what, "report this as a bug; revoke the token", kind="secret")
