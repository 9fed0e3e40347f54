"""Checks what the repository promises about itself: bootstrap, locks, README, and nothing that does not belong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ADAPTER, LANES, ROOT

BOOTSTRAP = ROOT / "scripts" / "bootstrap.sh"
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def fake_python(path: Path, version: str, venv: bool = True) -> Path:
    """A stand-in that answers as an interpreter of that version would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'#!/bin/sh\ncase "$2" in *version_info*) echo {version};; *ensurepip*) exit {0 if venv else 1};; esac\n',
        "utf-8",
    )
    path.chmod(0o755)
    return path


def find(tmp_path: Path, environment: str = "mlflow-3", **variables: str) -> subprocess.CompletedProcess[str]:
    base = tmp_path / "base"
    base.mkdir(exist_ok=True)
    for tool in ("sh", "dirname", "ls", "sed", "tr", "cat"):
        if not (base / tool).exists():
            (base / tool).symlink_to(Path("/bin") / tool if (Path("/bin") / tool).exists() else Path("/usr/bin") / tool)
    env = {"PATH": f"{tmp_path / 'bin'}:{base}", "HOME": str(tmp_path / "home"), **variables}
    return subprocess.run([str(BOOTSTRAP), "--find", environment], capture_output=True, text=True, env=env, check=False)


def test_bootstrap_takes_the_recorded_python_first(tmp_path: Path) -> None:
    for minor in ("3.11", "3.12", "3.13"):
        fake_python(tmp_path / "bin" / f"python{minor}", minor)
    fake_python(tmp_path / "bin" / "python3", "3.11")
    assert find(tmp_path, "mlflow-3").stdout.strip() == "python3.13"
    assert find(tmp_path, "mlflow-2").stdout.strip() == "python3.12"


@pytest.mark.parametrize("minor", ["3.12", "3.13"])
@pytest.mark.parametrize("environment", ["mlflow-2", "mlflow-3"])
def test_bootstrap_with_only_one_good_python(minor: str, environment: str, tmp_path: Path) -> None:
    fake_python(tmp_path / "bin" / f"python{minor}", minor)
    assert find(tmp_path, environment).stdout.strip() == f"python{minor}"


def test_bootstrap_finds_pyenv_behind_an_old_python3(tmp_path: Path) -> None:
    fake_python(tmp_path / "bin" / "python3", "3.11")
    # pyenv's stand-ins on PATH fail for versions that are not switched on.
    shim = tmp_path / "bin" / "python3.13"
    shim.write_text("#!/bin/sh\nexit 127\n", "utf-8")
    shim.chmod(0o755)
    real = fake_python(tmp_path / "home/.pyenv/versions/3.13.0/bin/python", "3.13")
    assert find(tmp_path).stdout.strip() == str(real)
    elsewhere = fake_python(tmp_path / "pyenv/versions/3.12.1/bin/python", "3.12")
    assert find(tmp_path, PYENV_ROOT=str(tmp_path / "pyenv")).stdout.strip() == str(elsewhere)


def test_bootstrap_with_python3_itself(tmp_path: Path) -> None:
    fake_python(tmp_path / "bin" / "python3", "3.13")
    assert find(tmp_path).stdout.strip() == "python3"


@pytest.mark.parametrize("minor", ["3.11", "3.14"])
def test_bootstrap_says_what_to_install(minor: str, tmp_path: Path) -> None:
    fake_python(tmp_path / "bin" / "python3", minor)
    done = find(tmp_path)
    assert done.returncode == 1
    assert "Python 3.12 or 3.13 is needed" in done.stderr
    assert "make setup PYTHON=" in done.stderr


def test_bootstrap_says_that_venv_is_missing(tmp_path: Path) -> None:
    fake_python(tmp_path / "bin" / "python3", "3.13", venv=False)
    done = find(tmp_path)
    assert done.returncode == 1
    assert "python3 (Python 3.13) cannot make environments" in done.stderr


def test_bootstrap_takes_the_python_that_it_is_told(tmp_path: Path) -> None:
    fake_python(tmp_path / "bin" / "python3.13", "3.13")
    mine = fake_python(tmp_path / "mine", "3.12")
    assert find(tmp_path, PYTHON=str(mine)).stdout.strip() == str(mine)


def test_bootstrap_of_an_unknown_environment(tmp_path: Path) -> None:
    done = find(tmp_path, "mlflow-9")
    assert done.returncode == 1
    assert "mlflow-2 mlflow-3" in done.stderr


def test_locks_pin_everything_with_hashes() -> None:
    for lane in LANES:
        text = (ROOT / "requirements" / f"{lane.environment}.txt").read_text("utf-8")
        assert f"\nmlflow=={lane.client_version} " in text
        requirements = [row for row in text.splitlines() if re.match(r"[a-z0-9]", row)]
        assert len(requirements) > 50
        assert all(re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+( ; .*)? \\$", row) for row in requirements)
        assert text.count("--hash=sha256:") >= len(requirements)
    assert "--hash=sha256:" in (ROOT / "requirements" / "uv.txt").read_text("utf-8")


def test_no_address_of_a_registry_is_committed() -> None:
    for name in TRACKED:
        text = (ROOT / name).read_bytes().decode("utf-8", "ignore")
        for word in ("files.pythonhosted", "pypi.org/simple", "--index-url", "--find-links", "--extra-index-url"):
            if word in text:
                assert name in {"tests/test_project.py", "requirements"}, f"{name}: {word}"


def test_nothing_speaks_of_a_machine() -> None:
    for name in TRACKED:
        if name.startswith("tests/recordings/") or not (ROOT / name).exists():
            continue
        text = (ROOT / name).read_bytes().decode("utf-8", "ignore")
        assert not re.search(r"/(root|home/[a-z]+|Users)/|\.\./share[d]", text), name


def test_readme_commands_are_targets() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for name in ("README.md", "CONTRIBUTING.md"):
        commands = re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / name).read_text("utf-8"), re.M)
        assert {"site", "test"} <= set(commands)
        assert set(commands) <= targets, name
    assert "make test" in (ROOT / ".ci/run").read_text("utf-8")


def test_every_target_has_its_line_of_help() -> None:
    help_text = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ
    ).stdout
    for target in ("setup", "site", "serve", "test", "verify", "check", "update", "import", "census", "lock", "clean"):
        assert re.search(rf"^  make {target} +\S", help_text, re.M), target


def test_a_broken_link_stops_the_build(tmp_path: Path) -> None:
    command = next(row for row in (ROOT / "Makefile").read_text("utf-8").splitlines() if "mkdocs build" in row)
    options = command.split("mkdocs build")[1].split("||")[0].split()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text("# Home\n\n[gone](gone.md)\n", "utf-8")
    (tmp_path / "mkdocs.yml").write_text("site_name: x\n", "utf-8")
    build = [sys.executable, "-m", "mkdocs", "build", *options]
    assert subprocess.run(build, cwd=tmp_path, capture_output=True, check=False).returncode == 1
    (tmp_path / "docs/gone.md").write_text("# Not gone\n", "utf-8")
    assert subprocess.run(build, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_contributing_fits_on_a_screen() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines()) <= 45


def test_the_template_has_what_a_replay_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    from verified_docs.example import load_examples

    rows = dict(
        row.removeprefix("# ").split("=", 1)
        for row in (ROOT / ".env.template").read_text("utf-8").splitlines()
        if re.match(r"(# )?[A-Z0-9_]+=", row)
    )
    needed = {name: value for one in load_examples(ROOT) for name, value in ADAPTER.environment(one).items()}
    # The number of a job differs from recording to recording.
    assert rows.pop("CI_JOB_ID") == ""
    assert set(rows) == set(needed)
    assert {name: rows[name] for name in ADAPTER.settings} == dict(ADAPTER.settings)
    secret = {name for name, value in needed.items() if value.startswith("<")}
    assert secret == {"MLFLOW_TRACKING_TOKEN", "GITLAB_TOKEN", "TOKEN_REPORTER", "TOKEN_READ_API", "CI_JOB_TOKEN"}
    assert {name: value for name, value in rows.items() if name not in secret} == {
        name: value for name, value in needed.items() if name not in secret
    }
    assert {rows[name] for name in secret} == {""}


def test_server_and_client_are_named_in_the_adapter_only() -> None:
    for path in (ROOT / "src/verified_docs").glob("*.py"):
        # The commands say which adapter is used.
        if not path.name.endswith(("cli.py", "_command.py")):
            code = re.sub(r'""".*?"""|#.*', "", path.read_text("utf-8"), flags=re.S)
            assert not re.search(r"gitlab|mlflow", code, re.I) or path.name == "lane.py", path.name


def test_every_module_says_why_it_exists() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        assert re.match(r'"""[A-Z].*\."""\n', path.read_text("utf-8")), path.name
        assert len(path.read_text("utf-8").splitlines()) <= 400, path.name
