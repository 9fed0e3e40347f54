"""The program `mlflow-gitlab`: one command per task; nothing heavy is imported before a command needs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mlflow_gitlab.doctor.doctor_command import doctor
from mlflow_gitlab.doctor.scan_command import scan
from mlflow_gitlab.replay.replay_command import WithProgram, replay
from mlflow_gitlab.setup.setup_command import setup
from mlflow_gitlab.setup.teardown_command import teardown
from mlflow_gitlab.terminal import Exit, Terminal

app = typer.Typer(
    name="mlflow-gitlab",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="GitLab as your MLflow server: set a project up, find out what is wrong, try things without a server.",
    epilog="Exit codes: 0 fine, 1 something found, 2 wrong settings or arguments, 3 GitLab refused, 130 stopped.",
)

Config = Annotated[
    Path | None, typer.Option("--config", help="The team's file, if it is not config/mlflow-gitlab.yaml.")
]
EnvFile = Annotated[Path | None, typer.Option("--env-file", help="A file with variables, if it is not .env.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


@app.command()
def settings(
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the team's file.")] = False,
    config: Config = None,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Show which settings hold here, and where each one comes from. Tokens stay hidden."""
    terminal = Terminal()
    with terminal.told():
        if schema:
            from mlflow_gitlab.team import schema as team_schema

            print(team_schema(), end="")
            return
        from mlflow_gitlab.settings import NAMES, load_settings

        found = load_settings(config=config, env_file=env_file)
        rows = []
        for name in NAMES:
            value = getattr(found, name)
            rows.append((name, None if value is None else str(value), found.origin(name) if value is not None else ""))
        if as_json:
            terminal.data({name: {"value": value, "from": origin or None} for name, value, origin in rows})
            return
        from rich.table import Table
        from rich.text import Text

        table = Table("Setting", box=None, pad_edge=False)
        table.add_column("Value", overflow="fold")
        table.add_column("From", overflow="fold")
        for name, value, origin in rows:
            table.add_row(name, Text(value) if value is not None else "[dim]not set[/]", Text(origin))
        terminal.console().print(table)


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(
    program: Annotated[list[str], typer.Argument(help="The program and its arguments, after `--`.")],
    config: Config = None,
    env_file: EnvFile = None,
) -> None:
    """Run a program with MLflow's variables set: `mlflow-gitlab run -- python train.py`.

    The token goes from the settings straight into the program's environment; it is never printed. A user name and a
    password for MLflow are left out, because they would win over the token.
    """
    terminal = Terminal()
    with terminal.told():
        from mlflow_gitlab.settings import load_settings
        from verified_docs.problem import Problem

        found = load_settings(config=config, env_file=env_file)
        found.need("tracking_uri", "token")
        environment = os.environ | found.environment()
        for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
            environment.pop(name, None)
        # A login for this host in ~/.netrc would be sent in place of the token.
        environment["NETRC"] = os.devnull
        try:
            os.execvpe(program[0], program, environment)
        except OSError as error:
            raise Problem(
                Path(program[0]), None, f"this does not run: {error.strerror}", "check its name", kind="program"
            ) from None


app.command()(setup)
app.command()(teardown)
_doctor = typer.Typer(invoke_without_command=True, rich_markup_mode="markdown", help=doctor.__doc__)
_doctor.callback()(doctor)
_doctor.command()(scan)
app.add_typer(_doctor, name="doctor")
app.command(cls=WithProgram)(replay)


def main() -> None:
    """Runs the program; whatever goes wrong, no traceback and no token is shown."""
    try:
        app()
    except Exception as error:
        from mlflow_gitlab.redaction import Redactor

        said = Redactor.of_process().text(f"{type(error).__name__}: {error}")
        print(f"mlflow-gitlab failed, and it should not have: {said}\nPlease report it.", file=sys.stderr)
        raise SystemExit(int(Exit.SERVER)) from None
