"""Opens the archive from the file system, as readers without a network do: pages, search, notebooks, downloads."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from conftest import ADAPTER, ROOT
from verified_docs.bundle import build_offline, bundle_name, check_secrets, pack

NAME = bundle_name(ROOT)
SEARCH = "[data-md-component=search-query]"


@pytest.fixture(scope="module")
def archive(pages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make bundle` gives for this run's evidence."""
    folder = tmp_path_factory.mktemp("bundle")
    build_offline(ROOT, pages, folder / "site")
    check_secrets(ROOT, folder / "site", ADAPTER.host)
    pack(folder / "site", folder / f"{NAME}.zip")
    return folder / f"{NAME}.zip"


@pytest.fixture(scope="module")
def unpacked(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reader")
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    return folder / NAME


class Visit:
    """A page of a browser, and what went wrong while it was looked at."""

    def __init__(self, page: Any, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self.faults: list[str] = []
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", self._look_at)
        page.on("requestfailed", self._miss)

    def _listen(self, message: Any) -> None:
        if message.type == "error":
            self.faults.append(message.text)

    def _miss(self, request: Any) -> None:
        # Who leaves a page stops what it still asks for: that is no fault of the page.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"not there: {request.url}")

    def _look_at(self, request: Any) -> None:
        if not request.url.startswith((self.folder.as_uri(), "data:", "blob:", "about:")):
            self.faults.append(f"outside: {request.url}")

    @property
    def file(self) -> str:
        """The file that is open, below the folder."""
        return Path(unquote(urlsplit(self.page.url).path)).relative_to(self.folder).as_posix()


@pytest.fixture
def visit(browser: Any, unpacked: Path) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    found = Visit(page, unpacked)
    page.goto((unpacked / "index.html").as_uri())
    yield found
    page.close()
    assert found.faults == []


def test_a_file_that_is_not_there_is_a_fault(visit: Visit) -> None:
    visit.page.evaluate("new Promise(done => { const one = new Image(); one.onerror = done; one.src = 'no.svg'; })")
    assert [fault for fault in visit.faults if fault.startswith("not there: ")] == [
        f"not there: {(visit.folder / 'no.svg').as_uri()}"
    ]
    visit.faults.clear()


def test_navigate(visit: Visit) -> None:
    visit.page.click(".md-tabs a:has-text('Reference')")
    visit.page.wait_for_load_state("load")
    assert visit.file.startswith("reference/")
    assert visit.page.locator("article h1").inner_text()
    # A cell of a table leads to what came back: HTML of the page's own, which MkDocs does not rewrite.
    visit.page.goto((visit.folder / "reference/permission-matrix/private.html").as_uri())
    link = visit.page.locator("article table a[href*='answers']").first.get_attribute("href")
    assert link.partition("#")[0] == "answers.html"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("register without duplicates", "how-to/register-models.html"),
        ("pivot a grid", "how-to/compare-runs.html"),
        ("notebook train compare register", "notebooks/train-compare-register.html"),
    ],
)
def test_search(visit: Visit, words: str, wanted: str) -> None:
    visit.page.click(SEARCH)
    visit.page.keyboard.type(words)
    result = visit.page.locator(f"a.md-search-result__link[href*='{wanted}']").first
    result.wait_for()
    result.click()
    visit.page.wait_for_load_state("load")
    assert visit.file == wanted


def test_a_notebook(visit: Visit) -> None:
    visit.page.goto((visit.folder / "notebooks/train-compare-register.html").as_uri())
    plot = visit.page.locator("img.plot")
    assert plot.evaluate("image => image.complete && image.naturalWidth") > 300
    assert plot.get_attribute("alt").startswith("Bar chart of the accuracy")
    link = visit.page.get_by_role("link", name="Download this notebook").get_attribute("href")
    downloaded = visit.folder / "notebooks" / link
    assert downloaded.read_bytes() == (ROOT / "docs/notebooks/train-compare-register.ipynb").read_bytes()


def test_dark_mode_stays(visit: Visit) -> None:
    visit.page.locator("label[title='Switch to dark mode']").click()
    assert visit.page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    visit.page.goto((visit.folder / "notebooks/explore-runs.html").as_uri())
    assert visit.page.locator("body").get_attribute("data-md-color-scheme") == "slate"


def test_the_same_pages_give_the_same_archive(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path)
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        names = file.namelist()
    assert names == sorted(names)
    assert f"{NAME}/index.html" in names
    assert not [name for name in names if name.endswith(("sitemap.xml", "404.html"))]
    for path in (tmp_path / NAME).rglob("*.html"):
        path.touch()
    pack(tmp_path / NAME, tmp_path / "again" / f"{NAME}.zip")
    assert (tmp_path / "again" / f"{NAME}.zip").read_bytes() == archive.read_bytes()
    assert archive.stat().st_size < 12_000_000
