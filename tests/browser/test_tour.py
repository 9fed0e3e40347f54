"""Walks through the built site as a reader does: every page by its links; deep links, tabs, colours, a wrong one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from conftest import Serve

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
NEXT = "a.md-footer__link--next"
# Two frames: what a script does after the page has loaded has happened.
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"


@pytest.fixture(scope="module")
def address(site: Path, serve: Serve) -> Iterator[str]:
    with serve(site) as address:
        yield address


class Reader:
    """A window, and all that went wrong in it."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.address = address
        self.context = browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce", **options})
        # What is waited for comes; a machine with much else to do may let it wait.
        self.context.set_default_timeout(120_000)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self._note(f"error: {error}"))
        self.page.on("console", lambda said: self._note(said.text) if said.type in ("error", "warning") else None)
        self.context.on("request", lambda sent: self._note(f"asks {sent.url}") if self._leaves(sent.url) else None)
        self.context.on("response", lambda got: self._note(f"{got.status} {got.url}") if got.status >= 400 else None)

    def _note(self, what: str) -> None:
        self.wrong.append(f"{self.page.url}: {what}")

    def _leaves(self, url: str) -> bool:
        return not url.startswith((f"{self.address}/", "data:", "blob:"))

    def go(self, name: str = "") -> Any:
        answer = self.page.goto(f"{self.address}/{name}")
        self.page.evaluate(SETTLED)
        return answer

    @property
    def path(self) -> str:
        return str(self.page.evaluate("location.pathname"))[1:]

    @property
    def scheme(self) -> str:
        return str(self.page.evaluate("document.body.dataset.mdColorScheme"))


@contextlib.contextmanager
def reading(browser: Any, address: str, **options: Any) -> Iterator[Reader]:
    reader = Reader(browser, address, **options)
    yield reader
    reader.context.close()


@pytest.fixture
def reader(browser: Any, address: str) -> Iterator[Reader]:
    with reading(browser, address) as reader:
        yield reader
        assert reader.wrong == []


# On every page: what is wrong with it besides what axe says.
ON_EACH_PAGE = """() => {
  const wrong = [];
  const say = (told, bad) => bad && wrong.push(told);
  const marked = document.querySelectorAll(".md-sidebar--primary a.md-nav__link--active[href]");
  const here = [...marked].map(link => link.href);
  const tab = document.querySelectorAll(".md-tabs__item--active").length;
  say(`${document.querySelectorAll("h1").length} titles`, document.querySelectorAll("h1").length !== 1);
  say("no title of the window", !document.title.trim());
  say("the menu does not mark the page", !here.some(link => new URL(link).pathname === location.pathname));
  say(`${tab} tabs are marked`, tab !== 1);
  for (const picture of document.querySelectorAll(".md-content img"))
    say(`picture ${picture.src}`, picture.loading !== "lazy" && !picture.naturalWidth);
  for (const link of document.querySelectorAll('a[target="_blank"]')) say(`opens a window: ${link.href}`, true);
  return wrong;
}"""


def test_next_leads_through_every_page_and_none_complains_or_asks_another_host(reader: Reader, site: Path) -> None:
    """By "Next" from the home page to the last one, and "Previous" leads back from each."""
    reader.go()
    seen, before, faults = [""], "", []
    while reader.page.locator(NEXT).count():
        with reader.page.expect_navigation():
            reader.page.click(NEXT)
        reader.page.evaluate(SETTLED)
        here = reader.path
        assert here not in seen, here
        faults += [f"{here}: {fault}" for fault in reader.page.evaluate(ON_EACH_PAGE)]
        back = reader.page.eval_on_selector("a.md-footer__link--prev", "link => new URL(link.href).pathname")[1:]
        if back != before:
            faults.append(f"{here}: Previous leads to {back}, not to {before}")
        seen.append(here)
        before = here
    pages = {str(page.parent.relative_to(site)) for page in site.rglob("index.html") if not moved(page)}
    assert {name.rstrip("/") or "." for name in seen} == pages
    assert faults + reader.wrong == []


def moved(page: Path) -> bool:
    """Whether this is no page but says where one went."""
    return 'http-equiv="refresh"' in page.read_text("utf-8")


def test_each_tab_leads_to_its_part_and_the_menu_to_its_pages(reader: Reader) -> None:
    reader.go()
    tabs = reader.page.locator(".md-tabs__link")
    titles = [title.strip() for title in tabs.all_inner_texts()]
    assert len(titles) > 8
    for place, title in enumerate(titles[1:], 1):
        reader.page.locator(".md-tabs__link").nth(place).click()
        reader.page.evaluate(SETTLED)
        active = reader.page.locator(".md-tabs__item--active")
        assert active.inner_text().strip() == title
        # The menu shows this part, and its last page is one click away.
        links = reader.page.locator(".md-sidebar--primary .md-nav__item--active a.md-nav__link:visible")
        assert links.count(), title
        wanted = links.last.evaluate("link => link.href")
        links.last.click()
        reader.page.evaluate(SETTLED)
        assert reader.page.evaluate("location.href.split('#')[0]") == wanted.split("#")[0]
        assert reader.page.locator(".md-tabs__item--active").inner_text().strip() == title


def test_on_a_narrow_screen_the_menu_leads_to_a_page(browser: Any, address: str) -> None:
    with reading(browser, address, viewport=NARROW) as reader:
        page = reader.page
        reader.go()
        assert not page.locator(".md-sidebar--primary").is_visible()
        page.click("label.md-header__button[for=__drawer]")
        page.locator(".md-sidebar--primary label.md-nav__link", has_text="Track").click()
        page.locator(".md-sidebar--primary a.md-nav__link", has_text="Resume a run").click()
        page.evaluate(SETTLED)
        assert reader.path == "how-to/resume-runs/"
        assert page.locator("h1").is_visible()
        assert not page.locator(".md-sidebar--primary").is_visible()
        assert reader.wrong == []


# --- Deep links ------------------------------------------------------------------------------------------------------

# One link to each kind of place on this page: by what the place is, and what it is in.
KINDS = """() => {
  const kinds = new Map();
  for (const place of document.querySelectorAll("article [id]")) {
    if (/^(__|fn)/.test(place.id) || place.closest("svg")) continue;
    const inside = place.parentElement.closest("details, .tabbed-block, td, tr, li, dl, .matrix, .recipe, .wide");
    const name = one => one && `${one.tagName}.${[...one.classList].sort().join(".")}`;
    kinds.set(`${name(place)} in ${name(inside)} ${!!place.closest("details:not([open])")}`, place.id);
  }
  return [...kinds];
}"""
# Whether the place is seen: shown, within the window, and not below the header.
SEEN = """async id => {
  const frame = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  scrollTo(0, document.body.scrollHeight);
  location.hash = id;
  await frame();
  const place = document.getElementById(id);
  if (!place.checkVisibility()) return "is not shown";
  const { top, bottom, height } = place.getBoundingClientRect();
  const header = document.querySelector(".md-header").getBoundingClientRect().bottom;
  if (height && top < header - 1 && bottom < header + 8) return `is below the header: ${top} < ${header}`;
  if (height && top < header - 8) return `begins below the header: ${top} < ${header}`;
  return top > innerHeight ? `is out of the window: ${top}` : "";
}"""


def test_a_link_to_any_kind_of_place_shows_it(reader: Reader, site: Path) -> None:
    """Also to a closed detail, to what is in one, to a row of a table; and no header lies above it."""
    faults, done = [], set[str]()
    for page in sorted(site.rglob("index.html")):
        text = page.read_text("utf-8")
        if moved(page) or " id=" not in text:
            continue
        reader.page.goto(f"{reader.address}/{page.parent.relative_to(site)}/")
        for kind, place in reader.page.evaluate(KINDS):
            if kind in done:
                continue
            done.add(kind)
            if fault := reader.page.evaluate(SEEN, place):
                faults.append(f"{page.parent.relative_to(site)}/#{place} ({kind}) {fault}")
    assert len(done) > 10
    assert any(kind.endswith("true") for kind in done), "no place within a closed detail"
    assert faults == [], "\n".join(faults)


def test_a_link_to_a_row_shows_it_though_the_filter_leaves_it_out(reader: Reader) -> None:
    reader.go("reference/compatibility/")
    row = reader.page.evaluate("document.querySelectorAll('.filterable tbody tr[id]')[3].id")
    reader.go(f"reference/compatibility/?text=no+row+has+this#{row}")
    assert reader.page.locator(".filterable").first.locator("output").inner_text().startswith("0 of ")
    assert reader.page.locator(f"[id='{row}']").is_visible()
    # As a link within the page, too.
    other = reader.page.evaluate("document.querySelectorAll('.filterable tbody tr[id]')[5].id")
    assert not reader.page.locator(f"[id='{other}']").is_visible()
    reader.page.evaluate("row => location.hash = row", other)
    assert reader.page.locator(f"[id='{other}']").is_visible()


# --- Tabs ------------------------------------------------------------------------------------------------------------

TABS = ("tutorials/first-run/", "how-to/install/")
CHOSEN = "() => [...document.querySelectorAll('.tabbed-set > input:checked')].map(i => i.labels[0].innerText.trim())"


def test_tabs_change_together_and_are_remembered_on_other_pages(reader: Reader) -> None:
    reader.go(TABS[0])
    sets = reader.page.locator(".tabbed-set").count()
    assert reader.page.evaluate(CHOSEN) == ["MLflow 3"] * sets
    reader.page.locator(".tabbed-labels > label", has_text="MLflow 2").first.click()
    assert reader.page.evaluate(CHOSEN) == ["MLflow 2"] * sets
    assert reader.page.locator(".tabbed-block").nth(1).is_visible()
    assert not reader.page.locator(".tabbed-block").nth(0).is_visible()
    reader.go(TABS[1])
    assert reader.page.evaluate(CHOSEN)[0] == "MLflow 2"
    reader.page.reload()
    assert reader.page.evaluate(CHOSEN)[0] == "MLflow 2"


# --- Light and dark --------------------------------------------------------------------------------------------------

# What each frame showed from the first one on.
FRAMES = """window.frames_seen = [];
const look = () => {
  const title = document.querySelector("h1");
  if (title) {
    const numbers = text => text.match(/[\\d.]+/g).map(Number);
    const [r, g, b, alpha = 1] = numbers(getComputedStyle(title).color);
    const ground = numbers(getComputedStyle(document.body).backgroundColor);
    const channel = value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const over = [r, g, b].map((value, place) => value * alpha + ground[place] * (1 - alpha));
    const [one, other] = [light(over), light(ground)].sort((a, b) => b - a);
    frames_seen.push([document.body.dataset.mdColorScheme, (one + 0.05) / (other + 0.05)]);
  }
  if (frames_seen.length < 20) requestAnimationFrame(look);
};
requestAnimationFrame(look);"""


@pytest.mark.parametrize(("system", "first", "second"), [("light", "default", "slate"), ("dark", "slate", "default")])
def test_the_chosen_colours_stay_and_no_frame_shows_others(
    system: str, first: str, second: str, browser: Any, address: str
) -> None:
    with reading(browser, address, color_scheme=system) as reader:
        reader.go()
        assert reader.scheme == first
        reader.page.locator("[data-md-component=palette] label:visible").click()
        assert reader.scheme == second
        reader.context.add_init_script(FRAMES)
        for name in ("", "how-to/log-runs/", "reference/permission-matrix/private/"):
            reader.go(name)
            reader.page.wait_for_function("frames_seen.length > 5")
            frames = reader.page.evaluate("frames_seen")
            assert {scheme for scheme, _ in frames} == {second}, name
            assert min(contrast for _, contrast in frames) >= 4.5, name
        assert reader.wrong == []


# --- A wrong address -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["nothing/", "how-to/log-runs/no/such/page.html", "nothing?text=x#y"])
def test_a_wrong_address_gets_the_sites_own_page_and_ways_on(wrong: str, browser: Any, address: str) -> None:
    with reading(browser, address) as reader:
        answer = reader.go(wrong)
        assert answer.status == HTTPStatus.NOT_FOUND
        assert "no page" in reader.page.inner_text("h1").lower()
        # Only the page itself is missing: its style, its scripts and its links are not.
        assert [told for told in reader.wrong if "Failed to load resource" not in told and "404" not in told] == []
        assert len(reader.wrong) <= 2, reader.wrong
        assert reader.page.evaluate("getComputedStyle(document.querySelector('.md-header')).position") == "sticky"
        links = reader.page.eval_on_selector_all("article a[href]:not(.headerlink)", "all => all.map(one => one.href)")
        assert len(links) >= 5
        for link in links:
            assert reader.context.request.get(link).status == HTTPStatus.OK, link
        reader.page.locator("article a[href]:not(.headerlink)").first.click()
        assert reader.page.locator("h1").is_visible()
