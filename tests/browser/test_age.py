"""Lets a browser's clock run on: a page says how old it is, and that its promise has ended."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from conftest import Serve

ROOT = Path(__file__).resolve().parent.parent.parent
BODY = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Age</title><link rel="icon" href="data:,">
<p id="age"><time datetime="2026-11-22" data-age>2026-11-22</time></p>
<p id="until"><time datetime="2027-05-21" data-until>2027-05-21</time></p>
<p id="other"><time datetime="2027-05-21">2027-05-21</time> <time data-age>nonsense</time></p>
<script src="site.js"></script></html>"""


@pytest.mark.parametrize(
    ("now", "age", "until", "ended"),
    [
        ("2026-11-22T12:00:00Z", "2026-11-22 (today)", "2027-05-21 (180 days left)", 0),
        ("2026-11-23T23:59:59Z", "2026-11-22 (1 day ago)", "2027-05-21 (179 days left)", 0),
        ("2027-05-21T12:00:00Z", "2026-11-22 (180 days ago)", "2027-05-21 (today)", 0),
        ("2027-05-22T00:00:00Z", "2026-11-22 (181 days ago)", "2027-05-21 (ended 1 day ago)", 1),
        # A clock that is wrong says nothing of the past.
        ("2020-01-01T00:00:00Z", "2026-11-22", "2027-05-21 (2697 days left)", 0),
    ],
)
def test_age_is_counted_from_the_readers_clock(
    now: str, age: str, until: str, ended: int, browser: Any, serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text(BODY, "utf-8")
    shutil.copy(ROOT / "docs/assets/site.js", tmp_path)
    page = browser.new_page()
    page.clock.set_fixed_time(now)
    with serve(tmp_path) as address:
        page.goto(f"{address}/index.html")
        page.wait_for_selector("#age span", state="attached")
        assert (page.inner_text("#age"), page.inner_text("#until")) == (age, until)
        assert page.inner_text("#other") == "2027-05-21 nonsense"
        assert page.locator(".ended").count() == ended
    page.close()


def test_without_a_script_the_days_stand(browser: Any, serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(BODY, "utf-8")
    shutil.copy(ROOT / "docs/assets/site.js", tmp_path)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    with serve(tmp_path) as address:
        page.goto(f"{address}/index.html")
        assert (page.inner_text("#age"), page.inner_text("#until")) == ("2026-11-22", "2027-05-21")
    context.close()
