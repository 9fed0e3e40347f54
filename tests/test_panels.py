"""Looks at the cards of the published pages: each has an address of its own, and its requests in one place."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from conftest import LANES, ROOT, rewrite
from test_census_blocks import project as project
from verified_docs.evidence import Evidence
from verified_docs.example import load_examples
from verified_docs.pages import Pages
from verified_docs.panels import Panels
from verified_docs.problem import Problem
from verified_docs.report import Report, load_report
from verified_docs.wire import Wire

EXAMPLES = {one.id: one for one in load_examples(ROOT)}
PAGE = "how-to/check-connection.md"
CALL = '{{ example("tracking/check_connection") }}'


@pytest.fixture(scope="module")
def texts(pages: Path) -> dict[str, str]:
    return {path.relative_to(pages).as_posix(): path.read_text("utf-8") for path in sorted(pages.rglob("*.md"))}


def cards(text: str) -> list[str]:
    return re.split(r'^(?=<div class="recipe")', text, flags=re.M)[1:]


# --- Addresses -------------------------------------------------------------------------------------------------------


def test_each_card_has_an_address_of_its_own_and_a_link_to_it(texts: dict[str, str]) -> None:
    seen = 0
    for name, text in texts.items():
        ids = re.findall(r'<(?:div|details)[^>]* id="([^"]+)"', text)
        assert [one for one, count in Counter(ids).items() if count > 1] == [], name
        for card in cards(text):
            head = re.match(r'<div class="recipe" id="(?P<id>[\w-]+)" data-example="(?P<example>[\w/-]+)"', card)
            assert head, f"{name}: {card[:90]}"
            assert head["example"] in EXAMPLES
            assert f"[Link to this card](#{head['id']})" in card
            assert "<!-- requests" not in card
            seen += 1
    assert seen > 150


def test_an_address_comes_from_names_only(evidence: Evidence) -> None:
    panels = Panels(Wire(ROOT, evidence))
    example = EXAMPLES["setup/inspect_topology"]
    first = "example-setup-inspect-topology"
    assert panels.anchor(example, "graphql") == f"{first}-graphql"
    assert panels.anchor(example, None) == first
    # A page that shows the same card again.
    assert panels.anchor(example, None) == f"{first}-2"
    assert Panels(Wire(ROOT, evidence)).anchor(example, None) == first


def test_every_id_of_the_built_site_is_there_once(site: Path) -> None:
    for page in sorted(site.rglob("*.html")):
        text = page.read_text("utf-8")
        ids = Counter(one for one in re.findall(r'<[a-z][^<>]* id="?([^"\s>]+)', text) if not one.startswith("__"))
        assert [one for one, count in ids.items() if count > 1] == [], page
        # In an indented block it would be text.
        assert 'markdown="1"' not in text, page


# --- Requests --------------------------------------------------------------------------------------------------------


def test_each_example_has_its_requests_once_on_a_page_and_links_elsewhere(texts: dict[str, str]) -> None:
    linked = 0
    for name, text in texts.items():
        homes: dict[str, str] = {}
        whole: set[str] = set()
        for card in cards(text):
            head = re.match(r'<div class="recipe" id="([\w-]+)" data-example="([\w/-]+)"', card)
            assert head
            if found := re.search(r'<details class="wire wire--panel" id="([\w-]+)"', card):
                assert homes.setdefault(head[2], found[1]) == found[1], f"{name}: {head[2]} twice"
                assert found[1] == f"{head[1]}-requests"
            if "[Download](" in card:
                whole.add(head[2])
        for card in cards(text):
            head = re.match(r'<div class="recipe" id="([\w-]+)" data-example="([\w/-]+)"', card)
            assert head
            if f'id="{homes[head[2]]}"' in card:
                # The card of the whole script has them, where there is one.
                assert "[Download](" in card or head[2] not in whole, f"{name}: {head[1]}"
                of_part = " of the whole script</summary>" in card
                assert of_part is ("[Download](" not in card)
            else:
                assert re.search(rf"\[\d+ requests?[\w ]*\]\(#{homes[head[2]]}\)", card), f"{name}: {head[1]}"
                linked += 1
    assert linked > 10


def test_requests_are_not_searched(pages: Path, site: Path) -> None:
    index = (site / "search" / "search_index.json").read_text("utf-8")
    assert "--data-raw" not in index
    assert "Ids, times and tokens are replaced by stable ones. In the commands" not in index
    # Neither do they take anything else out of the search: what stands behind a panel is found.
    assert "Replayed against recordings" in index
    assert len(index) < 2_000_000


def test_each_lane_that_a_part_of_a_card_is_about_is_one(texts: dict[str, str]) -> None:
    known = {lane.id for lane in LANES}
    for name, text in texts.items():
        for card in cards(text):
            card = card.partition("\n</div>\n\n</div>")[0]
            named = re.findall(r'<(?:li|div|details)[^>]* data-lane="([^"]+)"', card)
            assert len(named) >= len(LANES), name
            assert {one for lanes in named for one in lanes.split()} == known, name
            assert len(re.findall(r'<li class="chip [\w -]+" data-lane=', card)) == len(LANES)
            outputs = re.findall(r'```text title="Output', card)
            assert len(re.findall(r'<div class="output no-copy" data-lane=', card)) == len(outputs)
            assert len(re.findall(r'<div class="fails no-copy" data-lane=', card)) == card.count("!!! failure")


def test_the_heaviest_page_is_far_below_what_a_first_view_may_weigh(site: Path) -> None:
    import gzip

    heaviest = max(len(gzip.compress(page.read_bytes())) for page in site.rglob("*.html"))
    # 250 KB with script and style, which are 80 KB.
    assert heaviest < 150_000


def render(root: Path, evidence: Evidence, name: str = PAGE) -> str:
    return Pages(root, evidence, {one.id: one for one in load_examples(root)}).render(name)


def test_a_card_in_a_list_is_refused(project: Path, evidence: Evidence) -> None:
    page = project / "docs" / PAGE
    text = page.read_text("utf-8")
    rewrite(page, text.replace(CALL, f"- In a list:\n\n    {CALL.replace(' }}', ' | indent(4) }}')}"))
    with pytest.raises(Problem) as caught:
        render(project, evidence)
    assert "indented" in caught.value.what
    assert '<details markdown="1">' in str(caught.value.fix)
    assert caught.value.line == text[: text.index(CALL)].count("\n") + 3


# --- Something wrong? ------------------------------------------------------------------------------------------------


def configure(project: Path, value: str | None) -> Path:
    path = project / "pyproject.toml"
    text = re.sub(
        r"^report = .*\n", "" if value is None else f"report = {value}\n", path.read_text("utf-8"), flags=re.M
    )
    rewrite(path, text)
    return path


def test_each_card_leads_to_the_page_of_reports(texts: dict[str, str]) -> None:
    for name, text in texts.items():
        up = "../" * name.count("/")
        for card in cards(text):
            named = re.search(r'data-example="([\w/-]+)"', card)
            assert named
            link = f"[Something wrong here?]({up}contribute/report.md?example={named[1]}){{ .report }}"
            assert link in card, name


def test_a_project_may_name_its_tracker(project: Path, evidence: Evidence) -> None:
    tracker = "https://gitlab.example.com/acme/docs/-/issues/new?issue[title]={example}"
    configure(project, json.dumps(tracker))
    assert load_report(project) == Report(tracker)
    link = f"[Something wrong here?]({tracker.replace('{example}', 'tracking%2Fcheck_connection')}){{ .report }}"
    assert link in render(project, evidence)


def test_without_the_setting_there_is_no_link(project: Path, evidence: Evidence) -> None:
    configure(project, None)
    assert load_report(project) is None
    assert "Something wrong" not in render(project, evidence)


@pytest.mark.parametrize(
    "value",
    [
        '"contribute/gone.md"',
        '"../README.md"',
        '"http://a.example/new"',
        '"https:///new"',
        '"https://a.example/ x"',
        "3",
    ],
)
def test_nowhere_to_report(value: str, project: Path) -> None:
    path = configure(project, value)
    rows = path.read_text("utf-8").splitlines()
    with pytest.raises(Problem) as caught:
        load_report(project)
    assert (caught.value.kind, caught.value.path) == ("config", path)
    assert rows[(caught.value.line or 0) - 1].startswith("report = ")


# --- Where code differs by client ------------------------------------------------------------------------------------


def test_what_differs_by_client_stands_in_tabs_of_the_same_names() -> None:
    """One source runs in all lanes, so no card has two; only the commands that install a client are two."""
    pairs = {"tutorial/install-mlflow-3.sh": "MLflow 3", "tutorial/install-mlflow-2.sh": "MLflow 2"}
    seen = 0
    for page in (ROOT / "docs").rglob("*.md"):
        text = page.read_text("utf-8")
        tabs = dict(re.findall(r'^=== "([^"]+)"\n\n    \{\{ snippet\("([^"]+)"\) \| indent\(4\) \}\}$', text, re.M))
        for snippet, tab in pairs.items():
            if f'snippet("{snippet}")' in text:
                assert tabs == {label: name for name, label in pairs.items()}, f"{page.name}: {tab}"
                seen += 1
        # Names that every page has in common are what opens the same tab everywhere.
        assert set(re.findall(r'^=== "([^"]+)"', text, re.M)) <= set(pairs.values()), page.name
    assert seen >= 6
    assert "content.tabs.link" in (ROOT / "mkdocs.yml").read_text("utf-8")
