"""The command `mlflow-gitlab teardown`: its options, and what it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlflow_gitlab.terminal import Terminal


def teardown(
    experiment: Annotated[
        bool, typer.Option("--experiment", help="Delete the experiment too, with all its runs. There is no way back.")
    ] = False,
    features_off: Annotated[
        bool, typer.Option("--features-off", help="Switch experiments and registry off. Packages stay on.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. For scripts.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show the plan and change nothing. Ends with 1 if there is something to do."),
    ] = False,
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="Send your token without TLS. Everybody on the way can read it.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option("--config", help="The team's file, if it is not config/mlflow-gitlab.yaml.")
    ] = None,
    env_file: Annotated[
        Path | None, typer.Option("--env-file", help="The file that is read and written, if it is not .env.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print plan and result as JSON, for a program.")] = False,
) -> None:
    """Take back what `mlflow-gitlab setup` made: tokens, CI/CD variables, the token in `.env`, members.

    Shows a plan, and asks for the path of the project before it changes anything. Runs, models and files stay, unless
    you say `--experiment`. What was not made by a set-up is left alone and told.
    """
    terminal = Terminal()
    with terminal.told():
        from mlflow_gitlab.setup.run import run_teardown

        code = run_teardown(
            terminal,
            config=config,
            env_file=env_file,
            experiment=experiment,
            features_off=features_off,
            yes=yes,
            dry_run=dry_run,
            as_json=as_json,
            plain_http=plain_http,
        )
        raise SystemExit(int(code))
