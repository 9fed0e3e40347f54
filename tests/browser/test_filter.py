"""Filters tables in a real browser, because what a script does to a page can only be seen there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import Serve
from handbook.measured import load_permissions
from handbook.permission_matrix import PermissionMatrix

ROOT = Path(__file__).resolve().parent.parent.parent

TWO = """
<div class="filterable" data-filters="Status,Lane" data-labels='{"ok": "It works"}'>
<table><thead><tr><th>Call</th></tr></thead><tbody>
<tr data-status="ok" data-lane="a b"><td>Log a run</td></tr>
<tr data-status="ok" data-lane="b"><td>Log <b>many</b>
  runs</td></tr>
<tr data-status="fails" data-lane="a c"><td data-lane="c">Restore</td></tr>
</tbody></table></div>
<div class="filterable" data-filters="Status">
<table><tbody><tr data-status="10"><td>x</td></tr><tr data-status="9"><td>y</td></tr></tbody></table>
<table><tbody><tr data-status="9"><td>z</td></tr></tbody></table></div>
<div class="filterable" id="third"><table><tbody><tr id="row"><td>One</td></tr>
<tr><td>Two</td></tr></tbody></table></div>
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, serve: Serve) -> Iterator[str]:
    """Two pages with the site's own script and style, on loopback."""
    folder = tmp_path_factory.mktemp("filter")
    for name in ("filter.js", "site.css"):
        shutil.copy2(ROOT / "docs/assets" / name, folder / name)
    matrix = PermissionMatrix(load_permissions(ROOT)).table("private")
    for name, body in {"two": TWO, "matrix": matrix}.items():
        head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>'
        links = '<link rel="stylesheet" href="site.css"><link rel="icon" href="data:,">'
        end = '<script src="filter.js"></script>'
        (folder / f"{name}.html").write_text(f"{head}{links}<main>{body}</main>{end}</html>", "utf-8")
    with serve(folder) as served:
        yield served


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    sent: list[str] = []
    opened.on("request", lambda request: sent.append(request.url))
    yield opened
    stored = opened.evaluate("[localStorage.length, sessionStorage.length, document.cookie.length]")
    context.close()
    assert wrong == []
    assert stored == [0, 0, 0]
    assert all(url.startswith("http://127.0.0.1:") or url == "data:," for url in sent)


def shown(page: Any, place: int = 0) -> list[str]:
    rows = page.locator(".filterable").nth(place).locator("tbody tr:visible")
    return [" ".join(text.split()) for text in rows.all_inner_texts()]


def count(page: Any, place: int = 0) -> str:
    return str(page.locator(".filterable").nth(place).locator("output").inner_text())


def wait_for_query(page: Any, query: str) -> None:
    page.wait_for_function("query => location.search === query", arg=query)


def test_text_and_choices_leave_rows_out_and_stand_in_the_address(page: Any, address: str) -> None:
    page.goto(f"{address}/two.html?kept=1#row")
    assert count(page) == "3 of 3 rows"
    first = page.locator(".filterable").first
    first.get_by_label("Text").fill("  RUN log ")
    assert shown(page) == ["Log a run", "Log many runs"]
    assert count(page) == "2 of 3 rows"
    wait_for_query(page, "?kept=1&text=++RUN+log+")
    first.get_by_label("Lane").select_option("a")
    assert shown(page) == ["Log a run"]
    wait_for_query(page, "?kept=1&text=++RUN+log+&lane=a")
    first.get_by_label("Status").select_option(label="fails")
    assert (shown(page), count(page)) == ([], "0 of 3 rows")
    first.get_by_role("button", name="Show all").click()
    assert count(page) == "3 of 3 rows"
    wait_for_query(page, "?kept=1")
    assert page.evaluate("[location.hash, history.length]")[0] == "#row"
    assert page.evaluate("document.activeElement.type") == "search"


def test_an_address_gives_the_view_back(page: Any, address: str) -> None:
    page.goto(f"{address}/two.html?text=log&lane=b&2-status=9&third-text=two&status=nothing")
    assert shown(page) == ["Log a run", "Log many runs"]
    assert shown(page, 1) == ["y", "z"]
    assert shown(page, 2) == ["Two"]
    first = page.locator(".filterable").first
    assert first.get_by_label("Text").input_value() == "log"
    assert first.get_by_label("Lane").input_value() == "b"
    # A value that no row has is not taken.
    assert first.get_by_label("Status").input_value() == ""


def test_several_tables_do_not_disturb_each_other(page: Any, address: str) -> None:
    page.goto(f"{address}/two.html")
    page.locator(".filterable").nth(1).get_by_label("Status").select_option("9")
    assert (count(page, 0), count(page, 1), count(page, 2)) == ("3 of 3 rows", "2 of 3 rows", "2 of 2 rows")
    wait_for_query(page, "?2-status=9")
    page.locator(".filterable").nth(2).get_by_label("Text").fill("one")
    wait_for_query(page, "?2-status=9&third-text=one")


def test_choices_are_the_values_that_are_there(page: Any, address: str) -> None:
    page.goto(f"{address}/two.html")
    first, second, third = (page.locator(".filterable").nth(place) for place in range(3))
    assert first.locator("select").nth(0).locator("option").all_inner_texts() == ["all", "fails", "It works"]
    assert first.locator("select").nth(1).locator("option").all_inner_texts() == ["all", "a", "b", "c"]
    assert second.locator("option").all_inner_texts() == ["all", "9", "10"]
    assert third.locator("select").count() == 0


def test_a_cell_that_fits_is_marked(page: Any, address: str) -> None:
    page.goto(f"{address}/two.html?lane=c")
    assert page.locator(".filter-hit").all_inner_texts() == ["Restore"]
    page.get_by_role("button", name="Show all").first.click()
    assert page.locator(".filter-hit").count() == 0


def test_whoever_uses_the_keyboard_gets_everywhere(page: Any, address: str) -> None:
    page.goto(f"{address}/two.html")
    page.keyboard.press("Tab")
    page.keyboard.type("restore")
    assert count(page) == "1 of 3 rows"
    page.keyboard.press("Enter")
    wait_for_query(page, "?text=restore")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "status"
    page.keyboard.press("i")
    assert (page.evaluate("document.activeElement.value"), count(page)) == ("ok", "0 of 3 rows")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert count(page) == "3 of 3 rows"


def test_every_control_has_a_name_and_the_count_is_announced(page: Any, address: str) -> None:
    page.goto(f"{address}/matrix.html")
    form = page.get_by_role("search", name="Filter: Answers on a project of kind private: GitLab 18.9 / GitLab 19.3")
    assert form.count() == 1
    assert form.get_by_role("searchbox", name="Text").count() == 1
    for name in ("Kind", "Role", "Status"):
        assert form.get_by_role("combobox", name=name).count() == 1
    assert form.locator("output").get_attribute("aria-live") == "polite"


def test_the_matrix_is_filtered_by_kind_role_and_status(page: Any, address: str) -> None:
    measured = load_permissions(ROOT)
    credentials = measured[-1].credentials
    page.goto(f"{address}/matrix.html?kind=personal&role=developer")
    names = [text.split()[0] for text in shown(page)]
    assert names == [name for name, one in credentials.items() if (one.kind, one.role) == ("personal", "developer")]
    page.goto(f"{address}/matrix.html?status=302")
    # Nobody but a browser gets the CSV.
    marked = page.locator(".filter-hit:visible").all_inner_texts()
    assert set(marked) == {"✕ 302", "not tried/✕ 302"}
    refused = [
        name
        for name in credentials
        for answers in [[one.answer("web.experiment-csv", name, "private") for one in measured]]
        if any(answer and answer.status == 302 for answer in answers)
    ]
    assert [text.split()[0] for text in shown(page)] == refused


def test_without_javascript_the_table_is_plain_and_complete(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/matrix.html?status=403&text=nothing")
    assert page.locator("tbody tr:visible").count() == 56
    assert page.locator("tbody td:visible").count() == 56 * 43
    assert page.locator("form, input, select").count() == 0
    context.close()


def test_a_row_that_a_link_leads_to_is_seen(page: Any, address: str) -> None:
    page.goto(f"{address}/two.html?third-text=two#row")
    assert shown(page, 2) == ["One", "Two"]
