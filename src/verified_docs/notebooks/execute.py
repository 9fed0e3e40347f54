"""Executes a notebook in a kernel under replay, and keeps what its cells printed and drew."""

from __future__ import annotations

import asyncio
import atexit
import gc
import json
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verified_docs.cassette import cassette_path, line_of_interaction, load_cassette
from verified_docs.lane import Lane
from verified_docs.notebooks.kernel import Job, Report
from verified_docs.notebooks.source import Source
from verified_docs.problem import Problem, shown
from verified_docs.process import KERNEL, MODULE

Output = dict[str, Any]
SVG = "image/svg+xml"
# A kernel that does not start, or a cell that waits for ever, fails instead of hanging.
_PATIENCE = 300
_LOG = "kernel.log"


def execute_in(lanes: Sequence[Lane], source: Source, root: Path, kernel: str = MODULE) -> Iterator[list[list[Output]]]:
    """Executes a notebook against the recordings of its example, in a kernel for each lane, all at the same time.

    Args:
        lanes: The lanes; their client has to be the one that is installed.
        source: What the notebook is made of.
        root: The project's folder.
        kernel: The module that serves the kernel.

    Yields:
        For each lane the outputs of each cell of code, as a notebook holds them.

    Raises:
        Problem: It sends other requests than the example, leaves the machine, or ends with an exception.
    """
    if not lanes:
        return
    with ThreadPoolExecutor(len(lanes)) as threads:
        ended = list(threads.map(lambda lane: _executed(source, lane, root, kernel), lanes))
    with warnings.catch_warnings():
        # The manager of a kernel forgets to close a socket, which would be said at some later time.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    for lane, (report, end) in zip(lanes, ended, strict=True):
        if report is None:
            what = f"the kernel of the notebook ended by itself in {lane}"
            raise Problem(source.path, None, what, "make setup, then make notebooks", end.error, kind="kernel")
        _check(source, lane, root, report, end.error)
        yield [_kept(source, at, outputs) for at, outputs in enumerate(end.outputs)]


def _executed(source: Source, lane: Lane, root: Path, kernel: str) -> tuple[Report | None, _Ended]:
    """What was asked of the kernel of one lane, or nothing of one that died, and how it ended."""
    with tempfile.TemporaryDirectory(prefix="notebook-") as name:
        folder = Path(name)
        job = Job(root=root, example=source.example.id, lane=lane.id, report=folder / "report.json")
        (folder / "job.json").write_text(job.model_dump_json(), "utf-8")
        words = [KERNEL, str(root), "{connection_file}", str(folder / "job.json")]
        command = [sys.executable, "-m", kernel, *words]
        ended = _run(source, folder, command)
        if ended is None:
            last = (folder / _LOG).read_text("utf-8", "replace").strip().rpartition("\n")[2]
            return None, _Ended(error=last)
        return Report.model_validate_json(job.report.read_text("utf-8")), ended


@dataclass(frozen=True)
class _Ended:
    """How a kernel ended: what its cells gave, and the error of one of them."""

    outputs: list[list[Any]] = field(default_factory=list)
    error: str = ""


def _run(source: Source, folder: Path, command: list[str]) -> _Ended | None:
    """Runs the cells in a kernel; nothing of it is held when this returns. None says that it died."""
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    spec = {"argv": command, "display_name": "Replay", "language": "python", "env": {"TMPDIR": str(folder)}}
    (folder / "kernels/replay").mkdir(parents=True)
    (folder / "kernels/replay/kernel.json").write_text(json.dumps(spec), "utf-8")
    kernels = KernelSpecManager(kernel_dirs=[str(folder / "kernels")], ensure_native_kernel=False)
    # Files of this folder, and no ports that other programs could find.
    manager = AsyncKernelManager(
        kernel_name="replay",
        kernel_spec_manager=kernels,
        transport="ipc",
        ip=str(folder / "kernel"),
        connection_file=str(folder / "connection.json"),
    )
    v4: Any = nbformat.v4
    notebook = v4.new_notebook(cells=[v4.new_code_cell(cell.text) for cell in source.code])
    client = NotebookClient(
        notebook, km=manager, timeout=_PATIENCE, startup_timeout=_PATIENCE, shutdown_kernel="immediate"
    )
    error = ""
    try:
        with (folder / _LOG).open("wb") as said:
            # Of a manager that was given to it, the client ends the kernel only if it is told to.
            asyncio.run(client.async_execute(cleanup_kc=True, cwd=str(folder), stdout=said, stderr=said))
    except CellExecutionError as found:
        error = f"{found.ename}: {found.evalue}"
    except (DeadKernelError, RuntimeError, asyncio.CancelledError):
        return None
    finally:
        # What it leaves behind would fail when this process ends.
        atexit.unregister(client._cleanup_kernel)
        _end(manager)
    return _Ended([cell.outputs for cell in notebook.cells], error)


def _end(manager: Any) -> None:
    """Makes sure that no process of a kernel outlives its notebook."""
    process = getattr(manager.provisioner, "process", None)
    if process is not None and process.poll() is None:
        process.kill()
        process.wait()


def _check(source: Source, lane: Lane, root: Path, report: Report, error: str) -> None:
    path = cassette_path(root, lane, source.example.id)
    fix = f"change the cell back, then make notebooks; the example is checked by make check EX={source.example.id}"
    if report.misses:
        first = report.misses[0]
        more = f"; {len(report.misses) - 1} more after it" if len(report.misses) > 1 else ""
        what = f"in {lane} this cell sends what is not in the recording at this place: {first.sent}{more}"
        detail = f"{first.why}\ncassette: {shown(path)}"
        raise Problem(source.path, source.code[first.cell].line, what, fix, detail, kind="unrecorded")
    if report.blocked:
        what = f"in {lane} the notebook tried to leave the machine: {report.blocked[0]}"
        raise Problem(source.path, source.code[report.cells - 1].line, what, fix, kind="network")
    if error:
        what = f"in {lane} this cell ends with {error}"
        raise Problem(source.path, source.code[report.cells - 1].line, what, fix, kind="exception")
    if report.unplayed:
        cassette = load_cassette(path)
        first_left = report.unplayed[0]
        what = f"{shown(source.path)} never sends {cassette.interactions[first_left]} (interaction {first_left})"
        raise Problem(path, line_of_interaction(cassette.text, first_left), what, fix, kind="unplayed")


def _kept(source: Source, at: int, outputs: list[Any]) -> list[Output]:
    """What the page shows of the outputs of a cell: its own prints as one text, and its figures."""
    cell = source.code[at]
    printed = "".join(one["text"] for one in outputs if one["output_type"] == "stream" and one["name"] == "stdout")
    kept: list[Output] = []
    if printed:
        kept.append({"name": "stdout", "output_type": "stream", "text": _rows(printed)})
    for one in outputs:
        if one["output_type"] == "stream":
            continue
        data = one.get("data", {})
        if one["output_type"] != "display_data" or not set(data) <= {SVG, "text/plain"} or SVG not in data:
            what = f"this cell shows {', '.join(sorted(data)) or one['output_type']}, which is neither text nor a plot"
            raise Problem(source.path, cell.line, what, "print it, then make notebooks UPDATE=1", kind="notebook")
        if not cell.alt:
            what = "this section of the example draws, and nothing says in words what"
            raise Problem(source.path, cell.line, what, "draw in a fence of the notebook's own", kind="notebook")
        texts = {kind: _rows(data[kind]) for kind in sorted(data)}
        kept.append({"data": texts, "metadata": {SVG: {"alt": cell.alt}}, "output_type": "display_data"})
    if cell.alt and not any("data" in one for one in kept):
        what = "this cell is to draw a plot, and draws none"
        raise Problem(source.path, cell.line, what, "end it with plt.show(), then make notebooks UPDATE=1", kind="plot")
    return kept


def _rows(text: str) -> list[str]:
    return text.splitlines(keepends=True)
