"""What a release has: built twice to the same bytes, used in a clean environment, true in what it says of itself."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from conftest import LANES, ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
VERSION = SETTINGS["project"]["version"]
WHEEL = f"mlflow_on_gitlab_verified-{VERSION}-py3-none-any.whl"
SDIST = f"mlflow_on_gitlab_verified-{VERSION}.tar.gz"
WHEN = "1763942400"


def made(into: Path, root: Path = ROOT) -> Path:
    """A release, built by the script that `make dist` runs."""
    archive = into.parent / "site.zip"
    archive.write_bytes(b"a site")
    code = f"import sys, pathlib; sys.path.insert(0, {str(ROOT / 'scripts')!r}); import dist; P = pathlib.Path\n"
    code += f"dist.dist(P({str(root)!r}), P({str(into)!r}), [P({str(archive)!r})])"
    environment = os.environ | {"SOURCE_DATE_EPOCH": WHEN}
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=environment)
    return into


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("release") / "dist")


def test_it_has_a_wheel_a_source_archive_the_site_and_their_sums(release: Path) -> None:
    assert {path.name for path in release.iterdir()} == {WHEEL, SDIST, "site.zip", "SHA256SUMS"}
    for row in (release / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, name = row.split("  ")
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == digest
    assert (release / "SHA256SUMS").read_text("utf-8").count("\n") == 3


def test_the_same_commit_gives_the_same_bytes(release: Path, tmp_path: Path) -> None:
    again = made(tmp_path / "dist")
    assert (again / "SHA256SUMS").read_text("utf-8") == (release / "SHA256SUMS").read_text("utf-8")


def test_the_source_archive_gives_the_same_wheel(release: Path, tmp_path: Path) -> None:
    with tarfile.open(release / SDIST) as archive:
        names = archive.getnames()
        archive.extractall(tmp_path, filter="data")
    assert not [name for name in names if re.search(r"^[^/]+/(tests|docs|\.venv|build|\.git)(/|$)|\.env$", name)]
    again = made(tmp_path / "dist", tmp_path / SDIST.removesuffix(".tar.gz"))
    with zipfile.ZipFile(release / WHEEL) as one, zipfile.ZipFile(again / WHEEL) as other:
        contents = [{name: archive.read(name) for name in archive.namelist()} for archive in (one, other)]
    assert contents[0].keys() == contents[1].keys()
    assert contents[0] == contents[1]


def test_the_wheel_has_the_template_of_a_handbook(release: Path) -> None:
    with zipfile.ZipFile(release / WHEEL) as archive:
        names = set(archive.namelist())
    template = ROOT / "src/verified_docs/template"
    for path in (path for path in template.rglob("*") if path.is_file()):
        assert path.relative_to(ROOT / "src").as_posix() in names


# --- In an environment that has never seen this folder ---------------------------------------------------------------


@pytest.fixture(scope="module")
def clean(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel; what it asks for comes from the environment of this test."""
    folder = tmp_path_factory.mktemp("clean") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin/python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*install, str(release / WHEEL)], check=True, capture_output=True)
    (site,) = folder.glob("lib/python*/site-packages")
    # A folder that a `.pth` names is searched, and no `.pth` in it is read: the one of this checkout is not.
    (site / "needs.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")
    return folder


def run(clean: Path, cwd: Path, *command: str) -> tuple[int, str]:
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "LANG") if name in os.environ}
    environment = kept | {"PATH": f"{clean / 'bin'}:/usr/bin:/bin", "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_wheel_makes_verifies_tests_and_builds_a_handbook(clean: Path, tmp_path: Path) -> None:
    where = "import verified_docs, importlib.metadata as m; print(verified_docs.__file__)\n"
    where += "print(m.version('mlflow-on-gitlab-verified'))"
    code, said = run(clean, tmp_path, "python", "-c", where)
    assert code == 0, said
    assert said.splitlines()[0].startswith(str(clean))
    assert said.splitlines()[1] == VERSION
    code, said = run(clean, tmp_path, "verified-docs", "init", "handbook", "--name", "From a wheel")
    assert code == 0, said
    handbook = tmp_path / "handbook"
    evidence = "build/evidence/python-gitlab-8.json"
    code, said = run(clean, handbook, "verified-docs", "verify", "--evidence", evidence)
    assert (code, "verified 2 results" in said) == (0, True), said
    code, said = run(clean, handbook, "verified-docs", "publish", evidence)
    assert code == 0, said
    code, said = run(clean, handbook, "python", "-m", "mkdocs", "build", "--strict")
    assert code == 0, said
    plain = ("-p", "no:cacheprovider", "--trace-config")
    code, said = run(clean, handbook, "python", "-m", "pytest", *plain)
    assert (code, "4 passed" in said) == (0, True), said
    (plugin,) = re.findall(r"verified_docs\s+: (\S*pytest_plugin\.py)", said)
    assert plugin.startswith(str(clean))


# --- What is said of versions ----------------------------------------------------------------------------------------


def supported() -> dict[str, list[str]]:
    text = (ROOT / "docs/reference/supported.md").read_text("utf-8")
    return {name: cell.split(", ") for name, cell in re.findall(r"^\| (Python|GitLab|MLflow) \| (.*?) \|", text, re.M)}


def test_the_page_of_supported_versions_has_the_lanes_and_the_classifiers() -> None:
    found = supported()
    assert found["GitLab"] == sorted({lane.server.rpartition(" ")[2] for lane in LANES})
    assert found["MLflow"] == sorted({lane.client_version for lane in LANES})
    prefix = "Programming Language :: Python :: "
    assert found["Python"] == [row.removeprefix(prefix) for row in SETTINGS["project"]["classifiers"]]
    allowed = SpecifierSet(SETTINGS["project"]["requires-python"])
    assert all(version in allowed for version in found["Python"])
    assert "3.11" not in allowed


def test_what_makes_environments_takes_just_these_pythons() -> None:
    text = (ROOT / "scripts/bootstrap.sh").read_text("utf-8")
    (taken,) = re.findall(r"case \$version in (.*?)\)", text)
    assert taken.split(" | ") == supported()["Python"]


def test_the_changelog_begins_with_the_version() -> None:
    first = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert first[0] == VERSION
    assert first == sorted(first, reverse=True)


def test_the_component_is_shown_with_the_version() -> None:
    text = (ROOT / "snippets/ci/verified-docs-include.gitlab-ci.yml").read_text("utf-8")
    assert f"/verified-docs@{VERSION}\n" in text


def test_the_policy_leads_to_pages_that_are_there_and_names_nobody() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    for link in re.findall(r"\]\((.*?)\)", text):
        assert (ROOT / link).is_file(), link
    assert "@" not in text
    assert "://" not in text


# --- Renovate --------------------------------------------------------------------------------------------------------

RENOVATE: dict[str, Any] = json.loads((ROOT / "renovate.json").read_text("utf-8"))
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def matched(pattern: str) -> list[str]:
    assert pattern.startswith("/")
    assert pattern.endswith("/")
    return [name for name in TRACKED if re.search(pattern[1:-1], name)]


def asked() -> dict[str, set[str]]:
    """Package to the files that ask for it."""
    found: dict[str, set[str]] = {}
    for name in matched(RENOVATE["pip_requirements"]["managerFilePatterns"][0]):
        for package in re.findall(r"^([a-z][a-z0-9-]*)", (ROOT / name).read_text("utf-8"), re.M):
            found.setdefault(package, set()).add(name)
    return found


def test_every_pattern_matches_files_and_every_source_of_a_lock_is_matched() -> None:
    for manager in RENOVATE["enabledManagers"]:
        for pattern in RENOVATE[manager]["managerFilePatterns"]:
            assert matched(pattern), pattern
    sources = [name for name in TRACKED if fnmatch(name, "requirements/*.in")]
    assert matched(RENOVATE["pip_requirements"]["managerFilePatterns"][0]) == sources
    locks = [name for name in TRACKED if fnmatch(name, RENOVATE["postUpgradeTasks"]["fileFilters"][0])]
    assert {name.removesuffix(".txt") for name in locks} < {name.removesuffix(".in") for name in sources}
    jobs = RENOVATE["gitlabci"]["managerFilePatterns"]
    assert [name for pattern in jobs for name in matched(pattern)] == [".gitlab-ci.yml", "templates/verified-docs.yml"]


def test_locks_are_written_as_people_write_them() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for command in RENOVATE["postUpgradeTasks"]["commands"]:
        program, *targets = command.split()
        assert program == "make"
        assert all(re.search(rf"^{target}:", makefile, re.M) for target in targets)
    recipe = makefile.partition("\nlock:")[2].partition("\n\n")[0]
    assert recipe.count("--generate-hashes") == 2


def test_every_rule_is_about_something_that_is_asked_for() -> None:
    packages = asked()
    for rule in RENOVATE["packageRules"]:
        for name in rule["matchPackageNames"]:
            assert [one for one in packages if fnmatch(one, name.replace("**", "*"))], name
        for file in rule.get("matchFileNames", ()):
            assert file in packages["mlflow"]


def test_a_new_mlflow_waits_for_a_person() -> None:
    (rule,) = [one for one in RENOVATE["packageRules"] if "separateMultipleMajor" in one]
    assert rule["matchPackageNames"] == ["mlflow"]
    assert (rule["dependencyDashboardApproval"], rule["automerge"], RENOVATE["automerge"]) == (True, False, False)
    (page,) = re.findall(r"docs/\S+\.md", rule["description"])
    assert (ROOT / page).is_file()
    majors = {lane.environment.rpartition("-")[2] for lane in LANES}
    below = {one["matchFileNames"][0] for one in RENOVATE["packageRules"] if "allowedVersions" in one}
    assert below == {f"requirements/mlflow-{major}.in" for major in majors if major != max(majors)}
