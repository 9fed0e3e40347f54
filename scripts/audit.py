#!/usr/bin/env python3
"""Checks the evidence with other means: replays each example with plain vcrpy, and shares no code with verified_docs.

    .venv/mlflow-3/bin/python scripts/audit.py build/evidence/mlflow-3.json

It reads examples, cassettes, `.env.template` and `quarantine.yaml` itself, runs each example in a process of its own,
in every lane of the MLflow that is installed, and compares what it sees with what the evidence says. Exit code 1: they
disagree. 2: it could not begin.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import hashlib
import importlib
import importlib.metadata
import json
import os
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from audit_replay import SHELL, Example, Seen, full_name, read_example, replay

# Seconds that one replay may take, until it counts as hung.
LONGEST = 300
# The project's own packages: examples may use them, the audit does not.
OWN = {"handbook", "mlflow_gitlab", "verified_docs"}
# What examples lead to without naming it.
LED_TO = (
    "git",
    "gitlab.v4.objects",
    "mlflow.pyfunc",
    "pydantic_settings",
    "vcr.stubs.requests_stubs",
    "vcr.stubs.aiohttp_stubs",
)


def in_own_process(job: Callable[[], Seen], reply: Path, scratch: Path) -> int:
    """Starts a replay in a copy of this process, with a home and a folder of its own; gives its id."""
    sys.stdout.flush()
    with warnings.catch_warnings():
        # pyarrow has a thread for its memory; no copy uses it.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        return pid
    try:
        signal.alarm(LONGEST)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        warnings.simplefilter("ignore")
        scratch.mkdir()
        os.chdir(scratch)
        tempfile.tempdir = str(scratch)
        SHELL.update(HOME=str(scratch), TMPDIR=str(scratch), TZ="UTC", MPLBACKEND="agg", LOGNAME="developer")
        SHELL.update(MPLCONFIGDIR=str(scratch.parent / "matplotlib"), NETRC=os.devnull, JOBLIB_MULTIPROCESSING="0")
        reply.write_text(json.dumps(vars(job()), default=str), "utf-8")
    except BaseException as error:
        reply.write_text(json.dumps({"verdict": "broken", "faults": [f"{full_name(error)}: {error}"]}), "utf-8")
    finally:
        os._exit(0)


def warm_up(examples: list[Example]) -> None:
    """Imports once what the examples import, so that every copy of this process has it."""
    # A process with threads cannot be copied safely: telemetry and linear algebra would start some.
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", MPLBACKEND="agg", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    # Which code linear algebra takes is for the machine to say, as in the replays that the evidence is of.
    os.environ.pop("OPENBLAS_CORETYPE", None)
    names = set(LED_TO)
    for node in (node for example in examples for node in ast.walk(ast.parse(example.source))):
        match node:
            case ast.Import(names=imported):
                names |= {one.name for one in imported}
            case ast.ImportFrom(module=str(module)):
                names.add(module)
    for name in sorted(names):
        if name.partition(".")[0] not in OWN:
            # An example for another MLflow may name what this one does not have.
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    gc.freeze()  # the copies share what stands here


def replay_all(root: Path, jobs: list[tuple[Example, str, Path]], at_once: int) -> dict[tuple[str, str], Seen]:
    """Replays each example in each lane; gives what was seen by example and lane."""
    seen: dict[tuple[str, str], Seen] = {}
    waiting, running = list(enumerate(jobs)), dict[int, tuple[str, str, Path]]()
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        while waiting or running:
            while waiting and len(running) < at_once:
                number, (example, lane, cassette) = waiting.pop(0)
                reply = Path(folder, f"{number}.json")
                job = partial(replay, root, example, lane, cassette)
                running[in_own_process(job, reply, Path(folder, str(number)))] = (example.name, lane, reply)
            pid, status = os.wait()
            name, lane, reply = running.pop(pid)
            died = Seen("broken", faults=[f"its process ended before it said anything (status {status})"])
            seen[name, lane] = Seen(**json.loads(reply.read_text("utf-8"))) if reply.exists() else died
    return seen


def disagreements(
    example: Example, lane: str, seen: Seen, said: dict[str, Any], held: Callable[..., bool]
) -> Iterator[str]:
    """How the evidence of one example in one lane differs from what was seen."""
    if said.get("verdict") == "quarantined":
        if not held(example.name, lane):
            yield "evidence says quarantined, and quarantine.yaml does not"
        return
    if seen.verdict == "not_recorded":
        if said != {"verdict": "not_recorded", "output": "", "requests": 0}:
            yield f"there is no cassette, and evidence says {said.get('verdict')}"
        return
    yield from seen.faults
    about = seen.about
    if not about:  # it never came to an end
        return
    for what, now in (
        ("verdict", seen.verdict),
        ("output", seen.output),
        ("exception", seen.exception),
        ("requests", seen.requests),
        ("cassette_sha256", seen.cassette_sha256),
        ("cassette", f"cassettes/{lane}/{example.name}.yaml"),
        ("recorded_at", about.get("recorded_at")),
        ("server", about.get("server")),
        ("client", about.get("client")),
    ):
        then = said.get(what)
        if (lasting_software(then) if what in {"server", "client"} else then) != lasting_software(now):
            yield f"{what}: the audit has {shortened(now)}, the evidence {shortened(then)}"


def lasting_software(value: Any) -> Any:
    """A server or client without the fields that are empty."""
    return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value


def shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:400]}…"


def quarantine(root: Path) -> Callable[[str, str], bool]:
    """Whether an example is in quarantine in a lane, today."""
    path = root / "quarantine.yaml"
    entries = (yaml.safe_load(path.read_text("utf-8")) if path.exists() else None) or []
    today = date.today()

    def held(name: str, lane: str) -> bool:
        mine = [row for row in entries if row["example"] == name and row.get("lane", "*") in {"*", lane}]
        return any(date.fromisoformat(str(row["until"])) >= today for row in mine)

    return held


def audit(root: Path, evidence: dict[str, Any], only: str | None, at_once: int) -> Iterator[str]:
    """Every disagreement, as `example in lane: what`."""
    version = importlib.metadata.version("mlflow")
    lanes = sorted(f"{path.parent.name}/{path.name}" for path in (root / "cassettes").glob(f"*/mlflow-{version[0]}"))
    if sorted(evidence["lanes"]) != lanes:
        yield f"the evidence has the lanes {sorted(evidence['lanes'])}, there are cassettes of {lanes}"
    folder = root / "examples"
    examples = [read_example(path, folder) for path in sorted(folder.rglob("*.py"))]
    names = {example.name for example in examples}
    for name in sorted(evidence["examples"].keys() ^ names):
        yield f"{name}: the evidence has it and there is no such example, or the other way round"
    chosen = [one for one in examples if only in {None, one.name} and one.name in evidence["examples"]]
    recorded = [(one, lane, root / "cassettes" / lane / f"{one.name}.yaml") for one in chosen for lane in lanes]
    warm_up(examples)
    seen = replay_all(root, [job for job in recorded if job[2].exists()], at_once)
    held = quarantine(root)
    for example in chosen:
        proof = evidence["examples"][example.name]
        about = {key: example.header.get(key, {}) for key in ("title", "role", "scope", "tokens")}
        about["sha256"] = hashlib.sha256(example.source.encode()).hexdigest()
        about["path"] = example.path.relative_to(root).as_posix()
        for key, now in about.items():
            if proof.get(key) != now:
                yield f"{example.name}: {key} is {now!r}, the evidence has {proof.get(key)!r}"
        for lane in lanes:
            mine = seen.get((example.name, lane), Seen("not_recorded"))
            said = proof["results"].get(lane, {})
            for what in disagreements(example, lane, mine, said, held):
                yield f"{example.name} in {lane}: {what}"
            if mine.about and f"{mine.about['client']['version']}" != version:
                yield f"{example.name} in {lane}: recorded with MLflow {mine.about['client']['version']}, not {version}"
            if mine.about and not lane.startswith(
                f"gitlab-{'.'.join(mine.about['server']['version'].split('.')[:2])}/"
            ):
                yield f"{example.name} in {lane}: recorded from GitLab {mine.about['server']['version']}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Replays every example with plain vcrpy, and compares with evidence.")
    parser.add_argument("evidence", type=Path, help="what verified-docs proved with the MLflow that is installed here")
    parser.add_argument(
        "--root", type=Path, default=Path(__file__).resolve().parent.parent, help="the project's folder"
    )
    parser.add_argument("--only", help="one example, as area/name")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="replays at once")
    chosen = parser.parse_args()
    started = time.monotonic()
    try:
        evidence = json.loads(chosen.evidence.read_text("utf-8"))
        _ = evidence["lanes"].keys(), evidence["examples"].keys()
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        print(f"{chosen.evidence}: this is no evidence: {error!r}\n    fix: make verify", file=sys.stderr)
        return 2
    found = list(audit(chosen.root.resolve(), evidence, chosen.only, chosen.jobs))
    for row in found:
        print(f"DISAGREES: {row}", file=sys.stderr)
    replays = sum(
        said["verdict"] != "not_recorded"
        for name, proof in evidence["examples"].items()
        for said in proof["results"].values()
        if chosen.only in {None, name}
    )
    took = f"{time.monotonic() - started:.0f} s"
    if found:
        print(f"the audit disagrees with {chosen.evidence} in {len(found)} points ({took})", file=sys.stderr)
        return 1
    print(f"the audit agrees with {chosen.evidence}: {replays} results, replayed with plain vcrpy in {took}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
