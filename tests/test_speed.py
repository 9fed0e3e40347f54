"""Reads what was measured, the page of it, and runs the programs that measure on small projects."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from conftest import ADAPTER, LANES_HERE, ROOT, rewrite
from verified_docs.problem import Problem
from verified_docs.speed import (
    OTHERS,
    OURS,
    SPEED,
    Growth,
    Limit,
    Loads,
    Machine,
    Others,
    Pair,
    Planted,
    Point,
    Sample,
    Speed,
    Tool,
    Way,
    fit,
    load_others,
    load_speed,
)
from verified_docs.speed_page import SpeedPage

sys.path.insert(0, str(ROOT / "scripts"))
import bench
import compare
from synthetic import make_project, make_synthetic

MACHINE = Machine(cores=2, memory_gb=24, python="3.13.0", system="Some Linux")
LANE = LANES_HERE[-1].id
FIRST = "tracking/log_first_run"


def sample(*seconds: float, what: str = "it", peak_mb: float | None = None) -> Sample:
    return Sample(what=what, seconds=seconds, peak_mb=peak_mb)


def page(root: Path, **parts: Any) -> SpeedPage:
    rewrite(root / SPEED, Speed(machine=MACHINE, **parts).model_dump_json())
    return SpeedPage(root)


def pair(ours: float, other: float, kind: Any, value: float) -> Pair:
    limit = Limit(kind=kind, value=value)
    return Pair(part="one", name="A thing", ours=sample(ours), other=sample(other), limit=limit)


# --- The page ---


def test_the_page_shows_what_is_committed(pages: Path) -> None:
    text = (pages / "reference/speed.md").read_text("utf-8")
    speed, others = load_speed(ROOT), load_others(ROOT)
    assert f"{speed.machine.cores} cores" in text
    for one in speed.pairs:
        assert f"| {one.name} | {len(one.ours.seconds)} |" in text
    assert speed.loads
    assert f"Of {speed.loads.files} recordings" in text
    for name in others.tools:
        assert re.search(rf"^\| {name}\b.* \|$", text, re.M)
    assert "{{" not in text


def test_what_is_committed_counts_every_part_and_every_tool() -> None:
    speed, others = load_speed(ROOT), load_others(ROOT)
    assert {one.part for one in speed.pairs} >= {"verify", "one", "site"}
    assert {one.what for one in speed.growth} == {"Verification", "Pages"}
    assert list(others.tools) == [OURS, *compare.TOOLS]
    # The tools that came first refuse some faults: none of them ran on empty pages.
    for name in others.tools:
        assert sum(row.caught[name] for row in others.planted.values()) > 0


@pytest.mark.parametrize(
    ("ours", "kind", "value", "kept"),
    [
        (3.0, "times", 1.5, True),
        (3.1, "times", 1.5, False),
        (2.5, "more", 0.5, True),
        (2.6, "more", 0.5, False),
        (0.9, "seconds", 1.0, True),
        (1.1, "seconds", 1.0, False),
    ],
)
def test_a_budget_is_kept_or_missed(tmp_path: Path, ours: float, kind: str, value: float, kept: bool) -> None:
    found = page(tmp_path, pairs=(pair(ours, 2.0, kind, value),))
    assert ("| kept |" in found.pairs("one")) is kept
    assert ("| **missed** |" in found.pairs("one")) is not kept
    assert ("Missed: A thing." in found.summary()) is not kept
    assert found.summary().startswith(f"**{int(kept)} of 1 budgets are kept.**")


def test_a_row_has_median_range_and_number_of_runs(tmp_path: Path) -> None:
    ours, other = sample(4.0, 2.0, 3.0, peak_mb=210.4), sample(1.5, what="a|floor")
    found = page(tmp_path, pairs=(Pair(part="verify", name="All", ours=ours, other=other),))
    row = "| All | 3 | 3.00 (2.00–4.00) | 210 MB | a\\|floor | 1.50 | – | 2.00 | – |  |"
    assert row in found.pairs("verify").splitlines()
    assert found.pairs("site") == "Not measured yet.\n"
    assert found.machine() == "2 cores, 24 GB of memory, Some Linux, Python 3.13.0"


def test_nothing_was_measured(tmp_path: Path) -> None:
    found = page(tmp_path)
    assert found.summary() == "**0 of 0 budgets are kept.**"
    assert found.loads() == found.growth() == found.fits() == "Not measured yet.\n"
    assert found.fastest() == "Not measured yet."


@pytest.mark.parametrize(
    ("used", "verdict"), [(True, "That is the way in use."), (False, "**Another way is in use.**")]
)
def test_the_fastest_way_that_people_can_read(tmp_path: Path, used: bool, verdict: str) -> None:
    ways = (
        Way(what="slow", seconds=(2.0,), readable=True, used=not used),
        Way(what="fast", seconds=(1.0,), readable=True, used=used),
        Way(what="unreadable", seconds=(0.1,), readable=False),
    )
    found = page(tmp_path, loads=Loads(files=3, mb=1.5, ways=ways))
    assert found.fastest() == f"Of 3 recordings (1.5 MB), fast is the fastest readable one. {verdict}"
    rows = found.loads().splitlines()[2:]
    assert [re.sub(r"\W+", "", row.split("|")[1]) for row in rows] == ["unreadable", "fast", "slow"]


def test_growth_shows_sizes_and_the_line_through_them(tmp_path: Path) -> None:
    points = tuple(Point(examples=n, seconds=2 + n / 100, peak_mb=200 + n / 10) for n in (100, 500, 2000))
    found = page(tmp_path, growth=(Growth(what="Verification", points=points),))
    assert "| Verification | 2,000 | 22.00 | 400 MB |" in found.growth()
    assert "| Verification, time | 2.00 s | 10.0 ms | 1.0000 | 0.0% |" in found.fits()
    assert "| Verification, memory | 200 MB | 100 KB | 1.0000 | 0.0% |" in found.fits()


def test_tools_and_faults(tmp_path: Path) -> None:
    tools = {OURS: Tool(version="", sample=sample(2.0)), "other": Tool(version="1.2", sample=sample(1.0, peak_mb=99))}
    planted = {"status": Planted(what="another status", faults=4, caught={OURS: 4, "other": 1, "alone": 3})}
    left = {"not recorded": 2, "odd": 0}
    found = Others(machine=MACHINE, examples=7, left_out=left, tools=tools, planted=planted)
    rewrite(tmp_path / OTHERS, found.model_dump_json())
    shown = SpeedPage(tmp_path)
    assert "| verified-docs | 1 | 2.00 | – | 4 of 4 (100%) |" in shown.tools()
    assert "| other 1.2 | 1 | 1.00 | 99 MB | 1 of 4 (25%) |" in shown.tools()
    assert shown.faults().splitlines()[0] == "| What was done | Faults | verified-docs | other | alone |"
    assert "| another status | 4 | 4 | 1 | 3 |" in shown.faults()
    assert shown.compared() == "7 examples; left out: 2 not recorded"


# --- Files that are not as they should be ---


@pytest.mark.parametrize(
    ("path", "load", "fix"), [(SPEED, load_speed, "make bench"), (OTHERS, load_others, "make compare")]
)
@pytest.mark.parametrize("text", [None, "", "{}", '{"version": 2}', '{"machine": {"cores": 0}}'])
def test_a_file_that_is_missing_or_malformed(tmp_path: Path, path: Path, load: Any, fix: str, text: str | None) -> None:
    if text is not None:
        rewrite(tmp_path / path, text)
    with pytest.raises(Problem) as caught:
        load(tmp_path)
    assert (caught.value.path, caught.value.fix) == (tmp_path / path, fix)
    assert caught.value.kind == ("file" if text is None else "speed")


@pytest.mark.parametrize("seconds", [(), (-1.0,), (float("nan"),), (float("inf"),)])
def test_a_time_that_is_none(seconds: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError):
        sample(*seconds)


def test_a_limit_needs_what_it_compares_with() -> None:
    with pytest.raises(ValidationError, match="compares with a time that is not there"):
        Pair(part="one", name="x", ours=sample(1.0), limit=Limit(kind="times", value=1.5))
    with pytest.raises(ValidationError, match="compares with a time that is not there"):
        pair(1.0, 0.0, "more", 0.5)


def test_a_line_needs_three_sizes() -> None:
    point = Point(examples=1, seconds=1, peak_mb=1)
    with pytest.raises(ValidationError, match="fewer than three sizes"):
        Growth(what="x", points=(point, point, point))


@pytest.mark.parametrize("caught", [{OURS: 5}, {}, {OURS: -1}])
def test_no_tool_refuses_more_faults_than_there_are(caught: dict[str, int]) -> None:
    tools = {OURS: Tool(version="", sample=sample(1.0))}
    planted = {"x": Planted(what="x", faults=4, caught=caught)}
    with pytest.raises(ValidationError, match="not counted for each tool"):
        Others(machine=MACHINE, examples=1, left_out={}, tools=tools, planted=planted)


# --- The line ---

SIZES = st.lists(st.integers(1, 5000), min_size=3, max_size=9, unique=True)
NUMBERS = st.floats(0.01, 100)


@given(SIZES, NUMBERS, NUMBERS)
def test_points_on_a_line_give_that_line(sizes: list[int], start: float, each: float) -> None:
    line = fit([(size, start + each * size) for size in sizes])
    assert line.each == pytest.approx(each, rel=1e-6)
    assert line.start == pytest.approx(start, rel=1e-6, abs=1e-6 * each * max(sizes))
    assert line.r2 == pytest.approx(1, abs=1e-6)
    assert line.worst < 1e-4


@given(SIZES, st.data())
def test_no_other_line_has_smaller_squares(sizes: list[int], data: st.DataObject) -> None:
    values = data.draw(st.lists(st.floats(0, 1000), min_size=len(sizes), max_size=len(sizes)))
    points = list(zip(map(float, sizes), values, strict=True))
    line = fit(points)
    other = data.draw(st.tuples(st.floats(-100, 100), st.floats(-1, 1)))

    def squares(start: float, each: float) -> float:
        return sum((value - start - each * size) ** 2 for size, value in points)

    best = squares(line.start, line.each)
    assert best <= squares(line.start + other[0], line.each + other[1]) * (1 + 1e-6) + 1e-3
    assert line.r2 <= 1


def test_a_flat_line_explains_everything() -> None:
    assert fit([(1, 0.0), (2, 0.0), (3, 0.0)]).r2 == 1.0
    assert fit([(1, 0.0), (2, 0.0), (3, 0.0)]).worst == 0.0


# --- The programs ---


def ran(*words: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join((str(ROOT / "src"), str(ROOT / "scripts")))
    command = [sys.executable, *map(str, words)]
    environment = os.environ | {"PYTHONPATH": paths}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


def test_a_made_up_project_verifies_and_gives_pages(tmp_path: Path) -> None:
    project = make_synthetic(ROOT, tmp_path / "project", LANE, 11)
    evidence = f"build/evidence/mlflow-{ADAPTER.client_version()[0]}.json"
    done = ran("-m", "verified_docs", "verify", "--evidence", evidence, cwd=project)
    assert "verified 11 results of 11 examples" in " ".join(done.stdout.split()), done.stderr
    done = ran("-m", "verified_docs", "publish", evidence, cwd=project)
    assert done.returncode == 0, done.stderr
    assert "made/copy_0011" in (project / "build/docs/page-002.md").read_text("utf-8")
    sources = [path.read_text("utf-8") for path in sorted((project / "examples").rglob("*.py"))]
    assert len(set(sources)) == 11, "equal examples could be read once"


def test_the_floor_runs_one_example_and_leaves_nothing_behind(tmp_path: Path) -> None:
    before = sorted(ROOT.iterdir())
    done = ran("scripts/bench_floor.py", "--only", FIRST)
    lanes = len(LANES_HERE)
    assert done.stdout == f"{lanes} replays, 0 of them end otherwise than their recording\n", done.stderr
    assert sorted(ROOT.iterdir()) == before


def test_the_floor_tells_when_an_example_does_something_else(tmp_path: Path) -> None:
    project = make_project(ROOT, tmp_path / "project", LANE, [FIRST])
    example = project / f"examples/{FIRST}.py"
    rewrite(example, example.read_text("utf-8").replace('set_experiment("wine', 'set_experiment("beer'))
    done = ran("scripts/bench_floor.py", "--root", project)
    assert "1 replays, 1 of them end otherwise" in done.stdout
    assert ran("scripts/bench_floor.py", "--only", "no/such").returncode == 2


def test_the_plain_site_has_nothing_of_ours(tmp_path: Path) -> None:
    settings = bench.plain_settings(ROOT, tmp_path / "docs", tmp_path / "site")
    assert not settings.keys() & {"hooks", "extra", "extra_css", "extra_javascript"}
    assert settings["theme"].keys() == {"name", "font", "features"}
    assert [next(iter(one)) for one in settings["plugins"]] == ["search", "mkdocs-jupyter", "mkdocstrings"]
    assert settings["plugins"][1]["mkdocs-jupyter"]["execute"] is False
    assert settings["nav"]


def test_one_part_is_measured_again_and_the_others_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Speed(machine=MACHINE, pairs=(pair(9.0, 2.0, "more", 0.5),))
    site = Pair(part="site", name="Site", ours=sample(1.0))
    monkeypatch.setitem(bench.PAIRS, "site", lambda times: [site] * times)
    found = bench.measured(before, "site", 2)
    assert [one.part for one in found.pairs] == ["one", "site", "site"]
    assert [one.name for one in bench.measured(found, "site", 1).pairs] == ["A thing", "Site"]
    rewrite(tmp_path / SPEED, bench.written(found))
    assert bench.known(MACHINE, tmp_path / SPEED) == found
    other = MACHINE.model_copy(update={"cores": 8})
    assert bench.known(other, tmp_path / SPEED) == Speed(machine=other), "two machines do not stand in one file"


def test_a_process_is_timed_and_weighed_and_a_failure_is_told(tmp_path: Path) -> None:
    seconds, peak = bench.run(sys.executable, "-c", "import time; time.sleep(0.2); x = bytearray(80_000_000)")
    assert seconds >= 0.2
    assert 80 < peak < 1000
    with pytest.raises(SystemExit, match="ended with 3"):
        bench.run(sys.executable, "-c", "raise SystemExit(3)")


def test_the_machine_is_described_without_its_name() -> None:
    import socket

    assert socket.gethostname() not in bench.machine().model_dump_json()


def test_a_page_for_other_tools_has_the_code_of_the_example() -> None:
    source = (ROOT / f"examples/{FIRST}.py").read_text("utf-8")
    text = compare.page_of(source)
    assert text.count("```") == 2
    assert "mlflow.set_experiment" in text
    assert "#> first-run FINISHED" in text
    assert "tool.verified" not in text


def test_make_knows_both() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(r"^bench: .*\n\t@\$\(MAIN\)/python scripts/bench\.py ", makefile, re.M)
    assert re.search(r"^compare: ", makefile, re.M)
    assert "requirements/compare.in --output-file requirements/compare.txt" in makefile
