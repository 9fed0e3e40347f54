"""Logs a small run that nobody needs, reads it back and deletes it: the proof that a token and a project work."""

from __future__ import annotations

import itertools
import re
import secrets
import time
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import quote

PREFIX = "mlflow-gitlab-check-"
FILE, CONTENT = "check.txt", b"Written by mlflow-gitlab, and deleted again.\n"
_PARAM, _VALUE = "checked_by", "mlflow-gitlab"
_METRIC, _NUMBER = "check", 0.5
_FOLDER = re.compile(r"/packages/ml_models/(?P<folder>candidate:\d+)/files/?$")
_PAGE = 100
NO_ANSWER = 0


class Ask(Protocol):
    """Sends one request with one token, and gives the status and the body of the answer."""

    def __call__(self, method: str, path: str, body: dict[str, Any] | bytes | None = None) -> tuple[int, Any]:
        """Asks GitLab.

        Args:
            method: The HTTP method.
            path: What follows `/api/v4`, with its query.
            body: JSON, or the bytes of a file.

        Returns:
            The status, and the body: data where it is JSON, else text.
        """


@dataclass(frozen=True)
class Answer:
    """What GitLab said to one request of a scratch run.

    Attributes:
        what: What the request was for, in words.
        request: Method and path.
        status: The status code; NO_ANSWER where none came.
        body: JSON data or text.
        wrong: What else is wrong with it, although the status is good.
    """

    what: str
    request: str
    status: int
    body: Any
    wrong: str = ""

    @property
    def is_good(self) -> bool:
        """Whether GitLab did it."""
        return 200 <= self.status < 300 and not self.wrong

    def __str__(self) -> str:
        return f"{self.what}: {self.request} -> {self.status or 'no answer'} {self.wrong or self.body}"


@dataclass
class Scratch:
    """A scratch run and what became of it.

    Attributes:
        experiment: Name of its experiment.
        answers: What GitLab said, in order.
        left: What is still there and could not be deleted.
    """

    experiment: str
    answers: list[Answer] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def failed(self) -> Answer | None:
        """The first request that did not do what it should."""
        return next((answer for answer in self.answers if not answer.is_good), None)

    @property
    def is_good(self) -> bool:
        """Whether everything worked and nothing is left."""
        return not self.failed and not self.left


class _Stopped(Exception):
    pass


def scratch_run(
    ask: Ask, project: str | int, *, name: str | None = None, with_file: bool = True, clean: Ask | None = None
) -> Scratch:
    """Makes an experiment and a run in it, logs, uploads a file, reads all of it back, and deletes it.

    The requests are those of the recordings tracking/delete_runs, tracking/log_step_by_step,
    tracking/download_artifacts and setup/clean_up_packages. What was made is deleted also if a request fails; the
    experiment goes last, so that `find_left` finds by its name whatever an interruption leaves.

    Args:
        ask: Sends with the token to try: a Developer's with scope `api`.
        project: Id of the project, or its encoded path.
        name: Name of the experiment; one that nobody has unless told.
        with_file: Whether to upload a file too.
        clean: Sends with the token of a Maintainer. Deleting a run leaves the package of its files
            (setup/clean_up_packages), and a Maintainer may delete it. Without it the package stays, and is told.
    """
    scratch = Scratch(name or f"{PREFIX}{secrets.token_hex(4)}")
    place = _Place(ask, project, scratch)
    try:
        place.log(with_file)
    except _Stopped:
        pass
    except (KeyError, TypeError):
        place.mark("this is not the answer of a GitLab")
    place.delete(clean)
    return scratch


def find_left(ask: Ask, project: str | int) -> list[tuple[str, str]]:
    """Looks for experiments that an interrupted scratch run has left.

    Only among the 1000 newest: GitLab gives the newest first (tracking/manage_experiments).

    Returns:
        Their ids and names; none where the search is refused or experiments are switched off.
    """
    status, body = ask("POST", f"{_api(project)}/experiments/search", {"max_results": 1000, "view_type": "ACTIVE_ONLY"})
    if status != 200 or not isinstance(body, dict):
        return []
    rows = body.get("experiments") or []
    return [(str(row["experiment_id"]), row["name"]) for row in rows if row["name"].startswith(PREFIX)]


def delete_left(ask: Ask, project: str | int, experiment_id: str, name: str, clean: Ask | None) -> Scratch:
    """Deletes what an interrupted scratch run has left: its packages, then its experiment with the runs in it."""
    scratch = Scratch(name)
    place = _Place(ask, project, scratch)
    place.experiment_id = experiment_id
    place.uploaded = clean is not None
    place.delete(clean)
    return scratch


class _Place:
    """Where a scratch run is, and how far it got."""

    def __init__(self, ask: Ask, project: str | int, scratch: Scratch) -> None:
        self.ask = ask
        self.project = project
        self.scratch = scratch
        self.experiment_id: str | None = None
        self.run_id: str | None = None
        self.uploaded = False

    def say(self, what: str, method: str, path: str, body: dict[str, Any] | bytes | None = None) -> Any:
        status, said = self.send(what, method, path, body)
        if not 200 <= status < 300:
            raise _Stopped
        return said

    def send(
        self, what: str, method: str, path: str, body: dict[str, Any] | bytes | None = None, ask: Ask | None = None
    ) -> tuple[int, Any]:
        try:
            status, said = (ask or self.ask)(method, path, body)
        except Exception as error:  # whatever the caller's library raises where no answer came
            status, said = NO_ANSWER, str(error)
        self.scratch.answers.append(Answer(what, f"{method} {path}", status, said))
        return status, said

    def mark(self, wrong: str) -> None:
        self.scratch.answers[-1] = replace(self.scratch.answers[-1], wrong=wrong)

    def wrong(self, what: str) -> None:
        self.mark(what)
        raise _Stopped

    def log(self, with_file: bool) -> None:
        api = _api(self.project)
        made = self.say("make an experiment", "POST", f"{api}/experiments/create", {"name": self.scratch.experiment})
        self.experiment_id = str(made["experiment_id"])
        now = int(time.time() * 1000)
        run = {"experiment_id": self.experiment_id, "user_id": "unknown", "run_name": "check", "start_time": now}
        info = self.say("make a run", "POST", f"{api}/runs/create", run)["run"]["info"]
        self.run_id = str(info["run_id"])
        ids = {"run_id": self.run_id, "run_uuid": self.run_id}
        self.say("log a parameter", "POST", f"{api}/runs/log-parameter", {**ids, "key": _PARAM, "value": _VALUE})
        metric = {**ids, "key": _METRIC, "value": _NUMBER, "timestamp": now, "step": 0}
        self.say("log a metric", "POST", f"{api}/runs/log-metric", metric)
        if with_file:
            self.log_file(str(info.get("artifact_uri")))
        read = self.say("read the run", "GET", f"{api}/runs/get?run_uuid={self.run_id}&run_id={self.run_id}")
        data = read["run"]["data"]
        params = {one["key"]: one["value"] for one in data["params"]}
        metrics = {one["key"]: one["value"] for one in data["metrics"]}
        if params.get(_PARAM) != _VALUE or metrics.get(_METRIC) != _NUMBER:
            self.wrong("the run does not have what was logged")

    def log_file(self, artifact_uri: str) -> None:
        match = _FOLDER.search(artifact_uri)
        if match is None:
            self.wrong(f"this is no address for files: {artifact_uri}")
            return
        packages = f"/projects/{self.project}/packages/ml_models/{match['folder']}/files"
        self.uploaded = True
        self.say("upload a file", "PUT", f"{packages}/{FILE}", CONTENT)
        path = f"/projects/{self.project}/ml/mlflow/api/2.0/mlflow-artifacts/artifacts/{match['folder']}/{FILE}"
        said = self.say("read the file", "GET", path)
        if said != CONTENT.decode():
            self.wrong("this is not what was uploaded")

    def delete(self, clean: Ask | None) -> None:
        api, name = _api(self.project), self.scratch.experiment
        if self.experiment_id is None:
            # The answer may have been lost: ask by name.
            path = f"{api}/experiments/get-by-name?experiment_name={quote(name, safe='')}"
            status, body = self.send("look what is there", "GET", path)
            if status != 200:
                if status == 404:
                    self.scratch.answers.pop()
                else:
                    self.scratch.left.append(f"perhaps experiment {name}")
                return
            self.experiment_id = str(body["experiment"]["experiment_id"])
        if self.run_id is not None:
            self.attempt("delete the run", "run", "POST", f"{api}/runs/delete", {"run_id": self.run_id})
        if self.uploaded and not self.delete_packages(clean) and clean is not None:
            # Its name is how the next try finds the package.
            self.scratch.left.append(f"experiment {name}")
            return
        body = {"experiment_id": self.experiment_id}
        self.attempt("delete the experiment", f"experiment {name}", "POST", f"{api}/experiments/delete", body)

    def delete_packages(self, clean: Ask | None) -> bool:
        name = f"ml_experiment_{self.experiment_id}"
        if clean is None:
            self.scratch.left.append(f"package {name}: a Maintainer may delete it")
            return False
        found = self.packages(clean, name)
        if found is None:
            self.scratch.left.append(f"package {name}")
            return False
        path = f"/projects/{self.project}/packages"
        gone = True
        for one in found:
            gone &= self.attempt("delete the package", f"package {name}", "DELETE", f"{path}/{one['id']}", ask=clean)
        return gone

    def packages(self, clean: Ask, name: str) -> list[dict[str, Any]] | None:
        # Newest first: the one to find was made a moment ago, or by the last try.
        for page in itertools.count(1):
            query = f"package_type=ml_model&order_by=created_at&sort=desc&per_page={_PAGE}&page={page}"
            path = f"/projects/{self.project}/packages?{query}"
            status, rows = self.send("list the packages", "GET", path, ask=clean)
            if status != 200:
                return None
            found = [row for row in rows if row["name"] == name]
            if found or len(rows) < _PAGE:
                return found
        return None

    def attempt(
        self, what: str, thing: str, method: str, path: str, body: dict[str, Any] | None = None, ask: Ask | None = None
    ) -> bool:
        status, _ = self.send(what, method, path, body, ask)
        if status == 404:  # gone already
            self.scratch.answers.pop()
        elif not 200 <= status < 300:
            self.scratch.left.append(thing)
            return False
        return True


def _api(project: str | int) -> str:
    return f"/projects/{project}/ml/mlflow/api/2.0/mlflow"
