"""Compares the lanes a second time, without this project's code, and checks every row of the page of changes."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from conftest import LANES, ROOT
from handbook.calls import link
from handbook.changes import Changes
from handbook.measured import Coverage, load_coverage
from handbook.routes import Routes
from handbook.table import Unmeasured
from test_routes import SECOND, is_missing, short_of

MEASURED = load_coverage(ROOT)
ROUTES = Routes(ROOT, MEASURED)
CHANGES = Changes(MEASURED, ROUTES)
ORDER = [f"{lane.server} · {lane.client}" for lane in LANES]
SERVERS, CLIENTS = ["GitLab 18.9", "GitLab 19.3"], ["MLflow 2.22.5", "MLflow 3.17.2"]
FIXED = [*CLIENTS, *SERVERS]
WORDS = {
    "works": "✓ works",
    "client-only": "✓ works",
    "works-with-caveat": "✓ works, but",
    "ignored": "✕ ignored",
    "not-in-client": "– not in this client",
    "fails": "✕ fails",
}

# ---- The second reader. ----


def plain(lane: str) -> dict[str, Any]:
    server, client = re.findall(r"GitLab ([\d.]+) · MLflow (\d)", lane)[0]
    text = Path(ROOT / f"measured/coverage-gitlab{server}-mlflow{client}.json").read_text("utf-8")
    return dict(json.loads(text))


PLAIN = {lane: plain(lane) for lane in ORDER}


def pair(fixed: str) -> tuple[str, str]:
    first, last = (lane for lane in ORDER if fixed in lane)
    return first, last


def rows_of(table: str) -> list[list[str]]:
    """The rows of a Markdown table; a cell keeps its line breaks and loses its marks."""
    return [
        [html.unescape(re.sub(r"</?(?:span|small|code)\b[^>]*>", "", cell)).strip() for cell in row[2:-2].split(" | ")]
        for row in table.splitlines()[2:]
    ]


def name_of(cell: str) -> str:
    """The id of the call in a cell, whose link has to lead to it."""
    (found,) = re.findall(r"^\[`([^`]+)`\]\((.*)\)$", cell)
    name, address = found
    name = next(one for one in (name, f"{name}:basic") if one in PLAIN[ORDER[0]]["probes"])
    assert address == link(name, "../")
    return str(name)


def check_cell(cell: str, lane: str, name: str) -> None:
    probe = PLAIN[lane]["probes"][name]
    words, *told = cell.split("<br>")
    assert words == WORDS[probe["status"]]
    caveat = PLAIN[lane]["caveats"].get(probe.get("caveat"))
    assert bool(caveat) + bool(probe.get("exception")) == len(told)
    if caveat:
        assert told[0] == caveat
    if probe.get("exception"):
        message = " ".join(": ".join(probe["exception"]).split())
        assert message.startswith(told[-1].removesuffix("…"))
        assert len(told[-1]) >= min(len(message), 150)


@pytest.mark.parametrize("fixed", FIXED)
def test_every_call_that_ends_otherwise(fixed: str) -> None:
    old, new = pair(fixed)
    before, after = PLAIN[old]["probes"], PLAIN[new]["probes"]
    expected = [
        name
        for name in before
        if "not-in-client" not in (before[name]["status"], after[name]["status"])
        and (before[name]["status"], before[name].get("caveat")) != (after[name]["status"], after[name].get("caveat"))
    ]
    rows = rows_of(CHANGES.calls(fixed, "../"))
    assert [name_of(row[0]) for row in rows] == expected
    for name, (_, one, other) in zip(expected, rows, strict=True):
        check_cell(one, old, name)
        check_cell(other, new, name)
    good = [
        (before[name]["status"] not in {"fails", "ignored"}, after[name]["status"] not in {"fails", "ignored"})
        for name in expected
    ]
    assert CHANGES.worse(fixed) == good.count((True, False))
    assert CHANGES.better(fixed) == good.count((False, True))


def test_every_call_of_one_client() -> None:
    rows = rows_of(CHANGES.one_client("../"))
    expected = [
        name
        for name in PLAIN[ORDER[0]]["probes"]
        if any(PLAIN[lane]["probes"][name]["status"] == "not-in-client" for lane in ORDER)
    ]
    assert [name_of(row[0]) for row in rows] == expected
    for name, (_, client, *cells) in zip(expected, rows, strict=True):
        assert [
            one for one in CLIENTS if PLAIN[f"GitLab 18.9 · {one}"]["probes"][name]["status"] != "not-in-client"
        ] == [client]
        for server, cell in zip(SERVERS, cells, strict=True):
            check_cell(cell, f"{server} · {client}", name)


def told(exception: list[str]) -> str:
    """Type and message on one line, with nothing in it that another run would have otherwise."""
    text = " ".join(": ".join(exception).split()).partition("Failing row contains (")[0]
    for chance in (
        r"[0-9a-z]{8}(?:-[0-9a-z]{4}){3}-[0-9a-z]{12}",
        r"(?<=candidate:)\d+|(?<=experiment-)\d+|(?<=model-)\d+|(?<=prompt-)\d+|(?<=line )\d+",
        r"\b0x[0-9a-f]+",
        r"\d{4,}",
        r"(?<=/)\d{3}",
    ):
        text = re.sub(chance, "…", text)
    return text


@pytest.mark.parametrize("fixed", FIXED)
def test_every_message_that_differs(fixed: str) -> None:
    old, new = pair(fixed)
    found = {name_of(row[0]): row[1:] for row in rows_of(CHANGES.messages(fixed, "../"))}
    differing = {}
    for name, one in PLAIN[old]["probes"].items():
        other = PLAIN[new]["probes"][name]
        if one["status"] == other["status"] and one.get("exception") and other.get("exception"):
            texts = told(one["exception"]), told(other["exception"])
            if texts[0] != texts[1]:
                differing[name] = texts
    assert set(found) == set(differing)
    for name, texts in differing.items():
        assert found[name][0] != found[name][1]
        for cell, text in zip(found[name], texts, strict=True):
            place = 0
            # What the cell leaves out, and what chance has written, is a sign of its own in both.
            for part in filter(None, (one.strip() for one in cell.split("…"))):
                place = text.find(part, place)
                assert place >= 0, (name, part)


def kinds(seen: set[tuple[str, str, str]], server: str) -> set[str]:
    return {kind for lane, status, kind in seen if server in lane and status[0] == "2"}


def test_every_field_that_one_server_has() -> None:
    expected: dict[str, list[list[str]]] = {}
    for key, route in SECOND.items():
        answered = {server: any(server in lane for lane in route["statuses"]) for server in SERVERS}
        if is_missing(route) or not all(answered.values()):
            continue
        cells: list[list[str]] = [[], []]
        for name, seen in sorted(route["response"].items()):
            both = [kinds(seen, server) for server in SERVERS]
            full = [one - {"null", "empty list", "empty object"} for one in both]
            if bool(both[0]) != bool(both[1]) or (full[0] and full[1] and full[0] != full[1]):
                for cell, one in zip(cells, both, strict=True):
                    cell.append(f"`{name}`: {', '.join(sorted(one)) or 'not seen'}")
        expected[short_of(key)] = cells
    rows = rows_of(CHANGES.fields("../"))
    shown = {re.findall(r"`([^`]+)`", row[0])[0]: row[1:] for row in rows}
    for key, (first, last) in shown.items():
        if first.startswith("has "):
            assert sorted((first, last)) == ["has no such route", "has this route"]
            statuses = next(route["statuses"] for of, route in SECOND.items() if short_of(of) == key)
            for server, words in zip(SERVERS, (first, last), strict=True):
                only = {status for lane, counts in statuses.items() if server in lane for status in counts}
                assert (only == {"404"}) == (words == "has no such route")
        else:
            assert [first.split("<br>"), last.split("<br>")] == expected[key]
    whole = {key for key, cells in expected.items() if cells[0]}
    # A route of which one server's answers were all cut, or all refused, is not compared.
    assert set(shown) <= whole | {"GET …/metrics/get-history"}
    assert whole - set(shown) == set()


def test_every_field_that_one_client_sends() -> None:
    expected: dict[str, list[str]] = {}
    for key, route in SECOND.items():
        if not route["calls"]:
            continue
        asks = [any(client in lane for lane in route["statuses"]) for client in CLIENTS]
        if not all(asks):
            expected[short_of(key)] = ["asks" if one else "never asks" for one in asks]
            continue
        names = {f"`?{name}`": lanes for name, lanes in route["query"].items()}
        names |= {f"`{name}`": {lane for lane, _, _ in seen} for name, seen in route["request"].items()}
        cells: list[list[str]] = [[], []]
        for name in sorted(names):
            sent = [any(client in lane for lane in names[name]) for client in CLIENTS]
            if not all(sent):
                for cell, one in zip(cells, sent, strict=True):
                    cell.append(f"{name}: {'sent' if one else 'not sent'}")
        if cells[0]:
            expected[short_of(key)] = ["<br>".join(cell) for cell in cells]
    rows = rows_of(CHANGES.sent("../"))
    assert {re.findall(r"`([^`]+)`", row[0])[0]: row[1:] for row in rows} == expected


# ---- Changed data. ----


def changed(place: int, probe_id: str, **update: Any) -> list[Coverage]:
    """The measured lanes, with one call of one lane that went otherwise."""
    lanes = list(MEASURED)
    probe = lanes[place].probes[probe_id].model_copy(update=update)
    lanes[place] = lanes[place].model_copy(update={"probes": lanes[place].probes | {probe_id: probe}})
    return lanes


def test_a_changed_status_is_shown() -> None:
    probe_id = "MlflowClient.get_run:basic"
    assert probe_id not in CHANGES.differing("MLflow 2.22.5")
    lanes = changed(2, probe_id, status="fails", exception=("x.Error", "no | <b> `c`"))
    other = Changes(lanes, ROUTES)
    assert probe_id in other.differing("MLflow 2.22.5")
    assert other.worse("MLflow 2.22.5") == CHANGES.worse("MLflow 2.22.5") + 1
    assert "no &#124; &lt;b&gt; &#96;c&#96;" in other.calls("MLflow 2.22.5", "")
    assert "GitLab 19.3 · MLflow 2.22.5: ✕ fails" in other.tells(probe_id, "")


def test_a_changed_message_is_shown() -> None:
    probe_id = "MlflowClient.restore_run:basic"
    assert probe_id not in CHANGES.messages("MLflow 2.22.5", "")
    other = Changes(changed(2, probe_id, exception=("x.Error", "something else")), ROUTES)
    assert "something else" in other.messages("MLflow 2.22.5", "")


def test_lanes_that_agree_have_no_table() -> None:
    same = Changes([MEASURED[0], MEASURED[0]], ROUTES)
    assert same.calls("MLflow 2.22.5", "") == same.messages("MLflow 2.22.5", "") == "None was found."


def test_advice_needs_a_difference() -> None:
    with pytest.raises(Unmeasured, match="alike in all lanes"):
        CHANGES.tells("MlflowClient.get_run:basic", "")
    with pytest.raises(Unmeasured, match="no probe"):
        CHANGES.tells("MlflowClient.fly:basic", "")
    with pytest.raises(Unmeasured, match="no two lanes"):
        CHANGES.pair("GitLab 1.0")
