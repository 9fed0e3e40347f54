"""Lets a header claim what did not run: another scope, another package, another Python."""

from __future__ import annotations

import pytest

from conftest import ADAPTER, Edit, fault, line_of
from verified_docs.problem import Problem

MLFLOW = '"mlflow>=2.22,<4"'


@pytest.mark.parametrize(
    ("example_id", "old", "new"),
    [
        ("doctor/read_user", 'scope = "read_user"', 'scope = "read_api"'),
        ("doctor/oauth", 'scope = "api"', 'scope = "read_api"'),
    ],
)
def test_a_scope_that_no_token_has(edited: Edit, example_id: str, old: str, new: str) -> None:
    example = edited(example_id, (f"# {old}", f"# {new}"))
    with pytest.raises(Problem) as caught:
        ADAPTER.environment(example)
    assert (caught.value.kind, caught.value.line) == ("metadata", line_of(example, new))
    assert "no token of this example has the scope read_api" in caught.value.what


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ('"mlflow>=2.22,<3", "numpy"', "which it is verified with"),
        ('"mlflow>=99"', "leaves out mlflow"),
        (f'{MLFLOW}, "no-such-package"', "no-such-package is not installed here"),
        (f'{MLFLOW}, "requests<2"', "leaves out requests"),
    ],
)
def test_a_package_that_did_not_run(edited: Edit, new: str, message: str) -> None:
    if "<3" in new and ADAPTER.client_version().startswith("2"):
        pytest.skip("this environment has that version")
    example = edited("tracking/check_connection", (MLFLOW, new))
    problem = fault(example)
    assert (problem.kind, problem.line) == ("requirement", line_of(example, "# dependencies"))
    assert message in problem.what


def test_a_python_that_did_not_run(edited: Edit) -> None:
    problem = fault(edited("tracking/check_connection", ('">=3.12"', '">=3.99"')))
    assert problem.kind == "requirement"
    assert "requires-python '>=3.99' leaves out the Python 3." in problem.what


@pytest.mark.parametrize("value", ['"three"', "3", '["3.12"]', "{}"])
def test_a_python_that_is_none(edited: Edit, value: str) -> None:
    with pytest.raises(Problem) as caught:
        edited("tracking/check_connection", ('">=3.12"', value))
    assert caught.value.kind == "metadata"
    assert "names no versions of Python" in caught.value.what
