"""Chooses versions in a real browser, on pages of the site: what is left out, what is told, and what is remembered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conftest import LANES, Serve
from verified_docs.evidence import Evidence

PAGE = "how-to/register-models/"
# What can be seen where nobody opened anything.
PARTS = "article [data-lane]:not(.chip):not(details *)"
LANE = next(lane for lane in LANES if (lane.server, lane.client[:8]) == ("GitLab 18.9", "MLflow 3"))
NAME = f"{LANE.server} and {LANE.client}"


@pytest.fixture(scope="module")
def address(site: Path, serve: Serve) -> Iterator[str]:
    with serve(site) as served:
        yield served


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    yield opened
    context.close()
    assert wrong == []


def ready(page: Any, url: str) -> Any:
    page.goto(url)
    return page.locator(".lane-button")


def select(page: Any, label: str) -> Any:
    return page.locator("#lane-panel").get_by_role("combobox", name=label)


def pick(page: Any, server: str = "", client: str = "") -> None:
    page.locator(".lane-button").click()
    select(page, "GitLab").select_option(server)
    select(page, "MLflow").select_option(client)
    page.get_by_role("button", name="Done").click()


def verdicts(page: Any, of: set[str]) -> list[set[str]]:
    """Card by card, the verdicts of some lanes, as the chips say."""
    cards = []
    for recipe in page.locator(".recipe").all():
        chips = recipe.locator(".chip").all()
        marks = {one.get_attribute("data-lane"): one.get_attribute("class") for one in chips}
        cards.append({re.sub(r".*chip--(\w+).*", r"\1", marks[lane]) for lane in of})
    return cards


def test_the_choices_are_the_lanes_of_the_evidence(page: Any, address: str, evidence: Evidence) -> None:
    ready(page, f"{address}/{PAGE}").click()
    for field, label in (("server", "GitLab"), ("client", "MLflow")):
        options = select(page, label).locator("option").all_inner_texts()
        names = dict.fromkeys(getattr(lane, field) for lane in evidence.lanes.values())
        assert options == [f"any {label}", *names]


def test_a_lane_leaves_out_what_others_did(page: Any, address: str) -> None:
    ready(page, f"{address}/{PAGE}")
    assert page.locator(PARTS).count() == page.locator(f"{PARTS}:visible").count() > 5
    pick(page, LANE.server, LANE.client)
    shown = [one.get_attribute("data-lane").split() for one in page.locator(f"{PARTS}:visible").all()]
    assert shown
    assert all(LANE.id in ids for ids in shown)
    hidden = page.locator(f"{PARTS}:not(:visible)").all()
    assert hidden
    assert not any(LANE.id in one.get_attribute("data-lane").split() for one in hidden)
    # Chips stay, and say what other versions would bring.
    assert page.locator(".chip:visible").count() == page.locator(".chip").count()
    assert {one.get_attribute("data-lane") for one in page.locator(".chip:not(.lane-other)").all()} == {LANE.id}


def test_the_page_says_what_fails_there(page: Any, address: str) -> None:
    ready(page, f"{address}/{PAGE}")
    notice = page.locator(".lane-notice")
    assert notice.inner_text() == ""
    pick(page, LANE.server, LANE.client)
    cards = verdicts(page, {LANE.id})
    failing = sum("fails_as_shown" in card for card in cards)
    assert 0 < failing < len(cards)
    assert f"On this page {failing} of {len(cards)} examples fail with {NAME}: " in notice.inner_text()
    links = notice.locator("a").all()
    assert len(links) == sum(card != {"passes"} for card in cards)
    for link in links:
        target = page.locator(link.get_attribute("href"))
        chip = target.locator(f'.chip[data-lane="{LANE.id}"]')
        assert "chip--passes" not in chip.get_attribute("class")
        assert target.inner_text().strip().startswith(("examples/", link.inner_text()))
        assert link.inner_text() in target.inner_text()
    links[0].click()
    assert page.evaluate("document.querySelector(location.hash).matches('.recipe')")


def test_what_fails_everywhere_is_told_apart(page: Any, address: str) -> None:
    ready(page, f"{address}/{PAGE}?lane={LANE.id}")
    page.wait_for_selector(".lane-notice p")
    told = page.inner_text(".lane-notice")
    cards = verdicts(page, {lane.id for lane in LANES})
    assert sum(card == {"fails_as_shown"} for card in cards) == 1
    assert re.search(r"; with every other recorded version too: \S+\.$", told.partition("\n")[0])


def test_what_was_not_recorded_is_told(page: Any, address: str) -> None:
    lane = next(lane for lane in LANES if lane.client.startswith("MLflow 2"))
    ready(page, f"{address}/reference/setup-calls/?lane={lane.id}")
    page.wait_for_selector(".lane-notice p")
    missing = sum("not_recorded" in card for card in verdicts(page, {lane.id}))
    assert missing > 3
    told = next(one for one in page.locator(".lane-notice p").all() if "ot recorded: " in one.inner_text())
    assert told.locator("a").count() == missing


def test_half_a_choice_names_the_lanes_that_differ(page: Any, address: str) -> None:
    ready(page, f"{address}/{PAGE}")
    pick(page, client=LANE.client)
    ours = {lane.id for lane in LANES if lane.client == LANE.client}
    told = page.inner_text(".lane-notice")
    failing = sum("fails_as_shown" in card for card in verdicts(page, ours))
    assert f"{failing} of " in told
    assert f"fail with {LANE.client}: " in told
    assert f"({LANE.server} · {LANE.client})" in told
    shown = page.locator(f"{PARTS}:visible").all()
    assert all(ours & set(one.get_attribute("data-lane").split()) for one in shown)


def test_a_page_on_which_all_runs_says_so(page: Any, address: str) -> None:
    ready(page, f"{address}/how-to/check-connection/")
    quiet = verdicts(page, {LANE.id})
    page.goto(f"{address}/?lane={LANE.id}")
    page.wait_for_selector(".lane-notice p")
    assert page.inner_text(".lane-notice") == f"With {NAME}, the example of this page ran as shown."
    assert quiet


def test_the_choice_is_remembered_and_can_be_undone(page: Any, address: str) -> None:
    ready(page, f"{address}/{PAGE}")
    pick(page, LANE.server, LANE.client)
    button = ready(page, f"{address}/how-to/log-runs/")
    assert button.inner_text().replace("\n", " ").endswith(f"{LANE.server} · {LANE.client}")
    kept = {"server": LANE.server, "client": LANE.client}
    assert page.evaluate("JSON.parse(localStorage.getItem('/assets/lane'))") == kept
    button.click()
    page.get_by_role("button", name="Show all lanes").click()
    assert page.locator("[data-lane].lane-off, .lane-other").count() == 0
    assert page.locator(f"{PARTS}:not(:visible)").count() == 0
    assert page.inner_text(".lane-notice") == ""
    assert "All versions" in ready(page, f"{address}/{PAGE}").inner_text()
    assert page.evaluate("Object.keys(localStorage).filter((one) => one.endsWith('lane'))") == []


@pytest.mark.parametrize("kept", ['{"server": "GitLab 11.1"}', "[]", "null", "{", '"x"', '{"client": ["MLflow"]}'])
def test_what_is_not_there_any_more_is_not_taken(kept: str, page: Any, address: str) -> None:
    ready(page, f"{address}/{PAGE}").wait_for()
    page.evaluate("kept => localStorage.setItem('/assets/lane', kept)", kept)
    button = ready(page, f"{address}/{PAGE}?lane=gitlab-11.1/mlflow-1")
    assert "All versions" in button.inner_text()
    assert page.locator(".lane-off").count() == 0


def test_an_address_may_name_a_lane(page: Any, address: str) -> None:
    button = ready(page, f"{address}/{PAGE}?lane={LANE.id}")
    assert f"{LANE.server} · {LANE.client}" in button.inner_text()
    assert page.locator(".lane-off").count() > 0


def test_without_storage_the_choice_lasts_for_the_page(browser: Any, address: str) -> None:
    context = browser.new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(error.stack or ""))
    ready(page, f"{address}/{PAGE}")
    pick(page, LANE.server, LANE.client)
    assert page.locator(".lane-off").count() > 0
    context.close()
    # The theme keeps the scheme of colours there, and does not expect this.
    assert [one for one in wrong if "lanes.js" in one] == []


def test_whoever_uses_the_keyboard_gets_everywhere(page: Any, address: str) -> None:
    button = ready(page, f"{address}/{PAGE}")
    button.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    panel = page.locator("#lane-panel")
    assert panel.is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "server"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.value") == LANE.client
    page.keyboard.press("Escape")
    assert not panel.is_visible()
    assert page.evaluate("document.activeElement.className").startswith("lane-button")
    assert f"{LANE.server} · {LANE.client}" in button.inner_text()


def test_every_control_has_a_name_and_news_are_announced(page: Any, address: str) -> None:
    button = ready(page, f"{address}/{PAGE}")
    assert page.get_by_role("button", name="All versions").count() == 1
    button.click()
    panel = page.get_by_role("form", name="Your versions")
    for name in ("GitLab", "MLflow"):
        assert panel.get_by_role("combobox", name=name).count() == 1
    assert panel.locator("output").get_attribute("aria-live") == "polite"
    assert page.locator(".lane-notice").get_attribute("role") == "status"
    panel.get_by_role("combobox", name="GitLab").select_option(LANE.server)
    # What is seen is part of the name, also where there is room for the numbers only.
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.get_by_role("button", name=f"Your versions: {LANE.server}").is_visible()


def test_the_column_of_a_lane_is_marked(page: Any, address: str) -> None:
    ready(page, f"{address}/reference/compatibility/?lane={LANE.id}")
    page.wait_for_selector("th.lane-column")
    assert set(page.locator("th.lane-column").all_inner_texts()) == {f"{LANE.server} · {LANE.client}"}
    table = page.locator("table:has(th.lane-column)").first
    assert table.locator("td.lane-column").count() == table.locator("tbody tr").count()


def test_the_requests_of_a_lane_are_marked(page: Any, address: str) -> None:
    ready(page, f"{address}/reference/calls/registry/?lane={LANE.id}")
    page.wait_for_selector("details.wire.lane-mine")
    marked = page.locator("details.wire.lane-mine summary").all_inner_texts()
    assert {text[: len(f"{LANE.server} · {LANE.client}")] for text in marked} == {f"{LANE.server} · {LANE.client}"}
    assert len(marked) * len(LANES) == page.locator("details.wire").count()


def test_without_javascript_every_lane_is_shown(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for name in ("", PAGE):
        page.goto(f"{address}/{name}?lane={LANE.id}")
        assert page.locator(".lane-button, .lane-panel, .lane-notice, .pick:visible").count() == 0
        assert page.locator(f"{PARTS}:not(:visible), .chip:not(:visible)").count() == 0
    context.close()


def _with(lanes: str, route: Any) -> None:
    text = route.fetch().text()
    body = re.sub(r'(<script id="__lanes"[^>]*>).*?(</script>)', rf"\g<1>{lanes}\g<2>", text, flags=re.S)
    route.fulfill(body=body, content_type="text/html")


def test_without_the_list_the_page_stays_as_it_is(page: Any, address: str) -> None:
    for lanes in ("", "[]", "{}"):
        page.route(f"**/{PAGE}**", partial(_with, lanes))
        page.goto(f"{address}/{PAGE}?lane={LANE.id}")
        page.wait_for_load_state("networkidle")
        assert page.locator(".lane-button, .lane-off").count() == 0
        page.unroute(f"**/{PAGE}**")


def test_a_tab_of_the_home_page_opens_the_choice(page: Any, address: str) -> None:
    ready(page, f"{address}/").wait_for()
    page.get_by_role("button", name="Pick your versions").click()
    assert page.locator("#lane-panel").is_visible()
    select(page, "GitLab").select_option(LANE.server)
    marked = page.locator("tr.lane-mine th").all_inner_texts()
    assert [" ".join(text.split()) for text in marked] == [
        f"{lane.server} · {lane.client}" for lane in LANES if lane.server == LANE.server
    ]
