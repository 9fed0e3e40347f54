"""Has the command that looks for secrets, and tells them without a word of what they are."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verified_docs.problem import Problem, Problems
from verified_docs.terminal import Root, out, tell

if TYPE_CHECKING:
    from verified_docs.scan import Report


def scan(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders.", show_default="what git tracks, and what was built")
    ] = None,
    staged: Annotated[bool, typer.Option("--staged", help="Scan what the next commit would add or change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    root: Root = Path(),
) -> None:
    """Look for secrets in files: tokens, credentials, e-mail addresses, private hosts, paths of machines, canaries.

    Also in base64, in JSON in strings, in pages, notebooks, archives and binary files. The secret itself is never
    shown. Ends with 0 if nothing was found, with 1 if something was, and with 2 if the scan was not possible.
    """
    started = time.monotonic()
    try:
        report = _report(root.resolve(), paths, staged=staged)
    except (Problem, Problems) as error:
        for problem in error.found if isinstance(error, Problems) else [error]:
            tell(problem)
        raise typer.Exit(2) from None
    if as_json:
        _print_json(report)
    else:
        _tell(report, root.resolve(), time.monotonic() - started)
    raise typer.Exit(0 if report.clean else 1)


def _report(root: Path, paths: list[Path] | None, *, staged: bool) -> Report:
    from verified_docs import scan as scanner
    from verified_docs.adapter import load_adapter
    from verified_docs.known import load_known
    from verified_docs.lane import load_settings

    if paths and staged:
        raise Problem(
            root,
            None,
            "--staged and paths exclude each other",
            "verified-docs scan --staged, or verified-docs scan PATH",
        )
    if paths:
        files = scanner.chosen(root, [path.absolute() for path in paths])
    else:
        files = scanner.staged(root) if staged else scanner.everything(root)
    return scanner.scan(
        root,
        files,
        load_known(root),
        scanner.load_exempt(root),
        # A project without an adapter has no cassettes yet.
        host=load_adapter(root).host if load_settings(root).get("adapter") else None,
        whole=not paths and not staged,
    )


def _print_json(report: Report) -> None:
    import json

    rows = [
        {"file": one.file, "line": one.line, "kind": one.kind, "inside": one.inside.strip(), "fix": one.fix}
        for one in report.findings
    ]
    unused = [vars(one) for one in report.unused]
    print(json.dumps({"findings": rows, "unused": unused, "files": report.files, "bytes": report.size}, indent=1))


def _tell(report: Report, root: Path, took: float) -> None:
    for one in report.findings:
        tell(Problem(root / one.file, one.line, f"{one.said}, which may not stand here", f"{one.fix}, then make scan"))
    for row in report.unused:
        what = f"scan_allow has {row.kind!r} for {row.file}, and there is none"
        tell(Problem(root / "pyproject.toml", None, what, "take the row out, then make scan"))
    if report.clean:
        out.print(f"[green]no secret[/] in {report.files} files, {report.size / 1e6:.1f} MB, in {took:.1f} s")
