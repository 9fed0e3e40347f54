"""Breaks locks: another version than is installed, a row without its hash, something asked for and not given."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import LANES, LANES_HERE, ROOT, rewrite
from verified_docs.cli import app
from verified_docs.lock import REQUIREMENTS, check_lock
from verified_docs.problem import Problem

LANE = LANES_HERE[-1]
LOCK, ASKED = f"{LANE.environment}.txt", f"{LANE.environment}.in"


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / REQUIREMENTS, tmp_path / REQUIREMENTS)
    return tmp_path


def broken(locks: Path, name: str, old: str, new: str) -> Problem:
    path = locks / REQUIREMENTS / name
    text = path.read_text("utf-8")
    assert re.search(old, text, re.M), old
    rewrite(path, re.sub(old, new, text, count=1, flags=re.M))
    with pytest.raises(Problem) as caught:
        check_lock(locks, LANE)
    assert caught.value.kind == "lock"
    assert caught.value.path.parent == path.parent
    return caught.value


def test_this_environment_is_the_one_of_its_lock() -> None:
    check_lock(ROOT, LANE)


@pytest.mark.parametrize("package", ["mlflow", "mlflow-skinny", "vcrpy", "pytest-examples"])
def test_another_version(locks: Path, package: str) -> None:
    problem = broken(locks, LOCK, rf"^{package}==\S+", f"{package}==0.0.1")
    assert f"the lock says {package} 0.0.1" in problem.what
    assert problem.fix == "make setup"
    row = (locks / REQUIREMENTS / LOCK).read_text("utf-8").splitlines()[(problem.line or 0) - 1]
    assert row.startswith(f"{package}==0.0.1")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (r"^mlflow==(\S+)( \\\n    --hash=\S+)+", r"mlflow==\1", "has no hash"),
        (r"^mlflow==(\S+)( \\\n    --hash=sha256:)(\S+)", r"mlflow==\1\g<2>abc", "has no hash"),
        (r"^mlflow==", "mlflow>=", "names no exact version"),
        (r"^mlflow==\S+", "mlflow==3.*", "names no exact version"),
        (r"^mlflow==", "mlflow = ", "is no requirement"),
        (r"^mlflow==[^\n]*\n(?: +[^\n]*\n)*", "", "is asked for, and .* does not have it"),
        (r"^mlflow-skinny==[^\n]*\n(?: +[^\n]*\n)*", "", "is asked for, and .* does not have it"),
    ],
)
def test_a_row_that_is_none(locks: Path, old: str, new: str, message: str) -> None:
    problem = broken(locks, LOCK, old, new)
    assert re.search(message, problem.what)
    assert problem.fix == "make lock"


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (ASKED, r"^mlflow==\S+", "mlflow==3.17.1", "nothing asks for mlflow==3.17.2, the client of GitLab"),
        (ASKED, r"^mlflow==", "mlflow>=", "nothing asks for mlflow==3.17.2"),
        (ASKED, r"^mlflow==\S+\n", "", "nothing asks for mlflow==3.17.2"),
        (ASKED, r"^skops>=0.13", "skops>=99", "skops>=99 is asked for, and mlflow-3.txt gives"),
        ("harness.in", r"^vcrpy==\S+", "vcrpy==1.0", "vcrpy==1.0 is asked for, and mlflow-3.txt gives 9.4.2"),
        ("harness.in", r"^pip\n", "pip\nno-such-package\n", "no-such-package is asked for"),
        ("harness.in", r"^pip\n", "pip\nnot a package\n", "is no requirement"),
    ],
)
def test_asked_for_and_not_given(locks: Path, name: str, old: str, new: str, message: str) -> None:
    assert message in broken(locks, name, old, new).what


def test_a_lock_that_is_cut(locks: Path) -> None:
    path = locks / REQUIREMENTS / LOCK
    text = path.read_text("utf-8")
    rewrite(path, text[: text.index("mlflow==")] + "mlflow==3.17.2 \\\n")
    with pytest.raises(Problem, match="has no hash"):
        check_lock(locks, LANE)
    path.unlink()
    with pytest.raises(Problem, match="cannot be read"):
        check_lock(locks, LANE)


def test_a_lane_of_another_client_stops_the_verification(project: Path) -> None:
    shutil.copytree(ROOT / REQUIREMENTS, project / REQUIREMENTS)
    config = project / "pyproject.toml"
    text = config.read_text("utf-8")
    for lane in LANES:
        text = text.replace(f'client = "{lane.client}"', 'client = "MLflow 1.0.0"')
    rewrite(config, text)
    done = CliRunner().invoke(app, ["verify", "--root", str(project)])
    assert done.exit_code == 1
    assert "pyproject.toml" in done.output


def test_another_lock_stops_the_verification(project: Path) -> None:
    shutil.copytree(ROOT / REQUIREMENTS, project / REQUIREMENTS)
    path = project / REQUIREMENTS / LOCK
    rewrite(path, path.read_text("utf-8").replace("\nvcrpy==9.4.2 ", "\nvcrpy==9.4.1 "))
    done = CliRunner().invoke(app, ["verify", "--root", str(project)])
    assert done.exit_code == 1
    assert "the lock says vcrpy 9.4.1, and this environment has 9.4.2" in done.output
