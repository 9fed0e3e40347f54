"""Types what readers look for into the search of the built site, and demands the right page first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from conftest import ROOT, Serve

QUERIES: dict[str, str] = {
    row["query"]: row["page"] for row in yaml.safe_load((ROOT / "tests" / "search_queries.yaml").read_text("utf-8"))
}
# The first result for these words, when the results are those of these words: the field says what they are of.
_FIRST = """() => document.querySelector(".md-search-result__item a.md-search-result__link")?.href"""


@pytest.fixture(scope="module")
def page(browser: Any, site: Path, serve: Serve) -> Iterator[Any]:
    with serve(site) as address:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(address)
        page.click("[data-md-component=search-query]")
        yield page
        page.close()


def first(page: Any, query: str) -> str:
    """The page that the first result is of, as its path on the site."""
    field = "[data-md-component=search-query]"
    page.fill(field, "")
    page.dispatch_event(field, "keyup")
    page.wait_for_function("document.querySelectorAll('.md-search-result__item').length == 0")
    page.fill(field, query)
    page.dispatch_event(field, "keyup")
    page.wait_for_selector(".md-search-result__item")
    return urlsplit(page.evaluate(_FIRST)).path.strip("/")


def test_each_query_finds_its_page_first(page: Any) -> None:
    assert len(QUERIES) == 60
    found = {query: first(page, query) for query in QUERIES}
    missed = [f"{query!r}: {found[query]} instead of {wanted}" for query, wanted in QUERIES.items() if found[query] != wanted]
    assert not missed, f"{len(missed)} of {len(QUERIES)}:\n" + "\n".join(missed)
