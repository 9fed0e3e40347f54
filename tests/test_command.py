"""Runs the command as people do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import ADAPTER, LANES_HERE, ROOT, rewrite
from verified_docs.cli import app
from verified_docs.evidence import load_evidence

RUN = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb"})


def test_verify_one_example() -> None:
    done = RUN.invoke(app, ["verify", "tracking/check_connection", "--root", str(ROOT)])
    assert done.exit_code == 0, done.output
    assert f"verified {len(LANES_HERE)} results of 1 examples with MLflow {ADAPTER.client_version()}" in done.output


def test_a_failure_is_told_without_a_traceback(project: Path) -> None:
    path = project / "examples/tracking/check_connection.py"
    rewrite(path, path.read_text("utf-8").replace('"connection-check"', '"another-name"'))
    done = RUN.invoke(app, ["verify", "tracking/check_connection", "--root", str(project)])
    assert done.exit_code == 1
    assert "check_connection.py:16: POST /api/v4/projects/42/ml/mlflow/api/2.0/mlflow/experiments/create" in done.output
    assert "then make check EX=tracking/check_connection" in done.output
    assert "Traceback" not in done.output


def test_several_problems_are_told_at_once(project: Path) -> None:
    for name in ("check_connection", "log_first_run"):
        rewrite(project / f"examples/tracking/{name}.py", "x = (\n")
    done = RUN.invoke(app, ["verify", "--root", str(project)])
    assert done.exit_code == 1
    assert done.output.count("not valid Python") == 2


def small(project: Path) -> Path:
    """Leaves one example and one page, so that a whole run is short."""
    for path in (project / "examples").rglob("*.py"):
        if path.stem != "check_connection":
            path.unlink()
    for path in (*(project / "examples").rglob("*.md"), *(project / "docs").rglob("*.ipynb")):
        path.unlink()
    document = json.loads((project / "cassettes/manifest.json").read_text("utf-8"))
    manifest = document["recordings"]
    kept = {key: row for key, row in manifest.items() if key.endswith("/check_connection")}
    for key in manifest.keys() - kept.keys():
        (project / "cassettes" / f"{key}.yaml").unlink()
    rewrite(project / "cassettes/manifest.json", json.dumps(document | {"recordings": kept}))
    for path in (project / "docs").rglob("*.md"):
        path.unlink()
    page = '# Home\n\n```python\nprint(1)\n#> 1\n```\n\n{{ example("tracking/check_connection") }}\n'
    rewrite(project / "docs/index.md", page)
    return project


def test_evidence_is_written_only_of_what_holds(project: Path) -> None:
    path = small(project) / "build" / "evidence.json"
    arguments = ["verify", "--root", str(project), "--evidence", str(path)]
    done = RUN.invoke(app, arguments)
    assert done.exit_code == 0, done.output
    evidence = load_evidence(path)
    assert list(evidence.examples) == ["tracking/check_connection"]
    assert list(evidence.fences) == ["index.md"]
    example = project / "examples/tracking/check_connection.py"
    rewrite(example, example.read_text("utf-8").replace("is {experiment", "was {experiment"))
    assert RUN.invoke(app, arguments).exit_code == 1
    # Old evidence must not outlive a failure.
    assert not path.exists()


def test_evidence_of_a_part_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    done = RUN.invoke(app, ["verify", "check_connection", "--root", str(ROOT), "--evidence", str(path)])
    assert done.exit_code == 1
    assert not path.exists()


BROKEN: dict[str, tuple[str, bytes | None]] = {
    "example that is not UTF-8": ("examples/tracking/check_connection.py", b"\xff\xfe"),
    "example that is a folder": ("examples/tracking/x.py", None),
    "page that is not UTF-8": ("docs/index.md", b"# \xff"),
    "no lanes": ("pyproject.toml", b""),
    "pyproject that is not UTF-8": ("pyproject.toml", b"\xff"),
    "lane without a version": (
        "pyproject.toml",
        b'[tool.verified_docs]\nlanes = [{ server = "GitLab", client = "MLflow" }]\n',
    ),
    "lane that is a number": ("pyproject.toml", b"[tool.verified_docs]\nlanes = [{ server = 18.9, client = 3 }]\n"),
    "manifest that is not JSON": ("cassettes/manifest.json", b"{"),
}


@pytest.mark.parametrize(("name", "content"), BROKEN.values(), ids=BROKEN)
def test_no_mistake_ends_in_a_traceback(name: str, content: bytes | None, project: Path) -> None:
    path = small(project) / name
    if content is None:
        path.mkdir(parents=True)
    else:
        path.write_bytes(content)
    done = RUN.invoke(app, ["verify", "--root", str(project)])
    assert isinstance(done.exception, SystemExit), done.exception
    assert Path(name).name in done.output
    assert "fix: " in done.output


def test_windows_line_ends_and_byte_order_mark(project: Path) -> None:
    path = small(project) / "examples/tracking/check_connection.py"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    done = RUN.invoke(app, ["verify", "--root", str(project)])
    assert done.exit_code == 0, done.output


def test_import_writes_cassettes(tmp_path: Path) -> None:
    rewrite(tmp_path / "pyproject.toml", (ROOT / "pyproject.toml").read_text("utf-8"))
    done = RUN.invoke(app, ["import", str(ROOT / "tests/recordings"), "--only", "tracking", "--root", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "imported 6 recordings" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", "nothing"], "there is no example 'nothing'"),
        (["import", "nowhere"], "there is no recording"),
        (["publish", "nowhere.json"], "nothing has been verified yet"),
    ],
)
def test_mistakes(arguments: list[str], message: str) -> None:
    done = RUN.invoke(app, [*arguments, "--root", str(ROOT)])
    assert done.exit_code == 1
    assert message in done.output
    assert "fix: " in done.output


def test_a_project_without_lanes(tmp_path: Path) -> None:
    rewrite(tmp_path / "pyproject.toml", "[tool]\n")
    done = RUN.invoke(app, ["verify", "--root", str(tmp_path)])
    assert done.exit_code == 1
    assert "lanes cannot be read" in done.output


def test_help_names_every_command() -> None:
    done = RUN.invoke(app, ["--help"])
    assert all(command in done.output for command in ("import", "verify", "publish", "census"))
