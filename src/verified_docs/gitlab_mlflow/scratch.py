"""Makes a throw-away project on a GitLab for one example, with tokens of the least role, and removes it afterwards."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gitlab
import requests

from mlflow_gitlab.settings import Settings
from verified_docs.adapter import NotHere, Scratch, ServerGone
from verified_docs.example import Example
from verified_docs.gitlab_mlflow import GitLabMLflow
from verified_docs.lane import Lane
from verified_docs.problem import Problem
from verified_docs.provenance import Software

# A project is ours if its path and its description both say so, and name the same run.
PREFIX = "verified-docs-scratch-"
# Tells our own requests from those of the examples in GitLab's logs.
USER_AGENT = "verified-docs-record"
_PATH = re.compile(rf"{PREFIX}([0-9a-f]{{12}})")
_MARK = re.compile(r"Scratch project of `verified-docs record`, run ([0-9a-f]{32})\. It is removed at the end\.")
# Of a run on another machine nobody knows whether it goes on.
_OLD = timedelta(days=1)
_LEVELS = {"guest": 10, "planner": 15, "reporter": 20, "developer": 30, "maintainer": 40}
_OWNER = 50
# What was there when the cassettes were recorded: an Owner's examples list them.
_ALL_TOKENS = (
    "project:guest:api",
    "project:reporter:api",
    "project:developer:api",
    "project:maintainer:api",
    "project:developer:read_api",
)
_OWNERS_LABEL = "pat:owner:api"
_INVENTED = {"unknown": "glpat-wrong-token-000000"}
_JOB = "CI_JOB_ID"
JOB_VARIABLE = "RECORD_CI_JOB_ID"
GROUP_VARIABLE = "RECORD_GROUP"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def variable_of(label: str) -> str:
    """The variable that gives a token which nobody can make for a new project, such as `TOKEN_PAT_OUTSIDER_API`."""
    kind, role, scope = (*label.split(":"), "", "")[:3]
    if kind == "project":
        return "TOKEN_READ_API" if scope == "read_api" else f"TOKEN_{role.upper()}"
    return "TOKEN_" + label.replace(":", "_").upper()


class GitLabScratch:
    """Gives each example a new private project on a GitLab.

    Args:
        settings: `url` and `admin_token` have to be there, and `ca_bundle` where the GitLab has its own authority.
        group: Full path of the group to make projects in, or None for the namespace of the token's owner.
        project: Id of an existing project to use instead. It is never changed by us nor removed; tokens are given by
            variables, and none may be an Owner's.
        environ: Where the tokens are that cannot be made.
    """

    def __init__(
        self,
        settings: Settings,
        group: str | None = None,
        project: int | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        settings.need("url", "admin_token")
        assert settings.url and settings.admin_token
        self.address = settings.url
        self._settings = settings
        self._group = group
        self._project = project
        self._environ = environ
        self._token = settings.admin_token.get_secret_value()
        self._server: Software | None = None
        self._gitlab = self._connected(self._token)

    def _connected(self, token: str) -> gitlab.Gitlab:
        settings = self._settings
        verify = str(settings.ca_bundle) if settings.ca_bundle else True
        return gitlab.Gitlab(
            settings.url, private_token=token, ssl_verify=verify, timeout=settings.timeout, user_agent=USER_AGENT
        )

    def server(self) -> Software:
        """Version and edition, as `GET /metadata` says (recorded in `setup/rest_gallery`)."""
        if self._server is None:
            with self._asked("read the version of GitLab"):
                about: Any = self._gitlab.http_get("/metadata")
            edition = "EE" if about.get("enterprise") else "FOSS"
            self._server = Software(name=GitLabMLflow.server, version=about["version"], edition=edition)
        return self._server

    def leftovers(self, mine: Sequence[str]) -> list[str]:
        """Removes marked projects: those of runs of this machine, and any that is older than a day."""
        removed: list[str] = []
        with self._asked("look for projects that were left over"):
            found = self._gitlab.projects.list(search=PREFIX, membership=True, get_all=True)
            for project in found:
                mark = _mark_of(project)
                if mark and (mark in mine or _is_old(project)):
                    self._gitlab.projects.delete(project.id)
                    removed.append(f"project {project.path_with_namespace}")
        return removed

    @contextmanager
    def scratch(self, example: Example, lane: Lane, mark: str) -> Iterator[Scratch]:
        """A new project with the tokens that the example names, or the existing one with those of variables."""
        labels = _labels(example)
        shown = self._shown(example)
        if self._project is not None:
            yield self._existing(self._project, example, labels, shown)
            return
        given = {label: self._given(label) for label in labels if not _is_made(label) and label != _OWNERS_LABEL}
        with self._asked("make a project"):
            project = self._new_project(mark)
        try:
            tokens = given | self._made(project, labels)
            if _OWNERS_LABEL in labels:
                tokens[_OWNERS_LABEL] = self._token
            yield self._place(project, _text(mark), example, tokens, shown)
        finally:
            self._remove(project.id, mark)

    def _new_project(self, mark: str) -> Any:
        # Features as a new private project has them: for members, as in the recordings.
        wanted: dict[str, Any] = {
            "name": f"{PREFIX}{mark[:12]}",
            "path": f"{PREFIX}{mark[:12]}",
            "description": _text(mark),
            "visibility": "private",
        }
        if self._group:
            wanted["namespace_id"] = self._gitlab.groups.get(self._group).id
        return self._gitlab.projects.create(wanted)

    def _made(self, project: Any, labels: Sequence[str]) -> dict[str, str]:
        tokens: dict[str, str] = {}
        tomorrow = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
        wanted = _ALL_TOKENS if _OWNERS_LABEL in labels else [label for label in labels if _is_made(label)]
        with self._asked("make project access tokens"):
            for label in wanted:
                _, role, scope = label.split(":")
                name = "reader-bot" if scope == "read_api" else f"{role}-bot"
                made = project.access_tokens.create(
                    {"name": name, "scopes": [scope], "access_level": _LEVELS[role], "expires_at": tomorrow}
                )
                tokens[label] = made.token
        return tokens

    def _remove(self, number: int, mark: str) -> None:
        """Removes a project if it bears both marks of this run."""
        with self._asked("remove the scratch project"):
            try:
                project = self._gitlab.projects.get(number)
            except gitlab.GitlabGetError as error:
                if error.response_code == 404:
                    return
                raise
            if _mark_of(project) == mark:
                project.delete()

    def _existing(self, number: int, example: Example, labels: Sequence[str], shown: dict[str, str]) -> Scratch:
        if _OWNERS_LABEL in labels:
            raise NotHere("an Owner's token is only sent to a project that this command has made: leave out --project")
        tokens = {label: self._given(label) for label in labels}
        with self._asked(f"read project {number}"):
            project: Any = self._gitlab.projects.get(number)
            for name, token in (("GITLAB_TOKEN", self._token), *((variable_of(one), tokens[one]) for one in tokens)):
                if token not in _INVENTED.values():
                    self._refuse_owner(number, name, token)
        return self._place(project, "", example, tokens, shown)

    def _refuse_owner(self, number: int, name: str, token: str) -> None:
        """Makes sure that a token is no Owner's in a project that was there before."""
        connected = self._connected(token)
        try:
            person: Any = connected.http_get("/user")
            member: Any = connected.http_get(f"/projects/{number}/members/all/{person['id']}")
        except gitlab.GitlabHttpError:
            return  # it is nobody's, or that of somebody who is no member
        if member["access_level"] >= _OWNER:
            raise Problem(
                Path(name),
                None,
                f"{name} is an Owner's token, and project {number} was not made by this command",
                "make record, without --project; or give a token of a lower role",
                kind="owner",
            )

    def _given(self, label: str) -> str:
        if label in _INVENTED:
            return _INVENTED[label]
        if token := self._environ.get(variable_of(label)):
            return token
        raise NotHere(f"needs {variable_of(label)}")

    def _shown(self, example: Example) -> dict[str, str]:
        if f'"{_JOB}"' not in example.source:
            return {}
        if job := self._environ.get(JOB_VARIABLE):
            return {_JOB: job}
        raise NotHere(f"needs {JOB_VARIABLE}, the number of a job of this GitLab")

    def _place(
        self, project: Any, mark: str, example: Example, tokens: Mapping[str, str], shown: dict[str, str]
    ) -> Scratch:
        url, number = str(self._settings.url), str(project.id)
        adapter = GitLabMLflow()
        real = {f"<{label}>": token for label, token in tokens.items()}
        environment = {
            name: real.get(value, value)
            for name, value in adapter.environment(example).items()
            if value.startswith("<") <= (value in real)
        }
        environment |= {
            "GITLAB_URL": url,
            "GITLAB_PROJECT": project.path_with_namespace,
            "GITLAB_PROJECT_ID": number,
            "CI_API_V4_URL": f"{url}/api/v4",
            "CI_PROJECT_ID": number,
            "MLFLOW_TRACKING_URI": f"{url}/api/v4/projects/{number}/ml/mlflow",
            **shown,
            **{name: self._environ[name] for name in _PROXIES if name in self._environ},
        }
        if self._settings.ca_bundle:
            bundle = str(self._settings.ca_bundle)
            environment |= {"MLFLOW_TRACKING_SERVER_CERT_PATH": bundle, "REQUESTS_CA_BUNDLE": bundle}
        return Scratch(
            environment,
            {token: f"<{label}>" for label, token in tokens.items() if label not in _INVENTED},
            {"url": url, "id": number, "path": project.path_with_namespace, "mark": mark},
            self.server(),
            shown,
        )

    @contextmanager
    def _asked(self, what: str) -> Iterator[None]:
        """Tells what GitLab refuses, or that it is gone; never with a token."""
        try:
            yield
        except requests.RequestException as error:
            raise ServerGone(
                f"{self._settings.url} does not answer ({type(error).__name__}) to: {what}; "
                "see that it runs, then run the command again"
            ) from None
        except gitlab.GitlabError as error:
            if error.response_code and error.response_code >= 500:
                raise ServerGone(f"{self._settings.url} answers {error.response_code} to: {what}") from None
            said = str(error.error_message).replace(self._token, "[token]")
            raise Problem(
                Path("GITLAB_TOKEN"),
                None,
                f"GitLab does not let you {what}: {error.response_code} {said}",
                "read -rs GITLAB_TOKEN && export GITLAB_TOKEN, with a token (scope api) of somebody who may make "
                f"projects in {self._group or 'a namespace'}; "
                f"another group: --group, or {GROUP_VARIABLE}",
                kind="refused",
            ) from None


def _text(mark: str) -> str:
    return f"Scratch project of `verified-docs record`, run {mark}. It is removed at the end."


def _labels(example: Example) -> list[str]:
    """The labels of the tokens that an example runs with, without brackets."""
    values = GitLabMLflow().environment(example).values()
    found = dict.fromkeys(value[1:-1] for value in values if value.startswith("<"))
    # An Owner's examples send a personal token; nobody gets a project token of that role.
    return [label for label in found if not label.startswith("project:owner:")]


def _is_made(label: str) -> bool:
    return label.startswith("project:") and label.split(":")[1] in _LEVELS


def _mark_of(project: Any) -> str | None:
    """The run that made a project, if it is one of ours and nobody has removed it yet."""
    path, mark = _PATH.fullmatch(project.path), _MARK.fullmatch(project.description or "")
    gone = getattr(project, "marked_for_deletion_on", None) or getattr(project, "marked_for_deletion_at", None)
    return mark[1] if path and mark and not gone and mark[1].startswith(path[1]) else None


def _is_old(project: Any) -> bool:
    return datetime.now(UTC) - datetime.fromisoformat(project.created_at) > _OLD
