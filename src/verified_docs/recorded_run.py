"""Runs examples in the environment of a lane: against a server to record them, against a cassette to check that."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from verified_docs.adapter import Adapter
from verified_docs.cassette import cassette_path, load_cassette
from verified_docs.example import load_example
from verified_docs.lane import Lane
from verified_docs.problem import Problem
from verified_docs.recording import key_of
from verified_docs.whole import write_whole

# What a client's exception is caused by, when nobody answers.
_GONE = ("requests.exceptions.ConnectionError", "requests.exceptions.Timeout", "ConnectionError", "TimeoutError")


def serve(jobs: TextIO, replies: TextIO, adapter: Adapter) -> None:
    """Does one job a line, and answers each with one line of JSON, until there are no more.

    A job is `{"do": "record" | "replay", …}`. Jobs come by a pipe: a command line shows its words to everybody on the
    machine, and jobs hold tokens.
    """
    for line in jobs:
        job = json.loads(line)
        try:
            reply = record(job, adapter) if job["do"] == "record" else replay(job, adapter)
        except OSError as error:
            reply = {"error": error.strerror or type(error).__name__, "errno": error.errno}
        except Problem as problem:
            reply = {"problem": _told(problem)}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def record(job: Mapping[str, Any], adapter: Adapter) -> dict[str, Any]:
    """Runs an example against a server, and writes a raw recording with a JSON file beside it.

    Nothing is written if a secret could not be replaced, or another server was asked.

    Args:
        job: `example` (file), `root`, `lane`, `environment` and `labels` and `names` (see `adapter.Scratch`), `server`,
            `shown` (values of the environment that show in requests), `folder` (where to write).
        adapter: Knowledge of server and client.

    Returns:
        `requests` (their number), `printed`, `exception` or None, `refused` (a list), `gone` (nobody answered).
    """
    from verified_docs.live_tape import LiveTape
    from verified_docs.run import run_live, type_name

    root, lane = Path(job["root"]), Lane(**job["lane"])
    example = load_example(Path(job["example"]), root)
    alias = adapter.alias(job["names"], job["labels"])
    tape = LiveTape(job["names"]["url"], alias, adapter)
    # As the day of the recording counts the moment in which it began.
    began, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    run = run_live(example, job["environment"], tape, root, adapter)
    gone = run.error is not None and _nobody_answered(run.error)
    failure = {"type": _with_module(run.error), "message": alias.text(str(run.error))} if run.error else None
    printed = alias.text("".join(f"{text}\n" for _, text in run.printed))
    refused = [*tape.refused, *(alias.text(one) for one in run.blocked)]
    reply = {
        "requests": len(tape.rows),
        "printed": printed,
        "exception": failure | {"type": type_name(run.error)} if failure and run.error else None,
        "refused": refused,
        "gone": gone,
    }
    if refused or gone:
        return reply
    path = Path(job["folder"]) / lane.id / f"{example.id}.yaml"
    about = {
        "name": example.id.rpartition("/")[2],
        "area": example.id.partition("/")[0],
        key_of(adapter.server): job["server"],
        key_of(adapter.client): adapter.client_version(),
        "python": platform.python_version(),
        "vcrpy": version("vcrpy"),
        "recorded_at": began,
        "credentials": tape.credentials(),
        "environment": job["shown"],
        "requests": len(tape.rows),
        "seconds": round(time.monotonic() - clock, 2),
        "stdout": printed,
        "exception": failure,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    tape.write(path)
    write_whole(path.with_suffix(".json"), json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    return reply


def replay(job: Mapping[str, Any], adapter: Adapter) -> dict[str, Any]:
    """Replays an example once against a cassette that is not in its place yet.

    Args:
        job: `example` (file), `root`, `lane`, `cassette` (file).
        adapter: Knowledge of server and client.

    Returns:
        `printed`, `exception` or None, and `problem` where a promise is broken.
    """
    from verified_docs.isolation import no_network
    from verified_docs.run import run_example, type_name
    from verified_docs.verify import verify

    root, lane = Path(job["root"]), Lane(**job["lane"])
    example = load_example(Path(job["example"]), root)
    text = Path(job["cassette"]).read_text("utf-8")
    cassette = load_cassette(cassette_path(root, lane, example.id), text)
    with no_network(programs=False):
        try:
            result = verify(example, lane, root, adapter, cassette=cassette)
        except Problem as problem:
            # What it prints is wanted all the same: to show what has changed.
            run, _ = run_example(example, cassette, root, adapter)
            ended = run.error and {"type": type_name(run.error), "message": str(run.error)}
            printed = "".join(f"{text}\n" for _, text in run.printed)
            return {"printed": printed, "exception": ended, "problem": _told(problem)}
    return {
        "printed": result.output,
        "exception": result.exception and result.exception.model_dump(),
        "problem": None,
    }


def _told(problem: Problem) -> dict[str, Any]:
    return {
        "path": str(problem.path),
        "line": problem.line,
        "what": problem.what,
        "fix": problem.fix,
        "detail": problem.detail,
        "kind": problem.kind,
    }


def _with_module(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _nobody_answered(error: BaseException | None) -> bool:
    while error is not None:
        names = {f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.") for kind in type(error).__mro__}
        if names & set(_GONE):
            return True
        error = error.__cause__ or error.__context__
    return False
