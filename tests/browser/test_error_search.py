"""Types every message of the error index into the search of the built site, as a reader would paste it."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")

# The first lines of what each entry quotes, by its anchor.
_MESSAGES = """() => Object.fromEntries([...document.querySelectorAll("article h3[id]")].map(title => {
  const texts = [];
  for (let next = title.nextElementSibling; next && !/^H[23]$/.test(next.tagName); next = next.nextElementSibling)
    if (next.matches(".highlight") && /^(MLflow raises|GitLab answers)/.test(next.querySelector(".filename").innerText))
      texts.push(next.querySelector("code").innerText.trim().split("\\n")[0]);
  return [title.id, texts];
}))"""
# Where the results on show lead to; what is folded away below a page does not count.
_RESULTS = """() => [...document.querySelectorAll(".md-search-result__item a.md-search-result__link")]
  .filter(link => !link.closest("details:not([open])")).map(link => link.href)"""
FIRST = 5


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Any]:
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"{address}/reference/errors/")
        yield page
        browser.close()


def found(page: Any, message: str) -> list[str]:
    """Where the first results for a message lead to."""
    page.fill("[data-md-component=search-query]", "")
    page.wait_for_function("document.querySelectorAll('.md-search-result__item').length == 0")
    page.fill("[data-md-component=search-query]", message)
    with contextlib.suppress(playwright.TimeoutError):
        page.wait_for_selector(".md-search-result__item", timeout=5000)
    results: list[str] = page.evaluate(_RESULTS)
    return results[:FIRST]


def test_each_message_leads_to_its_entry(page: Any, address: str) -> None:
    messages: dict[str, list[str]] = page.evaluate(_MESSAGES)
    assert len(messages) > 30
    page.click("[data-md-component=search-query]")
    missed = []
    for anchor, texts in messages.items():
        assert texts, anchor
        for text in texts:
            results = found(page, text)
            if not any(result.partition("?")[0].endswith("/reference/errors/") and f"#{anchor}" in result for result in results):
                missed.append((anchor, text[:120], [result.removeprefix(address)[:60] for result in results]))
    assert missed == [], f"{len(missed)} of {sum(map(len, messages.values()))}"
