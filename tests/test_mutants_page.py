"""Reads the page of the mutants: it shows the committed score, and CI runs what gives that score."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import ROOT, rewrite
from verified_docs.mutants.operators import OPERATORS
from verified_docs.mutants.page import MutantsPage
from verified_docs.mutants.score import (
    EQUIVALENT,
    MINIMUM,
    Count,
    Score,
    Survivor,
    load_equivalent,
    load_score,
    write_score,
)

PAGE = "reference/mutants.md"


def test_the_committed_score_is_of_all_operators_and_high_enough() -> None:
    found = load_score(ROOT)
    assert list(found.operators) == [operator.name for operator in OPERATORS]
    for operator in OPERATORS:
        count = found.operators[operator.name]
        assert (count.what, count.absent) == (operator.what, operator.absent)
        assert count.mutants == count.seen + count.equivalent + len(count.survivors)
    assert found.total.score >= MINIMUM
    assert found.total.mutants >= 1000
    assert found.total.equivalent == len(load_equivalent(ROOT))


def test_the_page_shows_it(pages: Path) -> None:
    text = (pages / PAGE).read_text("utf-8")
    found = load_score(ROOT)
    assert f"**{found.total.score:.2%}**" in text
    for name, count in found.operators.items():
        if not count.absent:
            assert re.search(rf"^\| {name} \| .* \| {count.mutants} \| \**{count.seen}\** \|", text, re.M), name
    for one in load_equivalent(ROOT):
        assert f"`{one.id}`" in text


def test_survivors_stand_on_the_page(tmp_path: Path) -> None:
    alive = Survivor(id="link:docs/index.md:0123456789", what="a|b → `c`\nd")
    count = Count(what="a link", mutants=30, killed={"site": 29}, survivors=(alive,))
    gone = Count(what="a cache", absent="there is none")
    write_score(tmp_path, Score(operators={"link": count, "cache": gone}, gates={"site": "the build"}))
    rewrite(tmp_path / EQUIVALENT, "- id: x:y:1\n  reason: a value that nobody reads\n")
    page = MutantsPage(tmp_path)
    assert page.summary() == "**96.67%**: of 30 faults of 1 kinds, 29 were seen by a check."
    assert "| `link:docs/index.md:0123456789` | `a\\|b → 'c' d` |" in page.survivors()
    assert "| link | a link | 30 | **29** | site 29 | 0 |" in page.operators()
    assert "cache" not in page.operators()
    assert page.absent() == "- cache: there is none\n"
    assert page.gates() == "- **site**: the build\n"
    assert "| `x:y:1` | a value that nobody reads |" in page.equivalent()


def test_nothing_to_tell(tmp_path: Path) -> None:
    write_score(tmp_path, Score(operators={}, gates={}))
    page = MutantsPage(tmp_path)
    assert page.survivors() == page.equivalent() == "There is none.\n"
    assert page.absent() == "- none\n"


def test_ci_makes_every_fault_and_looks_at_what_it_serves() -> None:
    ci = (ROOT / ".gitlab-ci.yml").read_text("utf-8")
    assert "- make mutants\n" in ci
    assert "- make site built\n    - mv site public\n" in ci
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(r"^mutants: site .*\n\t@\$\(MAIN\)/verified-docs mutants ", makefile, re.M)
    assert "--minimum" not in makefile
