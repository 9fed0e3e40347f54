"""Compares what pages say in one glance with the evidence, and keeps old addresses and the README's pictures alive."""

from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from PIL import Image

from conftest import LANES, ROOT
from verified_docs.evidence import Evidence, Held
from verified_docs.glance import LANES_FILE, counts, glance, lanes_json

README = (ROOT / "README.md").read_text("utf-8")
PICTURES = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", README)


class Rows(HTMLParser):
    """The rows of a table, as texts of cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.feed(text.partition("</table>")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in {"th", "td"}:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def held(evidence: Evidence, lane_id: str) -> Evidence:
    """Evidence with one result in quarantine."""
    name, proof = next((name, one) for name, one in evidence.examples.items() if one.results[lane_id].exception)
    why = Held.model_validate({"reason": "r", "owner": "o", "since": "2026-11-01", "until": "2026-12-01"})
    result = proof.results[lane_id].model_copy(update={"verdict": "quarantined", "quarantine": why})
    changed = proof.model_copy(update={"results": proof.results | {lane_id: result}})
    return evidence.model_copy(update={"examples": evidence.examples | {name: changed}})


def test_the_numbers_of_a_lane_are_those_of_the_evidence(evidence: Evidence) -> None:
    numbers = counts(evidence)
    assert list(numbers) == [lane.id for lane in LANES]
    for row in numbers.values():
        assert sum(row.values()) == len(evidence.examples)
    for verdict in ("passes", "fails_as_shown", "not_recorded", "quarantined"):
        assert sum(row[verdict] for row in numbers.values()) == evidence.count(verdict)


def test_the_table_has_a_row_for_each_lane_in_words_and_numbers(evidence: Evidence) -> None:
    text = glance(evidence)
    assert "\n" not in text
    assert text.count(" hidden>") == 1, "the button is for a script"
    head, *rows = (Rows(text)).rows
    assert head == ["Lane", "✓ Ran as shown", "✕ Fails as shown", "– Not recorded"]
    for lane, row in zip(LANES, rows, strict=True):
        numbers = counts(evidence)[lane.id]
        shown = [str(numbers[verdict]) for verdict in ("passes", "fails_as_shown", "not_recorded")]
        assert row == [f"{lane.server} · {lane.client}", *shown]


def test_quarantine_gets_a_column_once_there_is_any(evidence: Evidence) -> None:
    lane = LANES[-1]
    before, after = counts(evidence)[lane.id], counts(held(evidence, lane.id))[lane.id]
    assert (after["fails_as_shown"], after["quarantined"]) == (before["fails_as_shown"] - 1, 1)
    head, *rows = Rows(glance(held(evidence, lane.id))).rows
    assert head[-1] == "‖ In quarantine"
    assert [row[-1] for row in rows] == ["0"] * (len(LANES) - 1) + ["1"]


def test_a_lane_is_named_in_plain_text(evidence: Evidence) -> None:
    lane_id = LANES[0].id
    name = evidence.lanes[lane_id].model_copy(update={"server": "<b>Git&Lab 1</b>"})
    text = glance(evidence.model_copy(update={"lanes": evidence.lanes | {lane_id: name}}))
    assert "<b>" not in text
    assert "&lt;b&gt;Git&amp;Lab 1&lt;/b&gt;" in text


def test_the_choice_of_a_lane_comes_from_the_evidence(pages: Path, evidence: Evidence) -> None:
    text = (pages / LANES_FILE).read_text("utf-8")
    assert text == lanes_json(evidence)
    lanes = json.loads(text)
    assert [(one["id"], one["server"], one["client"]) for one in lanes] == [
        (lane.id, lane.server, lane.client) for lane in LANES
    ]
    assert {one["id"]: one["passes"] for one in lanes} == {
        lane_id: row["passes"] for lane_id, row in counts(evidence).items()
    }
    # Nobody typed a lane into the script or the templates.
    for path in (ROOT / "docs/assets/lanes.js", *(ROOT / "overrides").rglob("*.html")):
        assert not re.search(r"\d+\.\d+|mlflow-\d", re.sub(r"#\w+", "", path.read_text("utf-8"))), path.name


def test_each_lane_of_a_page_can_be_chosen(site: Path, evidence: Evidence) -> None:
    for path in site.rglob("*.html"):
        for ids in re.findall(r'data-lane="([^"]*)"', path.read_text("utf-8")):
            assert ids.split(), path
            assert set(ids.split()) <= evidence.lanes.keys(), f"{path}: {ids}"


def test_the_page_for_lost_readers_leads_somewhere(site: Path) -> None:
    text = (site / "404.html").read_text("utf-8")
    article = text.partition("<article")[2].partition("</article")[0]
    links = re.findall(r'href="([^"]+)"', article)
    assert len(links) >= 7
    for link in re.findall(r'(?:href|src)="([^"#]+)"', text):
        if not urlsplit(link).netloc:
            # It is shown at any depth, so an address has to begin at the top.
            assert link.startswith("/"), link
            target = site / unquote(link).lstrip("/")
            assert (target / "index.html" if target.is_dir() else target).exists(), link


def test_no_address_that_was_published_is_lost() -> None:
    plugins = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), Loader=yaml.BaseLoader)["plugins"]
    (moved,) = (one["redirects"]["redirect_maps"] for one in plugins if "redirects" in one)
    command = ["git", "log", "--diff-filter=DR", "--name-only", "--pretty=", "--", "docs/*.md"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    gone = {name for name in done.stdout.split() if not (ROOT / name).exists()}
    lost = {name.removeprefix("docs/") for name in gone} - moved.keys()
    assert lost == set(), "say in the redirects of mkdocs.yml where these pages are now"


@pytest.mark.parametrize(("words", "name"), PICTURES, ids=[name for _, name in PICTURES])
def test_a_picture_of_the_readme_is_light_and_has_words(words: str, name: str) -> None:
    path = ROOT / name
    assert path.stat().st_size <= 60_000
    with Image.open(path) as picture:
        assert picture.format == "WEBP"
        assert 700 <= picture.width <= 1600
        assert not picture.getexif()
    assert len(words) > 60, "say what is seen"


def test_every_picture_of_the_readme_is_shown() -> None:
    assert len(PICTURES) >= 3
    assert {ROOT / name for _, name in PICTURES} == set((ROOT / "docs/assets/readme").iterdir())
    assert len(README.splitlines()) <= 75
