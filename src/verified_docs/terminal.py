"""Tells people what a command of verified-docs found, in their own words and never with a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from verified_docs.problem import Problem, Problems, shown

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)
Today = Annotated[
    str | None, typer.Option(help="The day that counts as today, as 2026-11-23.", show_default="the clock's")
]
Root = Annotated[Path, typer.Option("--root", help="The project's folder.", show_default="this folder")]


@contextmanager
def told() -> Iterator[None]:
    """Tells a person what is wrong in their own words, never with a traceback."""
    try:
        yield
    except (Problem, Problems) as error:
        found = error.found if isinstance(error, Problems) else [error]
        for problem in found:
            tell(problem)
        raise typer.Exit(2 if any(problem.kind == "usage" for problem in found) else 1) from None
    except OSError as error:
        # Of a file that is renamed, the new name is the one that people know.
        path = Path(error.filename2 or error.filename or ".")
        fix = f"ls -ld {shown(path)}, correct its path or its rights, then try again"
        tell(Problem(path, None, f"this cannot be read or written: {error.strerror or error}", fix))
        raise typer.Exit(1) from None


def tell(problem: Problem) -> None:
    """Tells a problem: where, what, and what puts it right."""
    first, _, rest = str(problem).partition("\n")
    where, _, what = first.partition(": ")
    err.print(f"[bold]{escape(where)}[/]: [red]{escape(what)}[/]\n{escape(rest)}")
