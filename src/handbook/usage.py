"""Shows a command as its own help does, so that page and program cannot disagree."""

from __future__ import annotations

import typer
from typer.core import TyperGroup
from typer.main import get_command

from mlflow_gitlab.cli import app as mlflow_gitlab
from verified_docs.cli import app as verified_docs
from verified_docs.exchange import NotThere

_PROGRAMS = {"mlflow-gitlab": mlflow_gitlab, "verified-docs": verified_docs}


def usage(line: str) -> str:
    """The usage, help and options of a command, as Markdown.

    Args:
        line: The command as one types it, such as `mlflow-gitlab doctor scan`.

    Raises:
        NotThere: There is no such command.
    """
    program, *names = line.split()
    if program not in _PROGRAMS:
        raise NotThere(f"there is no command {line!r}")
    command = get_command(_PROGRAMS[program])
    context = typer.Context(command, info_name=program)
    for name in names:
        below = command.get_command(context, name) if isinstance(command, TyperGroup) else None
        if below is None:
            raise NotThere(f"there is no command {line!r}")
        command, context = below, typer.Context(below, info_name=name, parent=context)
    said = (command.help or "").split("\f")[0].strip()
    rows = "".join(
        f"| `{_cell(name)}` | {_cell(text)} |\n"
        for one in command.get_params(context)
        if (record := one.get_help_record(context))
        for name, text in [record]
    )
    usage_line = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    return f"`{usage_line}`\n\n{said}\n\n| Option | What it does |\n|---|---|\n{rows}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
