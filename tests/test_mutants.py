"""Tests the mutants themselves: the same each time, seen by the gates, and survivors where a gate is off."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import ADAPTER, LANES, LANES_HERE, PARTS, ROOT, rewrite
from verified_docs.cli import app
from verified_docs.mutants import gates
from verified_docs.mutants.gates import GATES, Bench, Gate, Job
from verified_docs.mutants.lab import Lab
from verified_docs.mutants.mutant import LEAST, QUOTA, Fault, Mutant, Operator, Project, choose, find_mutants
from verified_docs.mutants.operators import OPERATORS, choose_operators
from verified_docs.mutants.score import (
    EQUIVALENT,
    Equivalent,
    check_equivalent,
    check_score,
    check_still_equivalent,
    load_equivalent,
    load_score,
    score,
    write_score,
)
from verified_docs.mutants.trial import Verdict, try_mutants
from verified_docs.problem import Problem, Problems

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def here() -> Project:
    return Project(ROOT)


@pytest.fixture(scope="module")
def whole(pages: Path, site: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with its pages and its site, which a clean checkout does not have."""
    root = tmp_path_factory.mktemp("whole")
    for path in ROOT.iterdir():
        if path.name not in {"build", "site", ".git"}:
            (root / path.name).symlink_to(path)
    (root / "site").symlink_to(site)
    (root / "build").mkdir()
    (root / "build" / "docs").symlink_to(pages)
    (root / "build" / "evidence").symlink_to(PARTS[0].parent)
    return Project(root)


@pytest.fixture(scope="module")
def every(whole: Project) -> dict[str, list[Mutant]]:
    return {operator.name: choose(whole, operator) for operator in OPERATORS if not operator.absent}


def job_of(mutant: Mutant) -> Job:
    fault = mutant.fault
    return Job(fault.target, fault.make(), mutant.operator.gates, fault.example, fault.lanes)


# --- Which mutants there are -----------------------------------------------------------------------------------------


def test_every_operator_has_enough_mutants(every: dict[str, list[Mutant]]) -> None:
    assert {name: len(found) for name, found in every.items() if not LEAST <= len(found) <= QUOTA} == {}


def test_there_are_a_thousand_with_names_of_their_own(every: dict[str, list[Mutant]]) -> None:
    names = [mutant.id for found in every.values() for mutant in found]
    assert len(set(names)) == len(names) >= 1000


def test_mutants_are_the_same_each_time(every: dict[str, list[Mutant]], whole: Project) -> None:
    again = find_mutants(Project(whole.root), OPERATORS)
    assert [(one.id, one.fault.what) for one in again] == [
        (one.id, one.fault.what) for found in every.values() for one in found
    ]
    for one, other in zip(again[::40], [one for found in every.values() for one in found][::40], strict=True):
        assert one.fault.make() == other.fault.make()


def test_every_mutant_changes_something(every: dict[str, list[Mutant]], whole: Project) -> None:
    for found in every.values():
        for mutant in found[::6]:
            for path, text in mutant.fault.make().items():
                file = whole.root / path
                before = file.read_text("utf-8") if file.exists() else None
                assert text != before, mutant.id


def test_no_target_outweighs_the_others(every: dict[str, list[Mutant]]) -> None:
    for name in ("example-constant", "cassette-status", "expected-output"):
        counts = Counter(mutant.fault.target for mutant in every[name])
        assert max(counts.values()) == 1, name


def test_a_line_elsewhere_keeps_the_names(project: Path) -> None:
    operator = choose_operators(["example-constant"])[0]
    before = {mutant.id for mutant in choose(Project(project), operator, 10_000)}
    path = project / "examples/tracking/log_first_run.py"
    rewrite(path, path.read_text("utf-8").replace("import mlflow\n", "import mlflow\n\nSEED = 5\n"))
    after = {mutant.id for mutant in choose(Project(project), operator, 10_000)}
    (new,) = after - before
    assert new.startswith("example-constant:tracking/log_first_run:")
    assert before <= after


def test_equal_places_are_told_apart(project: Path) -> None:
    operator = choose_operators(["example-removed-call"])[0]
    path = project / "examples/tracking/log_step_by_step.py"
    call = 'mlflow.log_param("solver", "lbfgs")\n'
    rewrite(path, path.read_text("utf-8").replace(call, call + call))
    found = [one for one in choose(Project(project), operator, 10_000) if "solver" in one.fault.what]
    assert len({one.id for one in found}) == 2


# --- What the gates see ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample(here: Project) -> list[Mutant]:
    """Two of each operator that replays see, of examples that take no time."""
    slow = ("autolog", "migrate", "train_compare", "round_trip", "log_model")
    chosen: list[Mutant] = []
    for operator in OPERATORS:
        if "replay" in operator.gates:
            fit = [one for one in choose(here, operator) if not any(word in one.id for word in slow)]
            chosen += [one for one in fit if one.fault.lanes and one.fault.lanes[0].endswith("mlflow-3")][:2]
    return chosen


def test_a_sample_is_seen(sample: list[Mutant], here: Project) -> None:
    equivalent = {one.id for one in load_equivalent(ROOT)}
    verdicts = try_mutants(ROOT, sample, LANES_HERE)
    assert len(verdicts) >= 30
    assert [row.mutant.id for row in verdicts if not row.killed and row.mutant.id not in equivalent] == []
    assert all(row.kind not in {"crash", "hang", "died"} for row in verdicts), "told without a traceback"


def constant_fault(here: Project, old: str) -> Mutant:
    operator = choose_operators(["example-constant"])[0]
    found = choose(here, operator, 10_000)
    return next(one for one in found if one.fault.target == "tracking/log_first_run" and f"{old} →" in one.fault.what)


def test_a_gate_that_is_off_leaves_survivors(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = constant_fault(here, "5")
    with Lab(ROOT, ADAPTER) as lab:
        seen = lab.attempt(job_of(mutant))
        assert (seen["gate"], seen["kind"]) == ("replay", "unrecorded")
        off = replace(GATES["replay"], ask=lambda bench, job: None)
        monkeypatch.setitem(gates.GATES, "replay", off)
        monkeypatch.setitem(gates.GATES, "publish", off)
        assert lab.attempt(job_of(mutant)) == {}


def test_the_copy_is_as_before_after_each_mutant(here: Project) -> None:
    mutant = constant_fault(here, "5")
    with Lab(ROOT, ADAPTER) as lab:
        path = lab.bench.root / "examples/tracking/log_first_run.py"
        new = lab.bench.root / "docs/new/page.md"
        before = path.read_bytes()
        lab.attempt(replace(job_of(mutant), edits={**mutant.fault.make(), "docs/new/page.md": "# New\n"}))
        assert path.read_bytes() == before
        assert not new.exists()
        gone = replace(job_of(mutant), edits={"examples/tracking/log_first_run.py": None})
        assert lab.attempt(gone)["kind"] == "file"
        assert path.read_bytes() == before
        folder = lab.bench.root
    assert not folder.exists()
    assert "5" in (ROOT / "examples/tracking/log_first_run.py").read_text("utf-8")


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Bench, Job], None]], None]:
    """Puts a gate of the test's own in the place of the replay."""

    def put(ask: Callable[[Bench, Job], None]) -> None:
        monkeypatch.setitem(gates.GATES, "replay", Gate("a gate", ask, lambda bench, job: [], everywhere=True))

    return put


JOB = Job("x", {}, ("replay",), None, ())


def test_a_mutant_that_never_ends_is_stopped(
    gate: Callable[[Callable[[Bench, Job], None]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def for_ever(bench: Bench, job: Job) -> None:
        while True:
            time.time()

    monkeypatch.setattr("verified_docs.mutants.lab._PATIENCE", 0.2)
    gate(for_ever)
    with Lab(ROOT, ADAPTER) as lab:
        assert lab.attempt(JOB)["kind"] == "hang"


def test_a_mutant_that_takes_its_process_along_is_seen(gate: Callable[[Callable[[Bench, Job], None]], None]) -> None:
    def end(bench: Bench, job: Job) -> None:
        import os

        os._exit(0)

    gate(end)
    with Lab(ROOT, ADAPTER) as lab:
        assert lab.attempt(JOB)["kind"] == "died"


def test_a_gate_that_crashes_is_told_as_a_crash(gate: Callable[[Callable[[Bench, Job], None]], None]) -> None:
    def crash(bench: Bench, job: Job) -> None:
        raise KeyError("nothing")

    gate(crash)
    with Lab(ROOT, ADAPTER) as lab:
        found = lab.attempt(JOB)
        assert found["kind"] == "crash"
        assert "KeyError: 'nothing' (test_mutants.py:" in found["says"]


def test_a_project_that_is_red_has_no_mutants(monkeypatch: pytest.MonkeyPatch) -> None:
    def red(bench: Bench, job: Job) -> None:
        raise Problem(bench.root, None, "it is broken", "make it whole")

    monkeypatch.setitem(gates.GATES, "replay", Gate("a gate", red, lambda bench, job: ["it"], everywhere=True))
    with Lab(ROOT, ADAPTER) as lab, pytest.raises(Problem, match="is red without any fault") as caught:
        lab.attempt(JOB)
    assert caught.value.kind == "red"


# --- What is counted -------------------------------------------------------------------------------------------------


@pytest.fixture
def operator() -> Operator:
    def find(project: Project) -> Iterator[Fault]:
        for number in range(40):
            yield Fault("docs/index.md", f"place {number}", f"fault {number}", lambda: {})

    return Operator("made-up", "made up for a test", ("replay",), find)


def verdicts_of(operator: Operator, here: Project, alive: int) -> list[Verdict]:
    found = choose(here, operator, 30)
    return [Verdict(one) if n < alive else Verdict(one, "replay", "output") for n, one in enumerate(found)]


def test_score(operator: Operator, here: Project) -> None:
    verdicts = verdicts_of(operator, here, alive=3)
    found = score([operator], verdicts, [], {"replay": "a gate", "other": "unused"})
    count = found.operators["made-up"]
    assert (count.mutants, count.killed, count.equivalent, len(count.survivors)) == (30, {"replay": 27}, 0, 3)
    assert count.score == pytest.approx(0.9)
    assert found.gates == {"replay": "a gate"}
    same = [Equivalent(id=verdicts[0].mutant.id, reason="nothing that a page shows")]
    found = score([operator], verdicts, same, {})
    assert found.total.score == pytest.approx(27 / 29)
    assert (found.total.equivalent, len(found.total.survivors)) == (1, 2)


def test_an_operator_without_a_subject_counts_nothing(operator: Operator, here: Project) -> None:
    absent = replace(operator, name="not-there", absent="nothing of it exists")
    found = score([operator, absent], verdicts_of(operator, here, alive=0), [], {})
    assert found.operators["not-there"].absent == "nothing of it exists"
    assert found.total.mutants == 30
    assert find_mutants(here, [absent]) == []


def test_equivalent_mutants_have_to_exist_and_to_be_alive(project: Path, operator: Operator, here: Project) -> None:
    verdicts = verdicts_of(operator, here, alive=1)
    alive, seen = verdicts[0].mutant.id, verdicts[1].mutant.id
    reason = "a reason that is long enough"
    rewrite(project / EQUIVALENT, "".join(f"- id: {one}\n  reason: {reason}\n" for one in (alive, seen, "gone:x:1")))
    rows = load_equivalent(project)
    with pytest.raises(Problems) as caught:
        check_equivalent(project, rows, [row.mutant for row in verdicts])
    (problem,) = caught.value.found
    assert (problem.line, problem.kind) == (5, "equivalent")
    assert "gone:x:1" in problem.what
    with pytest.raises(Problems, match="sees this mutant") as caught:
        check_still_equivalent(project, rows, verdicts)
    assert [problem.line for problem in caught.value.found] == [3]


@pytest.mark.parametrize(
    "text", ["- id: x\n", "x", "- id: x\n  reason: short\n", "- {id: a, reason: long enough for it}\n" * 2, "a: ["]
)
def test_a_list_that_is_none(text: str, project: Path) -> None:
    rewrite(project / EQUIVALENT, text)
    with pytest.raises(Problem) as caught:
        load_equivalent(project)
    assert caught.value.kind == "equivalent"


def test_the_committed_list_names_mutants_that_exist(every: dict[str, list[Mutant]]) -> None:
    check_equivalent(ROOT, load_equivalent(ROOT), [mutant for found in every.values() for mutant in found])


def test_the_page_shows_what_was_found(project: Path, operator: Operator, here: Project) -> None:
    found = score([operator], verdicts_of(operator, here, alive=1), [], {"replay": "a gate"})
    with pytest.raises(Problem, match="another score"):
        check_score(project, found)
    write_score(project, found)
    check_score(project, found)
    assert load_score(project) == found
    other = score([operator], verdicts_of(operator, here, alive=2), [], {"replay": "a gate"})
    with pytest.raises(Problem) as caught:
        check_score(project, other)
    assert caught.value.line
    assert "UPDATE=1" in caught.value.fix


# --- The command -----------------------------------------------------------------------------------------------------


def run(*words: str) -> tuple[int, str]:
    done = RUNNER.invoke(app, ["mutants", "--root", str(ROOT), *words])
    return done.exit_code, done.output


def test_list() -> None:
    code, output = run("--list", "--operator", "cassette")
    assert code == 0
    assert re.search(r"^cassette-status:cassettes/\S+:[0-9a-f]{10}  ", output, re.M)
    assert f"{8 * QUOTA} mutants of 8 operators" in output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--operator", "casette-status"), "did you mean cassette-status"),
        (("--only", "cassette-status:x:0"), "there is no mutant"),
        (("--update", "--operator", "cassette"), "not a part of it"),
    ],
)
def test_a_name_that_is_not_there(words: tuple[str, ...], message: str) -> None:
    code, output = run(*words)
    assert code == 2
    assert message in output


def test_one_mutant(here: Project, tmp_path: Path) -> None:
    mutant = next(
        one for one in choose(here, choose_operators(["expected-output"])[0]) if "mlflow-3" in one.fault.lanes[0]
    )
    path = tmp_path / "found.json"
    code, output = run("--only", mutant.id, "--json", str(path))
    assert code == 0, output
    assert "seen by replay" in output
    document = json.loads(path.read_text("utf-8"))
    assert document["score"] == 1
    assert [(row["id"], row["gate"], row["kind"]) for row in document["mutants"]] == [(mutant.id, "replay", "output")]


def test_below_the_minimum(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "verified_docs.mutants.trial.try_mutants", lambda root, found, *_: [Verdict(one) for one in found]
    )
    mutant = choose(here, choose_operators(["expected-output"])[0])[0]
    code, output = run("--only", mutant.id)
    assert code == 1
    assert "the score is 0.000, below 0.99" in output
    assert mutant.id in output
    assert run("--only", mutant.id, "--minimum", "0")[0] == 0


def test_every_lane_has_mutants(every: dict[str, list[Mutant]]) -> None:
    first = Counter(mutant.fault.lanes[0] for found in every.values() for mutant in found if mutant.fault.lanes)
    assert first.keys() == {lane.id for lane in LANES}
    assert min(first.values()) > 50
