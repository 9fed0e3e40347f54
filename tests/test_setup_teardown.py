"""Runs `mlflow-gitlab teardown` against recorded GitLabs: whole, again, cut off, and where others' things are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from dotenv import dotenv_values

from mlflow_gitlab.setup.run import run_teardown
from mlflow_gitlab.terminal import Exit
from scripted_gitlab import NAME, TOKEN
from setup_desk import VERSIONS, Desk, new_desk, stopped_after

__all__ = ["new_desk"]


@contextmanager
def set_up(new_desk: Any, version: str = "19.3") -> Iterator[Desk]:
    with new_desk(version) as desk:
        assert desk.run() == Exit.OK, desk.err
        desk.gitlab.said.clear()
        yield desk


def is_gone(desk: Desk, experiment: bool = True) -> None:
    """Nothing of a set-up can be used any more, and what was not made by it is there."""
    gitlab = desk.gitlab
    assert gitlab.strange == []
    assert gitlab.active == []
    assert gitlab.variables == {}
    assert not gitlab.member
    assert list(gitlab.experiments.values()) == ([] if experiment else ["wine-classifier"])
    values = dotenv_values(desk.folder / ".env")
    assert TOKEN not in values
    assert values[NAME] == "wine-classifier"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_teardown_takes_back_what_a_setup_made_and_a_second_one_writes_nothing(new_desk: Any, version: str) -> None:
    with set_up(new_desk, version) as desk:
        asked: list[str] = []

        def answer(question: str) -> str:
            asked.append(question)
            return "acme/wine-quality"

        assert desk.run(run_teardown, ask=answer) == Exit.OK, desk.err
        assert len(asked) == 1
        is_gone(desk, experiment=False)
        assert desk.run(run_teardown, experiment=True, yes=True) == Exit.OK
        is_gone(desk)
        before = len(desk.gitlab.writes)
        assert desk.run(run_teardown, experiment=True, yes=True) == Exit.OK
        assert "Nothing to do" in desk.out
        assert desk.gitlab.writes[before:] == []
        assert desk.run() == Exit.OK, desk.err  # and a set-up brings it back
        desk.is_complete()


@pytest.mark.parametrize("said", ["", "yes", "wine-quality"])
def test_whoever_does_not_write_the_path_changes_nothing(new_desk: Any, said: str) -> None:
    with set_up(new_desk) as desk:
        assert desk.run(run_teardown, ask=lambda _: said) == Exit.USAGE
        assert desk.gitlab.writes == []
        desk.is_complete()


def test_nobody_at_the_terminal_changes_nothing(new_desk: Any) -> None:
    def nobody(_: str) -> str:
        raise EOFError

    with set_up(new_desk) as desk:
        assert desk.run(run_teardown, ask=nobody) == Exit.USAGE, desk.err
        assert desk.gitlab.writes == []
        assert desk.run(run_teardown, as_json=True) == Exit.USAGE
        assert "--yes" in desk.err
        assert desk.gitlab.writes == []


def test_a_dry_run_reads_only_and_tells_a_program_the_plan(new_desk: Any) -> None:
    with set_up(new_desk) as desk:
        assert desk.run(run_teardown, dry_run=True, as_json=True, experiment=True, features_off=True) == Exit.FOUND
        kinds = [step["id"].partition(":")[0] for step in desk.json()["steps"]]
        assert kinds == ["revoke", "variable", "variable", "env", "member", "experiment", "features"]
        assert desk.gitlab.writes == []
        desk.is_complete()


def length(new_desk: Any, version: str) -> int:
    with set_up(new_desk, version) as desk:
        assert desk.run(run_teardown, experiment=True, yes=True) == Exit.OK, desk.err
        return len(desk.gitlab.said)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_answer_that_is_lost_after_any_request_is_made_good_by_the_next_teardown(
    new_desk: Any, version: str
) -> None:
    for number in range(1, length(new_desk, version) + 1):
        with set_up(new_desk, version) as desk:
            desk.gitlab.cut = number
            assert desk.run(run_teardown, experiment=True, yes=True) == Exit.SERVER
            desk.gitlab.cut = None
            assert desk.run(run_teardown, experiment=True, yes=True) == Exit.OK, (number, desk.err)
            is_gone(desk)


@pytest.mark.parametrize("how", [KeyboardInterrupt, SystemExit])
def test_a_teardown_that_is_stopped_after_any_request_is_finished_by_the_next_one(
    new_desk: Any, how: type[BaseException]
) -> None:
    for number in range(1, length(new_desk, "19.3") + 1):
        with set_up(new_desk) as desk:
            with stopped_after(number, how):
                code = desk.run(run_teardown, experiment=True, yes=True)
            assert how is SystemExit or code == Exit.INTERRUPTED
            assert desk.run(run_teardown, experiment=True, yes=True) == Exit.OK, (number, desk.err)
            is_gone(desk)


def test_what_others_made_is_left_alone_and_told(new_desk: Any) -> None:
    with set_up(new_desk) as desk:
        desk.gitlab.variables[TOKEN]["value"] = desk.gitlab.admin
        desk.gitlab.variables[NAME]["value"] = "another"
        assert desk.run(run_teardown, yes=True) == Exit.FOUND
        assert set(desk.gitlab.variables) == {TOKEN, NAME}
        assert "has another good token" in desk.out
        assert "another, and not wine-classifier" in desk.out
        assert desk.gitlab.active == []


def test_what_is_left_of_a_scratch_run_goes_too(new_desk: Any) -> None:
    with set_up(new_desk) as desk:
        desk.gitlab.experiments["900"] = "mlflow-gitlab-check-12ab34cd"
        desk.gitlab.packages[301] = "900"
        assert desk.run(run_teardown, yes=True) == Exit.OK, desk.err
        assert desk.gitlab.packages == {}
        is_gone(desk, experiment=False)


def test_features_are_switched_off_when_told_and_packages_are_not(new_desk: Any) -> None:
    with set_up(new_desk) as desk:
        # No recording switches both off, so what is sent is looked at, and not what comes back.
        assert desk.run(run_teardown, yes=True, features_off=True) == Exit.SERVER
        (sent,) = desk.gitlab.strange
        assert sent.startswith("PUT /api/v4/projects/42 ")
        assert '"model_experiments_access_level": "disabled", "model_registry_access_level": "disabled"' in sent
        assert "package" not in sent
        assert "step 6 of 6, switch experiments and registry off: refused" in desk.err
