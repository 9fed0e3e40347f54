"""What a reader installs: built as a wheel, it holds all that its commands need, and nothing that is ours alone."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from conftest import ROOT
from verified_docs.leaks import find_leaks


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (made,) = into.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(into)
    return into


def test_it_holds_the_commands_the_data_and_every_cassette(installed: Path) -> None:
    names = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    cassettes = {path.relative_to(ROOT).as_posix() for path in (ROOT / "cassettes").rglob("*") if path.is_file()}
    assert {f"mlflow_gitlab/{name}" for name in cassettes} <= names
    assert {"mlflow_gitlab/cli.py", "mlflow_gitlab/doctor/compatibility.json", "verified_docs/cassette.py"} <= names
    assert not [name for name in names if name.startswith(("tests", "docs", "examples")) or name.endswith(".env")]


def test_it_asks_for_what_the_commands_import_and_keeps_the_rest_optional(installed: Path) -> None:
    (metadata,) = installed.glob("*.dist-info/METADATA")
    needs = Parser().parsestr(metadata.read_text("utf-8")).get_all("Requires-Dist") or []
    always = {one.split(">")[0].split("<")[0].split("=")[0] for one in needs if "extra ==" not in one}
    assert always == {
        "jinja2",
        "pydantic",
        "pydantic-settings",
        "python-dotenv",
        "python-gitlab",
        "pyyaml",
        "requests",
        "rich",
        "typer",
    }
    assert any("vcrpy" in one and "extra == 'verify'" in one for one in needs)


def test_nothing_secret_is_in_it(installed: Path) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    allowed = {(row["file"], row["kind"]) for row in settings["tool"]["verified_docs"]["scan_allow"]}
    for path in installed.rglob("*.py"):
        kinds = {leak.kind for leak in find_leaks(path.read_text("utf-8"))}
        file = f"src/{path.relative_to(installed).as_posix()}"
        assert {kind for kind in kinds if (file, kind) not in allowed} == set(), path


@pytest.mark.parametrize("arguments", [["--help"], ["settings"], ["replay", "--help"], ["doctor", "scan", "--help"]])
def test_it_runs_away_from_the_checkout_with_no_more_than_it_asks_for(
    arguments: list[str], installed: Path, tmp_path: Path
) -> None:
    forbidden = ("vcr", "pytest", "packaging", "mlflow", "time_machine", "check_jsonschema")
    code = (
        "import importlib.abc, sys\n"
        f"sys.path.insert(0, {str(installed)!r})\n"
        "class No(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {forbidden!r}: raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, No())\n"
        f"sys.argv[1:] = {arguments!r}\n"
        "import mlflow_gitlab.cli\n"
        f"assert mlflow_gitlab.cli.__file__.startswith({str(installed)!r})\n"
        "mlflow_gitlab.cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
