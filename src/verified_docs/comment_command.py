"""The commands of a job on a merge request of GitLab: fetch the evidence before it, and comment on what changes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from verified_docs.problem import read_text, shown
from verified_docs.terminal import out, told

_NO_TOKEN = "VERIFIED_DOCS_TOKEN is empty: nothing is done"


def comment(
    file: Annotated[Path, typer.Argument(help="The comment, as `verified-docs compare --markdown` writes it.")],
) -> None:
    """Post a comment on the merge request of this job, or update the one that an earlier pipeline posted.

    Needs a project access token in `VERIFIED_DOCS_TOKEN`; without one it does nothing. A comment that says that nothing
    changed is never the first.
    """
    with told():
        from verified_docs.gitlab_merge_request import Job, say

        text = read_text(file, missing="verified-docs compare OLD NEW --markdown FILE")
        job = Job.read()
        out.print(escape(_NO_TOKEN if job is None else say(job, text)))


def baseline(
    file: Annotated[Path, typer.Argument(help="Where to write it; if there is none, nothing is written.")],
    job: Annotated[str, typer.Option(help="The job of the target branch that made it.")],
    path: Annotated[str, typer.Option(help="Its path in the artifacts of that job.")],
) -> None:
    """Fetch the evidence of the branch that this merge request goes to, from its newest successful pipeline.

    Needs a project access token in `VERIFIED_DOCS_TOKEN`; without one it does nothing.
    """
    with told():
        from verified_docs.gitlab_merge_request import Job, fetch_artifact
        from verified_docs.whole import write_whole

        here = Job.read()
        if here is None:
            out.print(_NO_TOKEN)
            return
        content = fetch_artifact(here, job, path)
        if content is None:
            out.print(escape(f"{here.target} has no {path} of the job {job} yet"))
            return
        write_whole(file, content.decode("utf-8", "replace"))
        out.print(f"[green]fetched[/] {escape(shown(file))}, as it is on {escape(here.target)}")
