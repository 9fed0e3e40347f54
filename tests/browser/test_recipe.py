"""Uses the cards of the built site in a real browser: copying, the requests, the reader's own values, the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from conftest import ROOT, Serve
from verified_docs.example import load_example
from verified_docs.gitlab_mlflow import GitLabMLflow

CARD, PAGE = "example-tracking-check-connection", "how-to/check-connection/"
SETTINGS = "tutorials/first-run/"
KEY = "verified-docs.your-values"


@pytest.fixture(scope="module")
def address(site: Path, serve: Serve) -> Iterator[str]:
    with serve(site) as served:
        yield served


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    wrong: list[str] = []
    sent: list[tuple[str, str]] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)

    def refuse(dialog: Any) -> None:
        wrong.append(dialog.message)
        dialog.dismiss()

    opened.on("dialog", refuse)
    opened.on("request", lambda request: sent.append((request.method, request.url)))
    yield opened
    context.close()
    assert wrong == []
    for method, url in sent:
        assert url.startswith((f"{address}/", "data:", "blob:")), url
        # Nothing that somebody typed is in a request.
        assert (method, "acme-typed" in url) == ("GET", False)


def copied(page: Any, block: Any, button: str = "Copy to clipboard") -> str:
    """What the copy button of a block gives."""
    page.evaluate("navigator.clipboard.writeText('')")
    block.hover()
    block.get_by_role("button", name=button).click()
    page.wait_for_function("navigator.clipboard.readText()")
    return str(page.evaluate("navigator.clipboard.readText()"))


def use(page: Any, **values: str) -> None:
    """Fills in the form, from the card's button on."""
    page.locator(f"#{CARD}, .md-content").last.get_by_role("button", name="Edit your values").first.click()
    for name, value in values.items():
        page.locator(f"dialog input[name={name}]").fill(value)
    page.get_by_role("button", name="Use them").click()


def marks(page: Any, place: str = ".md-content") -> list[str]:
    return [str(text) for text in page.locator(f"{place} mark.yours-value").all_text_contents()]


def kept(page: Any) -> object:
    """What the browser keeps of it; the theme keeps its colours there too."""
    return page.evaluate("key => localStorage.getItem(key)", KEY)


# --- Copy ------------------------------------------------------------------------------------------------------------


def test_copy_gives_the_code_and_nothing_else(page: Any, address: str) -> None:
    page.goto(address + "/" + PAGE)
    card = page.locator(f"#{CARD}")
    text = copied(page, card.locator(".language-python"))
    assert text == load_example(ROOT / "examples/tracking/check_connection.py", ROOT).code().rstrip("\n")
    assert "#>" not in text
    assert ">>>" not in text
    # Neither output nor what a failure says is anything to copy.
    assert card.locator(".output").get_by_role("button").count() == 0
    page.goto(f"{address}/reference/errors/")
    assert page.locator(".fails").count() > 5
    assert page.locator(".fails .md-clipboard, .output .md-clipboard").count() == 0


# --- Requests --------------------------------------------------------------------------------------------------------


def test_the_requests_are_opened_with_the_keyboard(page: Any, address: str) -> None:
    page.goto(address + "/" + PAGE)
    card = page.locator(f"#{CARD}")
    panel = card.locator("details.wire--panel")
    assert panel.get_attribute("open") is None
    assert not card.locator(".wire__list").is_visible()
    panel.locator("> summary").focus()
    page.keyboard.press("Enter")
    assert card.locator(".wire__list").is_visible()
    page.keyboard.press("Tab")
    first = card.locator(".wire__request").first
    assert page.evaluate("document.activeElement.parentElement.className") == "wire__request"
    page.keyboard.press("Space")
    assert first.locator("samp").last.is_visible()
    assert json.loads(first.locator("samp").last.inner_text()) == {"experiment_id": "1"}
    command = copied(page, first, "Copy the command")
    assert command.startswith("curl --request POST \\\n  --header")
    assert command.endswith('"$MLFLOW_TRACKING_URI/api/2.0/mlflow/experiments/create"')
    assert command.count("\n") == 4
    page.keyboard.press("Escape")
    panel.locator("> summary").focus()
    page.keyboard.press("Enter")
    assert not card.locator(".wire__list").is_visible()


def test_a_link_to_the_requests_opens_them(page: Any, address: str) -> None:
    page.goto(f"{address}/{PAGE}#{CARD}-requests")
    assert page.locator(f"#{CARD} .wire__list").is_visible()


def test_without_javascript_the_card_is_complete(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + "/" + PAGE)
    card = page.locator(f"#{CARD}")
    assert card.get_by_role("button").count() == 0
    card.locator("details.wire--panel > summary").click()
    card.locator(".wire__request > summary").first.click()
    assert "experiments/create" in card.locator(".wire__request").first.inner_text()
    assert page.locator("dialog, .yours").count() == 0
    context.close()


# --- Your values -----------------------------------------------------------------------------------------------------


def test_values_stand_in_code_on_every_page_and_can_be_taken_out(page: Any, address: str) -> None:
    page.goto(address + "/" + PAGE)
    before = page.locator(f"#{CARD} :is(pre > code, kbd)").all_text_contents()
    use(page, host="https://git.acme-typed.example:8443/gitlab/", id="77", path="team/wine")
    tracking = "https://git.acme-typed.example:8443/gitlab/api/v4/projects/77/ml/mlflow"
    assert marks(page, f"#{CARD}") == [tracking] * 4
    assert (
        page.get_by_role("status").last.inner_text() == f"Your values stand in {len(marks(page))} places on this page."
    )
    page.locator(f"#{CARD} details.wire--panel > summary").click()
    page.locator(f"#{CARD} .wire__request > summary").first.click()
    command = copied(page, page.locator(f"#{CARD} .wire__request").first, "Copy the command")
    assert command.endswith(f'"{tracking}/api/2.0/mlflow/experiments/create"')
    # What was recorded stays so.
    assert "acme-typed" not in page.locator(f"#{CARD} .wire__request summary").first.inner_text()
    page.goto(f"{address}/{SETTINGS}")
    assert f"MLFLOW_TRACKING_URI={tracking}" in page.locator("pre > code:has(mark)").first.inner_text()
    page.goto(address + "/" + PAGE)
    page.locator(f"#{CARD}").get_by_role("button", name="Edit your values (in use)").click()
    assert page.get_by_label("GitLab host").input_value() == "git.acme-typed.example:8443/gitlab"
    page.get_by_role("button", name="Take them out").click()
    assert (marks(page), kept(page)) == ([], None)
    assert page.locator(f"#{CARD} :is(pre > code, kbd)").all_text_contents() == before


def test_what_is_typed_is_text_and_has_to_fit(page: Any, address: str) -> None:
    page.goto(address + "/" + PAGE)
    evil = "<img src=x onerror=alert(1)>"
    for name, value in [
        ("host", evil),
        ("host", "git.acme-typed.example; rm -rf ~"),
        ("host", "git.acme-typed.example/$(id)"),
        ("host", "glpat-" + "x" * 20),
        ("id", "4x"),
        ("id", "0"),
        ("path", "wine"),
        ("path", f"a/{evil}"),
    ]:
        use(page, **{name: value})
        field = page.locator(f"dialog input[name={name}]")
        assert page.locator("dialog[open]").count() == 1, value
        assert field.get_attribute("aria-invalid") == "true"
        assert page.evaluate("document.activeElement.name") == name
        said = page.get_by_role("alert").inner_text()
        assert ("token" in said and value not in said) if value.startswith("glpat-") else value in said
        page.keyboard.press("Escape")
        assert page.locator("dialog[open]").count() == 0
    assert kept(page) is None
    assert page.locator("img[src=x]").count() == 0


def test_what_somebody_else_put_into_the_browser_is_not_taken(page: Any, address: str) -> None:
    page.goto(address + "/" + PAGE)
    for kept in ('{"host": "<img src=x onerror=alert(1)>", "id": 7}', "no json", "null", '["a"]'):
        page.evaluate("([key, kept]) => localStorage.setItem(key, kept)", [KEY, kept])
        page.reload()
        assert marks(page) == []
        assert page.locator("img[src=x]").count() == 0


def test_one_value_alone_fills_in_only_what_it_is_enough_for(page: Any, address: str) -> None:
    page.goto(f"{address}/{SETTINGS}")
    use(page, id="77")
    assert set(marks(page)) == {"77"}
    assert "MLFLOW_TRACKING_URI=https://gitlab.example.com/api/v4/projects/77/ml/mlflow" in [
        row for text in page.locator("pre > code:has(mark)").all_inner_texts() for row in text.splitlines()
    ]
    page.goto(address + "/" + PAGE)
    assert marks(page) == []


def test_the_form_has_names_and_gives_the_focus_back(page: Any, address: str) -> None:
    page.goto(address + "/" + PAGE)
    button = page.locator(f"#{CARD}").get_by_role("button", name="Edit your values")
    button.focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("dialog", name="Your values").count() == 1
    for name in ("GitLab host", "Project ID", "Project path"):
        assert page.get_by_role("textbox", name=name).count() == 1
    assert page.evaluate("document.activeElement.name") == "host"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('button.yours')")


def test_the_script_knows_the_recorded_values() -> None:
    script = (ROOT / "docs/assets/recipe.js").read_text("utf-8")
    for name in ("GITLAB_PROJECT", "GITLAB_PROJECT_ID"):
        assert f'example: "{GitLabMLflow.addresses[name]}"' in script
    assert f'example: "{GitLabMLflow.host}"' in script


# --- Something wrong? ------------------------------------------------------------------------------------------------


def test_a_report_begins_with_the_example_and_its_page(page: Any, address: str) -> None:
    page.goto(address + "/" + PAGE)
    page.locator(f"#{CARD}").get_by_role("link", name="Something wrong here?").click()
    page.wait_for_url("**/contribute/report/**")
    field = page.get_by_role("textbox", name="Your report")
    rows = field.input_value().splitlines()
    assert rows[:2] == [f"Page: /{PAGE}", "Example: tracking/check_connection"]
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == field.input_value()


def test_a_report_takes_nothing_but_names_from_its_address(page: Any, address: str) -> None:
    page.goto(f"{address}/contribute/report/?example=<img src=x onerror=alert(1)>&page=javascript:alert(1)")
    rows = page.get_by_role("textbox", name="Your report").input_value().splitlines()
    assert rows[:2] == ["Page: ", "Example: "]
    assert page.locator("img[src=x]").count() == 0


def test_no_card_is_wider_than_a_telephone(page: Any, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}/{PAGE}#{CARD}-requests")
    page.locator(f"#{CARD} .wire__request > summary").first.click()
    blocks = "[...document.querySelectorAll('.recipe, .wire__request :is(kbd, samp)')]"
    assert page.evaluate(f"{blocks}.filter(one => one.scrollWidth > innerWidth).length") == 0
    assert urlsplit(page.url).path == f"/{PAGE}"
