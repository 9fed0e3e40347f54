"""Writes and reads evidence of all kinds: nothing is lost, no order matters, and what is not evidence is refused."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import LANES, ROOT
from verified_docs.evidence import (
    Evidence,
    Held,
    Result,
    gather,
    json_schema,
    load_evidence,
    merge,
    write_evidence,
)
from verified_docs.example import Example, load_examples
from verified_docs.lane import Lane
from verified_docs.problem import Problem
from verified_docs.provenance import Failure, Software

EXAMPLES = load_examples(ROOT)[:4]
SCHEMA = jsonschema.Draft202012Validator(json_schema())
PAIRS = [(example, lane) for example in EXAMPLES for lane in LANES]
# Whatever a program can print: no half signs, which no file can hold.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SOFTWARE = st.builds(Software, name=TEXTS, version=TEXTS, edition=st.none() | TEXTS)
PROOFS = st.builds(
    Result,
    verdict=st.sampled_from(["passes", "fails_as_shown", "not_recorded"]),
    output=TEXTS,
    exception=st.none() | st.builds(Failure, type=TEXTS, message=TEXTS),
    requests=st.integers(0, 10**6),
    recorded_at=st.none() | st.datetimes().map(lambda moment: f"{moment.isoformat()}+00:00"),
    server=st.none() | SOFTWARE,
    client=st.none() | SOFTWARE,
    cassette=st.none() | TEXTS,
    cassette_sha256=st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
)
HELD = st.builds(
    lambda why: Result(verdict="quarantined", quarantine=why),
    st.builds(Held, reason=TEXTS, owner=TEXTS, since=st.dates(), until=st.dates(date(2026, 1, 1))),
)
RESULTS = st.tuples(*(PROOFS | HELD for _ in PAIRS)).map(
    lambda results: [(example, lane, result) for (example, lane), result in zip(PAIRS, results, strict=True)]
)


def parts(results: list[tuple[Example, Lane, Result]]) -> list[Evidence]:
    """One document for each environment, as two runs write them."""
    names = sorted({lane.environment for lane in LANES})
    return [
        gather(ROOT, [lane for lane in LANES if lane.environment == name], [one for one in results if _in(name, one)])
        for name in names
    ]


def _in(name: str, result: tuple[Example, Lane, Result]) -> bool:
    return result[1].environment == name


def read_back(text: str) -> Evidence:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "evidence.json")
        path.write_text(text, "utf-8", newline="")
        return load_evidence(path)


@settings(max_examples=60)
@given(RESULTS)
def test_evidence_is_read_as_it_was_written(results: list[tuple[Example, Lane, Result]]) -> None:
    evidence = gather(ROOT, LANES, results)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "deep", "evidence.json")
        write_evidence(path, evidence)
        again = load_evidence(path)
        assert [one.name for one in path.parent.iterdir()] == ["evidence.json"]
    assert again == evidence
    assert again.to_json() == evidence.to_json()
    SCHEMA.validate(json.loads(evidence.to_json()))


@settings(max_examples=60)
@given(RESULTS, st.data())
def test_no_order_matters(results: list[tuple[Example, Lane, Result]], data: st.DataObject) -> None:
    whole = gather(ROOT, LANES, results).to_json()
    assert gather(ROOT, LANES, data.draw(st.permutations(results))).to_json() == whole
    shuffled = data.draw(st.permutations(parts(results)))
    merged = merge(shuffled, LANES, ROOT)
    assert merged.to_json() == whole
    assert merge([read_back(part.to_json()) for part in shuffled], LANES, ROOT) == merged
    assert merge([merged], LANES, ROOT) == merged


@settings(max_examples=60)
@given(RESULTS, st.sampled_from(PAIRS))
def test_a_result_less_or_twice_is_not_whole(
    results: list[tuple[Example, Lane, Result]], gone: tuple[Example, Lane]
) -> None:
    rest = [one for one in results if (one[0].id, one[1]) != (gone[0].id, gone[1])]
    for made in (parts(rest), [*parts(results), *parts(results)[:1]], parts(results)[:1]):
        try:
            merge(made, LANES, ROOT)
        except Problem as problem:
            assert problem.kind == "evidence"
        else:
            raise AssertionError("this was taken for the whole")


ODD: list[Any] = [None, True, -1, 1.5, "x", [], {}, "[" * 3, {"a": 1}, "2026-99-99", [None]]


@settings(max_examples=150)
@given(RESULTS, st.data())
def test_spoiled_evidence_is_refused_or_says_the_same(
    results: list[tuple[Example, Lane, Result]], data: st.DataObject
) -> None:
    """One value another: a message, or the document that its text says."""
    document: Any = json.loads(gather(ROOT, LANES, results).to_json())
    holder = document
    while True:
        key: Any = data.draw(st.sampled_from(sorted(holder)) if isinstance(holder, dict) else st.just(0))
        if not isinstance(holder[key], dict) or not holder[key] or data.draw(st.integers(0, 4)) == 0:
            break
        holder = holder[key]
    holder[key] = data.draw(st.sampled_from(ODD))
    try:
        again = read_back(json.dumps(document))
    except Problem as problem:
        assert problem.kind == "evidence"
        assert problem.fix == "make verify"
        return
    same: Any = json.loads(again.to_json())
    assert without_empty(same) == without_empty(document)


def without_empty(value: Any) -> Any:
    """A document without what stands for nothing: such fields are not written."""
    if isinstance(value, dict):
        defaults = {"output": "", "requests": 0, "version": 1, "fences": {}}
        kept = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None and item != defaults.get(key, ...)}
    return value


@settings(max_examples=80)
@given(RESULTS, st.data())
def test_cut_off_evidence_is_refused(results: list[tuple[Example, Lane, Result]], data: st.DataObject) -> None:
    text = gather(ROOT, LANES, results).to_json().rstrip("\n")
    noise = data.draw(st.sampled_from(["", "}", "\x00", "[" * 100_000]))
    try:
        read_back(text[: data.draw(st.integers(0, len(text) - 1))] + noise)
    except Problem as problem:
        assert problem.kind == "evidence"
    else:
        assert noise == "}"
