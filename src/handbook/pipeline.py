"""Holds the pipeline that readers copy: its jobs, composed of snippets, and the Python that they run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from verified_docs.card import fence
from verified_docs.checkers import shell_faults
from verified_docs.example import EXAMPLES, load_example
from verified_docs.problem import Problem, read_text

FOLDER = Path("snippets") / "ci"
ENDING = ".gitlab-ci.yml"
# The head, then the jobs in the order in which they run.
PIECES = ("pipeline", "train", "evaluate", "register", "deploy", "retention")
# What a job runs, to the part of an example that was verified.
SCRIPTS = {
    "train.py": ("ci/link_run_to_job", "train"),
    "evaluate.py": ("guide/hand_over_between_jobs", "evaluate"),
    "gate.py": ("ci/gate_and_register", "gate"),
    "register.py": ("ci/gate_and_register", "register"),
    "upload.py": ("ci/download_with_job_token", "upload"),
    "deploy.py": ("ci/download_with_job_token", "deploy"),
    "retention.py": ("setup/clean_up_packages", "clean"),
}
_TOKENS = {"MLFLOW_TRACKING_TOKEN", "GITLAB_TOKEN"}
_NO_JOB = {"stages", "default", "variables", "include", "workflow"}
_NEEDED = re.compile(r"os\.environ\[[\"'](\w+)[\"']\]")
_HANDED_ON = re.compile(r'(?:"|\\n)([A-Z][A-Z_]+)=\{')
_RUNS = re.compile(r"\bpython (\S+\.py)")


class Pipeline:
    """The composed pipeline.

    Args:
        root: The project's folder.

    Raises:
        Problem: A piece is missing or breaks GitLab's schema, or the jobs do not fit together or their scripts.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.paths = {piece: root / FOLDER / f"{piece}{ENDING}" for piece in PIECES}
        self.whole = "\n".join(read_text(path) for path in self.paths.values())
        self.scripts = {
            name: load_example(root / EXAMPLES / f"{example_id}.py", root).code(part)
            for name, (example_id, part) in SCRIPTS.items()
        }
        self._check()

    @cached_property
    def files(self) -> dict[str, str]:
        """What the reader unpacks: name and text."""
        return {ENDING: self.whole, **self.scripts}

    @property
    def shown(self) -> str:
        """The whole pipeline as a fence."""
        return fence("yaml", self.whole, ENDING)

    def _check(self) -> None:
        check_schema([*self.paths.values()])
        document = yaml.safe_load(self.whole)
        jobs = {name: job for name, job in document.items() if name not in _NO_JOB}
        for name, job in jobs.items():
            for fault in _faults(name, job, jobs, document, self.scripts):
                raise self._problem(name, fault)
        unused = self.scripts.keys() - {script for job in jobs.values() for script in _run_by(job)}
        if unused:
            raise self._problem("pipeline", f"no job runs {', '.join(sorted(unused))}")

    def _problem(self, job: str, what: str) -> Problem:
        path = self.paths.get(job, self.paths["pipeline"])
        return Problem(path, 1, what, "correct it, then make site", kind="pipeline")


def check_schema(paths: list[Path]) -> None:
    """Checks pipelines against the JSON schema that GitLab publishes for them.

    Raises:
        Problem: A file breaks it, at its first fault.
    """
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    command += ["--data-transform", "gitlab-ci", "--output-format", "json", *map(str, paths)]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    for error in answer["errors"]:
        place = error.get("best_deep_match", error)
        what = f"GitLab's schema refuses {place['path']}: {place['message']}"
        path = Path(error["filename"])
        key = re.findall(r"[A-Za-z_][\w-]*", place["path"])[:1] or [""]
        rows = enumerate(read_text(path).splitlines(), start=1)
        line = next((number for number, row in rows if row.startswith(f"{key[0]}:")), 1)
        raise Problem(path, line, what, "correct it, then make site", kind="pipeline")
    for error in answer.get("parse_errors", []):
        raise Problem(Path(error["filename"]), 1, "this is not YAML", "correct it, then make site", kind="pipeline")


def _faults(
    name: str, job: dict[str, Any], jobs: dict[str, Any], document: dict[str, Any], scripts: dict[str, str]
) -> list[str]:
    """What a job asks for and does not get; a schema sees none of it."""
    stages = document["stages"]
    if job.get("stage") not in stages:
        return [f"the job {name} is in no stage of {', '.join(stages)}"]
    before = stages[: stages.index(job["stage"])]
    earlier = {other for other in jobs if jobs[other].get("stage") in before}
    needs = job.get("needs", [])
    if not earlier.issuperset(needs):
        return [f"the job {name} needs {', '.join(sorted(set(needs) - earlier))}, which is no earlier job"]
    found = [f"the job {name}: {what}" for _, what in shell_faults("\n".join(job["script"]) + "\n")]
    given = {*document["variables"], *job.get("variables", {}), *_TOKENS}
    given |= {variable for need in needs for script in _run_by(jobs[need]) for variable in _handed_on(scripts, script)}
    for script in _run_by(job):
        if script not in scripts:
            found.append(f"the job {name} runs {script}, which is no part of an example")
            continue
        missing = {one for one in _NEEDED.findall(scripts[script]) if not one.startswith("CI_")} - given
        if missing:
            found.append(f"{script} reads {', '.join(sorted(missing))}, which the job {name} does not have")
        # A later script of the same job may have read the report into its own environment.
        given |= _handed_on(scripts, script)
    report = job.get("artifacts", {}).get("reports", {}).get("dotenv")
    if report and not any(f'"{report}"' in scripts.get(script, "") for script in _run_by(job)):
        found.append(f"no script of the job {name} writes its report {report}")
    return found


def _run_by(job: dict[str, Any]) -> list[str]:
    return _RUNS.findall("\n".join(job["script"]))


def _handed_on(scripts: dict[str, str], script: str) -> set[str]:
    """The variables that a script writes into its report."""
    return set(_HANDED_ON.findall(scripts.get(script, "")))
