"""Scans files, folders, notebooks and standard input, also those that cannot be read."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from mlflow_gitlab.doctor.compatibility import choose, load_matrix
from mlflow_gitlab.doctor.reports import Report, problem_line
from mlflow_gitlab.doctor.scan_files import repository
from mlflow_gitlab.doctor.scan_report import scan_paths

MATRIX = load_matrix()
LANE = choose(MATRIX, lane="gitlab-19.3/mlflow-3")
BAD = "import mlflow\nmlflow.delete_tag('a')\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str | bytes = BAD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def run(*paths: str, exclude: tuple[str, ...] = ()) -> Report:
    return scan_paths([Path(path) for path in paths], exclude, repository(Path.cwd()), MATRIX, LANE)


def where(report: Report) -> list[tuple[str, int]]:
    return [(one.path, one.line) for one in report.findings]


def test_a_folder_is_read_whole_but_for_what_is_not_its_own(here: Path) -> None:
    for name in ("a.py", "pack/b.py", "pack/deep/er/c.py", "notes.txt"):
        write(here / name)
    for name in (".git/x.py", ".venv/x.py", "node_modules/x.py", "__pycache__/x.py", "lib/site-packages/x.py"):
        write(here / name)
    write(here / "myenv/lib/x.py")
    write(here / "myenv/pyvenv.cfg", "home = /usr\n")
    report = run(".")
    assert where(report) == [("a.py", 2), ("pack/b.py", 2), ("pack/deep/er/c.py", 2)]
    assert report.files == 3
    assert report.problems == []


def test_globs_leave_out_names_paths_and_folders(here: Path) -> None:
    for name in ("a.py", "tests/b.py", "tests/deep/c.py", "src/gen_d.py", "src/e.py"):
        write(here / name)
    assert where(run(".", exclude=("tests", "gen_*.py"))) == [("a.py", 2), ("src/e.py", 2)]
    assert where(run(".", exclude=("tests/*", "src/e.py"))) == [("a.py", 2), ("src/gen_d.py", 2)]
    assert where(run("a.py", "src/e.py", exclude=("a.py",))) == [("src/e.py", 2)]


def test_paths_are_told_from_the_top_of_the_repository(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / ".git").mkdir()
    write(here / "src/a.py")
    monkeypatch.chdir(here / "src")
    report = run(".", "a.py", str(here / "src/a.py"))
    # One file is scanned once, however often it is named.
    assert where(report) == [("src/a.py", 2)]


def test_links_have_no_end_to_look_for(here: Path) -> None:
    write(here / "pack/a.py")
    (here / "pack/again").symlink_to(here / "pack")
    (here / "pack/up").symlink_to(here)
    (here / "pack/b.py").symlink_to("a.py")
    (here / "loop.py").symlink_to("loop.py")
    (here / "gone.py").symlink_to("nowhere.py")
    report = run(".")
    assert where(report) == [("pack/a.py", 2)]
    assert [str(one.path) for one in report.problems] == ["gone.py", "loop.py"]
    # A folder behind a link is read where it is named itself.
    assert where(run("pack/again")) != []


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
def test_a_pipe_does_not_hold_the_scan_up(here: Path) -> None:
    os.mkfifo(here / "pipe.py")
    write(here / "a.py")
    assert where(run(".")) == [("a.py", 2)]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("broken.py", "def f(:\n", "broken.py:1: this is not Python that can be read: invalid syntax"),
        ("late.py", "x = 1\n\ny = (\n", "late.py:3: this is not Python that can be read"),
        ("latin.py", "x = 1\ny = 'é'\n".encode("latin-1"), "latin.py:2: this is not UTF-8"),
        ("late-latin.py", b"x = 1\n" * 5 + b"y = '\xe9'\n", "late-latin.py:6: this is not UTF-8"),
        ("cookie.py", b"# coding: klingon\n", "cookie.py:1: this is not UTF-8: unknown encoding: klingon"),
        ("null.py", b"x = 1\0\n", "null.py"),
        ("deep.py", "x = " + "(" * 5000 + ")" * 5000, "deep.py"),
        ("sum.py", "x = " + "+".join(["1"] * 100_000), "sum.py"),
        ("cut.ipynb", '{"cells": [', "cut.ipynb:1: this notebook is not JSON that can be read"),
        ("list.ipynb", "[]", "list.ipynb: this is no notebook of format 4: it has no cells"),
        ("old.ipynb", '{"worksheets": []}', "old.ipynb: this is no notebook of format 4"),
        ("nested.ipynb", "[" * 200_000, "nested.ipynb"),
    ],
)
def test_one_that_cannot_be_read_is_told_and_the_rest_is_scanned(
    here: Path, name: str, text: str | bytes, message: str
) -> None:
    write(here / name, text)
    write(here / "zz.py")
    report = run(".")
    assert where(report) == [("zz.py", 2)]
    (problem,) = report.problems
    line = problem_line(report, problem)
    assert line.startswith(message)
    assert "\n" not in line
    assert "; fix: " in line


def test_what_is_not_there_or_not_ours(here: Path) -> None:
    write(here / "secret.py").chmod(0)
    write(here / "a.py")
    if os.access(here / "secret.py", os.R_OK):
        (here / "secret.py").unlink()  # this user may read everything
    report = run("nowhere.py", "secret.py", "a.py")
    assert where(report) == [("a.py", 2)]
    assert [str(one.path) for one in report.problems] == ["nowhere.py", "secret.py"]
    assert all("cannot be read" in one.what for one in report.problems)


def test_an_encoding_that_a_file_declares_is_taken(here: Path) -> None:
    write(here / "a.py", "# coding: latin-1\nx = 'é'\nimport mlflow\nmlflow.delete_tag('é')\n".encode("latin-1"))
    write(here / "b.py", b"\xef\xbb\xbf" + BAD.encode())
    write(here / "c.py", BAD.replace("\n", "\r\n").encode())
    write(here / "d.py", BAD.replace("\n", "\r").encode())
    assert where(run(".")) == [("a.py", 4), ("b.py", 2), ("c.py", 2), ("d.py", 2)]


def test_a_name_that_is_no_utf_8_can_be_told(here: Path) -> None:
    try:
        write(Path(os.fsdecode(os.fsencode(here) + b"/\xff\n.py")))
    except OSError:
        pytest.skip("this file system has no such names")
    report = run(".")
    assert where(report) == [("\\xff\\n.py", 2)]
    report.findings[0].path.encode()


def test_standard_input(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    assert where(run("-")) == [("<stdin>", 2)]


def cell(*lines: str, kind: str = "code") -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": [f"{line}\n" for line in lines[:-1]] + [lines[-1]]}


def notebook(here: Path, *cells: dict[str, Any], language: str = "python", indent: int | None = 1) -> Path:
    document = {"cells": cells, "metadata": {"language_info": {"name": language}}, "nbformat": 4, "nbformat_minor": 5}
    return write(here / "a.ipynb", json.dumps(document, indent=indent, ensure_ascii=False))


def test_a_notebook_names_the_cell_and_the_line_of_the_file(here: Path) -> None:
    path = notebook(
        here,
        cell("# mlflow.delete_tag()", kind="markdown"),
        cell("%pip install mlflow", "import mlflow", "!ls", "client = mlflow.MlflowClient()"),
        cell("%%bash", "echo mlflow.delete_tag"),
        cell("%%time", "files = !ls", "for ä in 'ab':", "    %timeit ä", "    client.delete_tag('r', ä)", "client?"),
    )
    report = run("a.ipynb")
    (one,) = report.findings
    assert (one.cell, one.cell_line, one.column) == (3, 5, 5)
    assert "client.delete_tag" in path.read_text("utf-8").splitlines()[one.line - 1]
    assert report.problems == []


def test_a_line_that_begins_with_a_percent_sign_may_be_python(here: Path) -> None:
    notebook(here, cell("import mlflow", "x = (1", "% 2)", "mlflow.delete_tag('a')"))
    (one,) = run("a.ipynb").findings
    assert (one.cell, one.cell_line) == (1, 4)


def test_a_cell_with_a_fault_is_told_and_the_others_are_read(here: Path) -> None:
    path = notebook(here, cell("import mlflow"), cell("x = 1", "def f(:"), cell("mlflow.delete_tag('a')"))
    report = run("a.ipynb")
    assert [(one.cell, one.cell_line) for one in report.findings] == [(3, 1)]
    (problem,) = report.problems
    assert problem.what.startswith("line 2 of code cell 2 is not Python that can be read")
    assert problem.line is not None
    assert "def f(:" in path.read_text("utf-8").splitlines()[problem.line - 1]


def test_other_forms_of_a_notebook(here: Path) -> None:
    notebook(here, cell("mlflow.delete_tag('a')"), language="R")
    assert run("a.ipynb").findings == []
    # On one line, and with a cell's source as one text.
    one = {**cell(""), "source": "import mlflow\nmlflow.delete_tag('a')"}
    notebook(here, one, indent=None)
    (found,) = run("a.ipynb").findings
    assert (found.line, found.cell, found.cell_line) == (1, 1, 2)
    write(here / "a.ipynb", '{"cells": [1, {"cell_type": "code"}, {"cell_type": "code", "source": [1]}]}')
    assert run("a.ipynb").problems == []


def test_the_scan_runs_nothing_and_writes_nothing(here: Path) -> None:
    write(here / "a.py", "open('ran', 'w')\nraise SystemExit(7)\n")
    before = sorted(here.rglob("*"))
    assert run(".").files == 1
    assert sorted(here.rglob("*")) == before
