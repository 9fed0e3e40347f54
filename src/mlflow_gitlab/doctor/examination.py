"""Asks GitLab the nine questions whose answers tell every known trouble apart; they write nothing."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import metadata
from typing import Any
from urllib.parse import quote, urlencode

import requests
from requests.auth import AuthBase

from mlflow_gitlab.doctor import wire
from mlflow_gitlab.doctor.answers import Answer, Metadata, Project, User
from mlflow_gitlab.doctor.finding import Evidence, Finding
from mlflow_gitlab.doctor.findings import REGISTRY
from mlflow_gitlab.settings import Settings

_MLFLOW = "/projects/{project}/ml/mlflow/api/2.0/mlflow"
_PATIENCE = 30
_MOST_BYTES = 1_000_000
# No kind of token of GitLab has these; a copied one has them around it, or in place of its middle.
_NOT_IN_TOKENS = re.compile(r"[^!-~]|[\"'`]")


@dataclass(frozen=True)
class Question:
    """One of the requests.

    Attributes:
        name: A short name.
        does: What it tries, in words.
        method: The HTTP method.
        path: The path below `/api/v4`.
        query: The query.
        body: The JSON body.
    """

    name: str
    does: str
    method: str
    path: str
    query: dict[str, str] | None = None
    body: dict[str, Any] | None = None


NINE = (
    Question("metadata", "which GitLab it is", "GET", "/metadata"),
    Question("user", "whose token it is", "GET", "/user"),
    Question("token", "what the token may do", "GET", "/personal_access_tokens/self"),
    Question("project", "see the project", "GET", "/projects/{project}"),
    Question(
        "experiment",
        "read an experiment by name",
        "GET",
        f"{_MLFLOW}/experiments/get-by-name",
        {"experiment_name": "no-such-experiment"},
    ),
    Question("search", "search experiments", "POST", f"{_MLFLOW}/experiments/search", None, {"max_results": 1}),
    Question("model", "read a model by name", "GET", f"{_MLFLOW}/registered-models/get", {"name": "no-such-model"}),
    Question("packages", "list packages", "GET", "/projects/{project}/packages", {"package_type": "ml_model"}),
    Question("file", "fetch a file", "GET", "/projects/{project}/packages/ml_models/candidate:999/files/none.txt"),
)


@dataclass(frozen=True)
class Examination:
    """What came back.

    Attributes:
        settings: What was examined.
        answers: The answers, in the order of `NINE`; fewer where something was in the way.
        trouble: What was in the way.
        client: The version of MLflow that is installed here, or None.
        now: When it was asked.
    """

    settings: Settings
    answers: tuple[Answer, ...]
    trouble: Finding | None
    client: str | None
    now: datetime

    @property
    def findings(self) -> list[Finding]:
        """What the answers mean, the most basic first."""
        from mlflow_gitlab.doctor.diagnosis import diagnose

        return diagnose(self)

    def answer(self, name: str) -> Answer | None:
        """The answer to one of the questions, or None where it was not asked."""
        return next((one for one in self.answers if one.name == name), None)

    @property
    def server(self) -> str | None:
        """The version of GitLab, or None where it did not say."""
        reply = found.reply if (found := self.answer("metadata")) else None
        return reply.version if isinstance(reply, Metadata) else None

    @property
    def user(self) -> str | None:
        """The user name of the token's owner, or None where GitLab did not say."""
        reply = found.reply if (found := self.answer("user")) else None
        return reply.username if isinstance(reply, User) else None

    @property
    def project(self) -> Project | None:
        """The project, or None where the token does not see it."""
        reply = found.reply if (found := self.answer("project")) else None
        return reply if isinstance(reply, Project) else None


class _Bearer(AuthBase):
    """Sends the token, and nothing out of a netrc file, which requests would put in its place."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Line:
    """Sends requests to one GitLab with one token, and follows no redirect.

    Args:
        settings: Which GitLab, and which token.
        session: What sends.
        clock: Seconds since 1970.
    """

    def __init__(self, settings: Settings, session: requests.Session, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._session = session
        self._clock = clock
        self._auth = _Bearer(settings.token.get_secret_value() if settings.token else None)
        self._clean = settings.redactor.text

    def ask(self, name: str, method: str, path: str, body: Any = None) -> Answer:
        """Sends one request.

        Args:
            name: What to call the answer.
            method: The HTTP method.
            path: The path below `/api/v4`, with its query.
            body: What to send as JSON.

        Raises:
            Cut: There was no answer; the finding says why.
        """
        request = f"{method} {path}"
        sent = self._clock()
        try:
            with self._session.request(
                method,
                f"{self._settings.api}{path}",
                json=body,
                auth=self._auth,
                headers={"User-Agent": "mlflow-gitlab doctor"},
                # Given with each request: a session's own would lose against REQUESTS_CA_BUNDLE.
                verify=str(self._settings.ca_bundle) if self._settings.ca_bundle else True,
                timeout=min(self._settings.timeout, _PATIENCE),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = b""
                for piece in response.iter_content(65536):
                    content += piece
                    if len(content) > _MOST_BYTES:
                        break
        except (requests.RequestException, OSError) as error:
            raise wire.Cut(wire.trouble(error, self._settings, self._clean(request))) from None
        middle = (sent + self._clock()) / 2
        location = response.headers.get("Location")
        return Answer(
            name,
            self._clean(request),
            response.status_code,
            self._clean(content.decode("utf-8", "replace")),
            self._clean(location) if location else None,
            _ahead(response.headers.get("Date"), middle),
        )


def _ahead(said: str | None, here: float) -> float | None:
    """How many seconds the server's clock is ahead; its header has whole seconds."""
    try:
        there = parsedate_to_datetime(said or "")
    except ValueError:
        return None
    return (there if there.tzinfo else there.replace(tzinfo=UTC)).timestamp() - here


def paths(settings: Settings) -> dict[str, str]:
    """The name of each question to its path below `/api/v4`, with its query."""
    project = quote(settings.project or "", safe="")
    return {
        one.name: one.path.format(project=project) + (f"?{urlencode(one.query)}" if one.query else "") for one in NINE
    }


def installed_client() -> str | None:
    """The version of MLflow in this environment, without importing it."""
    for name in ("mlflow", "mlflow-skinny"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def examine(
    settings: Settings,
    *,
    session: requests.Session | None = None,
    client: str | None = None,
    clock: Callable[[], float] = time.time,
) -> Examination:
    """Asks GitLab the nine questions, in their order. They write nothing.

    It stops at the first request that gets no answer, and where the first answer is not GitLab's: nothing else there
    gets the token.

    Args:
        settings: Which GitLab, project and token.
        session: What sends the requests; a new one unless given.
        client: The version of MLflow; the installed one unless given.
        clock: Seconds since 1970.

    Raises:
        Problems: The settings do not say which GitLab or project.
    """
    settings.need("url", "project")
    now = datetime.fromtimestamp(clock(), UTC)
    client = client or installed_client()
    if trouble := malformed(settings) or wire.unusable_authority(settings):
        return Examination(settings, (), trouble, client, now)
    answers: list[Answer] = []
    with ExitStack() as stack:
        line = Line(settings, session or stack.enter_context(requests.Session()), clock)
        where = paths(settings)
        for question in NINE:
            try:
                answers.append(line.ask(question.name, question.method, where[question.name], question.body))
            except wire.Cut as cut:
                trouble = cut.finding
                break
            if len(answers) == 1 and answers[0].status < 500 and answers[0].reply is None and not _plain(answers[0]):
                break
    return Examination(settings, tuple(answers), trouble, client, now)


def _plain(answer: Answer) -> bool:
    """Whether an answer is JSON that refuses, or says to wait: a GitLab that is odd, but a GitLab."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        return answer.status == 429
    return isinstance(body, dict) and not {"message", "error", "version"}.isdisjoint(body)


def malformed(settings: Settings) -> Finding | None:
    """A finding where the token cannot be one; the token is not in it."""
    token = settings.token.get_secret_value() if settings.token else ""
    found = _NOT_IN_TOKENS.findall(token)
    if not found:
        return None
    first = _NOT_IN_TOKENS.search(token)
    place = first.start() + 1 if first else 0
    seen = f"{settings.origin('token')}: {len(found)} such characters, the first at place {place} of {len(token)}"
    return REGISTRY["token-malformed"].found(Evidence(seen))
