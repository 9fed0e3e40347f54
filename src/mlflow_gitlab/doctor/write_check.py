"""Tries to write: a scratch experiment with one run and one metric, which it removes again."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from json import dumps
from typing import Any, Protocol
from urllib.parse import urlencode

from mlflow_gitlab.doctor.finding import Evidence, Finding
from mlflow_gitlab.doctor.findings import REGISTRY

PREFIX = "mlflow-gitlab-check-"
_METRIC, _VALUE = "accuracy", 0.96


class Request(Protocol):
    """Sends one request to MLflow's routes of the project."""

    def __call__(self, method: str, path: str, json: dict[str, Any] | None, /) -> tuple[int, Any]:
        """Sends it.

        Args:
            method: The HTTP method.
            path: The path below `/api/2.0/mlflow/`, with its query.
            json: The body.

        Returns:
            The status, and the body: parsed where it is JSON, its text where it is not.
        """


@dataclass
class WriteCheck:
    """What became of the try.

    Attributes:
        name: The scratch experiment.
        done: The steps that worked, in order.
        refused: The step that did not, if one did not: its request, status and body.
        left: What could not be removed, in words.
        interrupted: Whether somebody stopped it; it was cleaned up all the same.
    """

    name: str
    done: list[str] = field(default_factory=list)
    refused: Evidence | None = None
    left: list[str] = field(default_factory=list)
    interrupted: bool = False

    @property
    def findings(self) -> list[Finding]:
        """What it means."""
        found = []
        if self.refused:
            found.append(REGISTRY["write-refused"].found(self.refused))
        if self.left:
            left = " and ".join(self.left)
            found.append(REGISTRY["left-behind"].found(Evidence(f"still there: {left}"), left=left))
        return found


class _Refused(Exception):
    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        super().__init__(str(evidence))


class _Steps:
    """Does one step after the other, and keeps what came of each."""

    def __init__(self, request: Request, check: WriteCheck) -> None:
        self._request = request
        self._check = check

    def do(self, words: str, method: str, path: str, json: dict[str, Any] | None, *keys: str) -> Any:
        """Does a step.

        Args:
            words: What it is, for the report.
            method: The HTTP method.
            path: The path, with its query.
            json: The body.
            *keys: Where in the answer the value is that the next steps need.

        Returns:
            That value.

        Raises:
            _Refused: It was not done, or the value is not there.
        """
        try:
            status, body = self._request(method, path, json)
        except Exception as error:
            raise _Refused(Evidence(str(error) or type(error).__name__, f"{method} {path}")) from None
        found: Any = body
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if status != 200 or found is None:
            raise _Refused(Evidence(body if isinstance(body, str) else dumps(body), f"{method} {path}", status))
        self._check.done.append(words)
        return found

    def find(self, name: str) -> str | None:
        """The id of an experiment, or None where there is none of that name.

        Raises:
            _Refused: GitLab did not say.
        """
        try:
            path = f"experiments/get-by-name?{urlencode({'experiment_name': name})}"
            return str(self.do("find the experiment", "GET", path, None, "experiment", "experiment_id"))
        except _Refused as refused:
            if refused.evidence.status == 404:
                return None
            raise


def check_write(request: Request, *, clock: Callable[[], float] = time.time) -> WriteCheck:
    """Makes a scratch experiment, a run and a metric, reads the metric, and removes run and experiment.

    Whatever happens, it tries to remove what it made; also where it is interrupted, or where GitLab made the experiment
    and its answer was lost.

    Args:
        request: Sends a request. What it raises counts as an answer that was lost.
        clock: Seconds since 1970.

    Returns:
        What worked, what did not, and what is left.
    """
    check = WriteCheck(f"{PREFIX}{secrets.token_hex(4)}")
    steps = _Steps(request, check)
    made: dict[str, str] = {}
    try:
        _write(steps, check.name, int(clock() * 1000), made)
    except _Refused as refused:
        check.refused = refused.evidence
    except KeyboardInterrupt:
        check.interrupted = True
    _remove(steps, check, made)
    return check


def _write(steps: _Steps, name: str, now: int, made: dict[str, str]) -> None:
    """Makes all of it; `made` knows at any time what is there."""
    made["experiment"] = steps.do("create an experiment", "POST", "experiments/create", {"name": name}, "experiment_id")
    start = {"experiment_id": made["experiment"], "user_id": "unknown", "run_name": name, "start_time": now}
    run = made["run"] = steps.do("start a run", "POST", "runs/create", start, "run", "info", "run_id")
    metric = {"run_uuid": run, "key": _METRIC, "value": _VALUE, "timestamp": now, "step": 0, "run_id": run}
    steps.do("log a metric", "POST", "runs/log-metric", metric)
    path = f"runs/get?{urlencode({'run_uuid': run, 'run_id': run})}"
    metrics = steps.do("read it back", "GET", path, None, "run", "data", "metrics")
    values = [one.get("value") for one in metrics if isinstance(one, dict)] if isinstance(metrics, list) else []
    if _VALUE not in values:
        raise _Refused(Evidence(f"the metric is not there: {dumps(metrics)}", f"GET {path}", 200))


def _remove(steps: _Steps, check: WriteCheck, made: dict[str, str]) -> None:
    """Removes what is there, and looks. With the experiment, GitLab deletes its runs: it is what counts."""
    try:
        if "run" in made:
            steps.do("delete the run", "POST", "runs/delete", {"run_id": made["run"]})
    except _Refused as refused:
        check.refused = check.refused or refused.evidence
    status = check.refused.status if check.refused else None
    if "experiment" not in made and status and 400 <= status < 500:
        return
    try:
        # Where the answer was lost or odd, it may have been made all the same.
        experiment = made.get("experiment") or steps.find(check.name)
        if experiment is None:
            return
        steps.do("delete the experiment", "POST", "experiments/delete", {"experiment_id": experiment})
        if steps.find(check.name) is None:
            check.done.append("see that it is gone")
            return
    except _Refused as refused:
        check.refused = check.refused or refused.evidence
    check.left.append(f"experiment {check.name}")
