"""Puts examples into quarantine and takes them out by command: the file keeps everything else that is in it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import LANES, rewrite
from test_quarantine import DAY, EXAMPLES, LANE, NAME, REASON, add, run
from verified_docs.problem import Problem
from verified_docs.quarantine import FILE, Entry, add_entry, load_quarantine, remove_entries


def test_added_listed_and_removed(project: Path) -> None:
    done = add(project, "--lane", LANE.id)
    assert done.exit_code == 0, done.output
    (found,) = load_quarantine(project).entries
    assert (found.example, found.lane, found.reason, found.owner) == (NAME, LANE.id, REASON, "@acme/ml-platform")
    assert (found.since, found.until) == (DAY, date(2026, 12, 24))
    done = run("quarantine", "list", root=project)
    assert f"{NAME} in {LANE.id} until 2026-12-24, by @acme/ml-platform, since 2026-11-23: {REASON}" in done.output
    assert "ended" not in done.output
    assert "ended " in run("quarantine", "list", root=project, today="2026-12-25").output
    done = run("quarantine", "remove", NAME, root=project)
    assert f"out of quarantine {NAME} in {LANE.id}; make check EX={NAME}" in done.output
    assert load_quarantine(project).entries == []
    assert "0 in quarantine" in run("quarantine", "list", root=project).output


COMMENTED = f"""# At the top.
- example: errors/no_token   # why not
  reason: 'The first of them, "quoted": yes'
  owner: one
  since: 2026-11-20
  until: 2026-11-30

# Of the second.
- example: {NAME}
  lane: {LANE.id}
  reason: >-
    Folded over
    two rows.
  owner: two
  since: 2026-11-20
  until: 2026-11-30
# Of the third.
- {{ example: errors/wrong_token, reason: in one row it is, owner: three, since: 2026-11-20, until: 2026-11-30 }}
# At the end.
"""


@pytest.mark.parametrize("indent", ["", "  "])
def test_everything_else_in_the_file_stays(indent: str, project: Path) -> None:
    text = re.sub(r"^(?=.)", indent, COMMENTED, flags=re.M)
    rewrite(project / FILE, text)
    before = load_quarantine(project).entries
    assert add(project, name="errors/wrong_uri").exit_code == 0
    after = (project / FILE).read_text("utf-8")
    assert after.startswith(text)
    assert load_quarantine(project).entries[:3] == before
    for name, number in (("errors/wrong_uri", 3), (NAME, 1), ("errors/no_token", 0), ("errors/wrong_token", -1)):
        before = load_quarantine(project).entries
        assert run("quarantine", "remove", name, root=project).exit_code == 0, name
        before.pop(number)
        assert load_quarantine(project).entries == before
    kept = [row.strip() for row in (project / FILE).read_text("utf-8").splitlines() if row.strip()]
    assert kept == ["# At the top.", "# Of the second.", "# Of the third.", "# At the end."]


def test_a_file_that_cannot_be_edited_stays_as_it_is(project: Path) -> None:
    text = "[]\n"
    rewrite(project / FILE, text)
    done = add(project)
    assert done.exit_code == 1
    assert "it cannot be edited for you" in done.output
    assert (project / FILE).read_text("utf-8") == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "tracking/nothing"}, "there is no example 'tracking/nothing'"),
        ({"until": "2026-11-22"}, "would end on 2026-11-22, before it begins"),
        ({"until": "2027-02-22"}, "would last until 2027-02-22"),
        ({"until": "tomorrow"}, "--until: 'tomorrow' is no day"),
        ({"more": ["--lane", "moon"]}, "there is no lane 'moon'"),
        ({"more": ["--reason", " "]}, "the reason is wrong"),
        ({"more": ["--reason", "two\nrows of text"]}, "the reason is wrong"),
        ({"more": ["--owner", "who knows?"]}, "the owner is wrong"),
        ({"more": ["--reason", f"glpat-{'z9' * 10}"]}, "would publish a secret"),
    ],
)
def test_what_cannot_be_added_is_said_once(arguments: dict[str, Any], message: str, project: Path) -> None:
    more = arguments.pop("more", [])
    done = add(project, *more, **arguments)
    assert done.exit_code in {1, 2}
    assert message in done.output
    assert done.output.count("fix: ") == 1
    assert "z9z9" not in done.output
    assert not (project / FILE).exists()


def test_added_twice_and_removed_twice(project: Path) -> None:
    assert add(project).exit_code == 0
    text = (project / FILE).read_text("utf-8")
    done = add(project)
    assert (done.exit_code, f"{NAME} is in quarantine already" in done.output) == (1, True)
    assert (project / FILE).read_text("utf-8") == text
    done = run("quarantine", "remove", NAME, "--lane", LANE.id, root=project)
    assert (done.exit_code, f"{NAME} in {LANE.id} is not in quarantine" in done.output) == (1, True)
    assert run("quarantine", "remove", NAME, root=project).exit_code == 0
    assert run("quarantine", "remove", NAME, root=project).exit_code == 1


@pytest.mark.parametrize("left_out", ["--reason", "--owner", "--until"])
def test_nothing_goes_in_without_reason_owner_and_end(left_out: str, project: Path) -> None:
    options = {"--reason": REASON, "--owner": "me", "--until": "2026-12-24"}
    del options[left_out]
    arguments = [word for pair in options.items() for word in pair]
    done = run("quarantine", "add", NAME, *arguments, root=project)
    assert done.exit_code == 2
    assert left_out in done.output


@given(
    names=st.lists(st.sampled_from([one.id for one in EXAMPLES]), unique=True, min_size=1, max_size=4),
    reason=st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=10, max_size=40),
    choice=st.randoms(use_true_random=False),
)
def test_any_reason_comes_back_as_it_was_written(
    names: list[str], reason: str, choice: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.getbasetemp()
    (root / FILE).unlink(missing_ok=True)
    added: list[Entry] = []
    for name in names:
        row = {"example": name, "reason": reason, "owner": "me", "until": DAY}
        try:
            added.append(add_entry(root, dict(row), EXAMPLES, LANES, DAY))
        except Problem as problem:
            assert "secret" in problem.what
            return
    assert load_quarantine(root).entries == added
    choice.shuffle(names)
    for name in names:
        assert remove_entries(root, name) == [one for one in added if one.example == name]
        added = [one for one in added if one.example != name]
        assert load_quarantine(root).entries == added
