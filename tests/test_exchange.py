"""Shows recorded exchanges on pages, and refuses those that were not recorded."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import LANES, ROOT
from verified_docs.census import find_fences
from verified_docs.evidence import Evidence
from verified_docs.exchange import NotThere, _laid_out, exchange

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=25,
)


@given(JSON)
def test_layout_changes_no_value(value: object) -> None:
    assert json.loads(_laid_out(value, 0)) == value


@given(st.lists(st.dictionaries(st.text("abc", min_size=1, max_size=5), st.integers(0, 99), max_size=4), max_size=9))
def test_layout_keeps_lines_short(value: object) -> None:
    assert all(len(row) <= 84 for row in _laid_out(value, 0).splitlines())


def shown(evidence: Evidence, request: str, number: int = 1, lane: str | None = None) -> list[tuple[str, str]]:
    text = exchange(ROOT, evidence, "setup/inspect_topology", request, number, lane)
    return [(fence.language, fence.content) for fence in find_fences(ROOT / "docs/x.md", text)]


def test_a_request_with_its_answer(evidence: Evidence) -> None:
    (_, request), (language, answer) = shown(evidence, "POST model-versions/create")
    assert request.startswith("POST /api/v4/projects/42/ml/mlflow/api/2.0/mlflow/model-versions/create HTTP/1.1\n")
    assert "Authorization: Bearer <project:developer:api>\n" in request
    assert '"gitlab.version"' in request
    assert language == "json"
    assert json.loads(answer)["model_version"]["aliases"] == ["1.0.0"]


def test_the_second_of_its_kind(evidence: Evidence) -> None:
    first, second = (shown(evidence, "GET runs/get", number)[1][1] for number in (1, 2))
    assert "packages/ml_models/candidate:1" in first
    assert "mlflow-artifacts:/candidate:1" in second


def test_an_upload(evidence: Evidence) -> None:
    (_, request), _ = shown(evidence, "PUT candidate:1/files/weights.txt")
    assert request.endswith("\n\ntrial weights\n")


def test_another_lane(evidence: Evidence) -> None:
    text = exchange(ROOT, evidence, "setup/inspect_topology", "POST runs/create", 1, LANES[0].id)
    assert "Recorded with GitLab 18.9 and MLflow 2.22.5: request 4 of 19" in text


@pytest.mark.parametrize(
    ("example", "request_", "number", "lane", "message"),
    [
        ("setup/nothing", "POST runs/create", 1, None, "no example"),
        ("setup/inspect_topology", "POST runs/fly", 1, None, "has 'POST runs/fly' 0 times, not 1"),
        ("setup/inspect_topology", "GET runs/create", 1, None, "0 times"),
        ("setup/inspect_topology", "POST runs/create", 2, None, "1 times, not 2"),
        ("setup/inspect_topology", "POST runs/create", 0, None, "not 0"),
        ("setup/inspect_topology", "POST uns/create", 1, None, "0 times"),
        ("setup/new_project", "GET user", 1, "gitlab-18.9/mlflow-2", "was not recorded in gitlab-18.9/mlflow-2"),
    ],
)
def test_what_was_not_recorded(
    example: str, request_: str, number: int, lane: str | None, message: str, evidence: Evidence
) -> None:
    with pytest.raises(NotThere, match=message):
        exchange(ROOT, evidence, example, request_, number, lane)
