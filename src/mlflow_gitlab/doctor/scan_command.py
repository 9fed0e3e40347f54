"""The command `mlflow-gitlab doctor scan`: its options, and what it tells."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlflow_gitlab.terminal import Exit, Terminal

if TYPE_CHECKING:
    from mlflow_gitlab.doctor.reports import Report
    from verified_docs.problem import Problem


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    CODE_QUALITY = "codequality"
    SARIF = "sarif"


class FailOn(StrEnum):
    """What ends the scan with status 1."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


def scan(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Files, notebooks and folders to check; `-` reads standard input."),
    ],
    gitlab: Annotated[str | None, typer.Option(help="Your GitLab, such as 19.3. Default: the newest measured.")] = None,
    mlflow: Annotated[
        str | None, typer.Option(help="Your MLflow, such as 3 or 3.17.2. Default: the one installed here.")
    ] = None,
    lane: Annotated[
        str | None, typer.Option(metavar="ID", help="A measured pair by its name, such as gitlab-18.9/mlflow-3.")
    ] = None,
    every_lane: Annotated[bool, typer.Option("--every-lane", help="Tell what fails in any measured pair.")] = False,
    format_: Annotated[Format, typer.Option("--format", help="How to write what was found.")] = Format.TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="The same as `--format json`.")] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file, whole or not at all.")
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="From which severity on the exit code is 1.")] = FailOn.ERROR,
    notes: Annotated[
        bool, typer.Option("--notes", help="Also tell of calls that send nothing, and of those not measured.")
    ] = False,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Names or paths to leave out; may be given again.")
    ] = None,
    site_url: Annotated[
        str, typer.Option(metavar="URL", help="Address of this documentation, for links that open.")
    ] = "",
) -> None:
    """Find calls in Python files that GitLab does not answer as MLflow's own server does.

    Each call is compared with what was measured on real servers; nothing is run and nothing is sent. A comment
    `# mlflow-gitlab: ignore` or `# mlflow-gitlab: ignore[search_runs]` keeps a line quiet.

    Exit codes: 0 nothing to change, 1 something at or above `--fail-on`, 2 wrong arguments, or a file that cannot be
    read; the others are still checked.
    """
    terminal = Terminal()
    with terminal.told():
        from mlflow_gitlab.doctor.compatibility import choose, installed_mlflow, load_matrix
        from mlflow_gitlab.doctor.reports import FORMATS, problem_line, summary
        from mlflow_gitlab.doctor.scan_files import repository
        from mlflow_gitlab.doctor.scan_report import scan_paths

        if as_json and format_ not in {Format.TEXT, Format.JSON}:
            raise _usage(f"--json and --format {format_} exclude each other", "give one of them")
        matrix = load_matrix()
        choice = choose(matrix, gitlab, mlflow, lane, every_lane, installed_mlflow())
        root = repository(Path.cwd())
        report = scan_paths(paths, exclude or [], root, matrix, choice, notes=notes, site=_address(site_url))
        chosen = Format.JSON if as_json else format_
        # Paths may hold anything, and so may this machine's variables.
        text = terminal.redactor.text(FORMATS[chosen](report))
        if output is not None:
            _write(output, text)
            terminal.console(stderr=True).print(summary(report), markup=False)
        else:
            print(text, end="")
        for problem in report.problems:
            terminal.console(stderr=True).print(problem_line(report, problem), markup=False)
    code = _exit(report, fail_on)
    if code is not Exit.OK:
        raise typer.Exit(code)


def _exit(report: Report, fail_on: FailOn) -> Exit:
    from mlflow_gitlab.doctor.scan_findings import Severity

    if report.problems:
        return Exit.USAGE
    if fail_on is FailOn.NEVER:
        return Exit.OK
    least = Severity[fail_on.upper()]
    return Exit.FOUND if any(one.severity >= least for one in report.findings) else Exit.OK


def _write(path: Path, text: str) -> None:
    from verified_docs.whole import write_whole

    if path.suffix in {".py", ".ipynb"}:
        raise _usage(f"{path} looks like a file to scan, not one to write", "name it *.json, *.sarif or *.txt", path)
    try:
        write_whole(path, text)
    except OSError as error:
        raise _usage(f"this cannot be written: {error.strerror}", "give another --output", path) from None


def _address(url: str) -> str:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        good = not url or (parts.scheme in {"http", "https"} and bool(parts.hostname))
    except ValueError:
        good = False
    if not good:
        raise _usage(f"--site-url {url!r} is no address", "write it as https://docs.example.com/mlflow/")
    return url


def _usage(what: str, fix: str, path: Path | None = None) -> Problem:
    from verified_docs.problem import Problem

    return Problem(path or Path("mlflow-gitlab doctor scan"), None, what, fix, kind="usage")
