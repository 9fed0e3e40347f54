"""Composes the pipeline that readers copy, and takes it apart on purpose."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from conftest import ROOT, rewrite
from handbook.pipeline import ENDING, FOLDER, Pipeline, check_schema
from verified_docs.checkers import shell_faults
from verified_docs.evidence import Evidence
from verified_docs.example import load_examples, missing_names
from verified_docs.problem import Problem
from verified_docs.publish import publish_pages


def fault(project: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        Pipeline(project)
    return caught.value


def change(project: Path, piece: str, old: str, new: str) -> Path:
    path = project / FOLDER / f"{piece}{ENDING}"
    text = path.read_text("utf-8")
    assert old in text
    rewrite(path, text.replace(old, new, 1))
    return path


def test_every_job_of_the_cookbook_is_in_the_pipeline() -> None:
    pipeline = Pipeline(ROOT)
    for job in ("train", "evaluate", "register", "deploy", "retention"):
        assert f"\n{job}:\n" in pipeline.whole
    assert set(pipeline.files) == {ENDING, *pipeline.scripts}


def test_every_pipeline_among_the_snippets_keeps_to_the_schema() -> None:
    paths = sorted((ROOT / "snippets").rglob(f"*{ENDING}"))
    assert len(paths) >= 6
    check_schema(paths)


@pytest.mark.parametrize(
    ("piece", "old", "new", "message"),
    [
        ("train", "  script:", "  scripts:", "'scripts' was unexpected"),
        ("train", "dotenv: train.env", "dotenvs: train.env", "'dotenvs' was unexpected"),
        ("deploy", "  rules:\n    - if:", "  rules:\n    - when: sometimes\n    - if:", "'sometimes' is not one of"),
        ("train", "stage: train", "stage: traini", "the job train is in no stage"),
        ("deploy", "needs: [register]", "needs: [registr]", "needs registr, which is no earlier job"),
        ("train", "stage: train", "stage: train\n  needs: [deploy]", "needs deploy, which is no earlier job"),
        ("deploy", "needs: [register]", "needs: [evaluate]", "deploy.py reads VERSION_ID"),
        ("register", ". ./register.env", ". ./$(cat register.env", "the job register: "),
        ("register", "set -a && . ./register.env", "source $FILE", "Double quote"),
        ("evaluate", "needs: [train]", "needs: []", "evaluate.py reads RUN_ID"),
        ("evaluate", "python gate.py", "python gates.py", "runs gates.py, which is no part of an example"),
        ("evaluate", "    - python gate.py\n", "", "no job runs gate.py"),
        ("train", "dotenv: train.env", "dotenv: run.env", "writes its report run.env"),
        ("retention", "    GITLAB_PROJECT_ID: $CI_PROJECT_ID\n", "", "retention.py reads GITLAB_PROJECT_ID"),
        ("pipeline", "stages: [", "stages: {", "not YAML"),
    ],
)
def test_a_pipeline_that_does_not_fit_is_refused(piece: str, old: str, new: str, message: str, project: Path) -> None:
    path = change(project, piece, old, new)
    problem = fault(project)
    assert message in problem.what
    assert problem.kind == "pipeline"
    # A script that nobody runs is a fault of the whole.
    assert problem.path in {path, project / FOLDER / f"pipeline{ENDING}"}


def test_a_schema_fault_names_the_line_of_its_job(project: Path) -> None:
    path = change(project, "retention", "  stage: clean", "  stages: clean")
    text = path.read_text("utf-8")
    rewrite(path, f"# a comment\n\n{text}")
    problem = fault(project)
    assert (problem.path, problem.line) == (path, 3)


def test_a_missing_piece(project: Path) -> None:
    path = project / FOLDER / f"deploy{ENDING}"
    path.unlink()
    assert fault(project).path == path


def test_a_broken_pipeline_is_not_published(project: Path, evidence: Evidence) -> None:
    change(project, "train", "stage: train", "stage: nowhere")
    with pytest.raises(Problem) as caught:
        publish_pages(project, evidence, project / "out")
    assert caught.value.kind == "pipeline"
    assert not (project / "out").exists()


def test_the_archive_holds_what_was_verified(evidence: Evidence, tmp_path: Path) -> None:
    publish_pages(ROOT, evidence, tmp_path / "out")
    packed = (tmp_path / "out/bundles/wine-pipeline.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    pipeline = Pipeline(ROOT)
    assert files == pipeline.files
    parts = {code for example in load_examples(ROOT) for code in map(example.code, example.sections)}
    assert set(pipeline.scripts.values()) <= parts
    publish_pages(ROOT, evidence, tmp_path / "out")
    assert (tmp_path / "out/bundles/wine-pipeline.zip").read_bytes() == packed


@pytest.mark.parametrize(
    ("code", "message"),
    [("print(1)\n", "is no part of an example"), ("x = 1\nprint(x + y)\n", "is no part of an example")],
)
def test_python_that_never_ran_is_not_packed(code: str, message: str, project: Path, evidence: Evidence) -> None:
    page = project / "docs/ci/cookbook.md"
    call = '{{ bundle("wine-pipeline.zip", pipeline.files) }}'
    assert call in page.read_text("utf-8")
    rewrite(page, page.read_text("utf-8").replace(call, f'{{{{ bundle("a.zip", {{"a.py": {code!r}}}) }}}}'))
    with pytest.raises(Problem) as caught:
        publish_pages(project, evidence, project / "out")
    assert message in caught.value.what


def test_a_part_that_needs_more_is_no_file(project: Path, evidence: Evidence) -> None:
    page = project / "docs/how-to/log-runs.md"
    rewrite(
        page, page.read_text("utf-8") + '\n{{ example("setup/inspect_topology", section="graphql", file="x.py") }}\n'
    )
    with pytest.raises(Problem) as caught:
        publish_pages(project, evidence, project / "out")
    assert "is no program of its own as 'x.py'" in caught.value.what


def test_a_secret_is_not_packed(project: Path, evidence: Evidence) -> None:
    page = project / "docs/ci/cookbook.md"
    secret = "glpat" + "-0123456789abcdefghij"
    call = '{{ bundle("wine-pipeline.zip", pipeline.files) }}'
    rewrite(page, page.read_text("utf-8").replace(call, f'{{{{ bundle("a.zip", {{"a.env": "T={secret}\\n"}}) }}}}'))
    with pytest.raises(Problem) as caught:
        publish_pages(project, evidence, project / "out")
    assert caught.value.kind == "secret"
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("import os\nprint(os.name)\n", set()),
        ("print(os.name)\n", {"os"}),
        ("def f():\n    return g()\n", {"g"}),
        ("def f(x):\n    y = x\n    return [y for _ in range(3)]\n", set()),
        ("class A:\n    x = 1\n    def f(self):\n        return A.x\n", set()),
        ("for i in range(2):\n    j = i\nprint(j)\n", set()),
        ("try:\n    pass\nexcept OSError as error:\n    print(error)\n", set()),
        ("with open('x') as file:\n    file.read()\n", set()),
        ("x += 1\n", set()),
        ("lambda a: a + b\n", {"b"}),
        ("def f():\n    global z\n    z = 1\nf()\nprint(z)\n", set()),
    ],
)
def test_names_that_a_part_does_not_make(code: str, missing: set[str]) -> None:
    assert missing_names(code) == missing


@pytest.mark.parametrize(
    ("script", "line"), [("echo hello\n", 0), ("echo 1\nread x\n", 2), ("if true\n", 2), ("a=1\n\necho $b\n", 1)]
)
def test_shell(script: str, line: int) -> None:
    faults = shell_faults(script)
    assert (faults[0][0] if faults else 0) == line
