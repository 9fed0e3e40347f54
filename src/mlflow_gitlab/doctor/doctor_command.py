"""The command `mlflow-gitlab doctor`: its options, and what it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlflow_gitlab.terminal import Terminal


def doctor(
    context: typer.Context,
    write: Annotated[
        bool, typer.Option("--write", help="Also log a run to a scratch experiment, and remove both again.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for warnings, too.")] = False,
    experiment: Annotated[
        str | None, typer.Option("--experiment", help="The experiment that your runs name, if no setting has it.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="The team's file, if it is not config/mlflow-gitlab.yaml.")
    ] = None,
    env_file: Annotated[
        Path | None, typer.Option("--env-file", help="A file with variables, if it is not .env.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Find out why MLflow does not work with your GitLab, and what to do.

    Looks at this machine, and sends nine requests that write nothing. Says what is wrong, what shows it, what to do.

    Exit codes: 0 fine, 1 something to fix, 2 settings are missing, 3 no connection at all.
    """
    if context.invoked_subcommand:
        return
    terminal = Terminal()
    with terminal.told():
        from mlflow_gitlab.doctor.visit import visit
        from mlflow_gitlab.settings import load_settings
        from mlflow_gitlab.terminal import Exit

        settings = load_settings(config=config, env_file=env_file, experiment=experiment)
        terminal.redactor = settings.redactor
        report = visit(settings, write=write)
        if as_json:
            terminal.data(report.data())
        else:
            report.show(terminal.console())
        if report.write and report.write.interrupted:
            raise typer.Exit(Exit.INTERRUPTED)
        raise typer.Exit(report.exit_code(strict))
