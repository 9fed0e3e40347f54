"""Joins evidence of several environments, and refuses what is not whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conftest import LANES, ROOT
from verified_docs.evidence import Evidence, LaneName, Result, gather, json_schema, load_evidence, merge, write_evidence
from verified_docs.example import load_examples
from verified_docs.problem import Problem

EXAMPLES = load_examples(ROOT)[:3]


def part(environment: str, **changes: Any) -> Evidence:
    lanes = [lane for lane in LANES if lane.environment == environment]
    results = [(example, lane, Result(verdict="not_recorded")) for example in EXAMPLES for lane in lanes]
    evidence = gather(ROOT, lanes, results)
    if changes:
        name, proof = next(iter(evidence.examples.items()))
        evidence = evidence.model_copy(
            update={"examples": evidence.examples | {name: proof.model_copy(update=changes)}}
        )
    return evidence


def changed(evidence: Evidence, **changes: Any) -> Evidence:
    return evidence.model_copy(update=changes)


def test_merged_in_the_order_of_lanes(tmp_path: Path) -> None:
    there = merge([part("mlflow-2"), part("mlflow-3")], LANES, tmp_path)
    back = merge([part("mlflow-3"), part("mlflow-2")], LANES, tmp_path)
    assert there.to_json() == back.to_json()
    assert list(there.lanes) == [lane.id for lane in LANES]
    assert all(list(proof.results) == list(there.lanes) for proof in there.examples.values())


def test_order_of_results_does_not_matter() -> None:
    results = [(example, lane, Result(verdict="passes")) for example in EXAMPLES for lane in LANES]
    assert gather(ROOT, LANES, results).to_json() == gather(ROOT, LANES, results[::-1]).to_json()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (lambda: [], "nothing was verified"),
        (lambda: [part("mlflow-2")], "no verdict for GitLab 18.9 with MLflow 3.17.2"),
        (lambda: [part("mlflow-2"), part("mlflow-3", sha256="0" * 64)], "two different sources"),
        (lambda: [part("mlflow-2"), part("mlflow-3"), part("mlflow-3")], "verified twice"),
        (lambda: [part("mlflow-2"), changed(part("mlflow-3"), fences={"a.md": ["0"]})], "two different states"),
        (
            lambda: [part("mlflow-2"), changed(part("mlflow-3"), lanes={"x": LaneName(server="A 1", client="B 2")})],
            "not configured",
        ),
    ],
)
def test_incomplete(parts: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=message):
        merge(parts(), LANES, tmp_path)


def test_round_trip_and_schema(tmp_path: Path) -> None:
    evidence = merge([part("mlflow-2"), part("mlflow-3")], LANES, tmp_path)
    path = tmp_path / "evidence.json"
    write_evidence(path, evidence)
    assert load_evidence(path) == evidence
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.validate(json.loads(path.read_text("utf-8")), json_schema())


@pytest.mark.parametrize("change", [{"verdict": "perhaps"}, {"requests": "many"}, {"surprise": 1}])
def test_schema_refuses_what_the_reader_refuses(change: dict[str, Any], tmp_path: Path) -> None:
    document = json.loads(merge([part("mlflow-2"), part("mlflow-3")], LANES, tmp_path).to_json())
    next(iter(next(iter(document["examples"].values()))["results"].values())).update(change)
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json_schema())
    with pytest.raises(Problem, match="/examples/"):
        load_evidence(path)


def test_nothing_verified_yet(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        load_evidence(tmp_path / "evidence.json")
    assert caught.value.fix == "make verify"
