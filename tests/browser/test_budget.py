"""Loads every page cold in a real browser, because what a page weighs and whom it asks is only known there."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

BUDGET = 250_000
AT_ONCE = 6
# Chromium itself asks its maker about forms, whatever the page; the proxy of these tests refuses that too.
BROWSERS_OWN = {"content-autofill.googleapis.com:443"}
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".png": "image/png",
}
PACKED = {".html", ".css", ".js", ".json", ".svg", ".xml", ".txt", ".py", ".yaml"}


@cache
def packed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), 6)


@dataclass
class Desk:
    """A server on loopback that compresses as a host of pages does, and notes what it sent.

    Attributes:
        folder: The site.
        sent: Path to bytes on the wire since the last page was asked for, headers too.
        foreign: What the browser asked of other hosts: it takes this server for its proxy.
    """

    folder: Path
    sent: dict[str, int] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    address: str = ""

    @contextlib.contextmanager
    def open(self) -> Iterator[Desk]:
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Says nothing: a test run has its own output."""

            def do_CONNECT(self) -> None:
                desk.foreign.append(self.path)
                self.send_error(403)

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.netloc not in {"", urlsplit(desk.address).netloc}:
                    desk.foreign.append(self.path)
                    self.send_error(403)
                    return
                path = desk.folder / unquote(parts.path).lstrip("/")
                path = path / "index.html" if path.is_dir() else path
                there = path.is_file()
                path = path if there else desk.folder / "404.html"
                body = packed(path) if path.suffix in PACKED else path.read_bytes()
                head = {"Content-Type": TYPES.get(path.suffix, "application/octet-stream")}
                head |= {"Content-Length": str(len(body)), "Cache-Control": "no-store"}
                if path.suffix in PACKED:
                    head["Content-Encoding"] = "gzip"
                self.send_response(200 if there else 404)
                for name, value in head.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(body)
                desk.sent[parts.path] = len(body) + sum(len(f"{name}: {value}\r\n") for name, value in head.items())

            do_POST = do_GET

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.address = f"http://127.0.0.1:{server.server_port}"
        yield self
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class View:
    """What a page was when it was seen for the first time.

    Attributes:
        sent: Path to bytes that were sent for it.
        scripts: The scripts and workers it ran.
        pictures: What the page says of each picture below its heading: address, size, whether it waits, its words.
        wrong: Mistakes of its scripts.
    """

    sent: dict[str, int]
    scripts: list[str]
    pictures: list[dict[str, Any]]
    wrong: list[str]

    @property
    def weight(self) -> int:
        """All bytes on the wire."""
        return sum(self.sent.values())


PICTURES = """() => [...document.querySelectorAll("img")].map(one => ({
  src: one.getAttribute("src"), width: one.getAttribute("width"), height: one.getAttribute("height"),
  lazy: one.loading === "lazy", first: one.getBoundingClientRect().top < innerHeight,
  words: one.getAttribute("alt"), named: Boolean(one.closest("a[aria-label], a[title]")),
}))"""


@pytest.fixture(scope="module")
def desks(site: Path) -> Iterator[list[Desk]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Desk(site).open()) for _ in range(AT_ONCE)]


@pytest.fixture(scope="module")
def views(site: Path, desks: list[Desk], browser: Any) -> dict[str, View]:
    """Every page, each in a browser that has nothing of the site yet."""
    names = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    found: dict[str, View] = {}
    for begin in range(0, len(names), AT_ONCE):
        opened = []
        for name, desk in zip(names[begin : begin + AT_ONCE], desks, strict=False):
            desk.sent.clear()
            # The server is the browser's proxy too, so it gets what would leave this machine.
            context = browser.new_context(proxy={"server": desk.address}, viewport={"width": 1280, "height": 900})
            page = context.new_page()
            wrong: list[str] = []
            page.on("pageerror", lambda error, wrong=wrong: wrong.append(str(error)))
            page.goto(f"{desk.address}/{name.removesuffix('index.html')}", wait_until="commit")
            opened.append((name, desk, context, page, wrong))
        for name, desk, context, page, wrong in opened:
            page.wait_for_load_state("networkidle")
            scripts = [path for path in desk.sent if path.endswith(".js")]
            found[name] = View(dict(desk.sent), scripts, page.evaluate(PICTURES), wrong)
            context.close()
    return found


def test_each_page_fits_the_budget(views: dict[str, View]) -> None:
    heaviest = sorted(views, key=lambda name: -views[name].weight)
    for name in heaviest[:5]:
        own = views[name].sent.get(f"/{name.removesuffix('index.html')}", 0)
        print(f"{views[name].weight / 1000:6.1f} KB, {own / 1000:5.1f} KB of it HTML: {name}")
    assert len(views) > 90
    assert {name: view.weight for name, view in views.items() if view.weight > BUDGET} == {}
    # Whoever counts nothing finds nothing too heavy.
    assert min(view.weight for view in views.values()) > 50_000


def test_nothing_is_asked_of_another_host(views: dict[str, View], desks: list[Desk]) -> None:
    assert views
    assert {address for desk in desks for address in desk.foreign} - BROWSERS_OWN == set()


def test_a_request_to_another_host_would_be_seen(site: Path, browser: Any) -> None:
    with Desk(site).open() as desk:
        context = browser.new_context(proxy={"server": desk.address})
        page = context.new_page()
        page.goto(f"{desk.address}/")
        page.evaluate("fetch('https://fonts.example.com/a.css').catch(() => 0)")
        page.evaluate("fetch('http://cdn.example.com/b.js', {mode: 'no-cors'}).catch(() => 0)")
        context.close()
        assert {"fonts.example.com:443", "http://cdn.example.com/b.js"} <= set(desk.foreign)


def test_no_script_of_a_page_fails(views: dict[str, View]) -> None:
    assert {name: view.wrong for name, view in views.items() if view.wrong} == {}


def test_no_page_draws_diagrams_itself(views: dict[str, View], site: Path) -> None:
    """They are drawn ahead: Mermaid weighs more than ten pages."""
    assert [path for view in views.values() for path in view.scripts if "mermaid" in path] == []
    for path in site.rglob("*.html"):
        text = path.read_text("utf-8")
        assert 'class="mermaid"' not in text, path
        assert "mermaid.min.js" not in text or "verified-docs" in path.parts, path
    assert '<svg data-source="' in (site / "mlflow/data-topology/index.html").read_text("utf-8")


def test_the_search_index_waits_until_somebody_searches(
    views: dict[str, View], desks: list[Desk], browser: Any
) -> None:
    index = "/search/search_index.json"
    assert [name for name, view in views.items() if index in view.sent] == []
    desk = desks[0]
    desk.sent.clear()
    page = browser.new_page()
    page.goto(f"{desk.address}/how-to/log-runs/")
    page.keyboard.press("/")
    page.get_by_role("textbox", name="Search").fill("register models")
    page.wait_for_selector(".md-search-result__link")
    assert desk.sent[index] > 100_000
    assert page.locator(".md-search-result__link").first.get_attribute("href")
    page.close()


def test_an_address_that_asks_gets_an_answer(desks: list[Desk], browser: Any) -> None:
    page = browser.new_page()
    page.goto(f"{desks[0].address}/?q=register+models")
    page.wait_for_selector(".md-search-result__link")
    page.close()


def test_pictures_wait_and_hold_their_place(views: dict[str, View]) -> None:
    seen = 0
    for name, view in views.items():
        for one in view.pictures:
            assert one["width"] and one["height"], f"{name}: {one['src'][:80]}"
            assert one["words"] or one["named"], f"{name}: {one['src'][:80]}"
            # What stands in the page itself is there already.
            assert one["lazy"] or one["first"] or one["src"].startswith("data:"), (
                f"{name}: {one['src'][:80]} is below the fold"
            )
            seen += "screens/" in one["src"]
    assert seen >= 15
