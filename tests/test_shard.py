"""Divides examples into shards, joins what they prove, and refuses every set of shards that is not the whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from conftest import LANES_HERE, PARTS, ROOT, rewrite
from golden_project import PRINTS, edit, small_project
from verified_docs.census import DOCS, take_census
from verified_docs.cli import app
from verified_docs.durations import Durations, beside, load_durations, read_durations, write_durations
from verified_docs.evidence import Evidence, load_evidence, write_evidence
from verified_docs.example import load_examples
from verified_docs.problem import Problem
from verified_docs.shard import Item, Part, joined, split

HERE = next(part for part in PARTS if part.stem == LANES_HERE[0].environment)
ITEMS = st.dictionaries(
    st.tuples(st.sampled_from(["example", "page"]), st.text("abc/", max_size=5)),
    st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1000)),
    max_size=40,
)
Marked = tuple[Path, Evidence]
Change = Callable[[list[Marked]], list[Marked]]


# --- The split -------------------------------------------------------------------------------------------------------


@given(ITEMS, st.integers(1, 12))
def test_every_item_is_in_just_one_shard(items: dict[Item, float], of: int) -> None:
    shards = split(items, of)
    assert len(shards) == of
    assert sorted(item for shard in shards for item in shard) == sorted(items)


@given(ITEMS, st.integers(1, 12), st.randoms())
def test_the_split_does_not_depend_on_the_order(items: dict[Item, float], of: int, chance: Any) -> None:
    rows = list(items.items())
    chance.shuffle(rows)
    assert split(dict(rows), of) == split(items, of)


@given(ITEMS, st.integers(1, 12))
def test_no_shard_takes_much_longer_than_the_others(items: dict[Item, float], of: int) -> None:
    largest = max(sum(items[item] for item in shard) for shard in split(items, of))
    longest = max(items.values(), default=0)
    assert largest <= sum(items.values()) / of + longest + 1e-6


@given(st.integers(0, 40), st.integers(1, 12))
def test_what_takes_no_time_is_spread_too(count: int, of: int) -> None:
    sizes = [len(shard) for shard in split({("example", str(number)): 0.0 for number in range(count)}, of)]
    assert max(sizes) - min(sizes) <= 1


def last(folder: Path) -> Path:
    """Times of an earlier run: made up, each example with its own."""
    examples = {one.sha256: {"lane": 0.1 + number % 7} for number, one in enumerate(load_examples(ROOT))}
    write_durations(folder / "last.json", Durations(examples=examples))
    return beside(folder / "last.json")


@pytest.mark.parametrize("of", [1, 2, 3, 7, 500])
def test_shards_of_this_project(of: int, tmp_path: Path) -> None:
    examples, fences = load_examples(ROOT), take_census(ROOT / DOCS)
    for times in (None, last(tmp_path)):
        shares = [Part(number, of).share(ROOT, examples, fences, times) for number in range(1, of + 1)]
        assert sorted(one.id for share in shares for one in share.examples) == sorted(one.id for one in examples)
        found = [(one.page, one.line) for share in shares for one in share.fences]
        assert sorted(found) == sorted((one.page, one.line) for one in fences)
        pages = [{one.page for one in share.fences} for share in shares]
        assert sum(map(len, pages)) == len(set().union(*pages)), "a page is in two shards"
        assert len({(share.shard.sources, share.shard.split) for share in shares if share.shard}) == 1


def test_an_example_that_nobody_measured_counts_as_the_average(tmp_path: Path) -> None:
    examples = load_examples(ROOT)[:5]
    long, *others, _new = examples
    known = {long.sha256: {"lane": 3.0}} | {one.sha256: {"lane": 1.0} for one in others}
    write_durations(tmp_path / "last.json", Durations(examples=known))
    shares = [Part(n, 2).share(ROOT, examples, [], tmp_path / "last.durations.json") for n in (1, 2)]
    assert {len(share.examples) for share in shares} == {2, 3}
    # 3 + 1 and 1.5 + 1 + 1: the long one has only one beside it.
    assert len(next(share for share in shares if long in share.examples).examples) == 2


def test_the_whole_is_no_shard() -> None:
    assert Part.read(None, None, None) is None
    assert '"shard"' not in load_evidence(HERE).to_json()


# --- The options -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["0/3", "4/3", "x", "", "1", "1/0", "-1/3", "1/3/3", "1.5/3", "\u0661/3", "1 /3"])
def test_what_is_no_shard(value: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["verify", f"--shard={value}", "--evidence", str(tmp_path / "e.json")])
    assert done.exit_code == 2
    assert "is no shard" in " ".join(done.output.split())
    assert "fix: verified-docs verify --shard 1/3 --evidence FILE" in done.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--shard", "1/3"], "without evidence nobody could join it"),
        (["--shard", "1/3", "--evidence", "e.json", "tracking/log_first_run"], "a part of all examples"),
        (["--balance", "last.json"], "no --shard is given"),
    ],
)
def test_options_that_make_no_sense_together(options: list[str], words: str) -> None:
    done = CliRunner().invoke(app, ["verify", *options])
    assert done.exit_code == 2
    assert words in done.output


@pytest.mark.parametrize(("text", "words"), [(None, "cannot be read"), ("{", "no times of runs")])
def test_times_that_cannot_be_read(text: str | None, words: str, tmp_path: Path) -> None:
    if text is not None:
        rewrite(tmp_path / "last.json", text)
    with pytest.raises(Problem, match=words):
        Part(1, 3).share(ROOT, [], [], tmp_path / "last.json")


# --- Joining, without running ----------------------------------------------------------------------------------------


def shards(of: int, balance: Path | None = None, folder: Path = Path()) -> list[Marked]:
    """What each shard of this project would have written, from the evidence of the whole."""
    whole = load_evidence(HERE)
    examples, fences = load_examples(ROOT), take_census(ROOT / DOCS)
    found = []
    for number in range(1, of + 1):
        share = Part(number, of).share(ROOT, examples, fences, balance)
        ids = {one.id for one in share.examples}
        pages = {one.page.relative_to(ROOT / DOCS).as_posix() for one in share.fences}
        # What a notebook proves stands in the shard of its example: here, in the first.
        pages |= {page for page in whole.fences if page.endswith(".ipynb") and number == 1}
        part = whole.model_copy(
            update={
                "examples": {name: proof for name, proof in whole.examples.items() if name in ids},
                "fences": {page: hashes for page, hashes in whole.fences.items() if page in pages},
                "shard": share.shard,
            }
        )
        found.append((folder / f"shard-{number}.json", part))
    return found


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_joined_shards_are_the_evidence_of_the_whole_to_the_byte(of: int, tmp_path: Path) -> None:
    whole = HERE.read_text("utf-8")
    assert joined(shards(of)).to_json() == whole
    assert joined(shards(of)[::-1]).to_json() == whole
    assert joined(shards(of, last(tmp_path))).to_json() == whole


def by_other_times(parts: list[Marked]) -> list[Marked]:
    with tempfile.TemporaryDirectory() as folder:
        return [*parts[:2], shards(3, last(Path(folder)))[2]]


def changed(number: int, **changes: Any) -> Change:
    """Changes what one shard says."""

    def change(parts: list[Marked]) -> list[Marked]:
        path, part = parts[number]
        return [*parts[:number], (path, part.model_copy(update=changes)), *parts[number + 1 :]]

    return change


def lost(parts: list[Marked]) -> list[Marked]:
    """Takes one example out of a shard."""
    return changed(1, examples=dict(list(parts[1][1].examples.items())[1:]))(parts)


def swapped(parts: list[Marked]) -> list[Marked]:
    """Gives one example another source."""
    name, proof = next(iter(parts[1][1].examples.items()))
    other = proof.model_copy(update={"sha256": "0" * 64})
    return changed(1, examples=parts[1][1].examples | {name: other})(parts)


def of_other_sources(parts: list[Marked]) -> list[Marked]:
    shard = parts[1][1].shard
    assert shard is not None
    return changed(1, shard=shard.model_copy(update={"sources": "0" * 64}))(parts)


REFUSED: dict[str, tuple[Change, str, str]] = {
    "one-missing": (lambda parts: parts[:2], "not complete: 3/3 is missing", "--shard 3/3"),
    "two-missing": (lambda parts: parts[1:2], "not complete: 1/3, 3/3 are missing", "--shard 1/3"),
    "twice": (lambda parts: [*parts, parts[1]], "shard 2/3 is there twice", "join without"),
    "of-another-number": (lambda parts: [*parts[:2], shards(4)[2]], "this is a shard of 4", "--shard 1/3"),
    "of-other-lanes": (changed(1, lanes={}), "in other lanes", "of one environment"),
    "of-other-sources": (of_other_sources, "other examples or pages", "from one commit"),
    "by-other-times": (by_other_times, "by other times", "--shard 1/3"),
    "an-example-lost": (lost, "do not hold all examples", "--shard 1/3"),
    "an-example-swapped": (swapped, "do not hold all examples", "--shard 1/3"),
    "fences-lost": (changed(0, fences={}), "do not hold all", "--shard 1/3"),
    "a-whole": (lambda parts: [*parts, (HERE, load_evidence(HERE))], "this is no shard", "takes shards only"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_the_whole_is_refused(name: str) -> None:
    change, what, fix = REFUSED[name]
    parts = shards(3)
    if name == "fences-lost":
        place = next(place for place, (_, part) in enumerate(parts) if any(p.endswith(".md") for p in part.fences))
        change = changed(place, fences={})
    with pytest.raises(Problem) as caught:
        joined(change(parts))
    assert what in caught.value.what
    assert fix in caught.value.fix


def test_a_refused_join_leaves_no_evidence_behind(tmp_path: Path) -> None:
    parts = shards(3, folder=tmp_path)
    for path, part in parts:
        write_evidence(path, part)
        write_durations(path, Durations(examples={path.stem: {"lane": 1.0}}))
    target = tmp_path / "whole.json"
    names = [str(path) for path in sorted(tmp_path.iterdir())]
    done = CliRunner().invoke(app, ["join", *names, "--evidence", str(target)])
    assert done.exit_code == 0, done.output
    assert "joined 3 shards" in done.output
    assert target.read_bytes() == HERE.read_bytes()
    assert set(read_durations(beside(target)).examples) == {"shard-1", "shard-2", "shard-3"}
    done = CliRunner().invoke(app, ["join", *names[:2], "--evidence", str(target)])
    assert done.exit_code == 1
    assert not target.exists()


def test_a_part_is_never_published(tmp_path: Path) -> None:
    path, part = shards(3, folder=tmp_path)[0]
    write_evidence(path, part)
    others = [str(one) for one in PARTS if one != HERE]
    done = CliRunner().invoke(app, ["publish", str(path), *others, "--into", "build/of-a-shard", "--root", str(ROOT)])
    assert done.exit_code == 1
    assert "the evidence is of shard 1/3 only" in done.output
    assert "fix: verified-docs join" in done.output


# --- A real run, as the pipeline of the page does it -----------------------------------------------------------------


def run(root: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"} | variables
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_pipeline_of_the_page_gives_the_evidence_of_one_run(tmp_path: Path) -> None:
    root = small_project(tmp_path / "project")
    rewrite(root / "docs/a/second.md", "# Second\n\n```python\nprint(2)\n#> 2\n```\n")
    rewrite(root / "Makefile", "setup:\n")
    (root / ".venv").symlink_to((ROOT / ".venv").resolve())
    jobs = yaml.safe_load((ROOT / "snippets/contribute/shards.gitlab-ci.yml").read_text("utf-8"))
    whole = run(root, f"{sys.executable} -m verified_docs verify --evidence build/whole.json")
    assert whole.returncode == 0, whole.stderr
    total = str(jobs["verify"]["parallel"])
    script = "\n".join(jobs["verify"]["script"])
    said = ""
    for index in ("1", "2", "3"):
        done = run(root, script, CI_NODE_INDEX=index, CI_NODE_TOTAL=total)
        assert done.returncode == 0, done.stderr
        said += done.stdout
    assert said.count("verified ") == 3
    done = run(root, "\n".join(jobs["join"]["script"]))
    assert done.returncode == 0, done.stderr
    assert (root / "build/evidence/mlflow-3.json").read_bytes() == (root / "build/whole.json").read_bytes()
    times = load_durations([root / "build/evidence/mlflow-3.json"])
    measured = load_durations([root / "build/whole.json"])
    assert times.examples.keys() == measured.examples.keys()
    assert times.fences.keys() == measured.fences.keys()
    # One shard more, of a source that was changed since: refused.
    edit(f"examples/{PRINTS}.py", "    #> 1.10.0", "    #> 1.10.0\n    # Another source.")(root)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(root / "build/evidence")
    assert run(root, script, CI_NODE_INDEX="2", CI_NODE_TOTAL=total).returncode == 0
    done = run(root, "\n".join(jobs["join"]["script"]))
    assert done.returncode == 1
    assert "with other examples or pages" in done.stderr
    assert not (root / "build/evidence/mlflow-3.json").exists()
