"""Compares the scanner with reality: what it says of every example, and how that example was recorded."""

from __future__ import annotations

import ast
import re

import pytest

from conftest import LANES, ROOT
from mlflow_gitlab.doctor.compatibility import choose, load_matrix
from mlflow_gitlab.doctor.scan import scan_source
from mlflow_gitlab.doctor.scan_findings import Finding, Severity
from verified_docs.example import Example, load_examples
from verified_docs.inventory import recorded_lanes
from verified_docs.lane import Lane

MATRIX = load_matrix()
EXAMPLES = {example.id: example for example in load_examples(ROOT)}
CASES = [(example.id, lane.id) for example in EXAMPLES.values() for lane in recorded_lanes(ROOT, example, LANES)]

# Nothing in the source says that these fail: it is the token, the address or the project that is not good.
ENVIRONMENT = {
    *(f"errors/{name}" for name in ("basic_auth_wins", "deploy_token", "expired_token", "feature_off", "guest_writes")),
    *(f"errors/{name}" for name in ("job_token", "no_token", "outsider", "read_only_scope", "read_scope_searches")),
    *(f"errors/{name}" for name in ("reporter_searches", "reporter_writes", "revoked_token", "wrong_project")),
    *(f"errors/{name}" for name in ("wrong_scope", "wrong_token", "wrong_uri")),
    # `MLFLOW_EXPERIMENT_NAME` may name one.
    "errors/no_experiment",
}
# MLflow's own server raises as well, so it is no difference to tell.
EVERYWHERE = {"errors/unknown_experiment", "errors/version_taken"}
# What is there on the server decides: the call that raises has a warning.
DEPENDS = {
    "errors/delete_experiment_of_model",
    "errors/delete_promoted_run",
    "errors/developer_deletes_model",
    "errors/get_model_with_versions",
    "errors/latest_versions_of_empty_model",
    "errors/list_after_upload",
    "errors/list_artifacts_of_empty_run",
    "errors/sub_folder",
    "registry/delete_model_with_versions",
    "registry/list_versions",
}
# The matrix has no such row, or the source does not show that the call is one of it.
NOT_SHOWN = {
    "errors/bad_file_name": "an equals sign in a name was not measured",
    "errors/file_name_with_space": "the upload works, and has the warning; the download, which raises, has none",
    "errors/promote_twice": "the second version of a run was measured with `register_model`, not with this call",
    "errors/unknown_job": "whether a job exists is not in the source",
    "registry/load_model_by_version": "the address comes through a parameter",
}
# It fails as the matrix says, with other words, because other values were given when it was measured.
OTHER_WORDS = {
    # The client looks at the number of the version first, and `1.0.0` is none; `1` was measured.
    *(("errors/set_alias", lane.id) for lane in LANES),
    # The model of the example has no versions; the measured one has.
    ("errors/transition_stage", "gitlab-18.9/mlflow-3"),
    ("errors/latest_versions_of_empty_model", "gitlab-18.9/mlflow-3"),
}


def findings(example: Example, lane: Lane) -> list[Finding]:
    return scan_source(example.source, example.id, MATRIX, choose(MATRIX, lane=lane.id)).findings


def case(example_id: str, lane_id: str) -> tuple[Example, Lane]:
    return EXAMPLES[example_id], next(lane for lane in LANES if lane.id == lane_id)


@pytest.mark.parametrize(("example_id", "lane_id"), CASES)
def test_the_scanner_agrees_with_the_recording(example_id: str, lane_id: str) -> None:
    example, lane = case(example_id, lane_id)
    found = findings(example, lane)
    errors = [one for one in found if one.severity is Severity.ERROR]
    raises = example.metadata.raises_in(lane.id)
    if raises is None:
        # It ran to its end: no call of it fails.
        assert errors == []
    elif errors:
        # The call that fails is found, and with the exception that was recorded.
        assert example_id not in ENVIRONMENT | EVERYWHERE | NOT_SHOWN.keys()
        kind = raises.type.rpartition(".")[2]
        right = [one.line for one in errors if kind in one.says]
        assert right or (example_id, lane_id) in OTHER_WORDS, (raises, errors)
    elif example_id in DEPENDS:
        assert any(one.severity is Severity.WARNING and "fails" in one.says for one in found) or _is_ignored(found)
    else:
        assert example_id in ENVIRONMENT | EVERYWHERE | NOT_SHOWN.keys()


def _is_ignored(found: list[Finding]) -> bool:
    """In MLflow 2, a fresh client gets an empty list where the one that uploaded raises."""
    return any("accepted and ignored" in one.says for one in found)


def test_the_error_has_the_message_that_was_recorded() -> None:
    matched = 0
    for example_id, lane_id in CASES:
        example, lane = case(example_id, lane_id)
        raises = example.metadata.raises_in(lane.id)
        errors = [one for one in findings(example, lane) if one.severity is Severity.ERROR]
        if raises is not None:
            matched += any(re.search(raises.match, one.says) is not None for one in errors)
    # Longer messages are cut, and some name the value: but most are the very words.
    assert matched >= 40


def test_an_error_stands_in_the_last_statement() -> None:
    """An example that raises ends with the call that raises, and the scanner points at that one."""
    pointed = 0
    for example_id, lane_id in CASES:
        example, lane = case(example_id, lane_id)
        errors = [one for one in findings(example, lane) if one.severity is Severity.ERROR]
        if errors:
            # What is printed after it is printed in the lanes where it works.
            body = [one for one in ast.parse(example.source).body if not ast.unparse(one).startswith("print(")]
            last = body[-1]
            assert any(last.lineno <= one.line <= (last.end_lineno or 0) for one in errors), example_id
            pointed += 1
    assert pointed >= 60


def test_the_exceptions_are_all_needed() -> None:
    raising = {example_id for example_id, lane_id in CASES if EXAMPLES[example_id].metadata.raises_in(lane_id)}
    listed = [ENVIRONMENT, EVERYWHERE, DEPENDS, set(NOT_SHOWN)]
    assert set().union(*listed) <= raising
    assert sum(map(len, listed)) == len(set().union(*listed))
    assert len(raising - set().union(*listed)) >= 15


def test_wrong_answers_without_an_error_are_warnings() -> None:
    """Examples that run to their end, and show what GitLab silently does not do."""
    for example_id, check in {
        "errors/filter_ignored": "mlflow.search_runs:filter_string",
        "errors/params_twice_batch": "mlflow.log_params:overwrite",
        "errors/rename_run": "MlflowClient.update_run:name",
        "errors/search_registered_models_by_name": "MlflowClient.search_registered_models:filter_string name=",
        "errors/autolog_default": "mlflow.autolog:log_models=False",
    }.items():
        for lane in recorded_lanes(ROOT, EXAMPLES[example_id], LANES):
            found = {one.check: one.severity for one in findings(EXAMPLES[example_id], lane)}
            assert found.get(check) is Severity.WARNING, (example_id, lane.id)
