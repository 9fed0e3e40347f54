"""Writes against recorded exchanges: what the scratch experiment does, and what it leaves when something breaks."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from doctor_recorded import cassette
from handbook.measured import load_permissions
from mlflow_gitlab.doctor.write_check import PREFIX, WriteCheck, check_write
from verified_docs.cassette import Interaction

RUN = "00000000-0000-4000-8000-000000000001"
# What each step is answered, each with its recording; nothing in them is changed.
RECORDED: dict[str, Interaction] = {
    "experiments/create": cassette("ci/gate_and_register").interactions[0],
    "runs/create": cassette("ci/gate_and_register").interactions[1],
    "runs/log-metric": cassette("ci/gate_and_register").interactions[2],
    "runs/get": cassette("ci/gate_and_register").interactions[3],
    "runs/delete": cassette("tracking/delete_runs").interactions[2],
    "experiments/delete": cassette("tracking/delete_runs").interactions[4],
}
GONE = cassette("tracking/delete_runs").interactions[5]
FOUND = cassette("tracking/check_connection").interactions[1]
STEPS = list(RECORDED)
NOW = 1767225600.0


class Project:
    """Answers as recorded, and knows what is there."""

    def __init__(self, **faults: Any) -> None:
        self.faults = faults
        self.sent: list[tuple[str, str, dict[str, Any] | None]] = []
        self.there: set[str] = set()

    def __call__(self, method: str, path: str, body: dict[str, Any] | None, /) -> tuple[int, Any]:
        self.sent.append((method, path, body))
        name = urlsplit(path).path
        fault = self.faults.get(name.replace("/", "_").replace("-", "_"))
        if isinstance(fault, tuple):
            return fault
        if name == "experiments/get-by-name":
            one = FOUND if "experiment" in self.there else GONE
        else:
            one = RECORDED[name]
            kind, _, verb = name.partition("/")
            if verb == "create":
                self.there.add(kind[:-1])
            elif verb == "delete":
                self.there -= {"run", kind[:-1]}
        if isinstance(fault, BaseException):
            raise fault
        return one.status, json.loads(str(one.answer))


def write(**faults: Any) -> tuple[WriteCheck, Project]:
    project = Project(**faults)
    return check_write(project, clock=lambda: NOW), project


def ids(check: WriteCheck) -> list[str]:
    return [one.id for one in check.findings]


def test_all_of_it_works_and_nothing_is_left() -> None:
    check, project = write()
    assert check.done == [
        "create an experiment",
        "start a run",
        "log a metric",
        "read it back",
        "delete the run",
        "delete the experiment",
        "see that it is gone",
    ]
    assert (check.refused, check.left, check.findings, project.there) == (None, [], [], set())
    assert check.name.startswith(PREFIX)
    assert [urlsplit(path).path for _, path, _ in project.sent] == [*STEPS, "experiments/get-by-name"]


def test_it_sends_what_was_recorded() -> None:
    check, project = write()
    for (method, path, body), (name, one) in zip(
        project.sent, [*RECORDED.items(), ("experiments/get-by-name", GONE)], strict=True
    ):
        sent, known = urlsplit(path), urlsplit(one.uri)
        assert (method, sent.path) == (one.method, name)
        query = dict(parse_qsl(known.query))
        assert dict(parse_qsl(sent.query)) == query | ({"experiment_name": check.name} if "by-name" in name else {})
        expected = json.loads(str(one.body)) if one.body else None
        named = {"name": check.name, "run_name": check.name, "start_time": int(NOW * 1000)}
        if expected and "timestamp" in expected:
            named["timestamp"] = int(NOW * 1000)
        assert body == (None if expected is None else expected | {k: v for k, v in named.items() if k in expected})


def test_every_name_is_another() -> None:
    assert write()[0].name != write()[0].name


@pytest.mark.parametrize("example", ["errors/guest_writes", "errors/reporter_writes", "errors/read_only_scope"])
def test_a_recorded_refusal(example: str) -> None:
    refusal = cassette(example).interactions[0]
    check, project = write(experiments_create=(refusal.status, json.loads(str(refusal.answer))))
    assert ids(check) == ["write-refused"]
    evidence = check.findings[0].evidence
    assert (evidence.request, evidence.status) == ("POST experiments/create", refusal.status)
    assert json.loads(evidence.body) == json.loads(str(refusal.answer))
    assert len(project.sent) == 1


def test_a_measured_refusal_of_a_fine_grained_token() -> None:
    # The set *read* of GitLab 19.3 may not create experiments.
    answer = load_permissions(ROOT)[-1].answer("experiments.create", "fg:developer:read", "private")
    assert answer is not None and answer.body
    check, _ = write(experiments_create=(answer.status, json.loads(answer.body)))
    assert "[Ml Experiment: Create]" in check.findings[0].evidence.body


def test_an_archived_project_still_takes_runs() -> None:
    for cells in load_permissions(ROOT):
        for operation in ("experiments.create", "runs.create", "runs.log-metric", "runs.delete", "experiments.delete"):
            answer = cells.answer(operation, "pat:developer:api", "archived-members")
            assert answer is not None and answer.status == 200
        upload = cells.answer("packages.upload-candidate", "pat:developer:api", "archived-members")
        assert upload is not None and upload.status == 403


ODD: list[tuple[int, Any]] = [
    (500, "boom"),
    (200, "<html>"),
    (200, None),
    (200, []),
    (404, {"error": "404 Not Found"}),
    (200, {}),
]


@pytest.mark.parametrize("step", STEPS[1:4])
@pytest.mark.parametrize("fault", [*ODD, OSError("cut"), TimeoutError(), KeyboardInterrupt()])
def test_whatever_breaks_in_between_nothing_is_left(step: str, fault: Any) -> None:
    check, project = write(**{step.replace("/", "_").replace("-", "_"): fault})
    interrupted = isinstance(fault, KeyboardInterrupt)
    harmless = step == "runs/log-metric" and fault in [(200, "<html>"), (200, []), (200, {})]
    assert ids(check) == ([] if interrupted or harmless else ["write-refused"])
    assert check.interrupted is interrupted
    assert (check.left, project.there) == ([], set())


@pytest.mark.parametrize("fault", [OSError("cut"), TimeoutError()])
def test_an_experiment_whose_answer_was_lost_is_found_and_removed(fault: Exception) -> None:
    check, project = write(experiments_create=fault)
    assert ids(check) == ["write-refused"]
    assert (check.left, project.there) == ([], set())
    assert check.done == ["find the experiment", "delete the experiment", "see that it is gone"]


def test_no_connection_at_all() -> None:
    check, _ = write(experiments_create=OSError("cut"), experiments_get_by_name=OSError("cut"))
    assert ids(check) == ["write-refused", "left-behind"]
    assert check.findings[1].fix.startswith(f"delete experiment {check.name}:")


def test_an_experiment_that_was_never_made_is_not_left() -> None:
    gone = (GONE.status, json.loads(str(GONE.answer)))
    check, _ = write(experiments_create=OSError("cut"), experiments_get_by_name=gone)
    assert ids(check) == ["write-refused"]


@pytest.mark.parametrize("fault", [*ODD[:1], (404, {"error": "404 Not Found"}), OSError("cut")])
def test_what_cannot_be_removed_is_named(fault: Any) -> None:
    check, _ = write(experiments_delete=fault)
    assert ids(check) == ["write-refused", "left-behind"]
    assert check.left == [f"experiment {check.name}"]


def test_a_run_that_stays_goes_with_its_experiment() -> None:
    check, project = write(runs_delete=(500, "boom"))
    assert ids(check) == ["write-refused"]
    assert (check.left, project.there) == ([], set())


def test_a_metric_that_is_not_read_back() -> None:
    # ci/gate_and_register[1]: the run before its metric, in the shape of runs/get.
    before = json.loads(str(RECORDED["runs/create"].answer))
    check, project = write(runs_get=(200, before))
    assert check.refused is not None
    assert check.refused.body == "the metric is not there: []"
    assert project.there == set()


@pytest.mark.parametrize("fault", ODD)
def test_an_odd_answer_to_the_first_step_is_looked_into(fault: Any) -> None:
    check, project = write(experiments_create=fault)
    assert ids(check) == ["write-refused"]
    looked = [path for _, path, _ in project.sent if "get-by-name" in path]
    assert bool(looked) is (fault[0] != 404)


def test_a_deletion_that_did_nothing_is_found_out() -> None:
    check, _ = write(experiments_delete=(200, {}))
    assert check.left == [f"experiment {check.name}"]
    assert ids(check) == ["left-behind"]


@given(st.dictionaries(st.sampled_from(STEPS), st.sampled_from([*ODD, OSError("cut"), TimeoutError()])))
def test_it_never_forgets_what_it_made(faults: dict[str, Any]) -> None:
    """Whatever breaks: the experiment is gone, or it is named."""
    check, project = write(**{name.replace("/", "_").replace("-", "_"): fault for name, fault in faults.items()})
    assert bool(check.left) or "experiment" not in project.there
