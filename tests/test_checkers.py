"""Breaks a block of each language, and sees its checker find it at its row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import ROOT
from verified_docs.checkers import Malformed, check_block

PIPELINE = "vendor.gitlab-ci"
TEAM = ROOT / "config/mlflow-gitlab.schema.json"
SOUND = {
    "python": ("x = 1\n", "Python’s compiler"),
    "bash": ('echo "$HOME"\n', "Bash, ShellCheck"),
    "yaml": ("a: 1\nb: !reference [x, y]\n", "yamllint"),
    "json": ('{"a": 1}\n', "json"),
    "toml": ("a = 1\n", "tomllib"),
    "graphql": ("query ($id: ID!) { project(fullPath: $id) { id } }\n", "graphql-core"),
    "dotenv": ('# A comment\nA=1\nB="two words"  # why\nC=\n', "rows of NAME=value"),
}


@pytest.mark.parametrize("language", SOUND)
def test_a_sound_block(language: str) -> None:
    content, by = SOUND[language]
    checked = check_block(language, content)
    assert checked.by == by
    assert checked.seconds >= 0
    # Looked at once: a second look would take another time.
    assert check_block(language, content) is checked


@pytest.mark.parametrize(
    ("language", "content", "message", "line"),
    [
        ("python", "x = (\n", "not valid Python", 1),
        ("python", "x = 1\nreturn x\n", "'return' outside function", 2),
        ("bash", "echo a\nif x\n", "not sound shell", 3),
        ("bash", "echo a\nread x\n", "read without -r", 2),
        ("bash", "echo $1\n", "Double quote", 1),
        ("yaml", "a: 1\nb: [\n", "not valid YAML", 3),
        ("yaml", "a: 1\nb: 2\na: 3\n", "duplication of key", 3),
        ("yaml", "a: 1\nb: yes\n", "truthy", 2),
        ("yaml", "a: 1  \n", "trailing spaces", 1),
        ("json", '{"a": 1,\n}\n', "not valid JSON", 1),
        ("toml", "a = 1\nb = \n", "not valid TOML", 2),
        ("toml", "a = 1\na = 2\n", "not valid TOML", 2),
        ("graphql", "query {\n  project(id: ) { id }\n}\n", "not valid GraphQL", 2),
        ("graphql", "", "not valid GraphQL", 1),
        ("dotenv", "A=1\nexport B\n", "sets no variable", 2),
        ("dotenv", "A=1\nA=2\n", "sets A twice", 2),
        ("dotenv", "A=two words\n", "sets no variable", 1),
        ("ruby", "x\n", "neither run nor checked", 0),
        ("", "x\n", "names no language", 0),
    ],
)
def test_a_broken_block(language: str, content: str, message: str, line: int) -> None:
    with pytest.raises(Malformed, match=message) as caught:
        check_block(language, content)
    assert caught.value.line == line
    assert caught.value.fix


@pytest.mark.parametrize(
    ("content", "message", "line"),
    [
        ("train:\n  script: [a]\n  stages: [b]\n", "stages", 1),
        ("train:\n  script: [a]\n  retry: 9\n", "retry", 3),
        ("train:\n  script: 1\n", "script", 2),
        ("stages: {}\n", "stages", 1),
    ],
)
def test_a_pipeline_that_gitlab_would_refuse(content: str, message: str, line: int) -> None:
    assert check_block("yaml", content).by == "yamllint"
    with pytest.raises(Malformed, match=message) as caught:
        check_block("yaml", content, PIPELINE)
    assert caught.value.line == line


@pytest.mark.parametrize("path", sorted((ROOT / "snippets").rglob("*.gitlab-ci.yml")), ids=lambda path: path.name)
def test_each_pipeline_of_the_site_fits_its_schema(path: Path) -> None:
    assert check_block("yaml", path.read_text("utf-8"), PIPELINE).by == "yamllint, JSON Schema"


def test_the_settings_of_a_team_fit_their_schema() -> None:
    text = (ROOT / "config/mlflow-gitlab.yaml").read_text("utf-8")
    assert check_block("yaml", text, TEAM).by == "yamllint, JSON Schema"
    with pytest.raises(Malformed, match="unknown_key"):
        check_block("yaml", text + "unknown_key: 1\n", TEAM)


def test_too_deep() -> None:
    with pytest.raises(Malformed):
        check_block("json", "[" * 100_000)
    assert json.loads("[]") == []
