"""Turns measured files into the project's data: every answer once, nothing secret, all files or none."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from handbook.measured import (
    IMPORT,
    MANIFEST,
    MEASURED,
    Answer,
    Coverage,
    Credential,
    Exchange,
    Operation,
    Permissions,
    Probe,
    Project,
    Refusal,
    Source,
    load_manifest,
    validated,
)
from verified_docs.cassette import file_sha256
from verified_docs.leaks import find_leaks
from verified_docs.problem import Problem, Problems
from verified_docs.provenance import Software
from verified_docs.whole import write_whole

# The server; an address that calls name; the client's own server; pages that messages of the client point to.
_HOSTS = frozenset({"gitlab.example.com", "example.com", "127.0.0.1", "docs.databricks.com", "mlflow.org"})
_ADDRESS = re.compile(r"https?://([^/\s\"'<>:?#\\]+)")


def import_measured(folder: Path, root: Path) -> list[Path]:
    """Turns measured files into the project's data: every answer once, with its provenance.

    Nothing is written unless all of them can be.

    Args:
        folder: Holds `permissions-*.json` and `coverage-*.json`.
        root: The project's folder.

    Returns:
        The files that were written.

    Raises:
        Problem: There is no such file.
        Problems: One entry for each file that is malformed, or names a host or a secret.
    """
    texts: dict[Path, str] = {}
    found: list[Problem] = []
    kinds: dict[str, Callable[[bytes, Any], Permissions | Coverage]] = {
        "permissions": _permissions,
        "coverage": _coverage,
    }
    paths = [(path, kind) for kind in kinds for path in sorted(folder.glob(f"{kind}-*.json"))]
    if not paths:
        raise Problem(folder, None, "there is nothing measured in this folder", IMPORT, kind="measured")
    for path, kind in paths:
        try:
            data = validated(path, partial(_converted, kinds[kind], path.read_bytes()))
            _check_name(path, data)
            text = _text(data)
            _check(path, text)
            texts[root / MEASURED / path.name] = text
        except Problem as problem:
            found.append(problem)
    if found:
        raise Problems(found)
    for target, text in texts.items():
        write_whole(target, text)
    known = load_manifest(root) if (root / MEASURED / MANIFEST).exists() else {}
    known |= {target.name: file_sha256(target) for target in texts}
    write_whole(root / MEASURED / MANIFEST, json.dumps(dict(sorted(known.items())), indent=1) + "\n")
    return list(texts)


def _converted(convert: Callable[[bytes, Any], Permissions | Coverage], raw: bytes) -> Permissions | Coverage:
    return convert(raw, json.loads(raw))


def _text(data: Permissions | Coverage) -> str:
    """JSON with one row per fact, so that a change of the data is a change of rows."""
    document = data.model_dump(mode="json", exclude_none=True)
    parts = []
    for key, value in document.items():
        match value:
            case dict():
                rows = (f"{json.dumps(name)}: {json.dumps(item, ensure_ascii=False)}" for name, item in value.items())
                body = "{\n" + ",\n".join(rows) + "\n}"
            case list():
                body = "[\n" + ",\n".join(json.dumps(item, ensure_ascii=False) for item in value) + "\n]"
            case _:
                body = json.dumps(value)
        parts.append(f"{json.dumps(key)}: {body}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _check_name(path: Path, data: Permissions | Coverage) -> None:
    """A file says by its name which server it is of."""
    series = data.source.series
    if series not in path.name:
        raise Problem(
            path, None, f"the data is of GitLab {series}, its name says otherwise", "rename it", kind="measured"
        )


def _check(path: Path, text: str) -> None:
    for leak in find_leaks(text):
        raise Problem(path, None, f"the data would hold a secret ({leak.kind})", "measure it again", kind="secret")
    for host in _ADDRESS.findall(text):
        if host not in _HOSTS:
            raise Problem(path, None, f"the data names the host {host}", "measure it again", kind="host")


def _source(raw: bytes, document: dict[str, Any], client: str | None) -> Source:
    gitlab = document["gitlab"]
    return Source(
        server=Software(name="GitLab", version=gitlab["version"], edition=gitlab["edition"]),
        client=Software(name="MLflow", version=client) if client else None,
        recorded_at=document["recorded_at"],
        recording_sha256=hashlib.sha256(raw).hexdigest(),
    )


def _permissions(raw: bytes, document: dict[str, Any]) -> Permissions:
    operations = {name: Operation.model_validate(row) for name, row in document["operations"].items()}
    place = {name: number for number, name in enumerate(operations)}
    answers: dict[Answer, int] = {}
    cells: dict[str, dict[str, list[int]]] = {}
    for row in document["results"]:
        rest = {key: value for key, value in row.items() if key not in {"operation", "credential", "project"}}
        number = answers.setdefault(Answer.model_validate(rest), len(answers))
        by_credential = cells.setdefault(row["project"], {})
        numbers = by_credential.setdefault(row["credential"], [-1] * len(operations))
        if numbers[place[row["operation"]]] >= 0:
            raise ValueError(f"{row['operation']} stands twice for {row['credential']} on {row['project']}")
        numbers[place[row["operation"]]] = number
    return Permissions(
        source=_source(raw, document, None),
        operations=operations,
        credentials={name: Credential.model_validate(row) for name, row in document["credentials"].items()},
        projects={name: Project.model_validate(row) for name, row in document["projects"].items()},
        answers=tuple(answers),
        cells={
            project: {credential: tuple(numbers) for credential, numbers in rows.items()}
            for project, rows in cells.items()
        },
    )


def _coverage(raw: bytes, document: dict[str, Any]) -> Coverage:
    probes: dict[str, Probe] = {}
    for row in document["probes"]:
        if row["id"] in probes:
            raise ValueError(f"{row['id']} stands twice")
        error = row["exception"]
        probes[row["id"]] = Probe(
            api=row["api"],
            variant=row["variant"],
            call=row["call"],
            status=row["status"],
            caveat=row["caveat"],
            note=row["note"],
            exception=(error["class"], error["message"]) if error else None,
            refusal=Refusal.model_validate(error["request"]) if error and error.get("request") else None,
            expected_error=row.get("expected_error", False),
            log=tuple(row["log"]),
            requests=row["requests"],
            exchanges=tuple(Exchange.model_validate(exchange) for exchange in row["exchanges"]),
        )
    return Coverage(
        source=_source(raw, document, document["mlflow"]),
        credential=document["token"],
        caveats=document["caveats"],
        probes=probes,
    )
