"""Replays one example against one cassette with plain vcrpy, for `audit.py`; knows nothing of verified_docs."""

from __future__ import annotations

import ast
import base64
import builtins
import contextlib
import hashlib
import io
import json
import os
import re
import sys
import threading
import tokenize
import tomllib
import types
from collections.abc import Iterator
from concurrent.futures.thread import _threads_queues
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import time_machine
import vcr.patch
import vcr.stubs
import yaml
from vcr.config import VCR
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.record_mode import RecordMode

CREDENTIALS = ("authorization", "private-token", "job-token", "deploy-token")
ANY_FILE = re.compile(r"<any bytes, recorded sha256:[0-9a-f]{64}, \d+ bytes>")
THESE_BYTES = re.compile(r"<sha256:([0-9a-f]{64}), (\d+) bytes>")
SENT_BEFORE = re.compile(rb"<the bytes of upload (\d+), sha256:[0-9a-f]{64}, \d+ bytes>")
# What differs between two runs of one program: the time, the person, the script and its commit.
CLOCK_KEYS = {"start_time", "end_time", "timestamp"}
MODEL_KEYS = {"model_uuid", "utc_time_created", "python_version"}
PERSON_OR_SCRIPT = re.compile(r"mlflow\.(user|gitRepoURL|source\.(name|type|git\..+))")
GRAPHQL_WORD = re.compile(r'"(?:\\.|[^"\\])*"|[$\w]+|[^\s\w,]')


# Kept of the environment of whoever runs the audit.
SHELL = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV") if name in os.environ}


@dataclass
class Example:
    """An example as its own file describes it."""

    name: str
    path: Path
    source: str
    header: dict[str, Any]
    # Line and text of each `#>` comment, or row of a text in triple quotes.
    comments: list[tuple[int, str]]


@dataclass
class Seen:
    """What happened in one replay; `faults` is empty where the example did what it says."""

    verdict: str
    output: str = ""
    exception: dict[str, str] | None = None
    requests: int = 0
    cassette_sha256: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


# --- What the files say ---


def read_example(path: Path, folder: Path) -> Example:
    """Parses the header and the promised output of an example."""
    source = path.read_text("utf-8")
    name = path.relative_to(folder).with_suffix("").as_posix()
    if "/" not in name:  # the one at the top was recorded as a guide
        name = f"guide/{name.replace('-', '_')}"
    rows = source.split("\n")
    start = rows.index("# /// script")
    end = rows.index("# ///", start)
    header = tomllib.loads("\n".join(row[2:] for row in rows[start + 1 : end]))["tool"]["verified"]
    comments = [
        (token.start[0], re.sub(r"^#> ?", "", token.string).rstrip())
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and token.string.startswith("#>")
    ]
    for block in ast.walk(ast.parse(source)):
        for body in (getattr(block, part, None) for part in ("body", "orelse", "finalbody")):
            for statement in body[1:] if isinstance(body, list) else ():
                comments += text_after_print(statement, rows)
    return Example(name, path, source, header, sorted(comments))


def text_after_print(statement: ast.stmt, rows: list[str]) -> list[tuple[int, str]]:
    """The rows of a text in triple quotes that stands alone, without the quotes."""
    match statement:
        case ast.Expr(value=ast.Constant(value=str())) if rows[statement.lineno - 1].strip() in {'"""', "'''"}:
            inside = range(statement.lineno + 1, statement.end_lineno or 0)
            return [(line, rows[line - 1][statement.col_offset :].rstrip()) for line in inside]
    return []


def variables(root: Path, example: Example, about: dict[str, Any]) -> dict[str, str]:
    """What a reader sets: the values of `.env.template`, those in its comments too, and labels for the tokens."""
    text = (root / ".env.template").read_text("utf-8")
    given = dict(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=(\S+)$", text, re.M))
    header = example.header
    if header["role"].lower() != "nobody":
        given["MLFLOW_TRACKING_TOKEN"] = f"<project:{header['role'].lower()}:{header['scope']}>"
    tokens = {name: f"<{label}>" for name, label in header.get("tokens", {}).items()}
    environment: dict[str, str] = about.get("environment", {})
    return given | tokens | environment


def promised(example: Example, lane: str) -> tuple[list[str], dict[str, str] | None, bool]:
    """What an example has to print in a lane, the exception that has to end it, and whether comments say the output."""
    header = example.header
    ending = header.get("raises", {}).get(lane) or header.get("raises", {}).get("*")
    own = header.get("output", {}).get(lane)
    if own is not None or ending:
        return (own or "").strip("\n").split("\n") if (own or "").strip("\n") else [], ending, False
    return [text for _, text in example.comments], None, True


# --- How requests are compared: vcrpy asks these for each recorded request that could be the answer ---


def content_of(request: Any) -> bytes:
    content = request.body_bytes
    return b"" if content is None else content.encode() if isinstance(content, str) else bytes(content)


def same_query(sent: Any, recorded: Any) -> bool:
    one, other = (parse_qsl(urlsplit(each.uri).query, keep_blank_values=True) for each in (sent, recorded))
    return sorted(one) == sorted(other)


def same_credential(sent: Any, recorded: Any) -> bool:
    def credentials(request: Any) -> list[tuple[str, str]]:
        found = ((name.lower(), str(value)) for name, value in request.headers.items())
        return sorted((name, readable(value)) for name, value in found if name in CREDENTIALS)

    return credentials(sent) == credentials(recorded)


def readable(credential: str) -> str:
    """Name and label of basic authentication, as cassettes write them; anything else as it is."""
    scheme, _, value = credential.partition(" ")
    if scheme == "Basic" and not value.startswith("<"):
        name, _, label = base64.b64decode(value).decode().partition(":")
        return f"Basic <{name}:{label.strip('<>')}>"
    return credential


def is_file(request: Any) -> bool:
    return request.method == "PUT" and "/packages/ml_models/" in request.path


def same_kind(sent: Any, recorded: Any) -> bool:
    one, other = (str(each.headers.get("Content-Type", "")).split(";")[0].strip().lower() for each in (sent, recorded))
    return is_file(recorded) or one == other


def same_body(sent: Any, recorded: Any) -> bool:
    now, then = content_of(sent), content_of(recorded)
    if ANY_FILE.fullmatch(text := then.decode("utf-8", "replace")):
        return bool(now)
    if match := THESE_BYTES.fullmatch(text):
        return (hashlib.sha256(now).hexdigest(), len(now)) == (match[1], int(match[2]))
    if not is_file(recorded) and "json" in str(sent.headers.get("Content-Type", "")) and now and then:
        with contextlib.suppress(ValueError):
            one, other = (json.dumps(lasting(json.loads(each)), sort_keys=True) for each in (now, then))
            return one == other
    return now == then


def lasting(value: Any, key: str = "") -> Any:
    """A JSON value without what no two runs have in common."""
    if isinstance(value, dict):
        fields = value.items()
        if str(value.get("key")).startswith("training_") and isinstance(value.get("value"), float):
            # MLflow computed it of a model: the rest depends on the processor.
            fields = {**value, "value": f"{value['value']:.3g}"}.items()
        return {name: lasting(item, name) for name, item in fields if not PERSON_OR_SCRIPT.fullmatch(name)}
    if isinstance(value, list):
        return [lasting(row) for row in value if not (isinstance(row, dict) and is_script_tag(row))]
    if key in CLOCK_KEYS and isinstance(value, int) and value > 10**12:
        return "when"
    if key in MODEL_KEYS and isinstance(value, str):
        return "which"
    if key == "user_id" and not str(value).isdecimal():
        return "who"
    if key == "query" and isinstance(value, str) and re.match(r"\s*(?:query|mutation|\{)", value):
        return GRAPHQL_WORD.findall(re.sub(r"#[^\n]*", "", value))
    if isinstance(value, str) and value.startswith(("{", "[")):
        with contextlib.suppress(ValueError):
            return ["as JSON", lasting(json.loads(value))]
    return value


def is_script_tag(row: dict[str, Any]) -> bool:
    return isinstance(row.get("key"), str) and bool(PERSON_OR_SCRIPT.fullmatch(row["key"]))


# --- One replay, in a process of its own ---


class Order:
    """Two more questions of vcrpy's, on the place of a request in the conversation; `tape` is vcrpy's own cassette."""

    def __init__(self) -> None:
        self.tape: Any = None
        # Upload, the answer to a later download of it, and what was uploaded: of the request that is answered now.
        self.handed_on: list[tuple[int, Any, bytes]] = []

    def number(self, recorded: Any) -> int:
        return next(number for number, (request, _) in enumerate(self.tape.data) if request is recorded)

    def next_in_order(self, _: Any, recorded: Any) -> bool:
        number = self.number(recorded)
        left = [n for n in range(len(self.tape)) if not self.tape.play_counts[n]]
        if not left or number == left[0]:
            return True
        # Only files that are fetched at once, in threads, may overtake each other.
        reads = all(self.tape.data[n][0].method == "GET" for n in left if n <= number)
        return reads and threading.current_thread() is not threading.main_thread()

    def hand_on(self, sent: Any, recorded: Any) -> bool:
        """The last one to be asked: a file that is fetched later is the one that is sent now."""
        number = self.number(recorded)
        for _, answer in self.tape.data:
            if (found := SENT_BEFORE.fullmatch(answer["body"]["string"] or b"")) and int(found[1]) == number:
                self.handed_on.append((number, answer, content_of(sent)))
        return True

    def play(self, request: Any) -> Any:
        self.handed_on.clear()
        answer = type(self.tape).play_response(self.tape, request)
        for number, download, content in self.handed_on:
            if self.tape.play_counts[number]:
                download["body"]["string"] = content
        return answer


@contextlib.contextmanager
def playing(cassette: Path, faults: list[str]) -> Iterator[Any]:
    """Answers every request from a cassette: each answer once, in the order of the recording."""

    class Missed(CannotOverwriteExistingCassetteException):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            request = kwargs["failed_request"]
            # A client may swallow the exception.
            faults.append(f"it sent {request.method} {request.uri}, which the cassette does not have at this place")

    order = Order()
    recorder = VCR(record_mode=RecordMode.NONE)
    own = (order.next_in_order, same_query, same_credential, same_kind, same_body, order.hand_on)
    for matcher in own:
        recorder.register_matcher(matcher.__name__, matcher)
    # vcrpy lifts its patches for all threads while one of them connects.
    setattr(vcr.patch, "force_reset", contextlib.nullcontext)  # noqa: B010
    setattr(vcr.stubs, "CannotOverwriteExistingCassetteException", Missed)  # noqa: B010
    names = ["method", "scheme", "host", "port", "path", *(matcher.__name__ for matcher in own)]
    with recorder.use_cassette(str(cassette), match_on=names, allow_playback_repeats=False) as tape:
        order.tape, tape.play_response = tape, order.play
        yield tape
        for number, (request, _) in enumerate(tape.data):
            if not tape.play_counts[number]:
                faults.append(f"it never sent {request.method} {request.uri} (interaction {number})")
        if not len(tape):
            faults.append("the cassette holds no conversation")


def stay_here(faults: list[str], event: str, arguments: tuple[Any, ...]) -> None:
    """Refuses what could leave the machine, and keeps that it was tried: nothing but the cassette may answer."""
    if event in {"socket.connect", "socket.getaddrinfo"}:
        where = arguments[1] if event == "socket.connect" else arguments[0]
        host = where[0] if isinstance(where, tuple) else where
        if str(host) not in {"localhost", "127.0.0.1", "::1", "None"} and not isinstance(where, bytes):
            faults.append(f"it tried to reach {where}")
            raise PermissionError(faults[-1])


def replay(root: Path, example: Example, lane: str, cassette: Path) -> Seen:
    """Runs an example against its cassette, and says what it did and what of that was not promised."""
    raw = cassette.read_bytes()
    about = yaml.load(raw, Loader=yaml.CSafeLoader)["metadata"]
    prints: list[tuple[int, str]] = []
    faults: list[str] = []
    error = None
    file = str(example.path)
    plain_print = builtins.print

    def own_print(*words: Any, **options: Any) -> None:
        caller = sys._getframe(1)
        if caller.f_code.co_filename != file or "file" in options:
            return plain_print(*words, **options)
        plain_print(*words, **options, file=(text := io.StringIO()))
        return prints.append((caller.f_lineno, text.getvalue().removesuffix("\n")))

    main = types.ModuleType("__main__")
    main.__file__ = file
    failed: list[BaseException] = []
    before = set(threading.enumerate())
    os.environ.clear()
    os.environ.update(SHELL | variables(root, example, about))
    sys.argv, sys.modules["__main__"], builtins.print = [example.path.name], main, own_print
    threading.excepthook = lambda died: failed.append(died.exc_value) if died.exc_value else None
    sys.addaudithook(partial(stay_here, faults))
    with time_machine.travel(datetime.fromisoformat(about["recorded_at"])), playing(cassette, faults) as tape:
        try:
            exec(compile(example.source, file, "exec"), main.__dict__)
        except BaseException as raised:
            error = raised
        for thread in set(threading.enumerate()) - before:
            if not thread.daemon and thread not in _threads_queues:
                thread.join(10)
        requests = len(tape)
    error = error or (failed[0] if failed else None)
    exception = {"type": full_name(error), "message": str(error)} if error else None
    faults += ending_faults(promised(example, lane)[1], about["exception"], exception)
    faults += output_faults(example, lane, prints)
    verdict = "broken" if faults else "fails_as_shown" if exception else "passes"
    output = "".join(f"{text}\n" for _, text in prints)
    return Seen(verdict, output, exception, requests, hashlib.sha256(raw).hexdigest(), about, faults)


def full_name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def ending_faults(
    expected: dict[str, str] | None, recorded: dict[str, str] | None, exception: dict[str, str] | None
) -> Iterator[str]:
    if exception != recorded:
        yield f"it ends with {exception}, its recording with {recorded}"
    if (expected is None) != (exception is None):
        yield f"it promises {expected or 'to run to its end'}, and ends with {exception}"
    elif (
        expected
        and exception
        and (expected["type"] != exception["type"] or not re.search(expected["match"], exception["message"]))
    ):
        yield f"it promises {expected}, and ends with {exception}"


def output_faults(example: Example, lane: str, prints: list[tuple[int, str]]) -> Iterator[str]:
    expected, _, by_comments = promised(example, lane)
    # Below a print in a loop stands what all its turns print.
    ordered = sorted(prints, key=lambda one: one[0]) if by_comments else prints
    printed = [(line, row.rstrip()) for line, text in ordered for row in text.split("\n")]
    if expected != [text for _, text in printed]:
        yield f"it promises {expected}, and prints {[text for _, text in printed]}"
    elif by_comments and any(line >= place for (line, _), (place, _) in zip(printed, example.comments, strict=True)):
        yield "an expected output stands above its print"
