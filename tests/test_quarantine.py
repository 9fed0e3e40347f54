"""Puts examples into quarantine: the gate opens for them and for nothing else, and closes when it ends."""

from __future__ import annotations

import contextlib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from conftest import LANES, LANES_HERE, ROOT, rewrite
from test_command import small
from verified_docs.cli import app
from verified_docs.day import TODAY
from verified_docs.evidence import Held, Result, load_evidence
from verified_docs.example import load_examples
from verified_docs.problem import Problem, Problems
from verified_docs.quarantine import (
    FILE,
    LONGEST,
    Quarantine,
    check_quarantine,
    load_quarantine,
)

RUN = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb"})
DAY = date(2026, 11, 23)
NAME = "tracking/check_connection"
REASON = "GitLab answers something else"
EXAMPLES = load_examples(ROOT)
LANE = LANES_HERE[0]


def run(*arguments: str, root: Path, today: str = "2026-11-23") -> Any:
    """The command, on a day."""
    return RUN.invoke(app, [*arguments, "--root", str(root)], env={TODAY: today})


def add(root: Path, *arguments: str, name: str = NAME, until: str = "2026-12-24") -> Any:
    options = ["--reason", REASON, "--owner", "@acme/ml-platform", "--until", until]
    return run("quarantine", "add", name, *options, *arguments, root=root)


def entry(**changes: Any) -> dict[str, Any]:
    row = {"example": NAME, "reason": REASON, "owner": "@acme", "since": DAY, "until": DAY + timedelta(days=9)}
    return row | changes


def written(root: Path, *rows: dict[str, Any]) -> Quarantine:
    rewrite(root / FILE, "# Why\n" + yaml.safe_dump(list(rows), sort_keys=False))
    return load_quarantine(root)


def faults(root: Path, *rows: dict[str, Any], today: date = DAY) -> list[Problem]:
    with pytest.raises(Problems) as caught:
        check_quarantine(ROOT, written(root, *rows), EXAMPLES, LANES, today)
    return caught.value.found


def broken(project: Path, name: str = NAME) -> None:
    """Makes an example fail."""
    path = project / "examples" / f"{name}.py"
    text = path.read_text("utf-8")
    assert '"connection-check"' in text
    rewrite(path, text.replace('"connection-check"', '"another-name"'))


# --- The gate ---------------------------------------------------------------------------------------------------------


def test_a_failing_example_does_not_close_the_gate(project: Path) -> None:
    evidence = small(project) / "build" / "evidence.json"
    broken(project)
    verify = ("verify", "--evidence", str(evidence))
    assert run(*verify, root=project).exit_code == 1
    assert not evidence.exists()
    assert add(project).exit_code == 0
    done = run(*verify, root=project)
    assert done.exit_code == 0, done.output
    # Its failure is told all the same.
    assert f"in quarantine {NAME} in {LANE}, until 2026-12-24, by @acme/ml-platform, because: {REASON}" in done.output
    assert "check_connection.py:16: POST " in done.output
    assert f"verified 0 results of 1 examples and 1 fences with {LANE.client}" in done.output
    assert f"{len(LANES_HERE)} in quarantine, not verified" in done.output
    proof = load_evidence(evidence).examples[NAME]
    for result in proof.results.values():
        assert (result.verdict, result.output, result.requests) == ("quarantined", "", 0)
        assert result.quarantine == Held(reason=REASON, owner="@acme/ml-platform", since=DAY, until=date(2026, 12, 24))
        # Where the recording comes from is still true.
        assert (result.cassette, result.cassette_sha256) != (None, None)


def test_only_the_lane_that_fails_is_out_of_the_gate(project: Path) -> None:
    evidence = small(project) / "build" / "evidence.json"
    verify = ("verify", "--evidence", str(evidence))
    assert add(project, "--lane", LANE.id).exit_code == 0
    assert run(*verify, root=project).exit_code == 0
    verdicts = {lane: result.verdict for lane, result in load_evidence(evidence).examples[NAME].results.items()}
    assert verdicts == {lane.id: "quarantined" if lane == LANE else "passes" for lane in LANES_HERE}
    broken(project)
    done = run(*verify, root=project)
    assert done.exit_code == 1
    assert f"{len(LANES_HERE) - 1} of {len(LANES_HERE) - 1} failed" in done.output


def test_another_example_is_not_spared(project: Path) -> None:
    assert add(project, name="errors/no_token").exit_code == 0
    broken(project)
    done = run("verify", NAME, root=project)
    assert done.exit_code == 1
    assert "in quarantine" not in done.output


def test_an_example_that_passes_again_is_told_and_stays_unproven(project: Path) -> None:
    """Whether it passes today says nothing of tomorrow: evidence of one that fails now and then does not flicker."""
    evidence = small(project) / "build" / "evidence.json"
    assert add(project).exit_code == 0
    texts = []
    for number in range(2):
        done = run("verify", "--evidence", str(evidence), root=project)
        assert done.exit_code == 0
        assert ("it does what its page shows: take it out" in done.output) == (number == 0)
        document = load_evidence(evidence)
        texts.append(document.model_dump(exclude={"examples": {NAME: {"sha256"}}}))
        assert (f"every lane of its entry, verified-docs quarantine remove {NAME}" in done.output) == (number == 0)
        if number == 0:
            broken(project)
    assert texts[0] == texts[1]


@pytest.mark.parametrize("passes", [True, False])
def test_after_its_last_day_nothing_is_built(passes: bool, project: Path) -> None:
    evidence = small(project) / "build" / "evidence.json"
    assert add(project).exit_code == 0
    if not passes:
        broken(project)
    verify = ("verify", "--evidence", str(evidence))
    assert run(*verify, root=project, today="2026-12-24").exit_code == 0
    done = run(*verify, root=project, today="2026-12-25")
    assert done.exit_code == 1
    assert (
        f"{FILE}:2: the quarantine of {NAME} ended on 2026-12-24; @acme/ml-platform has to act: {REASON}" in done.output
    )
    assert f"verified-docs quarantine remove {NAME}" in done.output
    assert "Traceback" not in done.output
    assert not evidence.exists()
    # The option goes before the variable.
    assert RUN.invoke(app, [*verify, "--root", str(project), "--today", "2026-12-01"]).exit_code == 0


def test_who_works_on_one_example_is_not_stopped_by_another(project: Path) -> None:
    assert add(project, name="errors/no_token").exit_code == 0
    assert run("verify", NAME, root=project, today="2027-01-01").exit_code == 0
    assert run("verify", "errors/no_token", root=project, today="2027-01-01").exit_code == 1


def test_the_end_fails_the_tests_too(tmp_path: Path) -> None:
    (ended,) = faults(tmp_path, entry(until=DAY), today=DAY + timedelta(days=1))
    assert (ended.kind, ended.path, ended.line) == ("expired", tmp_path / FILE, 2)
    for until in (DAY, DAY + LONGEST):
        check_quarantine(ROOT, written(tmp_path, entry(until=until)), EXAMPLES, LANES, DAY)


def test_a_recording_that_cannot_be_read_does_not_stop_quarantine(tmp_path: Path) -> None:
    quarantine = written(tmp_path, entry())
    example = next(one for one in EXAMPLES if one.id == NAME)
    problem = Problem(tmp_path, None, "it fails", "correct it")
    result, held = quarantine.settle(tmp_path, example, LANE, problem)
    assert isinstance(result, Result)
    assert held
    assert (result.verdict, result.cassette) == ("quarantined", None)
    missing = Result(verdict="not_recorded")
    assert quarantine.settle(tmp_path, example, LANE, missing) == (missing, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"verdict": "quarantined"},
        {
            "verdict": "passes",
            "quarantine": {"reason": "r", "owner": "o", "since": "2026-11-23", "until": "2026-11-24"},
        },
        {
            "verdict": "quarantined",
            "output": "printed",
            "quarantine": {"reason": "r", "owner": "o", "since": "2026-11-23", "until": "2026-11-24"},
        },
    ],
)
def test_evidence_never_says_both(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="quarantine"):
        Result.model_validate(fields)


# --- What an entry has to say -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"example": "tracking/check_conection"}, "there is no example 'tracking/check_conection'"),
        ({"example": "zzz"}, "there is no example 'zzz'"),
        ({"lane": "gitlab-1.0/mlflow-3"}, "there is no lane 'gitlab-1.0/mlflow-3'"),
        (
            {"example": "tracking/metric_history", "lane": "gitlab-18.9/mlflow-3"},
            "tracking/metric_history is not recorded in gitlab-18.9/mlflow-3",
        ),
        ({"since": DAY + timedelta(days=1)}, "begins on 2026-11-24, which is after today, 2026-11-23"),
        ({"until": DAY + LONGEST + timedelta(days=1)}, "would last until 2027-02-22"),
        ({"reason": f"the token glpat-{'z9' * 10} is gone"}, "would publish a secret (GitLab token)"),
    ],
)
def test_a_fault_is_named_with_its_line(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    (problem,) = faults(tmp_path, entry(example="errors/no_token"), entry(**changes))
    assert message in problem.what
    assert (problem.path, problem.line, bool(problem.fix)) == (tmp_path / FILE, 7, True)


@pytest.mark.parametrize(("first", "second"), [("*", "*"), ("*", LANE.id), (LANE.id, "*"), (LANE.id, LANE.id)])
def test_an_example_is_in_quarantine_once(first: str, second: str, tmp_path: Path) -> None:
    (problem,) = faults(tmp_path, entry(lane=first), entry(lane=second))
    assert "is in quarantine already" in problem.what
    check_quarantine(ROOT, written(tmp_path, *(entry(lane=lane.id) for lane in LANES)), EXAMPLES, LANES, DAY)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("- example: [\n", 2, "this is not YAML"),
        ("example: a/b\n", 1, "this is no list"),
        ("just words\n", 1, "this is no list"),
        ("# c\n\n- example: a/b\n", 3, "field required"),
        ("- 3\n", 1, "input should be"),
        ("- {example: a/b, reason: long enough, owner: me, since: 2026-11-23, until: 1798070400}\n", 1, "until"),
        ("- {example: a/b, reason: long enough, owner: me, since: 2026-11-23, until: soon}\n", 1, "until"),
        ("- {example: a/b, reason: short, owner: me, since: 2026-11-23, until: 2026-12-24}\n", 1, "reason"),
        ("- {example: a/b, reason: long enough, owner: '', since: 2026-11-23, until: 2026-12-24}\n", 1, "owner"),
        ("- {example: a/b, reason: long enough, owner: me, since: 2026-11-23, until: 2026-12-24, x: 1}\n", 1, "x"),
        ("- &a [*a]\n", 1, "input should be"),
    ],
)
def test_a_file_that_is_none(text: str, line: int, message: str, project: Path) -> None:
    rewrite(project / FILE, text)
    done = run("verify", NAME, root=project)
    assert done.exit_code == 1
    assert f"{FILE}:{line}: " in done.output
    assert message in done.output.lower().replace("this is not yaml", "this is not YAML")
    assert "Traceback" not in done.output


@given(text=st.text(max_size=60))
def test_whatever_the_file_holds_is_read_or_refused(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / FILE
    rewrite(path, text.encode("utf-8", "ignore").decode())
    with contextlib.suppress(Problem, Problems):
        assert load_quarantine(path.parent).entries == []
