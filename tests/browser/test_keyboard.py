"""Uses the built site without a mouse: everything is reached, shows that it has the focus, and lets go of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from test_tour import NARROW, SETTLED, Reader, address, reading

__all__ = ["address"]

# What has the focus, and how it and what stands for it looks: a label, the line below a tab.
STATE = """() => {
  const looks = one => [null, "::before", "::after"].map(part => {
    const style = getComputedStyle(one, part);
    return ["outlineStyle", "outlineWidth", "outlineColor", "boxShadow", "backgroundColor", "borderColor", "color",
      "opacity", "textDecorationLine", "width"].map(name => style[name]).join("|");
  }).join("||");
  const shown = one => [one, ...(one.labels || []), one.closest(".tabbed-set")?.querySelector(".tabbed-labels"),
    one.closest(".md-search__form"), one.matches(".md-option") && one.nextElementSibling].filter(Boolean);
  const now = document.activeElement;
  window.number ??= new Map();
  const told = { name: "", same: "", covered: "", number: -1 };
  const describe = one => `${one.tagName.toLowerCase()}.${[...one.classList].join(".")} ` +
    `"${(one.getAttribute("aria-label") || one.innerText || one.labels?.[0]?.innerText || "").trim().slice(0, 40)}"`;
  if (window.last && window.last !== now && window.last.isConnected) {
    const after = shown(window.last).map(looks).join();
    if (after === window.lookedLike) told.same = describe(window.last);
  }
  window.last = now === document.body ? null : now;
  if (!window.last) return told;
  window.lookedLike = shown(now).map(looks).join();
  if (!number.has(now)) number.set(now, number.size);
  told.number = number.get(now);
  told.name = describe(now);
  // The sign of the other colours stands for the choice of these.
  const stands = [now, ...(now.labels || []), now.matches(".md-option") ? now.nextElementSibling : now].find(one =>
    one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && one.getBoundingClientRect().width > 1);
  const box = stands?.getClientRects()[0];
  if (!box) told.covered = `${told.name} is not shown`;
  else {
    const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    const points = [[.5, .5], [.05, .5], [.95, .5], [.5, .1], [.5, .9]].map(([x, y]) =>
      document.elementFromPoint(left + (right - left) * x, top + (bottom - top) * y));
    const own = point => point && (stands.contains(point) || point.contains(stands) && !point.matches("body, html")
      || point.closest("label")?.control === now);
    if (right <= left || bottom <= top) told.covered = `${told.name} is out of the window`;
    else if (!points.some(own)) told.covered = `${told.name} is covered by ${points[0] && describe(points[0])}`;
  }
  return told;
}"""
# All that the keyboard has to reach, if it is shown.
REACHABLE = """() => {
  const kinds = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const seen = [...document.querySelectorAll(kinds)].filter(
    one => !one.disabled && one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }));
  return seen.length;
}"""


def walk(page: Any, key: str, limit: int) -> tuple[list[str], list[str]]:
    """Presses a key until the focus has left the page or is back; gives the stops and what is wrong with them."""
    stops: list[str] = []
    faults: list[str] = []
    numbers: set[int] = set()
    for _ in range(limit):
        page.keyboard.press(key)
        state = page.evaluate(STATE)
        if state["same"]:
            faults.append(f"{key}: {state['same']} does not show its focus")
        if state["number"] < 0 or state["number"] in numbers:
            return stops, faults
        numbers.add(state["number"])
        stops.append(state["name"])
        if state["covered"]:
            faults.append(f"{key}: {state['covered']}")
    return stops, [*faults, f"{key}: no end after {limit} stops"]


PAGES = ["", "how-to/long-values/", "tutorials/first-run/", "reference/freshness/"]


@pytest.fixture
def reader(browser: Any, address: str) -> Iterator[Reader]:
    with reading(browser, address) as reader:
        yield reader
        assert reader.wrong == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("viewport", [None, NARROW], ids=["wide", "narrow"])
def test_the_focus_goes_everywhere_is_seen_and_is_never_caught(
    name: str, viewport: Any, browser: Any, address: str
) -> None:
    with reading(browser, address, **({"viewport": viewport} if viewport else {})) as reader:
        reader.go(name)
        there = reader.page.evaluate(REACHABLE)
        forward, faults = walk(reader.page, "Tab", there + 50)
        assert "Skip to content" in forward[0]
        # Of a group of choices the keyboard gets one.
        assert len(forward) >= there - 8, (len(forward), there)
        reader.page.evaluate("document.activeElement.blur(); last = null; number.clear()")
        reader.page.evaluate("scrollTo(0, document.body.scrollHeight)")
        back, more = walk(reader.page, "Shift+Tab", there + 50)
        assert len(back) >= len(forward) - 2
        assert faults + more == [], "\n".join(faults + more)
        assert reader.wrong == []


def test_the_skip_link_leads_into_the_page(reader: Reader) -> None:
    reader.go("how-to/log-runs/")
    reader.page.keyboard.press("Tab")
    assert reader.page.evaluate("document.activeElement.matches('.md-skip')")
    reader.page.keyboard.press("Enter")
    reader.page.keyboard.press("Tab")
    assert reader.page.evaluate("!!document.activeElement.closest('article')")


def test_a_page_is_found_with_the_keyboard_alone(reader: Reader) -> None:
    reader.go()
    page = reader.page
    page.keyboard.press("/")
    page.wait_for_function("document.activeElement.matches('.md-search__input')")
    page.keyboard.type("resume a run")
    page.wait_for_selector(".md-search-result__item")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("document.activeElement.matches('a.md-search-result__link')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/how-to/resume-runs/**")
    # Escape closes it, and the page is there again.
    page.keyboard.press("/")
    page.wait_for_function("document.activeElement.matches('.md-search__input')")
    page.keyboard.press("Escape")
    page.wait_for_function("!document.querySelector('#__search').checked")
    page.keyboard.press("Tab")
    assert not page.evaluate("!!document.activeElement.closest('.md-search')")


def press_until(page: Any, selector: str, limit: int = 200) -> None:
    """Walks to the first stop that fits."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"{selector} is not reached in {limit} stops")


def test_a_wide_table_is_scrolled_with_the_keyboard(browser: Any, address: str) -> None:
    with reading(browser, address, viewport=NARROW) as reader:
        reader.go("reference/freshness/")
        page = reader.page
        wide = "[tabindex='0']:has(> * table), [tabindex='0']:has(> table)"
        press_until(page, wide)
        assert page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert page.evaluate("document.activeElement.scrollWidth > document.activeElement.clientWidth")
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.wait_for_function("document.activeElement.scrollLeft > 0")
        assert reader.wrong == []


def test_details_and_tabs_open_with_the_keyboard(reader: Reader) -> None:
    reader.go("how-to/long-values/")
    page = reader.page
    press_until(page, "article details:not([open]) > summary")
    for key, opened in (("Enter", True), ("Space", False)):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.parentElement.open") is opened
    reader.go("tutorials/first-run/")
    press_until(page, ".tabbed-set > input")
    before = page.evaluate("[...document.querySelectorAll('.tabbed-block')].map(one => one.checkVisibility())")
    page.keyboard.press("ArrowRight")
    page.evaluate(SETTLED)
    after = page.evaluate("[...document.querySelectorAll('.tabbed-block')].map(one => one.checkVisibility())")
    assert before[:2] == [True, False]
    assert after[:2] == [False, True]


def test_colours_are_switched_with_the_keyboard_and_keep_the_focus(reader: Reader) -> None:
    reader.go()
    press_until(reader.page, "[data-md-component=palette] input", 20)
    before = reader.scheme
    reader.page.keyboard.press("ArrowRight")
    reader.page.evaluate(SETTLED)
    assert {before, reader.scheme} == {"default", "slate"}
    assert reader.page.evaluate("!!document.activeElement.closest('[data-md-component=palette]')")


TRACK = "input:has(~ nav > label > button[aria-label='Back from Track'])"


def test_on_a_narrow_screen_the_menu_opens_and_closes_with_the_keyboard(browser: Any, address: str) -> None:
    """Also at 400 %, where whoever cannot use a mouse has only this menu."""
    with reading(browser, address, viewport=NARROW) as reader:
        page = reader.page
        reader.go()
        button = "[for=__drawer] > button[aria-label=Menu]"
        press_until(page, button, 10)
        assert page.get_attribute(button, "aria-expanded") == "false"
        page.keyboard.press("Enter")
        page.wait_for_selector(".md-sidebar--primary", state="visible")
        assert page.get_attribute(button, "aria-expanded") == "true"
        press_until(page, ".md-sidebar--primary button[aria-label=Track]", 20)
        page.keyboard.press("Escape")
        page.wait_for_selector(".md-sidebar--primary", state="hidden")
        assert page.evaluate("wanted => document.activeElement.matches(wanted)", button)
        # Again, with the space bar, through a part of the menu and back, and to a page.
        page.keyboard.press("Space")
        press_until(page, ".md-sidebar--primary button[aria-label=Track]", 20)
        page.keyboard.press("Enter")
        back = page.locator(".md-sidebar--primary button[aria-label='Back from Track']")
        back.focus()
        page.keyboard.press("Enter")
        page.wait_for_function("track => !track.checked", arg=page.query_selector(TRACK))
        page.locator(".md-sidebar--primary button[aria-label=Track]").focus()
        page.keyboard.press("Enter")
        page.locator(".md-sidebar--primary a.md-nav__link", has_text="Resume a run").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/how-to/resume-runs/")
        assert reader.wrong == []
