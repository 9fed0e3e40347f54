#!/usr/bin/env python3
"""Measures the steps of `make site` beside those of an older checkout, for the page of `make bench`.

    .venv/mlflow-3/bin/python scripts/bench_before.py FOLDER [--times 3]

FOLDER is the older checkout, with its environments. The result takes its place in `bench/speed.json`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench import BEFORE, EVIDENCE, FIRST, ROOT, Runs, known, machine, run, turns, written

from verified_docs.speed import SPEED, Pair, Speed
from verified_docs.whole import write_whole

# What `make site` runs, but for making the environments.
_VERIFY = (
    ".venv/mlflow-{major}/bin/python -m verified_docs verify {fresh} --evidence build/evidence/mlflow-{major}.json"
)
_ALL = (
    f"{_VERIFY.format(major=2, fresh='$1')} & two=$!",
    f"{_VERIFY.format(major=3, fresh='$1')} & three=$!",
    "wait $two",
    "wait $three",
)
_PAGES = f".venv/mlflow-3/bin/python -m verified_docs publish {' '.join(EVIDENCE)}"
_BUILD = ".venv/mlflow-3/bin/python -m mkdocs build --strict --quiet"
_SCAN = ".venv/mlflow-3/bin/python -m verified_docs scan"
_ONE = f".venv/mlflow-3/bin/python -m verified_docs verify {FIRST} $1"
STEPS: dict[str, tuple[str, ...]] = {
    "Both environments side by side, nothing kept": _ALL,
    "One example, MLflow 3": (_ONE,),
    "The pages": (_PAGES,),
    "The site": (_BUILD,),
    "`make site`, nothing kept": (*_ALL, _PAGES, _BUILD, _SCAN),
}


def before(times: int, old: Path) -> list[Pair]:
    """The steps of `make site`, against those of an older checkout with the same recordings and environments."""
    pairs = []
    for name, steps in STEPS.items():
        ours, then = Runs("now"), Runs("before")
        script = "\n".join(("set -e", "mkdir -p build/evidence", *steps))

        def bash(place: Path, *words: str) -> tuple[float, float]:
            return run("bash", "-c", script, "bench", *words, cwd=place, code=place)  # noqa: B023

        turns(times, lambda: ours.add(bash(ROOT, "--fresh")), lambda: then.add(bash(old)))  # noqa: B023
        pairs.append(Pair(part="before", name=name, ours=ours.sample(), other=then.sample()))
    # The same as in the last row, with nothing changed since: what an author waits for.
    again = Runs("now, with what earlier runs have found")
    last = pairs[-1].other
    script = "\n".join(("set -e", *STEPS["`make site`, nothing kept"]))
    turns(times, lambda: again.add(run("bash", "-c", script, "bench", "")))
    pairs.append(Pair(part="before", name="`make site`, nothing changed", ours=again.sample(), other=last))
    return pairs


def with_before(found: Speed, times: int, old: Path) -> Speed:
    """Measures what an older checkout takes, and puts it in the place of what was known of it."""
    kept = [pair for pair in found.pairs if pair.part != BEFORE]
    return found.model_copy(update={"pairs": (*kept, *before(times, old))})


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the steps of `make site` beside those of an older checkout.")
    parser.add_argument("old", type=Path, help="the older checkout")
    parser.add_argument("--times", type=int, default=3, help="how often each thing runs")
    chosen = parser.parse_args()
    output = ROOT / SPEED
    found = with_before(known(machine(), output), max(1, chosen.times), chosen.old.resolve())
    write_whole(output, written(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
