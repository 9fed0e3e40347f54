"""Reads every page without JavaScript: all text, code and tables are there, everything opens, links lead on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_tour import NARROW, Reader, address, moved, reading

__all__ = ["address"]

# Text that is not shown with all details opened: but for the tabs that are not chosen, and what waits for a script.
UNSEEN = """() => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  const waits = ".tabbed-block, template, script, style, noscript, svg, [hidden], .headerlink";
  const unseen = [];
  const texts = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
  let length = 0;
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const own = text.parentElement;
    if (!text.data.trim() || own.closest(waits)) continue;
    length += text.data.trim().length;
    if (own.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    unseen.push(text.data.trim().slice(0, 60));
  }
  for (const tabs of document.querySelectorAll(".tabbed-set")) {
    const blocks = [...tabs.querySelectorAll(":scope > .tabbed-content > *")];
    const shown = blocks.filter(one => one.checkVisibility()).length;
    if (shown !== 1) unseen.push(`${shown} tabs are open`);
  }
  // What is hidden until a script comes must not be text to read.
  for (const hidden of document.querySelectorAll("article [hidden]"))
    if (hidden.innerText.trim().length > 200) unseen.push(`hidden: ${hidden.innerText.slice(0, 60)}`);
  return [length, unseen];
}"""


@pytest.fixture(scope="module")
def reader(browser: Any, address: str) -> Iterator[Reader]:
    with reading(browser, address, java_script_enabled=False) as reader:
        yield reader


def test_every_page_is_there_to_read(reader: Reader, site: Path) -> None:
    faults = []
    for page in sorted(site.rglob("*.html")):
        if moved(page):
            continue
        name = page.relative_to(site).as_posix()
        reader.page.goto(f"{reader.address}/{name}")
        length, unseen = reader.page.evaluate(UNSEEN)
        faults += [f"{name}: {text}" for text in unseen]
        if length < 200:
            faults.append(f"{name}: only {length} characters")
    assert faults + reader.wrong == [], "\n".join(faults + reader.wrong)


def test_details_and_tabs_open(reader: Reader) -> None:
    page = reader.page
    page.goto(f"{reader.address}/how-to/long-values/")
    closed = page.locator("article details:not([open])").first
    summary = closed.locator("summary").first
    inside = page.locator("article details").nth(page.locator("article details").count() - 1)
    assert inside.count()
    summary.click()
    assert page.locator("article details[open]").count()
    page.goto(f"{reader.address}/tutorials/first-run/")
    assert page.locator(".tabbed-block").nth(0).is_visible()
    page.locator(".tabbed-labels > label", has_text="MLflow 2").first.click()
    assert page.locator(".tabbed-block").nth(1).is_visible()
    assert not page.locator(".tabbed-block").nth(0).is_visible()


def test_links_lead_on_wide_and_narrow(browser: Any, address: str, reader: Reader) -> None:
    page = reader.page
    page.goto(f"{address}/")
    page.locator(".md-tabs__link", has_text="Track").click()
    page.locator(".md-sidebar--primary a.md-nav__link:visible", has_text="Resume a run").click()
    page.click("a.md-footer__link--next")
    assert reader.path == "how-to/nested-runs-and-sweeps/"
    with reading(browser, address, java_script_enabled=False, viewport=NARROW) as narrow:
        narrow.page.goto(f"{address}/")
        narrow.page.click("label.md-header__button[for=__drawer]")
        narrow.page.locator(".md-sidebar--primary label.md-nav__link", has_text="Track").click()
        narrow.page.locator(".md-sidebar--primary a.md-nav__link", has_text="Resume a run").click()
        assert narrow.path == "how-to/resume-runs/"


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_page_is_readable_in_the_systems_colours(system: str, browser: Any, address: str) -> None:
    with reading(browser, address, java_script_enabled=False, color_scheme=system) as reader:
        reader.page.goto(f"{address}/how-to/log-runs/")
        text = reader.page.eval_on_selector("article p", "one => getComputedStyle(one).color")
        ground = reader.page.eval_on_selector("body", "one => getComputedStyle(one).backgroundColor")
        assert text != ground
        assert "255, 255, 255" in ground
