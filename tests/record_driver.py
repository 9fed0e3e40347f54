"""Runs the recording in a process that dies at a given point: a fault that the tests put there on purpose."""

from __future__ import annotations

import os
import signal
import sys

from record_bench import from_raw
from verified_docs import logbook
from verified_docs.cli import app
from verified_docs.workers import Workers

POINT, KIND = sys.argv[1], sys.argv[2]


def fault(name: str) -> None:
    if name != POINT:
        return
    if KIND == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    # What a person does with Ctrl-C, or a job that is cancelled.
    os.kill(os.getpid(), signal.SIGINT if KIND == "interrupt" else signal.SIGTERM)
    signal.pause()


logbook.checkpoint = fault
Workers.ask = from_raw  # type: ignore[method-assign]
app(["record", *sys.argv[3:]])
