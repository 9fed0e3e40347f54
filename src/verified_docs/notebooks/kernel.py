"""Serves a Jupyter kernel whose requests a cassette answers, so that a notebook cannot do what was not recorded."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import time_machine
from pydantic import BaseModel, ConfigDict

from verified_docs.adapter import Adapter
from verified_docs.cassette import Cassette, cassette_path, load_cassette
from verified_docs.example import EXAMPLES, load_example
from verified_docs.isolation import isolated, no_network
from verified_docs.lane import load_lanes
from verified_docs.replay import StrictTape, replaying
from verified_docs.run import CACHE
from verified_docs.whole import write_whole

# The same bytes each time: no date, no version, names of parts that are no chance, text as text.
_FIGURES: dict[str, Any] = {
    "figure_formats": {"svg"},
    "print_figure_kwargs": {"bbox_inches": "tight", "metadata": {"Date": None, "Creator": None}},
    "rc": {"svg.hashsalt": "verified", "svg.fonttype": "none", "font.family": "DejaVu Sans"},
}


class Job(BaseModel):
    """What the kernel is to answer from, and where it says what was asked of it.

    Attributes:
        root: The project's folder.
        example: The id of the example whose recording answers.
        lane: The id of the lane.
        report: The file to write after each cell.
    """

    model_config = ConfigDict(frozen=True)

    root: Path
    example: str
    lane: str
    report: Path


class Asked(BaseModel):
    """A request that was not in the recording at its place.

    Attributes:
        cell: The number of the cell that ran, counted from 0.
        sent: The request.
        why: What the recording has instead.
    """

    cell: int
    sent: str
    why: str


class Report(BaseModel):
    """What was asked of the kernel so far.

    Attributes:
        cells: How many cells have run.
        misses: The requests that were not recorded, also those whose refusal the client swallowed.
        unplayed: The numbers of the recorded requests that nobody sent.
        blocked: Attempts to leave the machine.
    """

    cells: int = 0
    misses: list[Asked] = []
    unplayed: list[int] = []
    blocked: list[str] = []


def serve(adapter: Adapter, connection: str, job_file: Path) -> None:
    """Runs a kernel until it is told to end.

    Args:
        adapter: Knowledge of server and client.
        connection: The connection file of Jupyter.
        job_file: A `Job` in JSON.
    """
    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    job = Job.model_validate_json(job_file.read_text("utf-8"))
    lane = next(lane for lane in load_lanes(job.root) if lane.id == job.lane)
    example = load_example(job.root / EXAMPLES / f"{job.example}.py", job.root)
    cassette: Cassette = load_cassette(cassette_path(job.root, lane, example.id))
    environment = {
        **adapter.environment(example),
        **cassette.provenance.environment,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    that_day = time_machine.travel(cassette.provenance.recorded.astimezone(ZoneInfo("UTC")), tick=True)
    with (
        isolated(environment, example.path.name, job.root / CACHE),
        no_network() as blocked,
        adapter.restored(),
        that_day,
        replaying(cassette, adapter, example.path) as tape,
    ):
        # The kernel sends on what goes to the real streams, which it takes over.
        assert sys.__stdout__ and sys.__stderr__
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        settings: Any = Config({"InlineBackend": _FIGURES, "HistoryManager": {"enabled": False}})
        make_app: Any = IPKernelApp
        app = make_app(config=settings)
        app.initialize(["-f", connection])
        _report_each_cell(app.shell.events, job.report, tape, blocked)
        _keep_own_prints(sys.stdout)
        app.start()


def _report_each_cell(events: Any, path: Path, tape: StrictTape, blocked: list[str]) -> None:
    """Says after each cell what was asked: a kernel may be ended at any time after its last one."""
    report = Report()

    def ran(_: Any) -> None:
        new = tape.misses[len(report.misses) :]
        report.misses += [Asked(cell=report.cells, sent=miss.sent, why=miss.why) for miss in new]
        report.cells += 1
        report.unplayed = tape.unplayed()
        report.blocked = list(blocked)
        write_whole(path, report.model_dump_json())

    events.register("post_run_cell", ran)


def _keep_own_prints(stream: Any) -> None:
    """Lets through what cells print, and not what the client writes besides: that differs from version to version."""
    write = stream.write

    def write_own(text: str) -> int:
        frame: FrameType | None = sys._getframe(1)
        # IPython writes down what a cell prints, and hands it on.
        while frame and frame.f_globals.get("__name__", "").startswith("IPython."):
            frame = frame.f_back
        written: int = write(text) if frame and frame.f_globals.get("__name__") == "__main__" else len(text)
        return written

    stream.write = write_own
