"""No address that was published disappears: the site is held to its list, and broken on purpose."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from conftest import ROOT, Serve, rewrite
from verified_docs.addresses import (
    FILE,
    addresses,
    check_addresses,
    load_addresses,
    load_unkept,
    lost,
    update_addresses,
)
from verified_docs.cli import app
from verified_docs.hypertext import Site
from verified_docs.links_command import load_site
from verified_docs.problem import Problem, Problems

TOP = "https://mlflow-on-gitlab.example.com/"
SETTINGS = '[tool.verified_docs]\nlanes = [{ server = "S 1", client = "C 1" }]\n'


@pytest.fixture(scope="module")
def built(site: Path) -> Site:
    return Site(site, TOP)


# --- The site itself -------------------------------------------------------------------------------------------------


def test_every_published_address_leads_somewhere_and_every_new_one_is_kept(built: Site) -> None:
    assert len(load_addresses(ROOT)) > 1000
    check_addresses(ROOT, built)


def test_every_link_within_the_site_leads_somewhere(built: Site) -> None:
    """In pages, their Markdown and llms.txt: links, places, pictures, downloads, scripts, redirects."""
    assert len(built.pages) > 90 < len(built.texts)
    assert [f"{one.path}:{one.line}: {one.url}: {one.why}" for one in built.broken()] == []


def test_the_sitemap_has_every_page_and_no_day(built: Site) -> None:
    tree = ElementTree.parse(built.folder / "sitemap.xml").getroot()
    name = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    found = [str(one.text) for one in tree.iter(f"{name}loc")]
    assert sorted(found) == sorted(f"{TOP}{url}" for url, page in built.pages.items() if page.redirect is None)
    assert not list(tree.iter(f"{name}lastmod"))
    assert f"Sitemap: {TOP}sitemap.xml" in (built.folder / "robots.txt").read_text("utf-8").splitlines()


def test_the_list_only_grows() -> None:
    listed = load_addresses(ROOT)
    assert listed == sorted(set(listed))
    # The first page that moved.
    assert "how-to/delete-models/" in listed


def test_a_moved_page_sends_the_browser_on_with_the_place(browser: Any, built: Site, serve: Serve) -> None:
    with serve(built.folder) as address:
        page = browser.new_page()
        page.goto(f"{address}/how-to/delete-models/#what-can-go-wrong")
        page.wait_for_url(f"{address}/how-to/delete-safely/#what-can-go-wrong")
        page.close()


def test_without_scripts_a_moved_page_leads_on_too(browser: Any, built: Site, serve: Serve) -> None:
    with serve(built.folder) as address:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{address}/how-to/delete-models/")
        page.wait_for_url(f"{address}/how-to/delete-safely/")
        context.close()


def test_the_twin_of_a_moved_page_says_where_it_is(built: Site) -> None:
    assert "(delete-safely.md)" in (built.folder / "how-to/delete-models.md").read_text("utf-8")


# --- Small sites, broken on purpose ----------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project with a built site and a list of its addresses."""
    rewrite(tmp_path / "pyproject.toml", SETTINGS)
    rewrite(tmp_path / "mkdocs.yml", f"site_name: x\nsite_url: {TOP}\n")
    rewrite(tmp_path / "site/index.html", '<h1 id="top"></h1><a href="a/">x</a><i id="__drawer"></i><i id="fn:1"></i>')
    rewrite(tmp_path / "site/a/index.html", '<h1 id="b"></h1><h2 id="c"></h2>')
    rewrite(tmp_path / "site/404.html", '<h1 id="nobody"></h1>')
    rewrite(tmp_path / "site/a.md", "# b")
    rewrite(tmp_path / "site/assets/javascripts/x.123.js", "")
    update_addresses(tmp_path, load_site(tmp_path, Path("site")))
    return tmp_path


def faults(root: Path) -> list[tuple[int | None, str, str]]:
    try:
        check_addresses(root, load_site(root, Path("site")))
    except Problems as error:
        return [(one.line, one.what, one.fix) for one in error.found]
    return []


def test_the_list_has_pages_places_and_files_and_nothing_of_the_theme(small: Path) -> None:
    assert load_addresses(small) == ["./", "./#top", "a.md", "a/", "a/#b", "a/#c"]
    assert faults(small) == []


def test_a_page_that_is_gone(small: Path) -> None:
    shutil.rmtree(small / "site/a")
    rewrite(small / "site/index.html", '<h1 id="top"></h1>')
    gone = [what.split(" ")[0] for _, what, _ in faults(small)]
    assert gone == ["a/", "a/#b", "a/#c"]
    assert faults(small)[0][2] == "write a redirect in mkdocs.yml, then make site"
    assert (small / FILE).read_text("utf-8").splitlines()[(faults(small)[0][0] or 0) - 1] == "a/"


@pytest.mark.parametrize(
    ("target", "html", "gone"),
    [
        ("../new/", '<h1 id="b"></h1><h2 id="c"></h2>', []),
        ("../new/", '<h1 id="b"></h1>', ["a/#c"]),
        ("../new/#b", '<h1 id="b"></h1>', []),
        ("../nowhere/", "", ["a/", "a/#b", "a/#c"]),
        ("../a/", "", ["a/", "a/#b", "a/#c"]),
        ("https://else.example.org/", "", []),
    ],
)
def test_a_redirect_keeps_a_page_and_its_places_if_they_are_there(
    target: str, html: str, gone: list[str], small: Path
) -> None:
    rewrite(small / "site/a/index.html", f'<meta http-equiv="refresh" content="0; url={target}">')
    rewrite(small / "site/new/index.html", html)
    update_addresses(small, load_site(small, Path("site")))
    assert [what.split(" ")[0] for _, what, _ in faults(small)] == gone


def test_a_place_and_a_file_that_are_gone(small: Path) -> None:
    rewrite(small / "site/a/index.html", '<h1 id="b"></h1>')
    (small / "site/a.md").unlink()
    assert [what for _, what, _ in faults(small)] == [
        "a.md was published, and is gone",
        "a/#c was published, and is gone",
    ]
    assert "<span id=" in faults(small)[1][2]


def test_a_new_address_has_to_be_listed(small: Path) -> None:
    rewrite(small / "site/a/index.html", '<h1 id="b"></h1><h2 id="c"></h2><h2 id="d"></h2>')
    ((_, what, fix),) = faults(small)
    assert (what.split(" ")[0], fix) == ("a/#d", "verified-docs addresses --update")
    rewrite(small / "pyproject.toml", f'{SETTINGS}unkept_addresses = ["a/#d"]\n')
    assert faults(small) == []


def test_updating_takes_nothing_away(small: Path) -> None:
    (small / "site/a.md").unlink()
    rewrite(small / "site/b.md", "")
    assert update_addresses(small, load_site(small, Path("site"))) == 1
    assert {"a.md", "b.md"} <= set(load_addresses(small))
    assert update_addresses(small, load_site(small, Path("site"))) == 0


@pytest.mark.parametrize("value", ["7", '["x", 7]', '[""]'])
def test_patterns_that_are_none(value: str, small: Path) -> None:
    rewrite(small / "pyproject.toml", f"{SETTINGS}unkept_addresses = {value}\n")
    with pytest.raises(Problem, match="has to list patterns of addresses"):
        load_unkept(small)


def test_the_command(small: Path) -> None:
    run = CliRunner()
    assert run.invoke(app, ["addresses", "--root", str(small)]).exit_code == 0
    rewrite(small / "site/b/index.html", '<a href="../no/">x</a>')
    assert run.invoke(app, ["addresses", "--root", str(small)]).exit_code == 1
    done = run.invoke(app, ["addresses", "--update", "--root", str(small)])
    assert (done.exit_code, "1 addresses are new" in done.output) == (1, True)
    assert "../no/: there is no such file" in done.output
    for name, text, words in (
        ("mkdocs.yml", "site_name: x\n", "there is no site_url"),
        ("pyproject.toml", "", "lanes"),
    ):
        rewrite(small / name, text)
        done = run.invoke(app, ["addresses", "--root", str(small)])
        assert done.exit_code == 1
        assert words in done.output
        assert "Traceback" not in done.output
        rewrite(small / "mkdocs.yml", f"site_url: {TOP}\n")
    shutil.rmtree(small / "site")
    done = run.invoke(app, ["addresses", "--root", str(small)])
    assert (done.exit_code, "make site" in done.output) == (1, True)


def test_addresses_of_a_list_are_read_as_they_are_written(small: Path) -> None:
    one = load_site(small, Path("site"))
    assert lost(one, ["./", "./#top", "a/", "a/#b", "a.md"]) == []
    assert lost(one, ["a", "a/index", "b.md", "../pyproject.toml", "#no", "a/#b%20"]) == [
        "a", "a/index", "b.md", "../pyproject.toml", "#no", "a/#b%20"
    ]  # fmt: skip
    assert all(re.fullmatch(r"[^\s]+|", address) for address in addresses(one, []))
