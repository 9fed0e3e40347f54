"""Records an unchanged GitLab twice: other ids, times, names and orders leave no trace in a cassette."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from conftest import ADAPTER, LANES, ROOT
from perturbation import World
from verified_docs.cassette import Cassette, Interaction, cassette_path, list_cassettes, load_cassette
from verified_docs.recording import readable
from verified_docs.unchanged import in_order_of, says_the_same, settled

FOLDERS = sorted({path.parent for path in list_cassettes(ROOT)})


def again(cassette: Cassette, seed: int, *, whole_seconds: bool = True) -> Cassette:
    """The same conversation, recorded on another day from another database."""
    world = World([cassette], seed, whole_seconds=whole_seconds)
    stable, _, _ = ADAPTER.stabilise(world.conversation(cassette), "", {})
    return replace(cassette, interactions=tuple(readable(one, ADAPTER) for one in stable))


def one(name: str) -> Cassette:
    return load_cassette(cassette_path(ROOT, LANES[-1], name))


def edited(cassette: Cassette, number: int, old: str, new: str) -> Cassette:
    rows = list(cassette.interactions)
    answer = str(rows[number].answer)
    assert old in answer
    rows[number] = replace(rows[number], answer=answer.replace(old, new))
    return replace(cassette, interactions=tuple(rows))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: "/".join(folder.parts[-3:]))
def test_another_database_leaves_no_byte(folder: object) -> None:
    for path in (path for path in list_cassettes(ROOT) if path.parent == folder):
        cassette = load_cassette(path)
        new = again(cassette, seed=len(path.name))
        assert in_order_of(cassette, new, ADAPTER).text == cassette.text, path


@pytest.mark.parametrize("name", ["tracking/log_first_run", "registry/register_model_version", "setup/rest_gallery"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_world_of_a_seed_is_another_one(name: str, seed: int) -> None:
    cassette = one(name)
    raw = World([cassette], seed).conversation(cassette)
    changed = [number for number, row in enumerate(raw) if row != cassette.interactions[number]]
    assert len(changed) > len(raw) / 2


@pytest.mark.parametrize("name", ["tracking/log_first_run", "registry/register_model_version", "guide/publish_model"])
def test_times_that_fall_together_are_no_difference(name: str) -> None:
    cassette = one(name)
    new = again(cassette, seed=5, whole_seconds=False)
    assert settled(new, cassette, ADAPTER) is cassette


def test_another_value_is_a_difference() -> None:
    cassette = one("tracking/log_first_run")
    number = next(n for n, row in enumerate(cassette.interactions) if "baseline" in str(row.answer))
    new = edited(again(cassette, seed=3), number, "baseline", "based")
    assert settled(new, cassette, ADAPTER) is not cassette
    # And the only one: order and ids of all else are as they were.
    kept = in_order_of(cassette, new, ADAPTER)
    changed = [n for n, row in enumerate(kept.interactions) if row != cassette.interactions[n]]
    assert changed == [number]


def test_rows_in_an_order_that_means_something_stay() -> None:
    cassette = one("tracking/page_through_runs")
    number = next(n for n, row in enumerate(cassette.interactions) if '"next_page_token": "page-2"' in str(row.answer))
    document = json.loads(str(cassette.interactions[number].answer))
    document["runs"].reverse()
    rows = list(cassette.interactions)
    rows[number] = replace(rows[number], answer=json.dumps(document, indent=1))
    new = replace(cassette, interactions=tuple(rows))
    assert in_order_of(cassette, new, ADAPTER) == new
    assert not says_the_same(cassette, new, ADAPTER)


def test_an_error_stays_to_the_letter() -> None:
    answer = '{"message":"no","error":"x"}'
    row = Interaction("GET", "https://gitlab.example.com/api/v4/user", {}, None, 403, "Forbidden", {}, answer)
    cassette = replace(one("tracking/log_first_run"), interactions=(row,))
    other = replace(cassette, interactions=(replace(row, answer='{"error":"x","message":"no"}'),))
    assert in_order_of(cassette, other, ADAPTER) == other


@pytest.mark.parametrize(
    ("field", "value"),
    [("server", {"version": "19.3.1"}), ("client", {"version": "3.17.3"})],
)
def test_another_version_is_a_difference(field: str, value: dict[str, str]) -> None:
    cassette = one("tracking/log_first_run")
    software = getattr(cassette.provenance, field).model_copy(update=value)
    new = replace(cassette, provenance=cassette.provenance.model_copy(update={field: software}))
    assert settled(new, cassette, ADAPTER) is not cassette


def test_the_day_is_no_difference() -> None:
    cassette = one("setup/add_member")
    day = cassette.provenance.recorded_at[:10]
    assert day == "2026-11-22"
    text = cassette.text.replace("2026-12-", "2027-01-").replace(day, "2026-12-23")
    later = load_cassette(cassette.path, text)
    assert later != cassette
    assert settled(later, cassette, ADAPTER) is cassette


def test_downloads_come_in_any_order() -> None:
    cassette = one("tracking/download_artifacts")
    gets = [n for n, row in enumerate(cassette.interactions) if ADAPTER.is_download(row.method, row.path)]
    first, second = next((a, b) for a, b in pairwise(gets) if b == a + 1)
    rows = list(cassette.interactions)
    rows[first], rows[second] = rows[second], rows[first]
    assert rows[first].uri != rows[second].uri
    assert settled(replace(cassette, interactions=tuple(rows)), cassette, ADAPTER) is cassette


def test_new_rows_stand_after_the_old_ones() -> None:
    cassette = one("tracking/log_first_run")
    number = next(
        n for n, row in enumerate(cassette.interactions) if '"params": [' in str(row.answer) and row.status == 200
    )
    document = json.loads(str(cassette.interactions[number].answer))
    params = document["run"]["data"]["params"]
    params[:] = [{"key": "aaa", "value": "1"}, *params[::-1]]
    rows = list(cassette.interactions)
    rows[number] = replace(rows[number], answer=json.dumps(document, indent=1))
    kept = in_order_of(cassette, replace(cassette, interactions=tuple(rows)), ADAPTER).interactions[number]
    before = json.loads(str(cassette.interactions[number].answer))["run"]["data"]["params"]
    assert json.loads(str(kept.answer))["run"]["data"]["params"] == [*before, {"key": "aaa", "value": "1"}]
