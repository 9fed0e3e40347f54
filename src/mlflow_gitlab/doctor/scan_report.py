"""Scans files and folders, and gathers what was found in a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mlflow_gitlab.doctor.compatibility import Choice, Matrix
from mlflow_gitlab.doctor.reports import Report
from mlflow_gitlab.doctor.scan import scan_source
from mlflow_gitlab.doctor.scan_files import Source, read_sources
from mlflow_gitlab.doctor.scan_findings import Finding
from verified_docs.problem import Problem


def scan_paths(
    paths: Sequence[Path],
    exclude: Sequence[str],
    root: Path,
    matrix: Matrix,
    choice: Choice,
    notes: bool = False,
    site: str = "",
) -> Report:
    """Checks everything below the paths; what cannot be read is told in the report, and the rest still checked.

    Args:
        paths: Files, folders, and `-` for standard input.
        exclude: Shell patterns of names or paths to leave out.
        root: The folder that paths are told from.
        matrix: How each call went.
        choice: The lanes to compare with.
        notes: Whether to tell of calls that send nothing, and of those that were not measured.
        site: The address of the site, or empty.
    """
    report = Report(choice, root, site)
    for source in read_sources(paths, exclude, root):
        if isinstance(source, Problem):
            report.problems.append(source)
            continue
        try:
            scanned = scan_source(source.text, source.path, matrix, choice, notes)
        except Problem as problem:
            report.problems.append(problem)
            continue
        report.files += 1
        report.findings += [_placed(one, source) for one in scanned.findings]
        report.suppressed += scanned.suppressed
        if scanned.elsewhere is not None:
            report.elsewhere.append((source.path, _file_line(scanned.elsewhere, source)))
    return report


def _placed(one: Finding, source: Source) -> Finding:
    """A finding of a notebook with its cell, and the line of the file."""
    if not source.places:
        return one
    first, last = (source.places[min(line, len(source.places)) - 1] for line in (one.line, one.end_line))
    return replace(one, line=first.file_line, end_line=last.file_line, cell=first.cell, cell_line=first.line)


def _file_line(line: int, source: Source) -> int:
    return source.places[min(line, len(source.places)) - 1].file_line if source.places else line
