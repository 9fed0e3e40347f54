"""Scans files, folders, archives, what is staged and what is built; says where, and never what."""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

import planted
from conftest import ROOT, rewrite
from verified_docs import scan as scanner
from verified_docs.cli import app
from verified_docs.known import VARIABLE, load_known
from verified_docs.leaks import TOO_LARGE, find_leaks_in_bytes
from verified_docs.problem import Problem
from verified_docs.rules import Known
from verified_docs.scan import Exempt, chosen, everything, load_exempt, scan

TOKEN = "glpat-" + "Ab3dE5fG7h" * 2
CONFIG = '[tool.verified_docs]\nlanes = [{ server = "GitLab 19.3", client = "MLflow 3.17.2" }]\n'


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a commit, in the working directory; no variable of this machine is known."""
    for name in list(os.environ):
        if name.upper().endswith(("TOKEN", "PASSWORD", "SECRET", "KEY")) or name.startswith("GIT_"):
            monkeypatch.delenv(name)
    folder = tmp_path / "repository"
    rewrite(folder / "pyproject.toml", CONFIG)
    rewrite(folder / ".gitignore", "build/\nsite/\n")
    rewrite(folder / "docs/page.md", "# Page\n")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    monkeypatch.chdir(folder)
    return folder


def told(*arguments: str, code: int) -> str:
    done = CliRunner().invoke(app, ["scan", *arguments])
    assert done.exit_code == code, done.output
    assert TOKEN not in done.output
    return done.output


def test_this_repository_holds_no_secret() -> None:
    report = scan(
        ROOT,
        ((name, content) for name, content in everything(ROOT) if not name.startswith(scanner.BUILT)),
        load_known(ROOT, {}),
        load_exempt(ROOT),
        host="gitlab.example.com",
        whole=True,
    )
    assert [f"{one.where}: {one.said}" for one in report.findings] == []
    assert report.unused == []
    assert report.files > 800


def test_nothing_found(repository: Path) -> None:
    assert "no secret in 3 files" in told(code=0)


def test_a_finding_names_file_line_kind_and_what_to_do(repository: Path) -> None:
    rewrite(repository / "docs/page.md", f"# Page\n\nUse {TOKEN}\n")
    said = told(code=1)
    assert "docs/page.md:3: GitLab token" in said
    assert "fix: revoke it" in said


def test_as_data(repository: Path) -> None:
    rewrite(repository / "docs/page.md", json.dumps({"x": base64.b64encode(TOKEN.encode()).decode()}))
    found = json.loads(told("--json", code=1))
    assert found["files"] == 3
    assert found["bytes"] > 0
    assert found["unused"] == []
    (row,) = found["findings"]
    assert (row["file"], row["line"], row["kind"], row["inside"]) == ("docs/page.md", 1, "GitLab token", "in base64")
    assert row["fix"]
    rewrite(repository / "docs/page.md", "x")
    assert json.loads(told("--json", code=0))["findings"] == []


def test_what_git_does_not_track_is_scanned_where_it_was_built_or_named(repository: Path) -> None:
    rewrite(repository / "new.md", TOKEN)
    told(code=0)
    assert "new.md:1" in told("new.md", code=1)
    assert "new.md:1" in told(".", code=1)
    for name in ("build/docs", "build/evidence", "site", "public"):
        path = repository / name / "search/search_index.json"
        rewrite(path, json.dumps({"docs": [{"text": f"<code>glpat<span>-</span>{TOKEN[6:]}</code>"}]}))
        assert f"{name}/search/search_index.json:1: GitLab token" in told(code=1)
        path.unlink()
    rewrite(repository / "build/mermaid/x.js", TOKEN)
    told(code=0)


def test_folders_that_a_project_does_not_write_are_left_out_unless_they_are_published(repository: Path) -> None:
    for name in (".git", ".venv", "__pycache__"):
        rewrite(repository / "docs" / name / "x.py", TOKEN)
    told(".", "docs", code=0)
    assert "docs/.venv/x.py:1" in told("docs/.venv", code=1)
    rewrite(repository / "site/a/__pycache__/x.py", TOKEN)
    assert "site/a/__pycache__/x.py:1" in told(".", code=1)
    assert "site/a/__pycache__/x.py:1" in told(code=1)


def test_a_file_that_is_gone_is_no_problem(repository: Path) -> None:
    (repository / "docs/page.md").unlink()
    assert "2 files" in told(code=0)


def test_staged_is_what_the_next_commit_has(repository: Path) -> None:
    page = repository / "docs/page.md"
    rewrite(page, f"{TOKEN}\n")
    told("--staged", code=0)
    git(repository, "add", "-A")
    rewrite(page, "# Clean in the folder only\n")
    assert "docs/page.md:1: GitLab token" in told("--staged", code=1)
    git(repository, "add", "-A")
    rewrite(page, f"{TOKEN}\n")
    told("--staged", code=0)
    git(repository, "rm", "-qf", "--cached", "docs/page.md")
    told("--staged", code=0)


def test_staged_are_all_kinds_of_entries(repository: Path, tmp_path: Path) -> None:
    """A link, a renamed file, a name with spaces and letters, a submodule, and a first commit."""
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    git(other, "commit", "-qm", "one", "--allow-empty")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "below")
    git(repository, "mv", "docs/page.md", "docs/größe 1.md")
    git(repository, "commit", "-qm", "two")
    git(repository, "mv", "docs/größe 1.md", "docs/größe 2.md")
    assert "in 1 files" in told("--staged", code=0)
    git(repository, "mv", "docs/größe 2.md", "docs/größe 1.md")
    (repository / "docs/page.md").symlink_to(planted.HOME + "ann/page.md")
    rewrite(repository / "docs/empty.md", "")
    git(repository, "add", "-A")
    # The address of the submodule is the only thing else that it says of this machine.
    assert "docs/page.md:1: path of a machine" in told("--staged", code=1)
    rewrite(repository / "docs/größe 1.md", f"x\n{TOKEN}\n")
    git(repository, "add", "-A")
    assert "docs/größe 1.md:2: GitLab token" in told("--staged", code=1)
    (repository / ".git").rename(tmp_path / "before")
    git(repository, "init", "-q")
    git(repository, "add", "docs")
    assert "docs/größe 1.md:2: GitLab token" in told("--staged", code=1)


def test_a_file_in_conflict_is_scanned_once(repository: Path) -> None:
    page = repository / "docs/page.md"
    git(repository, "checkout", "-qb", "other")
    rewrite(page, "# Other\n")
    git(repository, "commit", "-qam", "two")
    git(repository, "checkout", "-q", "-")
    rewrite(page, f"{TOKEN}\n")
    git(repository, "commit", "-qam", "three")
    with pytest.raises(subprocess.CalledProcessError):
        git(repository, "merge", "-q", "other")
    assert told(code=1).count("docs/page.md") == 1
    git(repository, "add", "-A")
    assert "GitLab token" in told(code=1)


def hook() -> dict[str, Any]:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    (row,) = config["repos"][0]["hooks"]
    return dict(row)


def test_the_hook_refuses_a_commit_and_lets_others_pass(repository: Path) -> None:
    """As pre-commit runs it: the words of `entry`, in the project's folder, without the names of files."""
    words = hook()["entry"].split()
    assert (hook()["language"], hook()["pass_filenames"], hook()["always_run"]) == ("system", False, True)
    assert (ROOT / ".venv").exists() <= (ROOT / words[0]).exists()
    script = repository / ".git/hooks/pre-commit"
    rewrite(script, f"#!/bin/sh\nexec {shlex.join([sys.executable, '-m', 'verified_docs', *words[1:]])}\n")
    script.chmod(0o755)
    rewrite(repository / "docs/page.md", f"# Page\n{TOKEN}\n")
    git(repository, "add", "-A")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        git(repository, "commit", "-qm", "two")
    said = (caught.value.stdout + caught.value.stderr).decode()
    assert "docs/page.md:2: GitLab token" in said
    assert TOKEN not in said
    rewrite(repository / "docs/page.md", "# Page\n<project:developer:api>\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "two")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "there is no such file"),
        (["--staged", "docs"], "exclude each other"),
        (["--root", ".."], "pyproject.toml: this cannot be read"),
    ],
)
def test_a_scan_that_is_not_possible(arguments: list[str], message: str, repository: Path) -> None:
    assert message in told(*arguments, code=2)


def test_without_git(repository: Path) -> None:
    (repository / ".git").rename(repository / "git")
    assert "git cannot list" in told(code=2)
    told("docs", code=0)


@pytest.mark.parametrize(
    "row",
    [
        '"docs/page.md"',
        '{ file = "docs/page.md", kind = "GitLab token" }',
        '{ file = "docs/page.md", kind = "GitLab token", reason = " " }',
        '{ file = "docs/page.md", kind = "GitLab token", reason = "x", more = "x" }',
        '{ file = "docs/page.md", kind = 1, reason = "x" }',
    ],
)
def test_an_exception_needs_a_file_a_kind_and_a_reason(row: str, repository: Path) -> None:
    rewrite(repository / "pyproject.toml", f"{CONFIG}scan_allow = [{row}]\n")
    assert "scan_allow" in told(code=2)


def test_an_exception_is_for_one_kind_in_one_file(repository: Path) -> None:
    rewrite(
        repository / "pyproject.toml",
        f'{CONFIG}scan_allow = [{{ file = "docs/p*.md", kind = "GitLab token", reason = "made up" }}]\n',
    )
    rewrite(repository / "docs/page.md", TOKEN)
    told(code=0)
    rewrite(repository / "docs/page.md", TOKEN + "\nann" + "@" + "corp.test\n")
    assert "docs/page.md:2: e-mail address" in told(code=1)
    rewrite(repository / "docs/page.md", TOKEN)
    rewrite(repository / "new.md", TOKEN)
    assert "new.md:1" in told("new.md", "docs", code=1)


def test_an_exception_that_nothing_needs_is_told(repository: Path) -> None:
    rows = [
        Exempt("docs/page.md", "GitLab token", "x"),
        Exempt("site/*", "GitLab token", "x"),
        Exempt("gone.md", "x", "x"),
    ]
    files = [("docs/page.md", b"nothing"), ("other.md", b"nothing")]
    assert scan(repository, files, Known(), rows, whole=True).unused == [rows[0], rows[2]]
    # Of a part of the files only what was looked at.
    assert scan(repository, files, Known(), rows).unused == [rows[0]]
    assert scan(repository, [*files, ("site/x", b"")], Known(), rows, whole=True).unused == rows
    row = '{ file = "docs/page.md", kind = "GitLab token", reason = "x" }'
    rewrite(repository / "pyproject.toml", f"{CONFIG}scan_allow = [{row}]\n")
    assert "and there is none" in told(code=1)
    assert json.loads(told("--json", code=1))["unused"] == [
        {"file": "docs/page.md", "kind": "GitLab token", "reason": "x"}
    ]


def test_a_cassette_names_one_host_only(repository: Path) -> None:
    content = b"uri: https:/" + b"/gitlab.acme.test/x\n"
    for name, found in (
        ("cassettes/a/b.yaml", ["another host"]),
        ("site/cassettes/a/b.yaml", ["another host"]),
        ("docs/a.yaml", []),
    ):
        report = scan(repository, [(name, content), ("x", content)], Known(), host="gitlab.example.com")
        assert [one.kind for one in report.findings] == found
    assert scan(repository, [("cassettes/a.yaml", content)], Known(), host="gitlab.acme.test").clean


def test_the_same_content_is_told_for_each_file(repository: Path) -> None:
    report = scan(repository, [("b", TOKEN.encode()), ("a", TOKEN.encode())], Known())
    assert [one.where for one in report.findings] == ["a:1", "b:1"]


def test_the_name_of_a_file_is_looked_at_and_not_repeated(repository: Path) -> None:
    rewrite(repository / f"docs/{TOKEN}.md", "x")
    said = told("docs", code=1)
    assert "docs/(a secret): name of a file" in said


def test_a_link_is_read_where_it_points_to_and_not_followed(repository: Path) -> None:
    rewrite(repository / "outside.md", TOKEN)
    (repository / "docs/link").symlink_to(repository / "outside.md")
    (repository / "docs/other").symlink_to("/ho" + "me/ann/x")
    report = scan(repository, chosen(repository, [repository / "docs"]), Known())
    assert ("docs/other", "path of a machine") in [(one.file, one.kind) for one in report.findings]
    assert "GitLab token" not in {one.kind for one in report.findings}


def test_a_file_that_cannot_be_read(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(Problem, match="Permission denied"):
        list(chosen(repository, [repository / ".gitignore"]))


def test_a_file_that_is_too_large(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "_LARGEST", 10)
    report = scan(repository, [("x", b"12345678901")], Known())
    assert [one.kind for one in report.findings] == [TOO_LARGE]


# --- Canaries ---------------------------------------------------------------------------------------------------------


def known(folder: Path, config: str = "", **environment: str) -> Known:
    rewrite(folder / "pyproject.toml", CONFIG + config)
    return load_known(folder, environment)


def test_canaries_come_from_the_project_and_from_the_machine(tmp_path: Path) -> None:
    rewrite(tmp_path / ".env", "GITLAB_TOKEN=" + "of-the-file-1\nGITLAB_URL=https://gitlab.example.com\n")
    got = known(
        tmp_path,
        'canaries = ["tulip", "re:acme-\\\\d+"]\n',
        **{VARIABLE: "one-value, re:other-[a-z]+"},
        MLFLOW_TRACKING_TOKEN="of-the-machine",
        DATABASE_PASSWORD="hunter2-hunter2",
        AWS_SECRET_ACCESS_KEY="of-the-cloud",
        SHORT_TOKEN="abc",
        POSTGRES_PASSWORD="postgres",
        LABELLED_TOKEN="<project:developer:api>",
        EMPTY_TOKEN="",
        TOKEN_COUNT="12345678",
        HOME="not-a-secret",
    )
    assert got.canaries == {"tulip", "one-value", "of-the-machine", "hunter2-hunter2", "of-the-cloud", "of-the-file-1"}
    assert [one.pattern for one in got.patterns] == ["acme-\\d+", "other-[a-z]+"]
    for text in ("a tulip", "acme-12", "other-x", "of-the-machine", "dHVsaXAgYW5kIG1vcmUgb2YgdGhlbQ=="):
        assert {leak.kind for leak in find_leaks_in_bytes(text.encode(), got)} == {"canary"}, text
    assert "tulip" not in repr(got)
    assert "of-the-machine" not in repr(got)


def test_canaries_in_lines_may_hold_commas(tmp_path: Path) -> None:
    assert known(tmp_path, **{VARIABLE: "one, two\nthree"}).canaries == {"one, two", "three"}


@pytest.mark.parametrize(
    "config",
    [
        "canaries = 3\n",
        "canaries = [3]\n",
        'canaries = [""]\n',
        'canaries = ["re:("]\n',
        'canaries = ["re:x*"]\n',
        'canaries = ["abc"]\n',
        'hosts_in = "x"\n',
    ],
)
def test_settings_that_cannot_be_used(config: str, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        known(tmp_path, config)
    assert caught.value.kind == "config"


def test_a_wrong_canary_of_the_machine_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        known(tmp_path, **{VARIABLE: f"re:({TOKEN}"})
    assert TOKEN not in str(caught.value)


def test_hosts_come_from_files(tmp_path: Path) -> None:
    rewrite(tmp_path / "team.yaml", "url: https:/" + "/Git.Acme" + ".Internal:8443/lab # http://[::1]\n")
    got = known(tmp_path, 'hosts_in = ["team.yaml", "gone.yaml"]\n')
    assert "git.acme" + ".internal" in got.hosts
    assert list(find_leaks_in_bytes(("https:/" + "/git.acme" + ".internal/x").encode(), got)) == []


def test_a_token_of_the_machine_is_found_in_a_file(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "plain words in it")
    rewrite(repository / "docs/page.md", "some plain words in it\n")
    said = told(code=1)
    assert "docs/page.md:1: canary" in said
    assert "plain words" not in said
