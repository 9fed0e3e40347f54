"""Reads the compatibility matrix again, with a reader of its own, and breaks what it is made of."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, rewrite
from handbook.calls import TITLES, anchor, family, link, split
from handbook.compatibility import Compatibility
from handbook.measured import load_coverage
from handbook.table import Unmeasured
from handbook.verdict import Verdicts
from verified_docs.cassette import file_sha256
from verified_docs.problem import Problem

# --- A reader that shares no code with what it checks -----------------------------------------------------------------

LANES = ["gitlab18.9-mlflow2", "gitlab18.9-mlflow3", "gitlab19.3-mlflow2", "gitlab19.3-mlflow3"]
RAW: list[dict[str, Any]] = [json.loads((ROOT / f"measured/coverage-{lane}.json").read_text("utf-8")) for lane in LANES]
DROPPED = {"filter-ignored", "view-type-ignored", "wrong-version-silently"}


def said(row: dict[str, Any]) -> str:
    """What a cell has to say, from the raw row alone."""
    status, caveat = row["status"], row.get("caveat")
    if status == "fails":
        answer = (row.get("refusal") or {}).get("status") or 0
        return f"✕ fails, {answer}" if answer >= 400 else "✕ fails in the client"
    if status == "ignored" or caveat in DROPPED:
        return "✕ accepted and ignored"
    words = {"works": "✓ works", "works-with-caveat": "✓ works, but", "client-only": "✓ sends nothing"}
    return words.get(status, "– not in this client")


class Cells(HTMLParser):
    """The rows of a table: the text of each cell, and where its link leads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[list[str]]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self._open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
            self.ids.append(dict(attrs).get("id") or "")
        elif tag in {"td", "th"}:
            self.rows[-1].append([])
            self._open = True
        elif tag == "a":
            self.links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self._open:
            self.rows[-1][-1].append(data)


@pytest.fixture(scope="module")
def compatibility() -> Compatibility:
    return Compatibility(Verdicts(load_coverage(ROOT)))


def test_every_cell_says_what_was_measured(compatibility: Compatibility) -> None:
    rows = [row for row in Cells(compatibility.matrix()).rows if row[0][0] != "Call"]
    assert len(rows) == len(RAW[0]["probes"]) == 501
    found = {(row[0][0], tuple(cell[0] for cell in row[1:])) for row in rows}
    expected = {
        (RAW[0]["probes"][name]["api"], tuple(said(lane["probes"][name]) for lane in RAW)) for name in RAW[0]["probes"]
    }
    assert found == expected
    assert all(cell and cell[0].strip() for row in rows for cell in row)


def test_every_message_and_caveat_stands_in_its_cell(compatibility: Compatibility) -> None:
    table = Cells(compatibility.matrix())
    rows = dict(zip(table.ids, table.rows, strict=True))
    for name in RAW[0]["probes"]:
        row = rows[anchor(name)]
        for lane, cell in zip(RAW, row[1:], strict=True):
            one = lane["probes"][name]
            error = (one.get("exception") or [None, ""])[1].strip().partition("\n")[0]
            caveat = lane["caveats"].get(one.get("caveat") or "", "")
            if one["status"] == "fails" and error:
                assert "".join(cell[1:]).rstrip("…") in error
            elif caveat:
                assert "".join(cell[1:]).rstrip("…") in caveat


def test_the_twin_says_the_same(compatibility: Compatibility) -> None:
    twin = json.loads(compatibility.to_json())
    assert list(twin["lanes"].values()) == [f"coverage-{lane}.json" for lane in LANES]
    for name, call in twin["calls"].items():
        assert [f"{one['outcome']}" for one in call["outcomes"].values()] == [
            said(lane["probes"][name]).partition(" ")[2] for lane in RAW
        ]
        assert [one["status"] for one in call["outcomes"].values()] == [lane["probes"][name]["status"] for lane in RAW]
        assert bool(call["instead"]) == any(said(lane["probes"][name]).startswith("✕") for lane in RAW)


def test_every_exchange_stands_on_the_page_of_its_call(compatibility: Compatibility) -> None:
    for name, ids in compatibility.families.items():
        text = compatibility.calls(name, "../../")
        assert len(re.findall(r"^## ", text, re.M)) == ids
        blocks = re.findall(r"<details class=.wire.*?</details>", text)
        assert len(blocks) == 4 * ids
        plain = html.unescape(text)
        for lane in RAW:
            for probe in lane["probes"].values():
                if family(probe["api"]) != name:
                    continue
                for one in probe.get("exchanges", []):
                    assert f"{one['method']} {one['path']}" in plain
                    if body := one.get("response"):
                        assert body.replace("\r", "") in plain
    counted = sum(block.count("<li>") for name in TITLES for block in compatibility.calls(name, "").split("<ol>"))
    assert counted == sum(len(probe.get("exchanges", [])) for lane in RAW for probe in lane["probes"].values())


def test_a_call_without_requests_says_so(compatibility: Compatibility) -> None:
    text = compatibility.calls("registry", "../../")
    section = text.partition("{ #mlflowclient-get-model-version-stages }")[2].partition("\n## ")[0]
    assert section.count("No request was sent.") == 4


def test_every_cell_leads_to_its_call(compatibility: Compatibility) -> None:
    there = {
        f"../calls/{name}/#{found}"
        for name in TITLES
        for found in re.findall(r"\{ #([\w-]+) \}", compatibility.calls(name, "../../"))
    }
    assert len(there) == 501
    links = [one for one in Cells(compatibility.matrix()).links if one.startswith("../calls/")]
    assert len(links) == 5 * 501
    assert set(links) == there


def test_an_id_falls_into_api_and_variant() -> None:
    for name, probe in RAW[0]["probes"].items():
        assert split(name) == (probe["api"], probe["variant"])


def test_anchors_are_unique_and_stable() -> None:
    names = list(RAW[0]["probes"])
    assert len({anchor(name) for name in names}) == len(names)
    assert link("MlflowClient.search_runs:order_by", "../") == (
        "../reference/calls/runs.md#mlflowclient-search-runs-order-by"
    )
    assert link("cli: mlflow gc:basic", "") == "reference/calls/command-line.md#cli-mlflow-gc"


# --- Broken on purpose ------------------------------------------------------------------------------------------------


def measured(project: Path, change: Any, lane: str = LANES[-1]) -> Compatibility:
    """The matrix of a project whose data was changed as if it had been measured so."""
    path = project / f"measured/coverage-{lane}.json"
    document = json.loads(path.read_text("utf-8"))
    change(document["probes"])
    rewrite(path, json.dumps(document))
    manifest = path.with_name("manifest.json")
    rewrite(manifest, json.dumps(json.loads(manifest.read_text("utf-8")) | {path.name: file_sha256(path)}))
    return Compatibility(Verdicts(load_coverage(project)))


def test_another_status_is_another_page(project: Path, compatibility: Compatibility) -> None:
    def change(probes: dict[str, Any]) -> None:
        probes["MlflowClient.get_run:basic"]["status"] = "ignored"

    with pytest.raises(Unmeasured, match="does not say what to do instead"):
        measured(project, change).matrix()

    def another(probes: dict[str, Any]) -> None:
        probes["MlflowClient.get_run:basic"]["status"] = "client-only"

    assert measured(project, another).matrix() != compatibility.matrix()


def test_an_unknown_status_stops_the_build(project: Path) -> None:
    def change(probes: dict[str, Any]) -> None:
        probes["MlflowClient.get_run:basic"]["status"] = "perhaps"

    with pytest.raises(Problem) as caught:
        measured(project, change)
    assert caught.value.path.name == f"coverage-{LANES[-1]}.json"
    assert "MlflowClient.get_run:basic" in caught.value.what


def test_a_lost_exchange_stops_the_build(project: Path) -> None:
    def change(probes: dict[str, Any]) -> None:
        probes["MlflowClient.get_run:basic"]["exchanges"].pop(0)

    with pytest.raises(Problem, match="counts 1 requests and holds 0"):
        measured(project, change)


def test_lanes_that_were_asked_other_calls(project: Path) -> None:
    def change(probes: dict[str, Any]) -> None:
        del probes["MlflowClient.get_run:basic"]

    with pytest.raises(Unmeasured, match="was not asked the same calls"):
        measured(project, change)
