"""Divides what is verified into shards, one for each job, and joins what they proved into evidence of the whole."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from verified_docs.census import DOCS, PYTHON, Fence
from verified_docs.durations import Durations, load_durations, read_durations, write_durations
from verified_docs.evidence import Evidence, Shard, load_evidence, write_evidence
from verified_docs.example import Example
from verified_docs.problem import Problem, shown

_NOTEBOOK = ".ipynb"
_VALUE = re.compile(r"(\d{1,4})/(\d{1,4})", re.A)
# Example or page, each with its name: no page is taken for an example.
Item = tuple[str, str]
_NO_DURATIONS = Durations()


def split(seconds: dict[Item, float], of: int) -> list[frozenset[Item]]:
    """Assigns each item to one shard: the longest first, each to the shard that has least so far.

    The same items with the same times always give the same shards. The largest holds at most the average of all
    shards and one longest item.

    Args:
        seconds: How long each item takes, or what it counts for.
        of: The number of shards.
    """
    shards: list[list[Item]] = [[] for _ in range(of)]
    loads = [0.0] * of
    for item in sorted(seconds, key=lambda item: (-seconds[item], item)):
        # Of those that have the same time, the one with fewest: what takes no time is spread too.
        least = min(range(of), key=lambda number: (loads[number], len(shards[number]), number))
        shards[least].append(item)
        loads[least] += seconds[item]
    return [frozenset(shard) for shard in shards]


@dataclass(frozen=True)
class Share:
    """What one shard verifies.

    Attributes:
        examples: Its examples, in the order of all.
        fences: The fences of its pages, in the order of all.
        shard: What its evidence says of it.
    """

    examples: list[Example]
    fences: list[Fence]
    shard: Shard


@dataclass(frozen=True)
class Part:
    """One of several shards.

    Attributes:
        number: Which one, counted from 1.
        of: How many there are.
    """

    number: int
    of: int

    @classmethod
    def read(
        cls, text: str | None, example: str | None, evidence: Path | None, balance: Path | None = None
    ) -> Part | None:
        """Reads the options of a command; None is the whole.

        Args:
            text: The shard as people write it, such as `2/3`.
            example: The one example that was asked for.
            evidence: Where the evidence goes.
            balance: The times of an earlier run.

        Raises:
            Problem: This is no shard, or one with which the other options make no sense.
        """
        if text is None:
            if balance is not None:
                raise _usage(
                    "--balance", "times divide shards, and no --shard is given", f"1/3 --balance {shown(balance)}"
                )
            return None
        found = _VALUE.fullmatch(text)
        number, of = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= number <= of:
            raise _usage("--shard", f"{text!r} is no shard: with three of them, it is 1/3, 2/3 or 3/3", "1/3")
        if example is not None:
            raise _usage("--shard", f"a shard is a part of all examples, and {example} is one", text)
        if evidence is None:
            raise _usage("--shard", "without evidence nobody could join it with the other shards", text)
        return cls(number, of)

    def share(self, root: Path, examples: Sequence[Example], fences: Sequence[Fence], balance: Path | None) -> Share:
        """What this shard has of all examples and pages. A notebook goes with its example.

        Args:
            root: The project's folder.
            examples: All examples.
            fences: The fences of all pages.
            balance: The times of an earlier run; without them every example counts the same.

        Raises:
            Problem: The times cannot be read.
        """
        times = _NO_DURATIONS if balance is None else read_durations(balance)
        shards = split(_seconds(root, examples, fences, times), self.of)
        mine = shards[self.number - 1]
        of_shard = [
            (
                [example for example in examples if ("example", example.id) in shard],
                [fence for fence in fences if ("page", _page(root, fence)) in shard],
            )
            for shard in shards
        ]
        rows = [
            _rows(number, {example.id: example.sha256 for example in some}, _hashes(root, blocks))
            for number, (some, blocks) in enumerate(of_shard, start=1)
        ]
        return Share(
            examples=[example for example in examples if ("example", example.id) in mine],
            fences=[fence for fence in fences if ("page", _page(root, fence)) in mine],
            shard=Shard(number=self.number, of=self.of, sources=_sources(rows), split=_digest(rows)),
        )


def join(parts: Sequence[Path], evidence: Path) -> Evidence:
    """Joins the shards of one environment into what one run without shards would have written.

    Args:
        parts: The evidence of each shard, in any order.
        evidence: Where to write the evidence of the whole; the times of the runs go beside it.

    Raises:
        Problem: They are not all shards of one whole, each once.
    """
    if evidence not in parts:
        # Before anything is looked at: an earlier one would pass for this one.
        evidence.unlink(missing_ok=True)
    whole = joined([(path, load_evidence(path)) for path in parts])
    write_evidence(evidence, whole)
    write_durations(evidence, load_durations(parts))
    return whole


def joined(parts: Sequence[tuple[Path, Evidence]]) -> Evidence:
    """The evidence of the whole.

    Args:
        parts: The evidence of each shard and the file that it stands in, in any order.

    Raises:
        Problem: They are not all shards of one whole, each once.
    """
    first, one, about = _checked(parts)
    found: dict[int, tuple[Path, Evidence]] = {}
    for path, part in parts:
        marked = part.shard
        assert marked is not None
        if marked.of != about.of:
            what = f"this is a shard of {marked.of}, and {shown(first)} is one of {about.of}"
            raise _unjoined(path, what, about.of)
        if part.lanes != one.lanes:
            what = f"this shard was verified in other lanes than {shown(first)}: {', '.join(part.lanes)}"
            fix = f"verified-docs join with the {about.of} shards of one environment"
            raise Problem(path, None, what, fix, kind="shard")
        if marked.sources != about.sources:
            raise _unjoined(path, f"this shard was verified with other examples or pages than {shown(first)}", about.of)
        if marked.split != about.split:
            what = f"this shard was divided by other times than {shown(first)}"
            raise _unjoined(path, f"{what}: all shards need the same --balance", about.of)
        if marked.number in found:
            what = f"shard {marked.number}/{marked.of} is there twice, also as {shown(found[marked.number][0])}"
            raise Problem(path, None, what, f"verified-docs join without {shown(path)}", kind="shard")
        found[marked.number] = (path, part)
    missing = [f"{number}/{about.of}" for number in range(1, about.of + 1) if number not in found]
    if missing:
        what = f"the shards are not complete: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        fix = f"verified-docs verify --shard {missing[0]} --evidence FILE, then join it too"
        raise Problem(first, None, what, fix, kind="shard")
    rows = []
    for number, (_, part) in sorted(found.items()):
        hashes = {page: hashed for page, hashed in part.fences.items() if not page.endswith(_NOTEBOOK)}
        rows.append(_rows(number, {name: proof.sha256 for name, proof in part.examples.items()}, hashes))
    if _digest(rows) != about.split:
        raise _unjoined(first, "the shards do not hold all examples and pages that they say they hold", about.of)
    evidences = [part for _, part in found.values()]
    proofs = {name: proof for part in evidences for name, proof in part.examples.items()}
    fences = {page: hashes for part in evidences for page, hashes in part.fences.items()}
    return Evidence(
        lanes=one.lanes,
        examples=dict(sorted(proofs.items())),
        fences=dict(sorted(fences.items(), key=lambda row: PurePosixPath(row[0]))),
    )


def _checked(parts: Sequence[tuple[Path, Evidence]]) -> tuple[Path, Evidence, Shard]:
    """The first of some shards, if all of them are shards."""
    for path, part in parts:
        if part.shard is None:
            what = "this is no shard: it is evidence of all examples"
            fix = f"verified-docs publish {shown(path)} with that of the other environments; join takes shards only"
            raise Problem(path, None, what, fix, kind="shard")
    path, part = parts[0]
    assert part.shard is not None
    return path, part, part.shard


def _seconds(root: Path, examples: Iterable[Example], fences: Iterable[Fence], times: Durations) -> dict[Item, float]:
    """How long each example and each page takes; what nobody measured counts as the average example."""
    measured = {example.id: times.of_example(example.sha256) for example in examples}
    known = [seconds for seconds in measured.values() if seconds is not None]
    average = sum(known) / len(known) if known else 1.0
    seconds: dict[Item, float] = {
        ("example", name): average if took is None else took for name, took in measured.items()
    }
    for fence in fences:
        item = ("page", _page(root, fence))
        runs = fence.language in PYTHON
        seconds[item] = seconds.get(item, 0.0) + (times.fences.get(fence.sha256, average) if runs else 0.0)
    return seconds


def _page(root: Path, fence: Fence) -> str:
    return fence.page.relative_to(root / DOCS).as_posix()


def _hashes(root: Path, fences: Iterable[Fence]) -> dict[str, list[str]]:
    """Page to the hashes of its Python fences, as evidence has them."""
    found: dict[str, list[str]] = {}
    for fence in sorted((one for one in fences if one.language in PYTHON), key=lambda one: (one.page, one.line)):
        found.setdefault(_page(root, fence), []).append(fence.sha256)
    return found


Row = tuple[int, list[tuple[str, str]], list[tuple[str, list[str]]]]


def _rows(number: int, examples: dict[str, str], fences: dict[str, list[str]]) -> Row:
    return number, sorted(examples.items()), sorted(fences.items())


def _sources(rows: Iterable[Row]) -> str:
    """What is verified, whoever verifies it."""
    together = [sorted(row for _, some, _ in rows for row in some), sorted(row for _, _, some in rows for row in some)]
    return _digest(together)


def _digest(data: object) -> str:
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()


def _usage(option: str, what: str, value: str) -> Problem:
    fix = f"verified-docs verify --shard {value} --evidence FILE"
    return Problem(Path(option), None, what, fix, kind="usage")


def _unjoined(path: Path, what: str, of: int) -> Problem:
    fix = f"verified-docs verify --shard 1/{of} --evidence FILE, and so on to {of}/{of}, from one commit"
    return Problem(path, None, what, fix, kind="shard")
