"""Lets recordings grow old: the job that asks fails, and nothing else does."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from conftest import LANES, LANES_HERE, ROOT, rewrite
from test_command import small
from verified_docs.cli import app
from verified_docs.day import TODAY, today
from verified_docs.evidence import load_evidence
from verified_docs.freshness import FRESH_DAYS, Ages, Freshness, Recorded, freshness, promises, recorded_days
from verified_docs.inventory import load_manifest, write_manifest
from verified_docs.problem import Problem
from verified_docs.publish import publish_pages

RUN = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb"})
DAY = date(2026, 11, 22)
LANE = LANES[0].id


def recorded(*ages: int) -> list[Recorded]:
    return [Recorded(DAY - timedelta(days=age), LANE, f"area/{number}") for number, age in enumerate(ages)]


def ask(*arguments: str, root: Path = ROOT) -> Any:
    return RUN.invoke(app, ["freshness", "--root", str(root), *arguments])


# --- Counting ---------------------------------------------------------------------------------------------------------


def test_the_last_fresh_day() -> None:
    rows = recorded(0, 10)
    ages = freshness(ROOT, rows, {LANE: 180}, DAY)
    lane = ages.lanes[LANE]
    assert (lane.oldest, lane.newest, lane.recordings, lane.days) == (DAY - timedelta(days=10), DAY, 2, 10)
    assert freshness(ROOT, rows, {LANE: 180}, lane.until).old == ()
    (old,) = freshness(ROOT, rows, {LANE: 180}, lane.until + timedelta(days=1)).old
    assert (old.lane, old.example, old.days, old.promised) == (LANE, "area/1", 181, 180)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=8), st.integers(1, 300), st.integers(0, 400))
def test_every_recording_is_old_or_fresh_by_its_own_day(ages: list[int], promised: int, later: int) -> None:
    found = freshness(ROOT, recorded(*ages), {LANE: promised}, DAY + timedelta(days=later))
    assert [one.days for one in found.old] == sorted((a + later for a in ages if a + later > promised), reverse=True)
    lane = found.lanes[LANE]
    assert (lane.old, lane.recordings, found.days) == (len(found.old), len(ages), max(ages) + later)
    assert (found.today > lane.until) == bool(found.old)
    assert Freshness.model_validate_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("age", "message", "color"),
    [
        (0, "0 days old", "brightgreen"),
        (1, "1 day old", "brightgreen"),
        (135, "135 days old", "brightgreen"),
        (136, "136 days old", "yellow"),
        (180, "180 days old", "yellow"),
        (181, "181 days old", "red"),
    ],
)
def test_the_badge_warns_before_the_promise_ends(age: int, message: str, color: str) -> None:
    badge = json.loads(freshness(ROOT, recorded(age), {LANE: 180}, DAY).badge())
    assert badge == {"schemaVersion": 1, "label": "recordings", "message": message, "color": color}


def test_a_recording_of_tomorrow_says_that_the_clock_is_wrong() -> None:
    with pytest.raises(Problem) as caught:
        freshness(ROOT, recorded(3, 0), {LANE: 180}, DAY - timedelta(days=1))
    assert caught.value.kind == "clock"
    assert "2026-11-22, and today is 2026-11-21" in caught.value.what
    assert caught.value.path == ROOT / f"cassettes/{LANE}/area/1.yaml"


def test_a_promise_of_a_lane_goes_before_that_of_all(tmp_path: Path) -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert "\nfresh_days = 180\n" in text
    text = text.replace("\nfresh_days = ", "\n# fresh_days = ")
    head = "[tool.verified_docs]\n"
    rewrite(tmp_path / "pyproject.toml", text.replace(head, f"{head}fresh_days = 90\n"))
    assert set(promises(tmp_path).values()) == {90}
    row = f'client = "{LANES[0].client}" }}'
    changed = text.replace(head, f"{head}fresh_days = 90\n").replace(row, row.replace(" }", ", fresh_days = 7 }"), 1)
    rewrite(tmp_path / "pyproject.toml", changed)
    assert promises(tmp_path) == {lane.id: 7 if lane == LANES[0] else 90 for lane in LANES}
    rewrite(tmp_path / "pyproject.toml", text)
    assert set(promises(tmp_path).values()) == {FRESH_DAYS}


@pytest.mark.parametrize("value", ["0", "-1", "true", '"90"', "1.5"])
def test_a_promise_that_is_no_number_of_days(value: str, tmp_path: Path) -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8").replace("fresh_days = ", "# fresh_days = ")
    head = "[tool.verified_docs]\n"
    rewrite(tmp_path / "pyproject.toml", text.replace(head, f"{head}fresh_days = {value}\n"))
    with pytest.raises(Problem, match="no number of days") as caught:
        promises(tmp_path)
    assert caught.value.kind == "config"


# --- The command ------------------------------------------------------------------------------------------------------


def test_the_command_tells_each_lane(tmp_path: Path) -> None:
    done = ask("--today", "2026-11-23")
    assert done.exit_code == 0, done.output
    for lane in LANES:
        assert f"{lane.id}: " in done.output
    assert "the oldest 1 day old, promised 180 days, until 2027-05-21" in done.output


def test_the_command_fails_when_the_promise_has_ended(tmp_path: Path) -> None:
    badge = tmp_path / "badge" / "freshness.json"
    done = ask("--today", "2027-06-01", "--badge", str(badge))
    number = len(recorded_days(ROOT, LANES))
    assert done.exit_code == 1
    assert f"{number} recordings are older than promised on 2027-06-01" in done.output
    assert f"cassettes/{LANE}/errors/no_token.yaml: recorded 2026-11-22, 191 days ago; promised 180" in done.output
    assert json.loads(badge.read_text("utf-8"))["color"] == "red"
    assert ask("--today", "2027-06-01", "--max-days", "191").exit_code == 0
    assert ask("--today", "2026-11-24", "--max-days", "1").exit_code == 1


def test_the_command_speaks_to_programs() -> None:
    done = ask("--today", "2027-06-01", "--json")
    assert done.exit_code == 1
    ages = Freshness.model_validate_json(done.stdout)
    assert len(ages.old) == sum(lane.recordings for lane in ages.lanes.values())


def test_the_day_comes_from_option_variable_or_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    with time_machine.travel(datetime(2030, 2, 3, 23, 30, tzinfo=ZoneInfo("America/New_York"))):
        assert today() == date(2030, 2, 4)
        monkeypatch.setenv(TODAY, "2029-01-01")
        assert today() == date(2029, 1, 1)
        assert today("2028-12-31") == date(2028, 12, 31)


@pytest.mark.parametrize("text", ["tomorrow", "2026-02-30", "23.11.2026", " "])
def test_a_day_that_is_none_is_a_mistake_of_whoever_asks(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done = ask("--today", text)
    assert (done.exit_code, "Traceback" in done.output) == (2, False)
    assert f"--today: {text!r} is no day" in done.output
    monkeypatch.setenv(TODAY, text)
    assert f"{TODAY}: {text!r} is no day" in ask().output


def test_a_broken_recording_is_named(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    rewrite(tmp_path / f"cassettes/{LANE}/tracking/broken.yaml", "version: 1\n")
    done = ask("--today", "2026-11-23", root=tmp_path)
    assert done.exit_code == 1
    assert "broken.yaml:1: the cassette has no valid provenance" in done.output
    (tmp_path / f"cassettes/{LANE}/tracking/broken.yaml").unlink()
    assert ask(root=tmp_path).exit_code == 2


# --- Nothing else looks at it -----------------------------------------------------------------------------------------


def test_no_build_and_no_test_fails_because_of_a_day(project: Path) -> None:
    """A hundred years from now, the same recordings give the same evidence and the same pages."""
    path = small(project) / "build" / "evidence.json"
    # One page of its own, without the site's functions.
    settings = (project / "pyproject.toml").read_text("utf-8")
    settings = re.sub(r"^(functions|tasks|publish|report|unproven_ceiling) = .*\n", "", settings, flags=re.M)
    gone = tuple(f"{lane.id}/" for lane in LANES if lane not in LANES_HERE)
    for lane in LANES:
        if lane not in LANES_HERE:
            settings = settings.replace(f'  {{ server = "{lane.server}", client = "{lane.client}" }},\n', "")
            shutil.rmtree(project / "cassettes" / lane.id)
    rewrite(project / "pyproject.toml", settings)
    write_manifest(project, {key: one for key, one in load_manifest(project).items() if not key.startswith(gone)})
    shutil.rmtree(project / "snippets")
    (project / "docs/facts.yaml").unlink()
    page = project / "docs/index.md"
    rewrite(
        page, page.read_text("utf-8") + '\n{{ freshness.table() }}\n\n{{ publish_file("a.json", freshness.json) }}\n'
    )
    made = []
    for moment in ("2026-11-23", "2126-11-23"):
        with time_machine.travel(moment):
            done = RUN.invoke(app, ["verify", "--root", str(project), "--evidence", str(path)])
            assert done.exit_code == 0, done.output
            evidence = load_evidence(path)
            publish_pages(project, evidence, project / "build" / "docs")
            assert ask(root=project).exit_code == (0 if moment.startswith("2026") else 1)
        files = sorted(each for each in (project / "build/docs").rglob("*") if each.is_file())
        made.append([(each.name, each.read_bytes()) for each in files])
    assert made[0] == made[1]
    lane = LANES_HERE[0]
    assert f"| {lane.server} · {lane.client} | 1 | " in (project / "build/docs/index.md").read_text("utf-8")


def test_make_test_does_not_ask() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in ("test", "verify", "site", "check"):
        rule = makefile.partition(f"\n{target}:")[2].partition("\n\n")[0]
        assert "freshness" not in rule


def test_what_pages_show_stays_true(project: Path) -> None:
    path = small(project) / "build" / "evidence.json"
    RUN.invoke(app, ["verify", "--root", str(project), "--evidence", str(path)])
    ages = Ages(project, load_evidence(path))
    assert '<time datetime="2026-11-22" data-age>2026-11-22</time>' in ages.table()
    assert '<time datetime="2027-05-21" data-until>2027-05-21</time>' in ages.table()
    assert ages.promised == "180 days"
    rows = json.loads(ages.json)["recordings"]
    assert rows[f"{LANES_HERE[0].id}/tracking/check_connection"] == {
        "recorded": "2026-11-22",
        "fresh_until": "2027-05-21",
    }
    assert json.loads(ages.badge)["message"] == "oldest of 2026-11-22"
