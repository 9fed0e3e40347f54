"""Lets evidence say something else than the example and the recording that it is of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import LANES, ROOT, rewrite
from verified_docs.agreement import check_agreement
from verified_docs.evidence import Evidence, Proof, Result
from verified_docs.example import Example, load_examples
from verified_docs.problem import Problems
from verified_docs.provenance import Failure

LANE = LANES[-1].id
FIRST, ENDS, DIFFERS = "tracking/log_first_run", "errors/wrong_token", "registry/register_model_version"
EXAMPLES = {example.id: example for example in load_examples(ROOT)}


def said(evidence: Evidence, name: str, change: Callable[[Proof], Proof]) -> Evidence:
    return evidence.model_copy(update={"examples": evidence.examples | {name: change(evidence.examples[name])}})


def refused(evidence: Evidence) -> str:
    with pytest.raises(Problems) as caught:
        check_agreement(ROOT, EXAMPLES, evidence)
    (problem,) = caught.value.found
    assert (problem.kind, problem.fix) == ("evidence", "make verify")
    return problem.what


def test_the_evidence_agrees(evidence: Evidence) -> None:
    check_agreement(ROOT, EXAMPLES, evidence)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "Something else"),
        ("role", "Owner"),
        ("scope", "read_api"),
        ("tokens", {"GITLAB_TOKEN": "pat:owner:api"}),
        ("path", "examples/tracking/other.py"),
    ],
)
def test_another_header(evidence: Evidence, field: str, value: Any) -> None:
    what = refused(said(evidence, FIRST, lambda proof: proof.model_copy(update={field: value})))
    assert f"says of {FIRST}" in what


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (FIRST, {"output": "first-run RUNNING\n"}),
        (FIRST, {"output": ""}),
        (FIRST, {"requests": 3}),
        (FIRST, {"verdict": "fails_as_shown"}),
        (FIRST, {"exception": Failure(type="ValueError", message="no")}),
        (FIRST, {"recorded_at": "2026-11-23T11:32:07+00:00"}),
        (FIRST, {"server": None}),
        (FIRST, {"client": None}),
        (FIRST, {"cassette": "cassettes/other.yaml"}),
        (ENDS, {"exception": None}),
        (ENDS, {"exception": Failure(type="ValueError", message="no")}),
        (ENDS, {"verdict": "passes"}),
        (ENDS, {"output": "more\n"}),
        (DIFFERS, {"output": "semantic version: 2.0.0\n"}),
    ],
)
def test_another_result(evidence: Evidence, name: str, change: dict[str, Any]) -> None:
    def edit(proof: Proof) -> Proof:
        result = proof.results[LANE].model_copy(update=change)
        return proof.model_copy(update={"results": proof.results | {LANE: result}})

    assert f"says of {name}" in refused(said(evidence, name, edit))


def test_a_result_that_is_left_out(evidence: Evidence) -> None:
    def edit(proof: Proof) -> Proof:
        return proof.model_copy(update={"results": proof.results | {LANE: Result(verdict="not_recorded")}})

    assert "the verdict" in refused(said(evidence, FIRST, edit)) or "the result" in refused(said(evidence, FIRST, edit))


def test_a_result_of_what_is_not_recorded(evidence: Evidence) -> None:
    name, lane = next(
        (name, lane)
        for name, proof in evidence.examples.items()
        for lane, result in proof.results.items()
        if result.verdict == "not_recorded"
    )

    def edit(proof: Proof) -> Proof:
        return proof.model_copy(update={"results": proof.results | {lane: Result(verdict="passes")}})

    assert "the result" in refused(said(evidence, name, edit))


def test_other_fences(evidence: Evidence) -> None:
    page = next(iter(evidence.fences))
    for other in ({}, {**evidence.fences, page: ["0" * 64]}, {**evidence.fences, "how-to/none.md": ["0" * 64]}):
        with pytest.raises(Problems, match="other Python fences"):
            check_agreement(ROOT, EXAMPLES, evidence.model_copy(update={"fences": other}))


def test_a_promise_that_changed_after_the_run(project: Path, evidence: Evidence) -> None:
    path = project / "examples/tracking/log_first_run.py"
    rewrite(path, path.read_text("utf-8").replace("#> first-run FINISHED", "#> first-run RUNNING"))
    changed: dict[str, Example] = {example.id: example for example in load_examples(project)}
    with pytest.raises(Problems) as caught:
        check_agreement(project, changed, evidence)
    assert len(caught.value.found) == 1
    assert "the output" in caught.value.found[0].what
