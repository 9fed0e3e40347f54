"""Runs every example in every lane of this environment's client, and every Python fence of the pages."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from conftest import ADAPTER, LANES, LANES_HERE, ROOT, Results
from verified_docs.census import PYTHON, Fence, take_census
from verified_docs.day import today
from verified_docs.evidence import Result, gather
from verified_docs.example import Example, load_examples
from verified_docs.inventory import check_inventory, load_manifest, recorded_lanes
from verified_docs.lane import Lane
from verified_docs.lock import check_lock
from verified_docs.notebooks.document import verify_notebook
from verified_docs.notebooks.source import Source, load_sources
from verified_docs.problem import Problem
from verified_docs.quarantine import check_quarantine, load_quarantine
from verified_docs.verify import verify, verify_fence, verify_lanes

EXAMPLES = load_examples(ROOT)
PAIRS = [(example, lane) for example in EXAMPLES for lane in LANES_HERE]
NOTEBOOKS = load_sources(ROOT, EXAMPLES)
FENCES = [fence for fence in take_census(ROOT / "docs") if fence.language in PYTHON]


@pytest.mark.parametrize(("example", "lane"), PAIRS, ids=[f"{example.id}-{lane.id}" for example, lane in PAIRS])
def test_example_does_what_its_page_shows(example: Example, lane: Lane, results: Results) -> None:
    if lane not in recorded_lanes(ROOT, example, LANES):
        results[example.id, lane.id] = (example, lane, Result(verdict="not_recorded"))
        return
    try:
        outcome: Result | Problem = verify(example, lane, ROOT, ADAPTER)
    except Problem as problem:
        outcome = problem
    counted, held = load_quarantine(ROOT).settle(ROOT, example, lane, outcome)
    if isinstance(counted, Problem):
        raise counted
    results[example.id, lane.id] = (example, lane, counted)
    if held and isinstance(outcome, Problem):
        pytest.xfail(f"in quarantine: {held.line}\n{outcome}")
    if held:
        pytest.skip(f"in quarantine, and does what its page shows: {held.remove}")
    assert counted.requests > 0


def test_no_quarantine_has_ended() -> None:
    check_quarantine(ROOT, load_quarantine(ROOT), EXAMPLES, LANES, today())


@pytest.mark.parametrize("fence", FENCES, ids=lambda fence: fence.id)
def test_fence_runs_without_a_server(fence: Fence, ran: list[Fence]) -> None:
    verify_fence(fence, ROOT, ADAPTER)
    ran.append(fence)


@pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda source: source.path.stem)
def test_notebook_does_what_is_committed(source: Source, ran: list[Fence]) -> None:
    lanes = recorded_lanes(ROOT, source.example, LANES_HERE)
    assert lanes == LANES_HERE, "the notebooks say that every lane has them"
    ran += verify_notebook(source, lanes, ROOT)


def test_every_cassette_is_an_import_with_an_example() -> None:
    check_inventory(ROOT, EXAMPLES, LANES)


def test_this_environment_is_the_one_of_its_lock() -> None:
    check_lock(ROOT, LANES_HERE[0])


def test_every_recording_of_these_lanes_was_replayed(results: Results) -> None:
    if len(results) != len(PAIRS):
        pytest.fail("run the whole file: this test counts what the others did")
    here = {lane.id for lane in LANES_HERE}
    imported = {key for key in load_manifest(ROOT) if key.rsplit("/", 2)[0] in here}
    replayed = {f"{lane}/{name}" for (name, lane), (*_, result) in results.items() if result.verdict != "not_recorded"}
    assert replayed == imported


def test_shuffled_order_gives_the_same_evidence(results: Results) -> None:
    if len(results) != len(PAIRS):
        pytest.fail("run the whole file: this test compares with what the others did")
    shuffled = list(EXAMPLES)
    random.Random(8).shuffle(shuffled)
    again: list[tuple[Example, Lane, Result]] = []
    for example, lane, outcome in verify_lanes(shuffled, LANES_HERE[::-1], ROOT, ADAPTER):
        counted, _ = load_quarantine(ROOT).settle(ROOT, example, lane, outcome)
        assert isinstance(counted, Result), outcome
        again.append((example, lane, counted))
    assert gather(ROOT, LANES_HERE, again).to_json() == gather(ROOT, LANES_HERE, results.values()).to_json()


def test_nothing_is_verified_by_finding_nothing() -> None:
    assert len(PAIRS) == len(EXAMPLES) * len(LANES_HERE)
    assert EXAMPLES
    assert LANES_HERE
    assert FENCES
    assert NOTEBOOKS
    assert all(Path(fence.page).exists() for fence in FENCES)
