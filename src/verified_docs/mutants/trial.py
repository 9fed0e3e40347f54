"""Has mutants tried in the environments that can, one warm process each, and says what became of every one."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from verified_docs.lane import Lane
from verified_docs.mutants.gates import GATES
from verified_docs.mutants.mutant import Mutant
from verified_docs.problem import Problem, Problems
from verified_docs.process import MUTANTS
from verified_docs.workers import Workers


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    Attributes:
        mutant: The mutant.
        gate: The check that saw it, or None if none did.
        kind: What the check calls it.
        says: Its message.
        seconds: How long it took to find out, with what was done the first time.
    """

    mutant: Mutant
    gate: str | None = None
    kind: str = ""
    says: str = ""
    seconds: float = 0.0

    @property
    def killed(self) -> bool:
        """Whether some check saw it."""
        return self.gate is not None


def try_mutants(
    root: Path,
    mutants: Sequence[Mutant],
    lanes: Sequence[Lane],
    told: Callable[[Verdict], None] = lambda verdict: None,
) -> list[Verdict]:
    """Tries mutants in one process per environment, all environments at a time.

    A mutant goes to the environment of its first lane; if it survives there, to the others that have lanes of it. One
    that needs no replay goes to the environment of the last lane, which builds the pages.

    Args:
        root: The project's folder, with the environments in `.venv/`.
        mutants: What to try.
        lanes: The lanes that may be replayed.
        told: Is told each verdict as it comes.

    Returns:
        The verdicts, in the order of the mutants.

    Raises:
        Problems: The project is red as it stands, or an environment is missing.
    """
    environments = list(dict.fromkeys(lane.environment for lane in lanes))
    lane_of = {lane.environment: lane for lane in lanes}
    environment_of = {lane.id: lane.environment for lane in lanes}
    routes = {mutant.id: _route(mutant, environment_of, environments[-1]) for mutant in mutants}
    verdicts: dict[str, Verdict] = {}
    found: list[Problem] = []

    def work(environment: str, queue: Sequence[Mutant], last: bool) -> None:
        try:
            for mutant in queue:
                if found or stopped.is_set():
                    return
                verdict = _try(root, folder, mutant, workers[environment], lane_of[environment])
                verdicts[mutant.id] = verdict
                if verdict.killed or last or routes[mutant.id][-1] == environment:
                    told(verdict)
        except Problem as problem:
            found.append(problem)

    stopped = threading.Event()
    waiting = list(mutants)
    with contextlib.ExitStack() as stack:
        # A process that is killed cannot take its copy of the project away.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True))
        workers = {environment: stack.enter_context(Workers(root, MUTANTS)) for environment in environments}
        for turn in range(len(environments)):
            with ThreadPoolExecutor(len(environments)) as pool:
                running = []
                for environment in environments:
                    queue = [one for one in waiting if routes[one.id][turn : turn + 1] == [environment]]
                    running.append(pool.submit(work, environment, queue, turn + 1 == len(environments)))
                try:
                    for one in running:
                        one.result()
                except BaseException:
                    stopped.set()
                    raise
            if found:
                raise Problems(found)
            waiting = [one for one in waiting if not verdicts[one.id].killed]
    return [verdicts[mutant.id] for mutant in mutants]


def _route(mutant: Mutant, environment_of: dict[str, str], default: str) -> list[str]:
    """The environments that may notice a mutant, in the order in which they are asked."""
    asked = [environment_of[lane] for lane in mutant.fault.lanes if lane in environment_of]
    if not asked or not all(GATES[gate].everywhere for gate in mutant.operator.gates):
        asked.append(default)
    return list(dict.fromkeys(asked))


def _try(root: Path, folder: str, mutant: Mutant, workers: Workers, lane: Lane) -> Verdict:
    fault = mutant.fault
    job = {
        "root": str(root),
        "folder": folder,
        "target": fault.target,
        "edits": fault.make(),
        "gates": mutant.operator.gates,
        # What a message names if the process ends.
        "example": fault.example or "",
        "lanes": fault.lanes,
    }
    started = time.monotonic()
    reply = workers.ask(lane, job)
    took = time.monotonic() - started
    if "problem" in reply:
        raise Problem(root, None, f"{mutant.id} cannot be tried: {reply['problem']}", "make verify", kind="red")
    return Verdict(mutant, reply.get("gate"), reply.get("kind", ""), reply.get("says", ""), took)
