"""Writes the compatibility matrix that ships with the doctor, from the measured coverage."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handbook.calls import FOLDER, anchor, family
from handbook.compatibility import outcome
from handbook.instead import instead
from handbook.measured import Coverage, Probe, load_coverage
from verified_docs.whole import write_whole

SHIPPED = Path("src/mlflow_gitlab/doctor/compatibility.json")
WRITE = "python -m handbook compatibility"
_LONGEST = 160
_LINK = re.compile(r"\[([^\]]*)\]\(([^)#]*)\.md(#[^)]*)?\)")


def compatibility_json(lanes: Sequence[Coverage]) -> str:
    """Every measured call of Python, as short as a program needs it; the same input makes the same text.

    The command line is left out: nobody calls it from Python.

    Args:
        lanes: The coverage of every lane; all of them asked the same.
    """
    outcomes: list[dict[str, str]] = []
    calls: dict[str, dict[str, Any]] = {}
    for probe_id in sorted(lanes[0].probes):
        probes = [lane.probes[probe_id] for lane in lanes]
        if probe_id.startswith("cli:"):
            continue
        numbers = [_number(outcomes, _outcome(lane, probe)) for lane, probe in zip(lanes, probes, strict=True)]
        fails = any(outcomes[number]["kind"] == "no" for number in numbers)
        variant = {"in": numbers, **(_advice(instead(probe_id, "")) if fails else {})}
        call = calls.setdefault(probes[0].api, {"page": f"{FOLDER}/{family(probes[0].api)}/", "variants": {}})
        call["variants"][probes[0].variant] = {"anchor": anchor(probe_id), **variant}
    document = {"lanes": [_lane(lane) for lane in lanes], "outcomes": outcomes, "calls": calls}
    return _lines(document)


def write_compatibility(root: Path) -> Path:
    """Writes the file anew.

    Returns:
        Its path.
    """
    path = root / SHIPPED
    write_whole(path, compatibility_json(load_coverage(root)))
    return path


def _lane(lane: Coverage) -> dict[str, str]:
    source = lane.source
    client = source.client.version if source.client else ""
    return {
        "id": f"gitlab-{source.series}/mlflow-{client.partition('.')[0]}",
        "gitlab": source.series,
        "gitlab_version": source.server.version,
        "mlflow": client,
        "recorded_at": source.recorded_at.isoformat(),
        "recording_sha256": source.recording_sha256,
    }


def _outcome(lane: Coverage, probe: Probe) -> dict[str, str]:
    found = outcome(lane, probe)
    kept = {"status": probe.status, "kind": found.kind, "words": found.name, "detail": _cut(found.detail)}
    if probe.exception and not probe.expected_error:
        kept["raises"] = probe.exception[0]
        # An empty answer of a server leaves nothing but the type to tell.
        kept["detail"] = kept["detail"] or _cut(probe.exception[1])
    return {name: value for name, value in kept.items() if value}


def _number(outcomes: list[dict[str, str]], one: dict[str, str]) -> int:
    if one not in outcomes:
        outcomes.append(one)
    return outcomes.index(one)


def _advice(markdown: str) -> dict[str, str]:
    """What to do instead, in plain words, and the page that says more."""
    match = _LINK.search(markdown)
    page = f"{match[2]}/{match[3] or ''}" if match else ""
    words = _LINK.sub(r"\1", markdown)
    return {"instead": words, **({"more": page} if page else {})}


def _cut(text: str) -> str:
    first = text.strip().partition("\n")[0]
    return first if len(first) <= _LONGEST else f"{first[:_LONGEST]}…"


def _lines(document: dict[str, Any]) -> str:
    """JSON with one call, lane or outcome a line: small, and a change of one shows as one line in a merge request."""

    def dump(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False)

    lanes = ",\n".join(f"  {dump(lane)}" for lane in document["lanes"])
    outcomes = ",\n".join(f"  {dump(one)}" for one in document["outcomes"])
    calls = ",\n".join(f"  {dump(name)}: {dump(call)}" for name, call in sorted(document["calls"].items()))
    return f'{{\n "lanes": [\n{lanes}\n ],\n "outcomes": [\n{outcomes}\n ],\n "calls": {{\n{calls}\n }}\n}}\n'
