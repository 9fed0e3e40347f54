"""What a job says on its merge request, and what an earlier pipeline has left for it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import gitlab
import requests

from verified_docs.evidence_diff import MARK
from verified_docs.problem import Problem

TOKEN = "VERIFIED_DOCS_TOKEN"
_SECONDS = 30
_UNCHANGED = " unchanged -->"
Done = Literal["posted", "updated", "left as it was", "nothing to post"]


@dataclass(frozen=True)
class Job:
    """A job of a merge request, as the variables of its pipeline say.

    Attributes:
        url: The address of GitLab.
        project: The number of the project.
        token: A project access token.
        request: The number of the merge request within its project.
        target: The branch that it goes to.
    """

    url: str
    project: str
    token: str = field(repr=False)
    request: str
    target: str

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self | None:
        """The job that this is, or None where nobody gave it a token.

        Raises:
            Problem: It is no job of a merge request.
        """
        if not (token := environment.get(TOKEN, "")):
            return None
        names = ("CI_SERVER_URL", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
        if missing := [name for name in names if not environment.get(name)]:
            what = f"this is no job of a merge request: it has no {missing[0]}"
            fix = "verified-docs comment FILE, in a job with the rule if: $CI_PIPELINE_SOURCE == 'merge_request_event'"
            raise Problem(Path(missing[0]), None, what, fix, kind="usage")
        url, project, request, target = (environment[name] for name in names)
        return cls(url, project, token, request, target)

    def connect(self) -> gitlab.Gitlab:
        """A client of the job's GitLab."""
        return gitlab.Gitlab(self.url, private_token=self.token, timeout=_SECONDS)


def say(job: Job, text: str) -> Done:
    """Posts a comment, or gives the one that an earlier pipeline posted this text.

    Args:
        job: Where.
        text: The comment, with the mark in its first row. One that says that nothing changed is not posted: it only
            takes the place of one that says otherwise.

    Raises:
        Problem: GitLab refuses it, or does not answer.
    """
    first = text.partition("\n")[0]
    if not first.startswith(MARK):
        what = "its first row is no mark by which it would be found again"
        raise Problem(Path("comment"), 1, what, "verified-docs compare OLD NEW --markdown FILE", kind="comment")
    mark = first.removesuffix(_UNCHANGED).removesuffix(" -->")
    try:
        api = job.connect()
        api.auth()
        me = api.user.id if api.user else None
        notes = api.projects.get(job.project, lazy=True).mergerequests.get(job.request, lazy=True).notes
        for note in notes.list(iterator=True, sort="asc", order_by="created_at"):
            if _is_mine(note, mark, me):
                if note.body.strip() == text.strip():
                    return "left as it was"
                note.body = text
                note.save()
                return "updated"
        if first.endswith(_UNCHANGED):
            return "nothing to post"
        notes.create({"body": text})
    except (gitlab.exceptions.GitlabError, requests.RequestException) as error:
        raise _refused(job, "the comment cannot be posted", error) from None
    return "posted"


def _is_mine(note: Any, mark: str, me: int | None) -> bool:
    first = str(note.body).partition("\n")[0].strip()
    same = first.removesuffix(_UNCHANGED).removesuffix(" -->") == mark
    return same and note.author.get("id") == me


def fetch_artifact(job: Job, name: str, path: str) -> bytes | None:
    """A file that the newest green pipeline of the target branch has kept, or None where it kept none.

    Args:
        job: Whose merge request it is.
        name: The job that made the file.
        path: The file in its artifacts.

    Raises:
        Problem: GitLab refuses it, or does not answer.
    """
    try:
        project = job.connect().projects.get(job.project, lazy=True)
        found = project.artifacts.raw(ref_name=job.target, artifact_path=path, job=name)
    except gitlab.exceptions.GitlabError as error:
        if error.response_code == 404:
            return None
        raise _refused(job, f"{path} of the branch {job.target} cannot be read", error) from None
    except requests.RequestException as error:
        raise _refused(job, f"{path} of the branch {job.target} cannot be read", error) from None
    return found if isinstance(found, bytes) else None


def _refused(job: Job, what: str, error: Exception) -> Problem:
    code = getattr(error, "response_code", None)
    why = f"GitLab says {code}" if code else "GitLab does not answer"
    fix = f"give {TOKEN} a project access token with scope api, of a role that may comment; then run the job again"
    return Problem(Path(job.url), None, f"{what}: {why}", f"{fix} (verified-docs comment FILE)", kind="server")
