"""Writes what a scan found: for a person, as JSON, for GitLab's Code Quality, and as SARIF."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mlflow_gitlab.doctor.compatibility import Choice
from mlflow_gitlab.doctor.scan_findings import Finding, Severity
from verified_docs.problem import Problem, shown

NAME = "mlflow-gitlab doctor scan"
SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


@dataclass
class Report:
    """What a scan found in all files.

    Attributes:
        choice: The lanes it compared with.
        root: The folder that paths are told from.
        site: The address of the site, or empty: then links are paths on it.
        files: How many modules were read.
        findings: In the order of files and lines.
        problems: What could not be read.
        suppressed: How many findings a comment keeps quiet.
        elsewhere: Files that send MLflow to another server, with the line that does.
    """

    choice: Choice
    root: Path
    site: str = ""
    files: int = 0
    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    suppressed: int = 0
    elsewhere: list[tuple[str, int]] = field(default_factory=list)

    def link(self, page: str) -> str:
        """A page of the site: its address, or its path where the address is not known."""
        return f"{self.site.rstrip('/')}/{page}" if self.site and page else page

    def count(self, severity: Severity) -> int:
        """How many findings are of a severity."""
        return sum(one.severity is severity for one in self.findings)


def as_text(report: Report) -> str:
    """For a person: one finding after another, then what it comes to."""
    parts = []
    for one in report.findings:
        cell = f" code cell {one.cell}, line {one.cell_line}, column" if one.cell is not None else ""
        place = f"{_where(report, one.path)}:{one.line}:{f'{cell} ' if cell else ''}{one.column}"
        lines = [f"{place}: {one.severity}: {_message(one)}"]
        if one.instead:
            lines.append(f"    instead: {one.instead}{f': {report.link(one.more)}' if one.more else ''}")
        if one.page:
            lines.append(f"    measured: {report.link(one.page)}")
        parts.append("\n".join(lines))
    return "\n".join([*parts, summary(report)]) + "\n"


def summary(report: Report) -> str:
    """What a scan comes to, in a few lines."""
    counts = [(report.count(severity), str(severity)) for severity in sorted(Severity, reverse=True)]
    words = [_many(count, name) for count, name in counts if count or name != "note"]
    if report.suppressed:
        words.append(f"{report.suppressed} kept quiet by a comment")
    if report.problems:
        words.append(f"{_many(len(report.problems), 'problem')} while reading")
    lines = [f"{_many(report.files, 'file')}, {report.choice.asked}: {', '.join(words)}"]
    if report.choice.unverified:
        lines.append(f"not verified: {report.choice.unverified}")
    for path, line in report.elsewhere:
        where = f"{_where(report, path)}:{line}"
        lines.append(f"not checked: {where} sends MLflow to another server, and what uses it there is left out")
    return "\n".join(lines)


def as_json(report: Report) -> str:
    """For a program: everything."""
    choice = report.choice
    return _dump(
        {
            "lanes": [
                {"id": lane.id, "gitlab": lane.gitlab_version, "mlflow": lane.mlflow, "recorded_at": lane.recorded_at}
                for lane in choice.lanes
            ],
            "asked": choice.asked,
            "verified": not choice.unverified,
            "unverified": choice.unverified or None,
            "files": report.files,
            "findings": [_finding(report, one) for one in report.findings],
            "problems": [_problem(one) for one in report.problems],
            "elsewhere": [{"path": path, "line": line} for path, line in report.elsewhere],
            "summary": {
                **{f"{severity}s": report.count(severity) for severity in sorted(Severity, reverse=True)},
                "suppressed": report.suppressed,
                "problems": len(report.problems),
            },
        }
    )


def as_code_quality(report: Report) -> str:
    """For GitLab's Code Quality, with the properties that GitLab documents as required.

    https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
    """
    rows = []
    for one in report.findings:
        said = [_message(one)]
        if one.instead:
            said.append(f"Instead: {one.instead}{f', {report.link(one.more)}' if one.more else ''}.")
        if one.page:
            said.append(f"Measured: {report.link(one.page)}")
        rows.append(
            {
                "description": " ".join(said),
                "check_name": one.check,
                "fingerprint": one.fingerprint,
                "severity": _quality(one),
                "location": {"path": one.path, "lines": {"begin": one.line}},
            }
        )
    return _dump(rows)


def as_sarif(report: Report) -> str:
    """As SARIF 2.1.0."""
    checks = sorted({one.check: one for one in reversed(report.findings)}.items())
    numbers = {check: number for number, (check, _) in enumerate(checks)}
    driver: dict[str, Any] = {"name": NAME, "rules": [_rule(report, check, one) for check, one in checks]}
    version = _version()
    if version:
        driver["version"] = version
    if report.site:
        driver["informationUri"] = report.site
    notifications = [
        {
            "level": "error",
            "message": {"text": f"{one.what}. Fix: {one.fix}"},
            "locations": [_location(_uri(str(one.path)), {"startLine": one.line} if one.line else None)],
        }
        for one in report.problems
    ]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not notifications, "toolExecutionNotifications": notifications}],
        "results": [_result(report, one, numbers[one.check]) for one in report.findings],
    }
    return _dump({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


FORMATS: dict[str, Callable[[Report], str]] = {
    "text": as_text,
    "json": as_json,
    "codequality": as_code_quality,
    "sarif": as_sarif,
}


def problem_line(report: Report, one: Problem) -> str:
    """What cannot be read, and what to do about it, in one line."""
    return f"{_where(report, str(one.path))}{f':{one.line}' if one.line else ''}: {one.what}; fix: {one.fix}"


def _where(report: Report, path: str) -> str:
    """A path as people type it here."""
    return path if path.startswith("<") else shown(report.root / path)


def _message(one: Finding) -> str:
    return f"{one.call} ({one.form}): {one.says}" if one.form else f"{one.call}: {one.says}"


def _quality(one: Finding) -> str:
    """The severity in GitLab's words: what fails, what is silently not done, what has a caveat, the rest."""
    if one.severity is Severity.ERROR:
        return "critical"
    if one.severity is Severity.WARNING:
        return "minor" if one.done else "major"
    return "info"


def _finding(report: Report, one: Finding) -> dict[str, Any]:
    row: dict[str, Any] = {
        "path": one.path,
        "line": one.line,
        "column": one.column,
        "end_line": one.end_line,
        "end_column": one.end_column,
        "call": one.call,
        "form": one.form or None,
        "check": one.check,
        "severity": str(one.severity),
        "says": one.says,
        "lanes": list(one.lanes),
        "instead": one.instead or None,
        "more": report.link(one.more) or None,
        "page": report.link(one.page) or None,
        "fingerprint": one.fingerprint,
    }
    return row if one.cell is None else {**row, "cell": one.cell, "cell_line": one.cell_line}


def _problem(one: Problem) -> dict[str, Any]:
    return {"path": str(one.path), "line": one.line, "what": one.what, "fix": one.fix}


def _rule(report: Report, check: str, one: Finding) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": check, "shortDescription": {"text": check}, "properties": {"page": one.page}}
    if report.site and one.page:
        rule["helpUri"] = report.link(one.page)
    return rule


def _result(report: Report, one: Finding, number: int) -> dict[str, Any]:
    region: dict[str, int] = {"startLine": one.line}
    if one.cell is None:
        region |= {"startColumn": one.column, "endLine": one.end_line, "endColumn": one.end_column}
    return {
        "ruleId": one.check,
        "ruleIndex": number,
        "level": str(one.severity),
        "message": {"text": _message(one) + (f". Instead: {one.instead}" if one.instead else "")},
        "locations": [_location(_uri(one.path), region)],
        "partialFingerprints": {"mlflowGitlab/v1": one.fingerprint},
        "properties": {"call": one.call, "lanes": list(one.lanes), "page": report.link(one.page)},
    }


def _location(uri: str, region: dict[str, int] | None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    return {"physicalLocation": place if region is None else {**place, "region": region}}


def _uri(path: str) -> str:
    return quote(path, safe="/", errors="surrogatepass")


def _version() -> str:
    try:
        return metadata.version("mlflow-on-gitlab-verified")
    except metadata.PackageNotFoundError:
        return ""


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _dump(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
