"""Asks axe-core of every page what a reader cannot see, read or reach: light and dark, wide, narrow and zoomed.

Every page of the built site is looked at, but for the notes that say where a page has moved. None may have a violation
of WCAG 2.2 A and AA or of axe's best practice:

* whole, with every detail and tab opened: all rules but the three that look at each text or target by itself;
* by all rules in each of `VIEWS`, which together have each size, light and dark, closed and opened; all twelve would
  take half an hour. For these, of long lists and tables only the first two of each kind of row are left: rows of the
  same elements, classes and roles get the same colours and sizes;
* whole and unshortened at 320 px and at 400 %, closed and opened: the page itself does not scroll sideways.

What axe only wants a person to look at is not counted: text above a picture, for example.
"""

from __future__ import annotations

from collections import defaultdict
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from test_tour import moved

from conftest import Serve


class View(NamedTuple):
    """A size of the window, the colours and whether everything that can be opened is open."""

    size: str
    scheme: str
    opened: bool


# 400 % of a window of 1280 x 1024, as a browser shows it.
SIZES = {"1280 px": (1280, 1024, 1), "320 px": (320, 1024, 1), "400 %": (320, 256, 4)}
VIEWS = [
    View("1280 px", "dark", True),
    View("320 px", "light", True),
    View("400 %", "dark", False),
]
SCHEMES = {"light": "default", "dark": "slate"}
EACH_BY_ITSELF = ("color-contrast", "link-in-text-block", "target-size")
TOGETHER = 2

# Without the moving from one colour to another, which would be caught half-way.
STILL = "*, ::before, ::after { transition: none !important; animation: none !important; }"
OPEN = """opened => {
  for (const details of document.querySelectorAll("details")) {
    details.dataset.was ??= details.open;
    details.open = opened || details.dataset.was === "true";
  }
  document.body.classList.toggle("all-open", opened);
}"""
ALL_TABS = ".all-open .tabbed-content > .tabbed-block { display: block !important; }"
SHORTEN = """() => {
  const kind = element => [element, ...element.querySelectorAll("*")].map(one =>
    [one.tagName, one.className.baseVal ?? one.className, one.getAttribute("role"), one.getAttribute("style"),
     one.hidden, one.tabIndex, [...one.attributes].map(attribute => attribute.name).sort(),
     [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())].join("|")).join();
  for (const parent of document.querySelectorAll("tbody, ul, ol, dl, td, .md-content *")) {
    if (parent.children.length < 8) continue;
    const seen = new Map();
    for (const child of [...parent.children]) {
      const own = kind(child);
      seen.set(own, (seen.get(own) || 0) + 1);
      if (seen.get(own) > 2) child.remove();
    }
  }
}"""
TWICE = """() => {
  const seen = new Set();
  return [...document.querySelectorAll("[id]")].map(one => one.id).filter(id => seen.size === seen.add(id).size);
}"""
# Begun and fetched apart, so that two pages are looked at at once.
BEGIN = """skipped => {
  const rules = Object.fromEntries(skipped.map(rule => [rule, { enabled: false }]));
  if (!skipped.length) rules["target-size"] = { enabled: true };
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const options = { runOnly: { type: "tag", values: tags }, rules, resultTypes: ["violations"], preload: false };
  // The theme makes code that scrolls focusable some frames after a new size: look when it has, or had a second to.
  const behind = () => [...document.querySelectorAll("pre > code")].some(code =>
    code.scrollWidth > code.clientWidth && code.clientWidth && code.tabIndex < 0);
  const settled = async () => {
    for (let turn = 0; turn < 60 && behind(); turn++) await new Promise(done => setTimeout(done, 16));
  };
  window.found = new Promise(done => setTimeout(async () => { await settled(); done(axe.run(document, options)); }));
}"""
FETCH = """async () => (await window.found).violations.flatMap(({ id, nodes }) =>
  nodes.map(node => [id, node.target.flat().join(" "), node.failureSummary.replace(/\\s+/g, " ")]))"""
SIDEWAYS = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


class Faults:
    """What is wrong, told once for what is alike on many pages."""

    def __init__(self) -> None:
        self._pages: dict[tuple[str, str, str], list[str]] = defaultdict(list)

    def add(self, where: str, rule: str, selector: str, reason: str) -> None:
        self._pages[rule, selector, reason].append(where)

    def told(self) -> str:
        return "\n".join(
            f"{rule}: {selector}\n    {reason[:300]}\n    {len(pages)} x, first: {'; '.join(pages[:3])}"
            for (rule, selector, reason), pages in sorted(self._pages.items(), key=lambda item: -len(item[1]))
        )


class Watched:
    """One page in one window."""

    def __init__(self, browser: Any, address: str, faults: Faults) -> None:
        self.page = browser.new_context(reduced_motion="reduce").new_page()
        self.page.set_default_timeout(120_000)
        self.session = self.page.context.new_cdp_session(self.page)
        self.address = address
        self.faults = faults
        self.where = ""
        self.view = VIEWS[0]

    def open(self, name: str, axe: str) -> None:
        self.where = name
        self._show(VIEWS[0])
        self.page.goto(f"{self.address}/{name}")
        self.page.add_style_tag(content=STILL + ALL_TABS)
        self.page.evaluate(axe)
        for twice in self.page.evaluate(TWICE):
            self.faults.add(name, "an id that is there twice", twice, "")

    def measure(self) -> None:
        """The page must not be wider than its window. A pixel is what rounding costs at 400 %."""
        for size in ("320 px", "400 %"):
            for opened in (False, True):
                self._show(View(size, "light", opened))
                too_wide = self.page.evaluate(SIDEWAYS)
                if too_wide > 0:
                    self.faults.add(self._here(), "the page scrolls sideways", f"by {too_wide} px", "")

    def begin(self, view: View, skipped: tuple[str, ...] = ()) -> None:
        self._show(view)
        self.page.evaluate(BEGIN, list(skipped))

    def fetch(self) -> None:
        for rule, selector, reason in self.page.evaluate(FETCH):
            self.faults.add(self._here(), rule, selector, reason)

    def _here(self) -> str:
        return f"{self.where} ({self.view.size}, {self.view.scheme}{', opened' * self.view.opened})"

    def _show(self, view: View) -> None:
        self.view = view
        width, height, scale = SIZES[view.size]
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self.session.send("Emulation.setDeviceMetricsOverride", metrics)
        self.page.emulate_media(color_scheme=view.scheme)
        self.page.evaluate("scheme => document.body.setAttribute('data-md-color-scheme', scheme)", SCHEMES[view.scheme])
        self.page.evaluate(OPEN, view.opened)


def look(browser: Any, address: str, names: list[str]) -> str:
    """What is wrong with these pages."""
    axe = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    faults = Faults()
    windows = [Watched(browser, address, faults) for _ in range(TOGETHER)]
    for start in range(0, len(names), TOGETHER):
        now = list(zip(windows, names[start : start + TOGETHER], strict=False))
        for window, name in now:
            window.open(name, axe)
            window.measure()
        for window, _ in now:
            window.begin(View("1280 px", "light", True), EACH_BY_ITSELF)
        for window, _ in now:
            window.fetch()
            window.page.evaluate(SHORTEN)
        for view in VIEWS:
            for window, _ in now:
                window.begin(view)
            for window, _ in now:
                window.fetch()
    for window in windows:
        window.page.context.close()
    return faults.told()


def test_no_page_has_a_violation(browser: Any, site: Path, serve: Serve) -> None:
    # Of like length side by side, so that none waits for the other.
    pages = sorted((page for page in site.rglob("*.html") if not moved(page)), key=lambda page: page.stat().st_size)
    assert len(pages) > 90
    with serve(site) as address:
        faults = look(browser, address, [page.relative_to(site).as_posix() for page in pages])
    assert faults == "", f"\n{faults}"


WRONG = """<!doctype html><html lang="en"><head><title>Wrong</title><link rel="icon" href="data:,"></head>
<body><main><h1>Wrong</h1>{}</main></body></html>"""
LONG = "".join(f"<tr class='{'odd' * (row == 40)}'><td>Row <b>{row}</b></td></tr>" for row in range(50))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<p>Well</p>", ""),
        ("<p style='color: #999'>Pale</p>", "color-contrast: p"),
        ("<style>[data-md-color-scheme=slate] { color: #555; background: #222 }</style><p>Dark</p>", "dark"),
        ("<details><summary>More</summary><p style='color: #999'>Pale</p></details>", "opened"),
        ("<div class='tabbed-content'><div class='tabbed-block' hidden><a href='/x'></a></div></div>", "link-name: a"),
        (f"<table>{LONG}</table><style>.odd {{ color: #999 }}</style>", "color-contrast: .odd"),
        ("<p><a href='x'>a</a><br><a href='y'>b</a></p>" * 2, "target-size"),
        ("<p id='one'></p><p id='one'></p>", "an id that is there twice: one"),
        ("<div style='width: 330px'>Wide</div>", "the page scrolls sideways: by"),
        ("<style>@media (min-resolution: 3x) { div { width: 330px } }</style><div>x</div>", "400 %"),
    ],
)
def test_a_fault_made_on_purpose_is_found(body: str, told: str, browser: Any, serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(WRONG.format(body), "utf-8")
    with serve(tmp_path) as address:
        faults = look(browser, address, ["index.html"])
    assert (told in faults) if told else (faults == "")
