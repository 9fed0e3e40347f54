"""The component for GitLab CI: its inputs, its fit to GitLab's schema, and each of its jobs, run in a clean copy."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import ROOT, rewrite
from handbook.pipeline import check_schema
from verified_docs.checkers import check_block, shell_faults
from verified_docs.evidence import load_evidence
from verified_docs.problem import Problem
from verified_docs.scaffold import scaffold

COMPONENT = ROOT / "templates/verified-docs.yml"
PAGE = ROOT / "docs/ci/verified-docs-component.md"
INPUT = re.compile(r"\$\[\[ inputs\.([a-z-]+) \]\]")
PLUGIN = "verified_docs.pytest_plugin"
NO_JOB = {"stages", "default", "variables", "include", "workflow"}
Inputs = Mapping[str, Any]


def parts() -> tuple[dict[str, Any], str]:
    """The inputs, and the text of the jobs."""
    head, body = COMPONENT.read_text("utf-8").split("\n---\n", 1)
    return yaml.safe_load(head)["spec"]["inputs"], body


def filled(**given: Any) -> str:
    """The jobs with their inputs filled in, as text, as GitLab does."""
    inputs, body = parts()
    assert given.keys() <= inputs.keys()
    values = {name: row["default"] for name, row in inputs.items()} | given
    return INPUT.sub(lambda match: word(values[match[1]]), body)


def word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def jobs(**given: Any) -> dict[str, dict[str, Any]]:
    """The jobs, each with what it extends."""
    document = yaml.safe_load(filled(**given))
    found = {}
    for name, job in document.items():
        if name.startswith(".") or name in NO_JOB:
            continue
        above = job.get("extends", [])
        whole: dict[str, Any] = {}
        for base in [above] if isinstance(above, str) else above:
            whole |= document[base]
        found[name] = whole | job
    return found


def script(job: Mapping[str, Any]) -> str:
    rows = [*job.get("before_script", ()), *job["script"]]
    return "\n".join(row if isinstance(row, str) else "\n".join(row) for row in rows) + "\n"


# --- What it says of itself ------------------------------------------------------------------------------------------


def test_it_is_sound_yaml_with_a_head_and_jobs() -> None:
    check_block("yaml", COMPONENT.read_text("utf-8"))
    inputs, body = parts()
    assert len(inputs) >= 12
    assert len(yaml.safe_load(body)) >= 10


def test_every_input_is_described_has_a_default_and_is_used() -> None:
    inputs, body = parts()
    assert set(INPUT.findall(body)) == set(inputs)
    # Nothing that looks like an input escapes the pattern.
    assert len(INPUT.findall(body)) == body.count("$[[")
    types: dict[str, type | tuple[type, ...]] = {"string": str, "number": (int, float), "boolean": bool}
    for name, row in inputs.items():
        assert row.keys() <= {"description", "default", "type", "options", "regex"}, name
        assert row["description"].endswith("."), name
        assert isinstance(row["default"], types[row.get("type", "string")]), name
        assert re.search(row.get("regex", ""), word(row["default"])), name


def section(title: str) -> str:
    return PAGE.read_text("utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_page_lists_the_inputs_as_they_are() -> None:
    inputs, _ = parts()
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*?) \| (.*?) \|$", section("What you can set"), re.M)
    default = {name: f"`{word(row['default'])}`" if row["default"] != "" else "empty" for name, row in inputs.items()}
    assert rows == [(name, row["description"].removesuffix("."), default[name]) for name, row in inputs.items()]


def test_the_page_speaks_of_every_job() -> None:
    assert re.findall(r"^\| `([a-z-]+)` \| ", section("What each job does"), re.M) == list(jobs())


@pytest.mark.parametrize("given", [{}, {"folder": "handbook/", "shards": 3, "pages": False, "drift-folder": "new"}])
def test_with_its_inputs_it_fits_the_schema_of_gitlab(given: Inputs, tmp_path: Path) -> None:
    path = tmp_path / "filled.gitlab-ci.yml"
    path.write_text(filled(**given), "utf-8")
    check_schema([path])
    whole = tmp_path / "head.gitlab-ci.yml"
    whole.write_text(COMPONENT.read_text("utf-8").split("\n---\n", 1)[0], "utf-8")
    check_schema([whole])


def test_a_fault_in_it_breaks_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "filled.gitlab-ci.yml"
    path.write_text(filled().replace("auto_stop_in:", "auto_stops_in:"), "utf-8")
    with pytest.raises(Problem):
        check_schema([path])


@pytest.mark.parametrize("name", list(jobs()))
def test_each_script_is_sound_shell(name: str) -> None:
    assert shell_faults(script(jobs()[name])) == []


def test_jobs_need_jobs_that_run_in_the_same_pipelines() -> None:
    found = jobs()
    for name, job in found.items():
        assert set(job.get("needs", ())) <= found.keys(), name
        assert job["rules"], name
    for name in ("verified-docs-review", "verified-docs-comment", "verified-docs-review-stop"):
        assert found[name]["rules"][0]["changes"] == found["verified-docs-verify"]["rules"][1]["changes"]
    review, stop = found["verified-docs-review"]["environment"], found["verified-docs-review-stop"]["environment"]
    assert (review["on_stop"], review["name"]) == ("verified-docs-review-stop", stop["name"])


def test_caches_are_keyed_by_what_is_installed() -> None:
    for name, job in jobs(folder="handbook/").items():
        for one in job.get("cache", ()):
            assert one["key"]["files"] == ["handbook/requirements.txt"], name
            assert one["key"]["prefix"].startswith("verified-docs-"), name


@pytest.mark.parametrize(
    ("given", "words"),
    [({"pages": False}, '"false" == "true"'), ({"review": False}, '"false" == "true"'), ({}, '"" != ""')],
)
def test_what_is_switched_off_has_a_rule_that_is_never_true(given: Inputs, words: str) -> None:
    assert [job for job in jobs(**given).values() if words in str(job["rules"][0].get("if"))]


def test_a_new_handbook_can_have_it(tmp_path: Path) -> None:
    scaffold(tmp_path, "Our handbook", ci=True)
    pipeline = tmp_path / ".gitlab-ci.yml"
    check_schema([pipeline])
    (include,) = yaml.safe_load(pipeline.read_text("utf-8"))["include"]
    assert (tmp_path / include["local"]).read_text("utf-8") == COMPONENT.read_text("utf-8")
    inputs, _ = parts()
    assert include["inputs"].keys() <= inputs.keys()
    assert (tmp_path / include["inputs"]["requirements"]).is_file()
    (environment,) = {path.parent.parent.name for path in (tmp_path / "cassettes").rglob("*.yaml")}
    assert environment == include["inputs"]["environment"]


# --- Its jobs, each in a clean copy ----------------------------------------------------------------------------------

Ran = subprocess.CompletedProcess[str]


class Pipeline:
    """Runs jobs as a runner does: a clean copy, the artifacts of the jobs that it needs, one shell for its script.

    Args:
        home: A folder for copies.
        source: The repository.
        given: Inputs.
    """

    def __init__(self, home: Path, source: Path, **given: Any) -> None:
        self.home = home
        self.source = source
        self.jobs = jobs(**given)
        self.folder = given.get("folder", "")
        self.kept: dict[str, Path] = {}
        stub = home / "bin/pip"
        # What would be installed is there already; that it is asked for correctly is looked at.
        rewrite(stub, '#!/bin/sh\nfor last; do :; done\ntest "$1" = install && test -f "$last"\n')
        stub.chmod(0o755)

    def run(self, name: str, **variables: str) -> Ran:
        """Runs a job, with all of its shards one after the other."""
        job = self.jobs[name]
        total = job.get("parallel", 1)
        kept = self.home / "artifacts" / name
        shutil.rmtree(kept, ignore_errors=True)
        for index in range(1, total + 1):
            done = self._run(name, job, kept, CI_NODE_INDEX=str(index), CI_NODE_TOTAL=str(total), **variables)
            if done.returncode:
                break
        self.kept[name] = kept
        return done

    def _run(self, name: str, job: Mapping[str, Any], kept: Path, **variables: str) -> Ran:
        project = self.home / "builds" / name
        shutil.rmtree(project, ignore_errors=True)
        shutil.copytree(self.source, project)
        for other in job.get("needs", ()):
            shutil.copytree(self.kept[other], project, dirs_exist_ok=True)
        environment = {
            "PATH": f"{self.home / 'bin'}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(self.home),
            "PYTHONPATH": str(ROOT / "src"),
            "NO_MKDOCS_2_WARNING": "1",
            "VERIFIED_DOCS_TODAY": "2026-11-24",
            "CI": "true",
            "CI_PROJECT_DIR": str(project),
            "CI_COMMIT_REF_SLUG": "a-branch",
            "CI_JOB_URL": "https://gitlab.example.com/acme/handbook/-/jobs/1",
            **variables,
        }
        if not any(one.value == PLUGIN for one in entry_points(group="pytest11")):
            # An environment that was made before there was a plugin.
            environment["PYTEST_ADDOPTS"] = f"-p {PLUGIN}"
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", script(job)],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        always = job.get("artifacts", {}).get("when") == "always"
        if done.returncode == 0 or always:
            for path in artifacts(job):
                if (project / path).exists():
                    copy(project / path, kept / path)
        return done


def artifacts(job: Mapping[str, Any]) -> list[str]:
    kept = job.get("artifacts", {})
    return [*kept.get("paths", ()), *kept.get("reports", {}).values()]


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


@pytest.fixture(scope="module")
def green(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A pipeline that has verified a new handbook, in a folder of its repository and in two shards."""
    home = tmp_path_factory.mktemp("pipeline")
    scaffold(home / "source/handbook", "Our handbook")
    shutil.copytree(home / "source/handbook/cassettes", home / "source/handbook/recordings")
    (home / "source/.git").mkdir()
    given = {"folder": "handbook/", "shards": 2, "drift-folder": "recordings"}
    pipeline = Pipeline(home, home / "source", **given)
    for name in ("verified-docs-verify", "verified-docs-tests", "verified-docs-evidence"):
        done = pipeline.run(name)
        assert done.returncode == 0, done.stdout + done.stderr
    yield pipeline


def test_verify_keeps_the_evidence_of_every_shard_and_a_report_of_nothing(green: Pipeline) -> None:
    kept = green.kept["verified-docs-verify"] / "handbook/build"
    assert {path.name for path in (kept / "shards").glob("*[0-9].json")} == {
        "python-gitlab-8-1.json",
        "python-gitlab-8-2.json",
    }
    assert json.loads((kept / "code-quality.json").read_text("utf-8")) == []


def test_the_tests_keep_a_report_of_each_example_and_fence(green: Pipeline) -> None:
    text = (green.kept["verified-docs-tests"] / "handbook/build/junit.xml").read_text("utf-8")
    assert text.count("<testcase ") == 4
    assert 'failures="0"' in text


def test_the_evidence_is_of_the_whole(green: Pipeline) -> None:
    found = load_evidence(green.kept["verified-docs-evidence"] / "handbook/build/evidence/python-gitlab-8.json")
    assert found.shard is None
    assert found.count("passes") == 2


@pytest.mark.parametrize(
    ("name", "variables", "makes"),
    [
        ("pages", {}, "public/how-to/read-a-project/index.html"),
        ("verified-docs-review", {}, "handbook/site/reference/evidence/index.html"),
        ("verified-docs-drift", {}, "handbook/build/drift.json"),
        ("verified-docs-freshness", {}, "handbook/build/freshness.svg"),
        ("verified-docs-mutants", {}, "handbook/build/mutants.json"),
        ("verified-docs-comment", {}, None),
        ("verified-docs-review-stop", {}, None),
    ],
)
def test_a_job_of_a_green_pipeline(name: str, variables: dict[str, str], makes: str | None, green: Pipeline) -> None:
    for needed in green.jobs[name].get("needs", ()):
        if needed not in green.kept:
            assert green.run(needed).returncode == 0
    done = green.run(name, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    if makes:
        assert (green.kept[name] / makes).stat().st_size > 0
        for path in artifacts(green.jobs[name]):
            assert (green.kept[name] / path).exists(), path


def test_the_comment_says_what_changes(green: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tests/own"))
    from test_merge_request import Notes

    path = "handbook/build/evidence/python-gitlab-8.json"
    now = (green.kept["verified-docs-evidence"] / path).read_text("utf-8")
    with Notes() as notes:
        variables = {
            "VERIFIED_DOCS_TOKEN": notes.token,
            "CI_SERVER_URL": notes.url,
            "CI_PROJECT_ID": "42",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        }
        # The branch has none yet; then it has the same; then another one; then none answers.
        kept = f"verified-docs-evidence {path}"
        for before in ("", now, now.replace("your role", "the role")):
            notes.files = {kept: before.encode()} if before else {}
            done = green.run("verified-docs-comment", **variables)
            assert done.returncode == 0, done.stdout + done.stderr
            assert notes.token not in done.stdout + done.stderr
        (note,) = notes.rows
        assert "2 outputs changed" in note["body"]
        assert "\n-the role: DEVELOPER\n+your role: DEVELOPER\n" in note["body"]
        notes.refuse = 403
        done = green.run("verified-docs-comment", **variables)
    assert (done.returncode, "GitLab says 403" in done.stderr) == (1, True)
    assert notes.token not in done.stdout + done.stderr


def test_every_job_was_run(request: pytest.FixtureRequest, green: Pipeline) -> None:
    here = {item.name for item in request.session.items}
    if "test_a_job_of_a_green_pipeline[pages-variables0-public/how-to/read-a-project/index.html]" not in here:
        pytest.skip("run the whole file: this test counts what the others ran")
    assert green.kept.keys() == green.jobs.keys()


# --- Red, for every reason to be ------------------------------------------------------------------------------------


def edit(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / path).read_text("utf-8")
        assert old in text
        rewrite(root / path, text.replace(old, new))

    return change


EXAMPLE = "examples/project/read_project.py"
TAPE = "cassettes/gitlab-19.3/python-gitlab-8/project/read_project.yaml"
FAULTS: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "a wrong promise": ("verified-docs-verify", edit(EXAMPLE, "DEVELOPER", "OWNER"), "prints something"),
    "a cassette that was edited": ("verified-docs-verify", edit(TAPE, "wine-quality", "beer"), "was edited"),
    "a wrong promise, as a test": ("verified-docs-tests", edit(EXAMPLE, "DEVELOPER", "OWNER"), "prints something"),
    "requirements that are not there": (
        "verified-docs-verify",
        lambda root: (root / "requirements.txt").unlink(),
        "",
    ),
    "a shard that is missing": (
        "verified-docs-evidence",
        lambda root: (root / "build/shards/python-gitlab-8-2.json").unlink(),
        "missing",
    ),
    "a page that names nothing": (
        "pages",
        edit("docs/how-to/read-a-project.md", "project/read_project", "project/reed_project"),
        "reed_project",
    ),
    "a handbook that does not build": (
        "verified-docs-mutants",
        edit("docs/index.md", "read-a-project.md", "no.md"),
        "no.md",
    ),
    "a link that leads nowhere": ("pages", edit("docs/index.md", "read-a-project.md", "no.md"), "no.md"),
    "a secret in the handbook": (
        "pages",
        lambda root: rewrite(root / "examples/a.txt", f"glpat-{'z9' * 10}\n"),
        "token",
    ),
    "a recording that has drifted": (
        "verified-docs-drift",
        edit(f"recordings/{TAPE.removeprefix('cassettes/')}", "code: 200", "code: 500"),
        "status",
    ),
    "a recording that is old": (
        "verified-docs-freshness",
        edit("pyproject.toml", "lanes =", "fresh_days = 1\nlanes ="),
        "",
    ),
}


@pytest.mark.parametrize(("name", "fault", "words"), FAULTS.values(), ids=FAULTS)
def test_a_fault_turns_its_job_red(
    name: str, fault: Callable[[Path], object], words: str, green: Pipeline, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    shutil.copytree(green.source, source)
    red = Pipeline(tmp_path, source, folder="handbook/", **{"drift-folder": "recordings"})
    for needed in red.jobs[name].get("needs", ()):
        shutil.copytree(green.kept[needed], tmp_path / "needed" / needed)
        red.kept[needed] = tmp_path / "needed" / needed
    if name == "verified-docs-evidence":
        fault(red.kept["verified-docs-verify"] / "handbook")
    else:
        fault(source / "handbook")
    done = red.run(name)
    assert done.returncode != 0
    assert words in " ".join((done.stdout + done.stderr).split())
    report = red.kept[name] / "handbook/build/code-quality.json"
    if name == "verified-docs-verify" and words:
        rows = json.loads(report.read_text("utf-8"))
        assert rows
        for row in rows:
            assert (source / row["location"]["path"]).exists()
            assert row["location"]["path"].startswith("handbook/")


def test_the_variables_of_a_runner_are_enough(green: Pipeline) -> None:
    """No script reads a variable that GitLab does not set: `bash -u` would have ended it."""
    used = {name for job in green.jobs.values() for name in re.findall(r"\$\{?(CI_\w+)", script(job))}
    assert used <= {"CI_NODE_INDEX", "CI_NODE_TOTAL", "CI_PROJECT_DIR", "CI_COMMIT_REF_SLUG"}
    assert os.environ.get("VERIFIED_DOCS_TOKEN") is None
