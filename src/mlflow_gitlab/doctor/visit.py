"""Puts together what a visit to the doctor is: this machine, the nine questions, and a write where it is wanted."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import requests

from mlflow_gitlab.doctor.client_side import look_around
from mlflow_gitlab.doctor.examination import Examination, Line, examine
from mlflow_gitlab.doctor.finding import Severity
from mlflow_gitlab.doctor.report import Report
from mlflow_gitlab.doctor.wire import Cut
from mlflow_gitlab.doctor.write_check import Request, WriteCheck, check_write
from mlflow_gitlab.settings import Settings

# With one of these, a write would be refused for a reason that is known already; the others say nothing about writing.
_STILL_WRITES = {"project-archived", "registry-off", "packages-off", "basic-auth-wins", "netrc-wins"}


def visit(
    settings: Settings,
    *,
    write: bool = False,
    environ: Mapping[str, str] | None = None,
    session: requests.Session | None = None,
    client: str | None = None,
    clock: Callable[[], float] = time.time,
) -> Report:
    """Looks at this machine, asks GitLab, and tries a write if that is wanted and has a chance.

    Args:
        settings: What to examine.
        write: Whether to try a write.
        environ: The environment that MLflow would see; that of the process unless given.
        session: What sends the requests.
        client: The version of MLflow; the installed one unless given.
        clock: Seconds since 1970.

    Raises:
        Problems: The settings do not say which GitLab or project, and nothing here shows why.
    """
    environ = os.environ if environ is None else environ
    here = look_around(settings, environ)
    if not (settings.url and settings.project) and any(one.severity is Severity.ERROR for one in here):
        return Report(settings, None, here)
    with session or requests.Session() as session:
        examination = examine(settings, session=session, client=client, clock=clock)
        findings = [*look_around(settings, environ, examination.project), *examination.findings]
        tried: WriteCheck | None = None
        in_the_way = {one.id for one in findings if one.severity is Severity.ERROR} - _STILL_WRITES
        if write and not in_the_way:
            tried = check_write(_mlflow(examination, Line(settings, session, clock)), clock=clock)
            findings += [one.clean(settings.redactor.text) for one in tried.findings]
    findings.sort(key=lambda one: list(Severity).index(one.severity))
    return Report(settings, examination, findings, tried)


def _mlflow(examination: Examination, line: Line) -> Request:
    """Sends to MLflow's routes of the project."""
    base = f"/projects/{quote(examination.settings.project or '', safe='')}/ml/mlflow/api/2.0/mlflow/"

    def request(method: str, path: str, body: dict[str, Any] | None, /) -> tuple[int, Any]:
        try:
            answer = line.ask("write", method, base + path, body)
        except Cut as cut:
            raise ConnectionError(str(cut.finding.evidence.body)) from None
        try:
            return answer.status, json.loads(answer.body)
        except ValueError:
            return answer.status, answer.body

    return request
