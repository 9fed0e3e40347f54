"""Types every message of the error index into the search of the built site, as a reader would paste it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import Serve

# What each entry quotes, by its anchor: the first line, or the beginning of the whole where that line says nothing.
_MESSAGES = """() => Object.fromEntries([...document.querySelectorAll("article h3[id]")].map(title => {
  const texts = [];
  for (let next = title.nextElementSibling; next && !/^H[23]$/.test(next.tagName); next = next.nextElementSibling) {
    if (!next.matches(".highlight") || !/^(MLflow raises|GitLab answers)/.test(next.innerText)) continue;
    const line = next.querySelector("code").innerText.trim().split("\\n")[0];
    const whole = next.nextElementSibling?.matches("details") ? next.nextElementSibling.querySelector("code") : null;
    texts.push(line.match(/[a-z]{4,}/gi)?.length > 3 || !whole ? line : whole.textContent.trim().slice(0, 2000));
  }
  return [title.id, texts];
}))"""
# Where the results lead to, page by page, also those that are folded below their page.
_RESULTS = """() => [...document.querySelectorAll(".md-search-result__item")]
  .map(item => [...item.querySelectorAll("a.md-search-result__link")].map(link => link.href))"""
PAGES, SECTIONS = 3, 5
# Among its texts are whole pages of HTML and a message of Python itself, which say nothing. Another one leads there.
UNTELLING = {"address-without-project"}


@pytest.fixture(scope="module")
def page(browser: Any, site: Path, serve: Serve) -> Iterator[Any]:
    with serve(site) as address:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"{address}/reference/errors/")
        # The index is fetched once somebody begins to search.
        page.focus("[data-md-component=search-query]")
        page.wait_for_selector(".md-search-result__meta:has-text('Type to start')", state="attached", timeout=120_000)
        yield page
        page.close()


def found(page: Any, message: str) -> list[str]:
    """Where the first results for a message lead to."""
    from playwright.sync_api import TimeoutError as NothingFound

    field = "[data-md-component=search-query]"
    page.fill(field, "")
    page.dispatch_event(field, "keyup")
    page.wait_for_function("document.querySelectorAll('.md-search-result__item').length == 0")
    page.fill(field, message)
    page.dispatch_event(field, "keyup")
    with contextlib.suppress(NothingFound):
        page.wait_for_selector(".md-search-result__item", timeout=3000)
    results: list[list[str]] = page.evaluate(_RESULTS)
    # The first link of a page leads to the page itself.
    return [link for links in results[:PAGES] for link in links[: SECTIONS + 1]]


def test_each_message_leads_to_its_entry(page: Any) -> None:
    messages: dict[str, list[str]] = page.evaluate(_MESSAGES)
    assert len(messages) > 30
    page.click("[data-md-component=search-query]")
    # What two entries quote alike leads to one of them.
    owners: dict[str, set[str]] = {}
    for anchor, texts in messages.items():
        assert texts, anchor
        for text in texts:
            owners.setdefault(text, set()).add(anchor)
    missed, hit = [], set()
    for text, anchors in owners.items():
        links = found(page, text)
        leads = {link.rpartition("#")[2] for link in links if "/reference/errors/" in link} & anchors
        hit |= leads
        if not leads and not anchors & UNTELLING:
            missed.append(f"{sorted(anchors)}: {text[:100]}")
    assert not missed, "\n".join(missed)
    assert hit >= UNTELLING


def test_signs_in_a_message_do_not_break_the_search(page: Any) -> None:
    page.click("[data-md-component=search-query]")
    for text in (
        '{"error":"file_name is invalid"}',
        "INTERNAL_ERROR: Response: {'error': 'order_by is invalid'} ~^:+-*",
    ):
        assert found(page, text), text
