"""Asks the measured permissions what a page may ask, and compares the tables with the data they are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from handbook.measured import load_permissions
from handbook.permissions import GROUPS, PERSONAS, Matrix, Persona, _mark
from handbook.table import Unmeasured

MATRIX = Matrix(load_permissions(ROOT))
NEWEST = MATRIX.measured[-1]
CELLS = [(project, credential) for project, rows in NEWEST.cells.items() for credential in rows]
ROLES = {"Guest": "pat:guest:api", "Reporter": "pat:reporter:api", "Developer": "pat:developer:api"}


def rows(table: str) -> list[list[str]]:
    """The cells of a Markdown table, without markup."""
    plain = re.sub(r"<br>", " ", table)
    plain = re.sub(r"<[^>]+>", "", plain)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in plain.splitlines() if "---" not in line]


def statuses(cell: str) -> list[str]:
    return re.findall(r"\d{3}|error", cell.partition("18.9:")[0])


@given(st.sampled_from(CELLS), st.sampled_from(sorted(GROUPS)))
def test_a_cell_says_what_was_answered(cell: tuple[str, str], group: str) -> None:
    project, credential = cell
    _, *found = rows(MATRIX.by_project(credential, {"here": project}, [group]))
    shown = {status for _, answer in found for status in statuses(answer)}
    if group == "graphql read" and not shown:
        hidden = [answer for answer in (NEWEST.answer("graphql.mlModels", credential, project),) if answer]
        assert all("null" in (answer.body or "") for answer in hidden)
        return
    operations = [name for name, own in MATRIX.operations.items() if own == group]
    answers = [NEWEST.answer(name, credential, project) for name in operations]
    measured = {"error" if one.status == 200 and not one.ok else str(one.status) for one in answers if one}
    assert shown == measured


def test_a_row_is_only_shared_by_operations_that_answer_alike() -> None:
    table = rows(MATRIX.by_role(ROLES))
    names = [name for name, *_ in table]
    assert sum(name.startswith("Write runs") for name in names) == 1
    # Deleting one version and deleting an empty model differ for a Developer.
    assert sum(name.startswith("Delete with GraphQL") for name in names) == 2
    mentioned = " ".join(names)
    for operation in MATRIX.operations:
        assert operation.partition(".")[2] in mentioned


def test_what_an_older_gitlab_did_otherwise_is_marked() -> None:
    (history,) = [row for row in rows(MATRIX.by_role(ROLES)) if row[0].startswith("Read the history")]
    assert history[1] == "✓ 200 18.9: ✕ 404"
    others = [row for row in rows(MATRIX.by_role(ROLES)) if not row[0].startswith("Read the history")]
    assert not [row for row in others if "18.9" in " ".join(row)]


def test_known_answers() -> None:
    assert MATRIX.answered("runs.search", "pat:reporter:api") == '401 `{"message":"401 Unauthorized"}`'
    assert MATRIX.answered("packages.download", "job:developer:bearer") == "200"
    assert (
        MATRIX.answered("metrics.get-history", "pat:developer:api", version="18.9") == '404 `{"error":"404 Not Found"}`'
    )
    assert "gid://gitlab/Ml::ModelVersion/…" in MATRIX.answered("graphql.mlModelVersionDelete", "pat:developer:api")


@pytest.mark.parametrize(
    ("operation", "credential", "project", "message"),
    [
        ("runs.fly", "pat:developer:api", "private", "no operation 'runs.fly'"),
        ("runs.create", "pat:nobody:api", "private", "was not tried"),
        ("runs.create", "pat:developer:api", "moon", "was not tried"),
        ("metrics.get-history", "pat:developer:api", "private", "disagree"),
    ],
)
def test_what_was_not_measured_cannot_be_claimed(operation: str, credential: str, project: str, message: str) -> None:
    with pytest.raises(Unmeasured, match=message):
        MATRIX.answered(operation, credential, project)


def test_a_group_or_credential_that_is_not_there() -> None:
    with pytest.raises(Unmeasured, match="no group 'x'"):
        MATRIX.by_role(ROLES, groups=["x"])
    with pytest.raises(Unmeasured, match="no credential"):
        MATRIX.scopes("x")


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_the_least_token_suffices_and_the_next_weaker_does_not(persona: Persona) -> None:
    credential, weaker = MATRIX.least(persona)
    for operation in persona.operations:
        for answer in MATRIX.outcome(operation, credential):
            assert answer
            assert answer.ok
    if weaker:
        refused = re.search(r"`(\w[\w.-]+)` answers", weaker)
        assert refused
        assert refused[1] in persona.operations
        assert "✕" in weaker


def test_the_least_tokens_as_the_page_shows_them() -> None:
    assert {persona.name: MATRIX.least(persona)[0] for persona in PERSONAS} == {
        "Reader": "pat:guest:read_api",
        "Analyst": "pat:developer:api",
        "Data scientist": "pat:developer:api",
        "CI job": "pat:developer:api",
        "Deployer": "pat:guest:read_api",
        "Maintainer": "pat:maintainer:api",
    }
    with pytest.raises(Unmeasured, match="no measured token"):
        MATRIX.least(Persona("Magician", "opens the CSV", ("web.experiment-csv",)))


def test_differences_are_all_differences_and_nothing_else() -> None:
    older, newer = MATRIX.measured
    differing: dict[str, set[tuple[str, str]]] = {}
    for project, by_credential in newer.cells.items():
        for credential in by_credential:
            for name, group in MATRIX.operations.items():
                before, after = older.answer(name, credential, project), newer.answer(name, credential, project)
                if before and after and _mark(before) != _mark(after):
                    differing.setdefault(GROUPS[group], set()).add((project, credential))
    shown: dict[str, set[tuple[str, str]]] = {}
    counted: dict[str, int] = {}
    for names, where, *_ in rows(MATRIX.differences())[1:]:
        for name in names.split("; "):
            if found := re.match(r"(\d+) combinations", where):
                counted[name] = counted.get(name, 0) + int(found[1])
                continue
            pairs = {
                (part.partition(": ")[0], credential)
                for part in where.split("; ")
                for credential in re.findall(r"`([^`]+)`", part)
            }
            counted[name] = counted.get(name, 0) + len(pairs)
            shown.setdefault(name, set()).update(pairs)
    assert counted == {name: len(pairs) for name, pairs in differing.items()}
    # The same status, and yet not the same: 19.3 hides both lists.
    assert ("public", "anonymous") in differing["Read with GraphQL"]
    assert all(pairs <= differing[name] for name, pairs in shown.items())
    same = Matrix([newer, newer])
    assert len(rows(same.differences())) == 1


def test_a_cell_marks_what_any_of_its_operations_did_otherwise() -> None:
    older, newer = MATRIX.measured
    operation, credential = "runs.get", "pat:developer:api"
    refused = older.answers.index(next(one for one in older.answers if one.status == 401))
    numbers = list(older.cells["private"][credential])
    numbers[list(older.operations).index(operation)] = refused
    private = older.cells["private"] | {credential: tuple(numbers)}
    changed = Matrix([older.model_copy(update={"cells": older.cells | {"private": private}}), newer])
    columns: dict[str, Sequence[str]] = {"Read": ["experiments read", "runs read"]}
    assert "18.9: ✓ 200 ✕ 401" in " ".join(rows(changed.by_credential({"x": credential}, columns))[1])
    assert "18.9" not in " ".join(rows(MATRIX.by_credential({"x": credential}, columns))[1])


@pytest.mark.parametrize(
    ("credential", "project", "cell"),
    [
        ("pat:developer:api", "private", "✓ 200"),
        ("pat:developer:api", "registry-off", "✓ only experiments"),
        ("pat:developer:api", "experiments-off", "✓ only models"),
        ("pat:outsider:api", "internal", "✕ null"),
        ("pat:outsider:api", "private", "✕ error"),
    ],
)
def test_graphql_that_answers_200_and_hides_the_lists(credential: str, project: str, cell: str) -> None:
    _, row = rows(MATRIX.by_project(credential, {"here": project}, ["graphql read"]))
    assert row[1] == cell


def test_credentials_and_deletions() -> None:
    table = rows(
        MATRIX.by_credential({"job": "job:developer:bearer"}, {"Log": ["runs write"], "Up": ["package upload"]})
    )
    assert table[1] == ["job", "✕ 401", "✓ 201"]
    deletions = rows(MATRIX.deletions({"D": ("pat:developer:api", "private"), "M": ("pat:maintainer:api", "private")}))
    by_name = {row[0]: row[1:] for row in deletions}
    assert by_name["a model with a version registered-models.delete-with-version"] == ["✕ 400", "✓ 200"]
    assert by_name["a run runs.delete"] == ["✓ 200", "✓ 200"]


def test_every_group_has_words() -> None:
    assert set(MATRIX.operations.values()) == set(GROUPS)
