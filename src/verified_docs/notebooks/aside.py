"""Executes notebooks in a process of their own, while the examples are replayed in this one."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from verified_docs.census import Fence
from verified_docs.lane import Lane
from verified_docs.notebooks.source import Source
from verified_docs.problem import Problem
from verified_docs.process import MODULE

_Outcome = tuple[list[Fence], dict[str, Any] | None]


class Aside:
    """Notebooks that are executed meanwhile, one after the other.

    A run of an example changes the variables and the folder of its process, and refuses programs: no kernel could start
    there.

    Args:
        root: The project's folder.
        kernel: The module that serves kernels.
    """

    def __init__(self, root: Path, kernel: str = MODULE) -> None:
        self._root = root
        self._kernel = kernel
        self._pool: ProcessPoolExecutor | None = None
        self._begun: dict[Path, Future[_Outcome]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def begin(self, source: Source, lanes: Sequence[Lane]) -> None:
        """Executes a notebook in some lanes, and holds the committed one to what that gives; see `verify_notebook`."""
        if self._pool is None:
            # Without what this process has loaded and changed so far.
            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        work = (source.path, source.example.path, list(lanes), self._root, self._kernel)
        self._begun[source.path] = self._pool.submit(_verified, *work)

    def proven(self, source: Source) -> list[Fence]:
        """What a notebook proves that was begun.

        Raises:
            Problem: It fails in a lane, or the committed one differs.
        """
        fences, problem = self._begun[source.path].result()
        if problem:
            raise Problem(**problem)
        return fences


def _verified(path: Path, example: Path, lanes: list[Lane], root: Path, kernel: str) -> _Outcome:
    from verified_docs.example import load_example
    from verified_docs.isolation import no_network
    from verified_docs.notebooks.document import verify_notebook
    from verified_docs.notebooks.source import read_source

    with no_network(programs=False):
        try:
            source = read_source(path, load_example(example, root))
            return verify_notebook(source, lanes, root, kernel=kernel), None
        except Problem as problem:
            # As data: an exception with several fields does not come through a pipe.
            return [], asdict(problem)
