"""Looks at the built site as readers do: home page, lost addresses, paper, keyboard, type, without scripts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import LANES, Serve

GUIDE = "how-to/register-models/"
REFERENCE = "reference/compatibility/"
CALLS = "reference/calls/registry/"
SIGHTS = ("", GUIDE, REFERENCE, "404.html")


CUT = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.outerHTML.slice(0, 200))"
FOCUS = """() => {
  const one = document.activeElement, look = getComputedStyle(one), box = one.getBoundingClientRect();
  return [one.tagName, look.outlineStyle, parseFloat(look.outlineWidth), box.width < 2 || look.opacity === "0"];
}"""


@pytest.fixture(scope="module")
def address(site: Path, serve: Serve) -> Iterator[str]:
    with serve(site) as address:
        yield address


@contextlib.contextmanager
def opened(browser: Any, url: str, **options: Any) -> Iterator[Any]:
    """A page in a browser of its own, in which no script may fail."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
    page = context.new_page()
    page.set_default_timeout(10_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(url)
    yield page
    context.close()
    assert wrong == []


def test_the_first_view_of_the_home_page_has_what_it_is_the_proof_and_ways_in(browser: Any, address: str) -> None:
    with opened(browser, f"{address}/") as page:
        below = "(one) => one.getBoundingClientRect().bottom"
        for what in ("h1", ".lead", ".hero__words .md-button >> nth=1", ".glance tbody tr >> nth=3", ".hero__proof p"):
            assert page.locator(what).first.evaluate(below) < 900, what
        assert page.locator(".glance tbody tr").count() == len(LANES)
        assert page.locator(".paths h3").all_inner_texts() == ["Set up¶", "Log and compare¶", "Register a model¶"]
        assert page.locator(".paths > div > ul > li:first-child a").count() == 3
        assert page.locator(".recipe .chip").count() == len(LANES)
        assert page.locator(".md-sidebar:visible").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(width: int, scheme: str, browser: Any, address: str) -> None:
    for name in SIGHTS:
        options = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
        with opened(browser, f"{address}/{name}?lane={LANES[1].id}", **options) as page:
            page.locator(".lane-button--chosen").wait_for()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            box = page.locator(".lane-button").bounding_box()
            assert box["x"] >= 0, name
            assert box["x"] + box["width"] <= width, name
            dark = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g)[0] < 100")
            assert dark == (scheme == "dark"), name


def test_text_is_16_pixels_and_nothing_is_below_12(browser: Any, address: str) -> None:
    small = """() => [...document.querySelectorAll("article *")].filter(one => one.checkVisibility()
      && [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())
      && !one.closest("svg, sup, sub") && parseFloat(getComputedStyle(one).fontSize) < 12)
      .map(one => one.outerHTML.slice(0, 90))"""
    for name in (*SIGHTS, CALLS, "reference/permission-matrix/private/", "reference/evidence/"):
        with opened(browser, f"{address}/{name}") as page:
            assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('article p')).fontSize)") >= 16
            assert page.evaluate(small) == [], name


@pytest.mark.parametrize(
    ("asked", "said", "leads"),
    [
        ("how-to/log_a-run.html", "Search this site for log a run.", "/?q=log+a+run"),
        ("a/b/nested-runs/", "Search this site for nested runs.", "/?q=nested+runs"),
        ("<b>x%3Cimg%20src=y%3E", "Search this site for b x img src y.", "/?q=b+x+img+src+y"),
        ("100%25%", None, None),
        ("404.html", None, None),
    ],
)
def test_a_lost_reader_is_led_on(asked: str, said: str | None, leads: str | None, browser: Any, address: str) -> None:
    with opened(browser, f"{address}/{asked}") as page:
        assert page.inner_text("h1") == "There is no page at this address"
        if said is None:
            assert page.locator("#missing img, #missing b").count() == 0
            return
        assert page.inner_text("#missing") == said
        assert page.locator("#missing a").evaluate("one => one.href") == f"{address}{leads}"
        page.locator("#missing a").click()
        page.wait_for_load_state()
        assert page.title() != "No such page - MLflow on GitLab, verified"
        if "?q=" in str(leads):
            page.wait_for_selector(".md-search-result__meta:has-text('matching')")


def test_without_javascript_a_lost_reader_still_has_the_list(browser: Any, address: str) -> None:
    with opened(browser, f"{address}/how-to/no-such-page/", java_script_enabled=False) as page:
        assert page.locator("article ul a").count() >= 7
        page.locator("article ul a").first.click()
        assert page.inner_text("h1").startswith("Can we use this?")


def test_on_paper_everything_is_open_and_nothing_is_cut(browser: Any, address: str) -> None:
    options = {"viewport": {"width": 720, "height": 1000}, "color_scheme": "dark"}
    for name in (GUIDE, CALLS, REFERENCE, ""):
        with opened(browser, f"{address}/{name}", **options) as page:
            page.locator(".lane-button").wait_for()
            page.evaluate("dispatchEvent(new Event('beforeprint'))")
            page.emulate_media(media="print")
            for gone in (".md-header", ".md-tabs", ".md-sidebar", ".md-footer", ".lane-panel", ".headerlink"):
                assert page.locator(f"{gone}:visible").count() == 0, f"{name}: {gone}"
            cut = page.locator("pre, pre > code").evaluate_all(CUT)
            assert cut == [], name
            assert page.locator("article details:not([open])").count() == 0, name
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
            page.evaluate("dispatchEvent(new Event('afterprint'))")
            page.emulate_media(media="screen")
            assert page.locator("article details[data-opened]").count() == 0, name
            assert page.evaluate("document.body.dataset.mdColorScheme") == "slate"


def test_on_paper_a_link_says_where_it_leads(browser: Any, address: str) -> None:
    with opened(browser, f"{address}/{GUIDE}") as page:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        said = "one => getComputedStyle(one, '::after').content.replace(/\\\\?\"/g, '')"
        link = page.locator("article p > a[href*='can-we-use-this']").first
        assert f"({address}/mlflow/can-we-use-this/)" in link.evaluate(said)
    with opened(browser, f"{address}/{REFERENCE}") as page:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert page.locator("article td a").first.evaluate(said) == "none", "in a table there is no room"


def test_where_the_keyboard_is_is_seen(browser: Any, address: str) -> None:
    with opened(browser, f"{address}/") as page:
        page.locator(".lane-button").wait_for()
        seen = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            kind, style, width, hidden = page.evaluate(FOCUS)
            if kind != "BODY" and not hidden:
                seen.add(kind)
                assert style != "none", page.evaluate("document.activeElement.outerHTML")
                assert width >= 1, page.evaluate("document.activeElement.outerHTML")
        assert {"A", "BUTTON"} <= seen


def test_who_wants_less_motion_gets_none(browser: Any, address: str) -> None:
    slow = """() => [...document.querySelectorAll("*")].filter(one => getComputedStyle(one).transitionDuration
      .split(",").some(time => parseFloat(time) > 0.01)).length"""
    with opened(browser, f"{address}/{GUIDE}", reduced_motion="reduce") as page:
        assert page.evaluate(slow) == 0
    with opened(browser, f"{address}/{GUIDE}") as page:
        assert page.evaluate(slow) > 0
