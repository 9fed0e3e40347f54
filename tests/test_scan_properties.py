"""Feeds the scanner any text and any change of the examples: it never stumbles, and lines move as they should."""

from __future__ import annotations

import ast
import json
import re
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from conftest import ROOT
from mlflow_gitlab.doctor.compatibility import Choice, choose, load_matrix
from mlflow_gitlab.doctor.reports import FORMATS, Report
from mlflow_gitlab.doctor.scan import scan_source
from mlflow_gitlab.doctor.scan_findings import Finding
from mlflow_gitlab.doctor.scan_notebook import notebook
from mlflow_gitlab.doctor.scan_report import scan_paths
from verified_docs.example import load_examples
from verified_docs.problem import Problem

MATRIX = load_matrix()
LANE = choose(MATRIX, lane="gitlab-19.3/mlflow-3")
EVERY = choose(MATRIX, every=True)
SOURCES = sorted({example.source for example in load_examples(ROOT)})
LOUD = [source for source in SOURCES if len(scan_source(source, "a.py", MATRIX, LANE).findings) >= 2]

# Pieces that the scanner looks at, put together without sense.
PIECES = st.sampled_from(
    [
        "mlflow", "client", "self", "MlflowClient", "search_runs", "log_param", "set_tag", "models:/m@1.0.0", "x",
        "runs:/", "import mlflow\n", "from mlflow import *\n", "from mlflow import MlflowClient as c\n", "c = c\n",
        "(", ")", "[", "]", "{", "}", ":", "\n", "\n    ", ".", ",", "=", ":=", "**", "*", "@", "'", '"', "f'", "'''",
        "#", "# mlflow-gitlab: ignore[", "]", " for ", " in ", "if ", "def f(", "class A(", "lambda ", "with ", " as ",
        "global mlflow\n", "nonlocal x\n", "match x:\n case ", "try:\n ", "except* E as mlflow:\n ", "2**31", "1 << 64",
        "'x' * 251", "float('nan')", "\\\n", "\t", "\x0c", "\r", "\0", "ä", "\ud800", "async ", "await ", "type X = ",
    ]
)  # fmt: skip


def scan(source: str, lane: Choice = LANE) -> list[Finding]:
    return scan_source(source, "a.py", MATRIX, lane, notes=True).findings


def _parses(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join)))
@settings(max_examples=400)
def test_any_text_is_scanned_or_refused_in_one_message(source: str) -> None:
    try:
        found = scan(source, EVERY)
    except Problem as problem:
        assert str(problem.path) == "a.py"
        assert problem.what and "\n" not in problem.what
        assert problem.fix
        return
    report = Report(EVERY, ROOT, files=1, findings=found)
    for write in FORMATS.values():
        assert write(report)
    assert len({one.fingerprint for one in found}) == len(found)


@given(st.sampled_from(SOURCES), st.data())
@settings(max_examples=300)
def test_a_piece_of_an_example_put_anywhere_never_stumbles(source: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, min(len(source), start + 40)))
    changed = source[:start] + data.draw(PIECES) + source[end:]
    try:
        scan(changed)
    except Problem as problem:
        assert not _parses(changed), problem


@given(st.binary(max_size=300), st.sampled_from(["a.py", "a.ipynb"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_told(tmp_path: Path, data: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(data)
    report = scan_paths([tmp_path / name], [], tmp_path, MATRIX, LANE)
    assert report.files <= 1
    assert report.files or report.problems


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["cells", "cell_type", "source", "metadata", "kernelspec", "language"]), inner, max_size=4
        )
    ),
)


@given(JSON)
def test_any_json_is_a_notebook_or_is_told(document: object) -> None:
    text, places, problems = notebook("a.ipynb", json.dumps(document))
    assert len(text.splitlines()) <= len(places) or not places
    assert places or problems or not text.strip()


@given(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=3), st.booleans(), st.sampled_from([None, 1]))
def test_a_notebook_finds_what_its_cells_have(sources: list[str], lines: bool, indent: int | None) -> None:
    cells = [{"cell_type": "code", "source": one.splitlines(keepends=True) if lines else one} for one in sources]
    text, places, problems = notebook("a.ipynb", json.dumps({"cells": cells}, indent=indent))
    assert problems == []
    rows = text.split("\n")
    for place, row in zip(places, rows, strict=False):
        assert sources[place.cell - 1].split("\n")[place.line - 1] == row


@given(st.sampled_from(LOUD), st.data())
def test_empty_lines_move_findings_by_as_many(source: str, data: st.DataObject) -> None:
    rows = source.splitlines(keepends=True)
    # Within a text, an empty line is one of the text.
    docstring = source.index('"""', source.index('"""') + 3)
    first = source[:docstring].count("\n") + 1
    place = data.draw(st.integers(first, len(rows)))
    count = data.draw(st.integers(1, 5))
    moved = "".join([*rows[:place], *["\n"] * count, *rows[place:]])
    assume(_parses(moved) and ast.dump(ast.parse(moved)) == ast.dump(ast.parse(source)))

    def shifted(line: int) -> int:
        return line + count if line > place else line

    expected = [replace(one, line=shifted(one.line), end_line=shifted(one.end_line)) for one in scan(source)]
    assert scan(moved) == expected


@given(st.sampled_from(LOUD), st.sampled_from(LOUD))
def test_fingerprints_are_those_of_the_file_and_no_others(one: str, other: str) -> None:
    found = [
        *scan_source(one, "a.py", MATRIX, LANE).findings,
        *scan_source(other, "b.py", MATRIX, LANE).findings,
    ]
    prints = [finding.fingerprint for finding in found]
    assert len(set(prints)) == len(prints)
    assert all(re.fullmatch(r"[0-9a-f]{32}", fingerprint) for fingerprint in prints)
    assert [one.fingerprint for one in scan_source(f"# a comment\n{one}", "a.py", MATRIX, LANE).findings] == [
        finding.fingerprint for finding in found if finding.path == "a.py"
    ]


@pytest.mark.parametrize("depth", [50, 500, 5000])
def test_names_that_double_at_every_step_are_given_up(depth: int) -> None:
    rows = ["import mlflow", "a0 = 'x' * 200", "c0 = mlflow.MlflowClient()"]
    rows += [f"a{n} = a{n - 1} + a{n - 1}\nc{n} = c{n - 1} or c{n - 1}" for n in range(1, depth)]
    rows += [f"mlflow.log_param('a', a{depth - 1})", f"c{depth - 1}.delete_tag('r', 'k')"]
    scan("\n".join(rows))
