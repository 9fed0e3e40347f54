"""The plugin of pytest, in a pytest of its own on a handbook."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from sample import CASSETTE, EXAMPLE, NAME, replace_in, rewrite, run

from verified_docs.scaffold import scaffold

PLUGIN = "verified_docs.pytest_plugin"


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    scaffold(tmp_path / "handbook", "Our handbook")
    return tmp_path / "handbook"


def pytest_on(root: Path, *words: str) -> tuple[int, str]:
    """Runs pytest on a handbook, with the plugin whether or not it is installed."""
    named = any(one.value == PLUGIN for one in entry_points(group="pytest11"))
    plugin = () if named else ("-p", PLUGIN)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *plugin, "-v", *words]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_examples_fences_and_cassettes_are_tests(handbook: Path) -> None:
    code, said = pytest_on(handbook)
    assert (code, "4 passed" in said) == (0, True), said
    for name in (
        f"{EXAMPLE}::replay[gitlab-18.9/python-gitlab-8] PASSED",
        f"{EXAMPLE}::replay[gitlab-19.3/python-gitlab-8] PASSED",
        "docs/index.md::line 10 PASSED",
        "cassettes/manifest.json::inventory PASSED",
    ):
        assert name in said


def test_an_example_that_is_named_is_replayed_and_not_imported(handbook: Path) -> None:
    code, said = pytest_on(handbook, EXAMPLE)
    assert (code, "2 passed" in said) == (0, True), said
    code, said = pytest_on(handbook, f"{EXAMPLE}::replay[gitlab-19.3/python-gitlab-8]")
    assert (code, "1 passed" in said) == (0, True), said


def test_without_the_option_there_is_nothing(handbook: Path) -> None:
    code, said = pytest_on(handbook, "-o", "addopts=")
    assert (code, "no tests ran" in said) == (5, True), said


def test_a_failure_is_told_as_verify_tells_it(handbook: Path) -> None:
    replace_in(handbook / EXAMPLE, "#> your role: DEVELOPER", "#> your role: OWNER")
    code, said = pytest_on(handbook)
    assert (code, "2 failed, 2 passed" in said) == (1, True), said
    assert f"fix: make update EX={NAME}, and read the difference" in said
    assert "Traceback" not in said
    replace_in(handbook / "docs/index.md", "#> ready", "#> steady")
    assert "3 failed, 1 passed" in pytest_on(handbook)[1]


def test_a_cassette_that_was_edited_fails(handbook: Path) -> None:
    replace_in(handbook / CASSETTE, "GET", "GET ")
    code, said = pytest_on(handbook, "-k", "inventory")
    assert (code, "was edited" in said) == (1, True), said


def test_what_was_not_recorded_is_skipped_and_quarantine_fails_nothing(handbook: Path) -> None:
    add = ["--reason", "the server is moved", "--owner", "team", "--until", "2026-12-24", "--today", "2026-12-01"]
    code, said = run(handbook, "quarantine", "add", NAME, *add)
    assert code == 0, said
    replace_in(handbook / EXAMPLE, "#> your role: DEVELOPER", "#> your role: OWNER")
    (handbook / CASSETTE).unlink()
    os.environ["VERIFIED_DOCS_TODAY"] = "2026-12-02"
    code, said = pytest_on(handbook, "examples")
    assert (code, "1 skipped, 1 xfailed" in said) == (0, True), said


def test_a_project_that_cannot_be_read_ends_with_its_message(handbook: Path) -> None:
    rewrite(handbook / "pyproject.toml", "[tool.verified_docs]\n")
    code, said = pytest_on(handbook, "--verified-docs", "--rootdir", ".")
    assert (code, "no adapter is named" in said, "INTERNALERROR" in said) == (4, True, False), said
