"""Packs small sites, and breaks them: links that lead nowhere, secrets, names that are missing."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import ADAPTER, ROOT, rewrite
from verified_docs.bundle import build_offline, bundle_name, check_secrets, pack
from verified_docs.cli import app
from verified_docs.file_links import make_links_lead_to_files
from verified_docs.problem import Problem, Problems

# As MkDocs writes pages without directory URLs: each is a file, and HTML of its own still speaks of folders.
PAGES = {
    "index.html": '<a href="how-to/a/">A</a> <img src="assets/a.svg">',
    "how-to/a.html": '<a href="../b/#part">B</a> <a href="../../assets/a.svg">S</a> <a href="../../">Home</a>',
    "how-to/b.html": '<p id="part"><a href="a.html">A</a> <a href="#part">P</a> <a href="https://example.com/x/">X</a></p>',
    "calls/index.html": '<a href="../how-to/a/">A</a> <code>&lt;a href="gone/"&gt;</code>',
    "assets/a.svg": "<svg/>",
}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    for name, text in PAGES.items():
        rewrite(tmp_path / "site" / name, text)
    return tmp_path / "site"


def test_links_to_folders_lead_to_files(built: Path) -> None:
    assert make_links_lead_to_files(built) == 5
    assert (built / "index.html").read_text("utf-8") == '<a href="how-to/a.html">A</a> <img src="assets/a.svg">'
    assert (built / "how-to/a.html").read_text("utf-8") == (
        '<a href="b.html#part">B</a> <a href="../assets/a.svg">S</a> <a href="../index.html">Home</a>'
    )
    assert (built / "how-to/b.html").read_text("utf-8") == PAGES["how-to/b.html"]
    assert '"../how-to/a.html"' in (built / "calls/index.html").read_text("utf-8")
    assert make_links_lead_to_files(built) == 0


@pytest.mark.parametrize("link", ["gone/", "../gone.html", "../../../outside/", "assets/"])
def test_a_link_that_leads_nowhere_is_named(link: str, built: Path) -> None:
    rewrite(built / "how-to/c.html", f'<p>\n<a href="{link}">gone</a>\n</p>')
    with pytest.raises(Problems, match="leads to no file") as caught:
        make_links_lead_to_files(built)
    (problem,) = caught.value.found
    assert (problem.path, problem.line) == (built / "how-to/c.html", 2)


def test_the_same_files_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1/site-1.zip", tmp_path / "2/site-1.zip"
    assert pack(built, first) == first.stat().st_size
    rewrite(built / "index.html", (built / "index.html").read_text("utf-8"))
    (built / "index.html").chmod(0o600)
    pack(built, second)
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.namelist() == sorted(f"site-1/{name}" for name in PAGES)
        assert {entry.external_attr >> 16 & 0o777 for entry in archive.infolist()} == {0o644}
    assert not list(first.parent.glob(".*"))


def test_no_secret_is_packed(built: Path) -> None:
    assert check_secrets(ROOT, built, ADAPTER.host).files == len(PAGES)
    rewrite(built / "how-to/b.html", "<p>\nglpat-" + "Zx9Kq2mVb7" + "Lw4TnR8yPs</p>")
    with pytest.raises(Problem, match="would hold a secret") as caught:
        check_secrets(ROOT, built, ADAPTER.host)
    assert (caught.value.path, caught.value.line) == (built / "how-to/b.html", 2)
    assert "Zx9Kq2" not in str(caught.value)


def test_its_name_is_that_of_the_project(project: Path) -> None:
    assert bundle_name(project) == bundle_name(ROOT)
    assert bundle_name(ROOT).startswith("mlflow-on-gitlab-verified-")
    rewrite(project / "pyproject.toml", "[project]\n")
    with pytest.raises(Problem, match="no project with a version"):
        bundle_name(project)


def small(project: Path, text: str) -> None:
    rewrite(project / "mkdocs.yml", "site_name: x\nplugins: [search]\nvalidation: {not_found: warn}\n")
    rewrite(project / "build/docs/index.md", text)


def test_the_command_packs_and_says_so(project: Path) -> None:
    small(project, "# Home\n\n[Part](#part)\n\n## Part\n")
    done = CliRunner().invoke(app, ["bundle", "--root", str(project)])
    assert done.exit_code == 0, done.output
    assert (project / f"build/{bundle_name(project)}.zip").is_file()
    assert "unpack it" in done.output
    assert not list(project.glob(".mkdocs-*"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# Home\n\n[gone](gone.md)\n", "cannot be built"),
        ("# Home\n\n<a href='gone/'>gone</a>\n", "leads to no file"),
        (None, "not written yet"),
    ],
)
def test_what_cannot_be_built_is_said(text: str | None, message: str, project: Path) -> None:
    if text is not None:
        small(project, text)
    rewrite(project / "build/bundle/kept.txt", "kept")
    with pytest.raises((Problem, Problems), match=message):
        build_offline(project, project / "build/docs", project / "build/bundle")
    assert (project / "build/bundle/kept.txt").exists()
    assert [path.name for path in (project / "build").iterdir() if path.name.startswith(".")] == []
