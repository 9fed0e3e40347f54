#!/usr/bin/env python3
"""Runs every example as plain as it gets: one import of MLflow, one process, plain vcrpy; the floor for `bench.py`.

    .venv/mlflow-3/bin/python scripts/bench_floor.py [--only area/name]

Requests are matched by method, host, path and query. Nothing that the examples print or do is looked at; how many end
otherwise than their recording is counted, so that a floor that skips the work does not pass for one that does it.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import io
import os
import sys
import tempfile
import threading
import types
import warnings
from collections.abc import Iterator
from concurrent.futures.thread import _threads_queues
from datetime import datetime
from pathlib import Path
from typing import Any

import time_machine
import vcr.patch
import yaml
from audit_replay import SENT_BEFORE, SHELL, Example, content_of, full_name, read_example, variables
from vcr.config import VCR
from vcr.record_mode import RecordMode

ROOT = Path(__file__).resolve().parent.parent
MATCH = ("method", "scheme", "host", "port", "path", "query")
PLAIN = {"MLFLOW_DISABLE_TELEMETRY": "true", "MPLBACKEND": "agg", "TZ": "UTC", "NETRC": os.devnull}


@contextlib.contextmanager
def plain_tape(cassette: Path) -> Iterator[Any]:
    """Answers from a cassette, with vcrpy's own matchers; files that are fetched are those that were sent."""
    # vcrpy lifts its patches for all threads while one of them connects.
    setattr(vcr.patch, "force_reset", contextlib.nullcontext)  # noqa: B010
    with VCR(record_mode=RecordMode.NONE).use_cassette(str(cassette), match_on=MATCH) as tape:
        downloads: dict[int, list[Any]] = {}
        for _, answer in tape.data:
            if found := SENT_BEFORE.fullmatch(answer["body"]["string"] or b""):
                downloads.setdefault(int(found[1]), []).append(answer)
        play = tape.play_response

        def answered(request: Any) -> Any:
            before = dict(tape.play_counts)
            answer = play(request)
            for number in downloads:
                if tape.play_counts[number] != before.get(number, 0):
                    for download in downloads[number]:
                        download["body"]["string"] = content_of(request)
            return answer

        if downloads:
            tape.play_response = answered
        yield tape


def forget() -> None:
    """Makes MLflow forget the last example: runs and stores; ending a run would be a request."""
    fluent = importlib.import_module("mlflow.tracking.fluent")
    for name in ("_active_run_stack", "_last_active_run_id", "_last_logged_model_id", "_ACTIVE_MODEL_CONTEXT"):
        if (variable := getattr(fluent, name, None)) is not None:
            variable.set(variable.default_factory())
    setattr(fluent, "_active_experiment_id", None)  # noqa: B010
    utils = importlib.import_module("mlflow.tracking._tracking_service.utils")
    setattr(utils, "_tracking_uri", None)  # noqa: B010
    utils._artifact_repos_cache.clear()
    setattr(importlib.import_module("mlflow.tracking._model_registry.utils"), "_registry_uri", None)  # noqa: B010
    for place, name in (
        ("_tracking_service.registry", "TrackingStoreRegistry"),
        ("_model_registry.registry", "ModelRegistryStoreRegistry"),
    ):
        registry = getattr(importlib.import_module(f"mlflow.tracking.{place}"), name)
        registry._get_store_with_resolved_uri.cache_clear()
    importlib.import_module("mlflow.utils.request_utils")._cached_get_request_session.cache_clear()
    with contextlib.suppress(ImportError):
        importlib.import_module("mlflow.utils.server_info")._clear_server_info_cache()
    safety = importlib.import_module("mlflow.utils.autologging_utils.safety")
    for name in list(safety._AUTOLOGGING_PATCHES):
        safety.revert_patches(name)
    # Autolog waits for libraries that no example has imported yet.
    importlib.import_module("mlflow.utils.import_hooks")._post_import_hooks.clear()
    for settings in importlib.import_module("mlflow.utils.autologging_utils").AUTOLOGGING_INTEGRATIONS.values():
        settings.clear()


def run_plain(root: Path, example: Example, cassette: Path) -> bool:
    """Runs an example against its cassette; says whether it ended as the recording did."""
    # What vcrpy reads next; the environment is in the same file.
    about = yaml.load(cassette.read_bytes(), Loader=yaml.CSafeLoader)["metadata"]
    os.environ.clear()
    os.environ.update(SHELL | PLAIN | variables(root, example, about))
    main = types.ModuleType("__main__")
    main.__file__ = str(example.path)
    error: BaseException | None = None
    before = set(threading.enumerate())
    forget()
    with time_machine.travel(datetime.fromisoformat(about["recorded_at"])), plain_tape(cassette):
        try:
            exec(compile(example.source, str(example.path), "exec"), main.__dict__)
        except Exception as raised:
            error = raised
        for thread in set(threading.enumerate()) - before:
            if not thread.daemon and thread not in _threads_queues:
                thread.join(10)
    recorded = about["exception"]
    return (full_name(error) if error else None) == (recorded["type"] if recorded else None)


def jobs(root: Path, only: str | None) -> Iterator[tuple[Example, Path]]:
    """Each example in each lane of the MLflow that is installed here."""
    major = importlib.metadata.version("mlflow").partition(".")[0]
    for path in sorted((root / "examples").rglob("*.py")):
        example = read_example(path, root / "examples")
        for lane in sorted((root / "cassettes").glob(f"*/mlflow-{major}")):
            cassette = lane / f"{example.name}.yaml"
            if only in {None, example.name} and cassette.exists():
                yield example, cassette


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs every example under plain vcrpy, in one process.")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project's folder")
    parser.add_argument("--only", help="one example, as area/name")
    chosen = parser.parse_args()
    os.environ.update(PLAIN)
    warnings.simplefilter("ignore")
    importlib.import_module("mlflow")
    root = chosen.root.resolve()
    found = list(jobs(root, chosen.only))
    otherwise: list[str] = []
    argv, home = sys.argv, Path.cwd()
    with tempfile.TemporaryDirectory(prefix="floor-", ignore_cleanup_errors=True) as folder:
        for number, (example, cassette) in enumerate(found):
            scratch = Path(folder, str(number))
            scratch.mkdir()
            os.chdir(scratch)
            SHELL.update(HOME=str(scratch), TMPDIR=str(scratch), LOGNAME="developer")
            sys.argv = [example.path.name]
            quiet = io.StringIO()
            with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
                if not run_plain(root, example, cassette):
                    otherwise.append(cassette.relative_to(root).as_posix())
        os.chdir(home)
    sys.argv = argv
    for name in otherwise:
        print(f"ends otherwise than its recording: {name}", file=sys.stderr)
    print(f"{len(found)} replays, {len(otherwise)} of them end otherwise than their recording")
    return 0 if found else 2


if __name__ == "__main__":
    sys.exit(main())
