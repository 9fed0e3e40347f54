"""Reads examples that are well-formed and examples that are not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from conftest import ROOT, rewrite
from verified_docs.example import Example, load_example, load_examples
from verified_docs.problem import Problem, Problems

HEADER = """\
# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Do a thing"
# role = "Developer"
# scope = "api"
# ///
"""


def read(source: str) -> Example:
    return load_example(ROOT / "examples" / "area" / "task.py", ROOT, source)


def fault(source: str) -> Problem:
    with pytest.raises(Problem) as caught:
        read(source)
    return caught.value


def test_id_and_metadata() -> None:
    example = read(HEADER + '"""Says what."""\nimport mlflow\n')
    assert example.id == "area/task"
    assert (example.metadata.title, example.metadata.role, example.metadata.scope) == ("Do a thing", "Developer", "api")
    assert example.dependencies == ("mlflow>=2.22,<4",)
    assert example.docstring == "Says what."
    assert imports(example) == {"mlflow"}


def test_the_example_at_the_top_belongs_to_the_guide() -> None:
    assert load_example(ROOT / "examples/mlflow-gitlab-example.py", ROOT).id == "guide/mlflow_gitlab_example"


def test_code_is_what_a_reader_copies() -> None:
    example = read(
        HEADER
        + '"""Doc."""\n\nx = 1\nif x:\n    # --8<-- [start:in]\n    print(x)\n    #> 1\n    # --8<-- [end:in]\n'
        + "print(\"a\\nb\")\n'''\na\nb\n'''\n"
    )
    assert example.code() == 'x = 1\nif x:\n    print(x)\nprint("a\\nb")\n'
    assert example.code("in") == "print(x)\n"
    assert [(line.line, line.text) for line in example.expected] == [(16, "1"), (20, "a"), (21, "b")]


def test_a_string_that_is_a_value_is_not_output() -> None:
    example = read(HEADER + 'def f():\n    """Doc."""\nx = """\ntext\n"""\n')
    assert example.expected == []
    assert "text" in example.code()


@pytest.mark.parametrize(
    ("line", "replacement", "word", "hint"),
    [
        ('# title = "Do a thing"', '# titel = "Do a thing"', "titel", "rename it to title"),
        ('# scope = "api"', '# scope = "api"\n# skip = true', "skip", "use one of title"),
        ('# scope = "api"', '# scope = "api"\n# raises.x = { kind = "A", match = "b" }', "kind", "use one of"),
        ("# [tool.verified]", "# [tool.verfied]", "verfied", "rename it to verified"),
        ("# requires-python", "# require-python", "require-python", "rename it to requires-python"),
    ],
)
def test_unknown_metadata_key(line: str, replacement: str, word: str, hint: str) -> None:
    source = HEADER.replace(line, replacement)
    problem = fault(source)
    assert problem.kind == "metadata"
    assert f"unknown metadata key {word!r}" in problem.what
    assert word in source.splitlines()[(problem.line or 0) - 1]
    assert hint in problem.fix
    assert "make check EX=area/task" in problem.fix
    assert str(problem).startswith(f"examples/area/task.py:{problem.line}: ")


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        (HEADER + "x = (\n", "syntax", 10),
        (HEADER + "def f():\nreturn 1\n", "syntax", 11),
        ("x = 1\n", "header", 1),
        (HEADER + HEADER, "header", 1),
        (HEADER.replace('title = "Do', "title = Do"), "header", 6),
        (HEADER.replace('# role = "Developer"\n', ""), "metadata", 5),
        (HEADER.replace('"Do a thing"', '""'), "metadata", 6),
        (HEADER.replace("mlflow>=2.22,<4", "mlflow=>2"), "metadata", 3),
        (HEADER.replace('# scope = "api"', '# scope = "api"\n# raises.x = { type = "A", match = "(" }'), "metadata", 9),
        (HEADER + 'print("a", end="")\n', "print", 10),
        (HEADER + 'import sys\nprint("a", file=sys.stderr)\n', "print", 11),
        (HEADER + 'print("a")\n# > a\n', "print", 11),
        (HEADER + "# --8<-- [start:a]\nx = 1\n", "section", 10),
        (HEADER + "x = 1\n# --8<-- [end:a]\n", "section", 11),
        (HEADER + "# --8<-- [start:a]\n# --8<-- [end:a]\n", "section", 10),
        (HEADER + "# --8<-- [start:a]\nx = 1\n# --8<-- [start:a]\n", "section", 12),
        (HEADER + "# --8<-- start:a\n", "section", 10),
    ],
)
def test_refused(source: str, kind: str, line: int) -> None:
    problem = fault(source)
    assert (problem.kind, problem.line) == (kind, line)
    assert problem.fix


def test_all_broken_examples_are_named_at_once(project: Path) -> None:
    for name in ("tracking/check_connection", "registry/newest_version"):
        rewrite(project / "examples" / f"{name}.py", "x = 1\n")
    with pytest.raises(Problems) as caught:
        load_examples(project)
    assert [problem.path.stem for problem in caught.value.found] == ["newest_version", "check_connection"]


def test_no_example(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="no example"):
        load_examples(tmp_path)


@pytest.mark.parametrize(
    "name", ["check_connection", "tracking/check_connection", "examples/tracking/check_connection.py"]
)
def test_an_example_is_found_by_its_names(name: str) -> None:
    assert [example.id for example in load_examples(ROOT, name)] == ["tracking/check_connection"]


def test_a_misspelled_example_gets_a_hint() -> None:
    with pytest.raises(Problem) as caught:
        load_examples(ROOT, "tracking/check_conection")
    assert "tracking/check_connection" in caught.value.fix


# --- The committed examples ------------------------------------------------------------------------------------------


def imports(example: Example) -> set[str]:
    """The top-level modules that an example imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(example.source)):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


PACKAGES = {"sklearn": "scikit-learn", "gitlab": "python-gitlab", "mlflow_gitlab": "mlflow-on-gitlab-verified"}
STANDARD = {"datetime", "os", "pathlib", "shutil", "tempfile", "time", "typing"}


@pytest.mark.parametrize("example", load_examples(ROOT), ids=lambda example: example.id)
def test_committed_example_runs_by_itself(example: Example) -> None:
    from packaging.requirements import Requirement

    named = {Requirement(dependency).name for dependency in example.dependencies}
    needed = {PACKAGES.get(module, module) for module in imports(example) - STANDARD}
    assert needed <= named
    assert example.docstring
    assert len(example.docstring.splitlines()[0]) <= 82
    for forbidden in ("pytest", "vcr", "replay", "cassette", "mock", "sys.exit", "__main__"):
        assert forbidden not in example.source
    long = [row for row in example.code().splitlines() if len(row) > 88]
    assert not long, "too long for a page"


def test_titles_are_unique() -> None:
    titles = [example.metadata.title for example in load_examples(ROOT)]
    assert len(titles) == len(set(titles))
