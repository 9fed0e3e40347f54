"""The command `mlflow-gitlab setup`: its options, and what it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlflow_gitlab.terminal import Terminal


def setup(
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show the plan and change nothing. Ends with 1 if there is something to do."),
    ] = False,
    verify: Annotated[
        bool | None,
        typer.Option(
            "--verify/--no-verify",
            help="Log a scratch run with the token, read it back and delete it. Without a word: if something changed.",
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Overwrite the CI/CD variable also if it holds another token that still works."),
    ] = False,
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="Send tokens without TLS. Everybody on the way can read them.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option("--config", help="The team's file, if it is not config/mlflow-gitlab.yaml.")
    ] = None,
    env_file: Annotated[
        Path | None, typer.Option("--env-file", help="The file that is read and written, if it is not .env.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print plan and result as JSON, for a program.")] = False,
) -> None:
    """Make a project ready for MLflow: features, token, CI/CD variables, `.env`, experiment, members.

    Reads what is there, shows a plan, and makes only the changes that are missing; a second run finds nothing to do.
    Whatever stops it, the same command goes on from there.

    It needs the address of your GitLab, a project, and in GITLAB_TOKEN the token of its Owner. What is wanted stands in
    config/mlflow-gitlab.yaml. No token is ever printed.
    """
    terminal = Terminal()
    with terminal.told():
        from mlflow_gitlab.setup.run import run_setup

        code = run_setup(
            terminal,
            config=config,
            env_file=env_file,
            dry_run=dry_run,
            as_json=as_json,
            verify=verify,
            replace=replace,
            plain_http=plain_http,
        )
        raise SystemExit(int(code))
