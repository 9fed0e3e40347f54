"""Makes each mistake on purpose, and compares all that a person reads with a golden file; see `make golden`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from conftest import ROOT
from golden_cases import CASES
from golden_project import noted, sites, small_project, told

GOLDEN = ROOT / "tests" / "golden" / "messages"
COMMAND = re.compile(r"(?:make [a-z]+|verified-docs [a-z]+|git (?:checkout|mv)|rm |ls |--[a-z]+ \d)")
# Made by the parser of the command line; they name the help instead.
USAGE = {name for name in CASES if name.startswith("usage-")}

# Commands with tests of their own for all that they say.
OF_THEIR_OWN = {
    "adapter.": "test_handbook",
    "addresses.": "test_addresses",
    "bundle.": "test_bundle",
    "evidence_diff.": "test_evidence_diff",
    "file_links.": "test_bundle",
    "gitlab_merge_request.": "test_merge_request",
    "gitlab_rest.": "test_rest_adapter",
    "found.": "test_machines",
    "links": "test_links",
    "lock.": "test_lock",
    "mutants": "test_mutants",
    "notebook.": "test_notebook",
    "notebooks.": "test_notebook_execution",
    "panels.": "test_panels",
    "report.": "test_panels",
    "scaffold.": "test_handbook",
    "shard.": "test_shard",
    "watch": "test_watch",
    "speed.": "test_speed",
}

# The file itself is wrong, and no line of it.
WHOLE_FILES = {"example-unreadable"}

# What no golden shows: made by a server, a broken machine or a fault of this program; where it is tested instead.
ELSEWHERE = {
    "cassette.load_cassette#1": "verify and inventory look first; test_breaking_cassettes",
    "cassette.check_cassette#2": "a fault of this program; test_recording",
    "drift_markdown.markdown#1": "a fault of this program; test_drift_report",
    "gitlab_mlflow.scratch.GitLabScratch._refuse_owner#1": "needs a server; test_record_scratch",
    "gitlab_mlflow.scratch.GitLabScratch._asked#1": "needs a server; test_record_scratch",
    "logbook.Logbook.held#1": "needs a second process; test_record_faults",
    "record.plan#1": "needs a server; test_record_live",
    "record.record#1": "needs a full disk; test_record_faults",
    "record._One._check_reply#1": "needs a server; test_record_tape",
    "record._problem#1": "repeats the message of another process; test_record_live",
    "record._check_secrets#1": "needs a server; test_record_faults",
    "publish.publish_pages#1": "made by a project's own functions; test_own_pages",
    "built._walk#1": "needs the whole site; test_built",
    "built.build_again#1": "needs the whole site; test_built",
    "built.check_built#1": "needs the whole site; test_built",
    "census_command.census#1": "evidence looks first; test_ceiling",
    "durations.read_durations#1": "a file that only this program writes; test_census_blocks",
    "evidence.merge#1": "needs evidence of a shard; test_shard",
    "pages.Pages._check_code#2": "the agreement looks first; test_own_pages",
    "pages.Pages.render#2": "the census looks first; test_own_pages",
    "scan._read#1": "needs a file without rights; test_scan_secrets_files",
    "verify.verify#1": "needs another client; test_breaking",
    "verify.verify#2": "needs a program that writes its own cassette; test_breaking_cassettes",
    "workers.Workers.ask#1": "needs a process that dies; test_record_faults",
    "workers.Workers._python#1": "needs a server; test_record_faults",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_project(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def made() -> set[str]:
    """The places that have made a message so far."""
    return set()


def golden(name: str) -> Path:
    return GOLDEN / f"{name}.txt"


@pytest.mark.parametrize("name", CASES)
def test_message(name: str, small: Path, tmp_path: Path, made: set[str], request: pytest.FixtureRequest) -> None:
    root = shutil.copytree(small, tmp_path / "project")
    with noted(made):
        said = told(CASES[name], root)
    if request.config.getoption("--golden-update"):
        golden(name).parent.mkdir(parents=True, exist_ok=True)
        golden(name).write_text(said, "utf-8")
    assert said == golden(name).read_text("utf-8")


@pytest.mark.parametrize("name", sorted(CASES.keys() - USAGE))
def test_message_says_what_where_why_and_a_command(name: str) -> None:
    said = golden(name).read_text("utf-8")
    assert "Traceback" not in said
    assert not said.endswith("exit code 0\n")
    starts = re.findall(r"^(?! |fix:)([\w./-]+?)(?::(\d+))?: (.+)$", said, re.M)
    fixes = re.findall(r"^ *fix: (.+)$", said, re.M)
    assert fixes
    assert starts or name == "freshness-old"
    for where, line, what in starts:
        assert len(what.split()) >= 4, what
        if where.endswith((".py", ".md")) and name not in WHOLE_FILES:
            assert line, f"{where} has lines"
    for fix in fixes:
        assert COMMAND.search(fix), fix


@pytest.mark.parametrize("name", sorted(USAGE))
def test_a_mistyped_command_names_the_help(name: str) -> None:
    said = golden(name).read_text("utf-8")
    assert "--help" in said
    assert said.endswith("exit code 2\n")


def test_no_golden_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)


def test_every_place_that_makes_a_message_has_a_golden(made: set[str], request: pytest.FixtureRequest) -> None:
    here = sum(item.name.startswith("test_message[") for item in request.session.items)
    if here != len(CASES):
        pytest.skip("run the whole file: this test counts what the others made")
    without = {name for name in sites() if not name.startswith(tuple(OF_THEIR_OWN))}
    assert not (left := sorted(without - made - ELSEWHERE.keys())), "\n".join(left)
    assert ELSEWHERE.keys() - sites().keys() == set(), "these places are gone"
    assert ELSEWHERE.keys() & made == set(), "these have a golden now"


def test_what_is_tested_elsewhere_says_where() -> None:
    for name, why in ELSEWHERE.items():
        where = re.search(r"test_\w+$", why)
        assert where, name
        assert is_there(where.group()), name
    assert all(map(is_there, OF_THEIR_OWN.values()))


def is_there(test: str) -> bool:
    return any((ROOT / folder / f"{test}.py").exists() for folder in ("tests", "tests/own"))
