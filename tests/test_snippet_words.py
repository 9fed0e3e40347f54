"""Holds the words of snippets to what is there: commands, options, variables of GitLab, files handed on, settings."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from conftest import ROOT
from mlflow_gitlab.cli import app as mlflow_gitlab_app
from verified_docs.checkers import shell_faults
from verified_docs.cli import app as verified_docs_app

SNIPPETS = ROOT / "snippets"
SHELL = sorted(path.relative_to(SNIPPETS).as_posix() for path in SNIPPETS.rglob("*.sh"))
PIPELINES = sorted(path.relative_to(SNIPPETS).as_posix() for path in SNIPPETS.rglob("*.gitlab-ci.yml"))
COMMANDS = {"mlflow-gitlab": mlflow_gitlab_app, "verified-docs": verified_docs_app}
# Of the predefined variables of GitLab CI/CD, those that this site uses.
PREDEFINED = {
    "CI_API_V4_URL",
    "CI_COMMIT_BRANCH",
    "CI_COMMIT_REF_PROTECTED",
    "CI_COMMIT_TAG",
    "CI_DEFAULT_BRANCH",
    "CI_NODE_INDEX",
    "CI_NODE_TOTAL",
    "CI_PIPELINE_SOURCE",
    "CI_PROJECT_ID",
    "CI_SERVER_FQDN",
    "CI_SERVER_URL",
}


def rows(text: str) -> list[list[str]]:
    """The commands of a script, as words; the programs without their folders."""
    parts = re.split(r"\n|&&|\|\||\$\(|\)\"?|;", text.replace("\\\n", " "))
    whole = [row for row in parts if row.count("'") % 2 == 0 and row.count('"') % 2 == 0]
    found = [words for row in whole if (words := shlex.split(row, comments=True))]
    return [[words[0].rpartition("/")[2], *words[1:]] for words in found]


def scripts(name: str) -> list[str]:
    """What the jobs of a pipeline run."""
    document: dict[str, Any] = yaml.safe_load((SNIPPETS / name).read_text("utf-8"))
    jobs = [job for job in document.values() if isinstance(job, dict)]
    return ["\n".join(job[key]) + "\n" for job in jobs for key in ("before_script", "script") if key in job]


def check_own(words: list[str]) -> None:
    """Of this project's own commands: the command, its options, and no words that it would not take."""
    command: Any = typer.main.get_command(COMMANDS[words[0]])
    rest = words[1:]
    while rest and rest[0] in getattr(command, "commands", ()):
        command = command.commands[rest.pop(0)]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    own = rest[: rest.index("--")] if "--" in rest else rest
    assert {word.partition("=")[0] for word in own if word.startswith("-")} <= {"--help", *known}, words
    takes = any(parameter.param_type_name == "argument" for parameter in command.params)
    assert takes or not own or own[0].startswith("-"), words


@cache
def help_of(*command: str) -> str:
    program = Path(sys.executable).with_name(command[0])
    if not program.exists():
        pytest.skip(f"{command[0]} is not in this environment: make setup")
    done = subprocess.run([program, *command[1:], "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"there is no {' '.join(command)}"
    return done.stdout


def check_tool(words: list[str]) -> None:
    """Of uv and pip: the command and its long options, as its own help lists them."""
    names = [word for word in words[1:] if not word.startswith("-")]
    depth = 2 if words[:2] == ["uv", "pip"] else 1
    told = help_of(words[0], *names[:depth])
    for word in words:
        option = word.partition("=")[0]
        if option.startswith("--") and option != "--":
            assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", told), f"{option}: {words}"


@pytest.mark.parametrize("name", [*SHELL, *PIPELINES])
def test_commands_have_the_options_that_a_snippet_names(name: str) -> None:
    texts = scripts(name) if name.endswith(".yml") else [(SNIPPETS / name).read_text("utf-8")]
    for words in (words for text in texts for words in rows(text)):
        if words[0] in COMMANDS:
            check_own(words)
        elif words[0] in {"uv", "pip"}:
            check_tool(words)


@pytest.mark.parametrize("words", [["mlflow-gitlab", "setup", "--dry-runs"], ["mlflow-gitlab", "setupx"]])
def test_a_command_that_is_not_there_is_found(words: list[str]) -> None:
    with pytest.raises(AssertionError):
        check_own(words)


@pytest.mark.parametrize("words", [["pip", "install", "--require-hashess", "x"], ["uv", "pip", "compil", "x"]])
def test_a_tool_that_has_no_such_option_is_found(words: list[str]) -> None:
    with pytest.raises(AssertionError):
        check_tool(words)


@pytest.mark.parametrize("name", PIPELINES)
def test_what_a_job_runs_is_sound_shell(name: str) -> None:
    for text in scripts(name):
        assert shell_faults(text) == []


@pytest.mark.parametrize("name", [*SHELL, *PIPELINES])
def test_variables_of_gitlab_have_the_names_that_gitlab_gives(name: str) -> None:
    assert set(re.findall(r"\$\{?(CI_\w+)", (SNIPPETS / name).read_text("utf-8"))) <= PREDEFINED


@pytest.mark.parametrize("name", PIPELINES)
def test_what_a_command_writes_is_what_the_job_hands_on(name: str) -> None:
    document: dict[str, Any] = yaml.safe_load((SNIPPETS / name).read_text("utf-8"))
    for job in (job for job in document.values() if isinstance(job, dict) and "script" in job):
        written = re.findall(r"--output[ =](\S+)", "\n".join(job["script"]))
        assert all(file in str(job.get("artifacts", {})) for file in written), written


@pytest.mark.parametrize("path", sorted(SNIPPETS.rglob("*.env")), ids=lambda path: path.name)
def test_settings_have_the_names_of_the_template(path: Path) -> None:
    names = set(re.findall(r"^(?:# )?([A-Z0-9_]+)=", (ROOT / ".env.template").read_text("utf-8"), re.M))
    assert set(re.findall(r"^([A-Z0-9_]+)=", path.read_text("utf-8"), re.M)) <= names
