"""Shows what a benchmark measured on a page, so that no number of that page is typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from verified_docs.speed import Limit, Others, Sample, Speed, fit, load_others, load_speed


class SpeedPage:
    """What the page of the speed may ask for.

    Args:
        root: The project's folder, with what was measured.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @cached_property
    def _speed(self) -> Speed:
        return load_speed(self._root)

    @cached_property
    def _others(self) -> Others:
        return load_others(self._root)

    def summary(self) -> str:
        """How many budgets are kept."""
        kept = [pair.kept for pair in self._speed.pairs if pair.limit]
        missed = [pair.name for pair in self._speed.pairs if pair.kept is False]
        rest = f" Missed: {'; '.join(missed)}." if missed else ""
        return f"**{sum(map(bool, kept))} of {len(kept)} budgets are kept.**{rest}"

    def machine(self) -> str:
        """Where was measured."""
        here = self._speed.machine
        return f"{here.cores} cores, {here.memory_gb} GB of memory, {here.system}, Python {here.python}"

    def pairs(self, *parts: str) -> str:
        """The table of some parts: each thing, what it is compared with, and the budget."""
        chosen = [pair for part in parts for pair in self._speed.pairs if pair.part == part]
        rows = ["| What | Runs | Seconds | Memory | Compared with | Seconds | Memory | Ratio | Budget | Kept |"]
        rows.append("|---|--:|--:|--:|---|--:|--:|--:|--:|---|")
        for pair in chosen:
            other = (pair.other.what, _times(pair.other), _memory(pair.other)) if pair.other else ("–", "–", "–")
            ratio = f"{pair.ratio:.2f}" if pair.ratio is not None else "–"
            ours = (pair.name, f"{len(pair.ours.seconds)}", _times(pair.ours), _memory(pair.ours))
            rows.append(_row(*ours, *other, ratio, _budget(pair.limit), _verdict(pair.kept)))
        return _table(rows, chosen)

    def loads(self) -> str:
        """The table of the ways to read all recordings."""
        loads = self._speed.loads
        ways = sorted(loads.ways, key=lambda way: way.median) if loads else []
        rows = ["| Way | Runs | Seconds | People can read it |", "|---|--:|--:|---|"]
        for way in ways:
            name = f"**{way.what}**" if way.used else way.what
            rows.append(_row(name, f"{len(way.seconds)}", _times(way), "yes" if way.readable else "no"))
        return _table(rows, ways)

    def fastest(self) -> str:
        """Whether the way that is used is the fastest that people can read."""
        loads = self._speed.loads
        readable = [way for way in loads.ways if way.readable] if loads else []
        if not loads or not readable:
            return "Not measured yet."
        best = min(readable, key=lambda way: way.median)
        verdict = "That is the way in use." if best.used else "**Another way is in use.**"
        return f"Of {loads.files} recordings ({loads.mb:.1f} MB), {best.what} is the fastest readable one. {verdict}"

    def growth(self) -> str:
        """The table of sizes."""
        rows = ["| What | Examples | Seconds | Memory |", "|---|--:|--:|--:|"]
        points = [(one.what, point) for one in self._speed.growth for point in one.points]
        for what, point in points:
            rows.append(_row(what, f"{point.examples:,}", f"{point.seconds:.2f}", f"{point.peak_mb:.0f} MB"))
        return _table(rows, points)

    def fits(self) -> str:
        """The table of the lines through the sizes."""
        rows = ["| What | At the start | Each example | R² | Farthest from the line |", "|---|--:|--:|--:|--:|"]
        for one in self._speed.growth:
            time = fit([(point.examples, point.seconds) for point in one.points])
            memory = fit([(point.examples, point.peak_mb) for point in one.points])
            ends = (f"{time.r2:.4f}", f"{time.worst:.1%}"), (f"{memory.r2:.4f}", f"{memory.worst:.1%}")
            rows.append(_row(f"{one.what}, time", f"{time.start:.2f} s", f"{time.each * 1000:.1f} ms", *ends[0]))
            rows.append(_row(f"{one.what}, memory", f"{memory.start:.0f} MB", f"{memory.each * 1000:.0f} KB", *ends[1]))
        return _table(rows, self._speed.growth)

    def tools(self) -> str:
        """The table of the tools: how long each takes, and how many faults it refuses."""
        planted = self._others.planted.values()
        total = sum(row.faults for row in planted)
        rows = ["| Tool | Runs | Seconds | Memory | Faults refused |", "|---|--:|--:|--:|--:|"]
        for name, tool in self._others.tools.items():
            caught = sum(row.caught[name] for row in planted)
            share = f"{caught} of {total} ({caught / total:.0%})" if total else "–"
            named = f"{name} {tool.version}".strip()
            runs, seconds = f"{len(tool.sample.seconds)}", _times(tool.sample)
            rows.append(_row(named, runs, seconds, _memory(tool.sample), share))
        return _table(rows, rows[2:])

    def compared(self) -> str:
        """Which examples the tools ran."""
        left = ", ".join(f"{count} {why}" for why, count in self._others.left_out.items() if count)
        return f"{self._others.examples} examples" + (f"; left out: {left}" if left else "")

    def faults(self) -> str:
        """The table of the faults: how many of each kind each tool refuses."""
        names = list(dict.fromkeys(name for row in self._others.planted.values() for name in row.caught))
        rows = [_row("What was done", "Faults", *names), "|---|--:|" + "--:|" * len(names)]
        rows += [
            _row(row.what, f"{row.faults}", *(f"{row.caught.get(name, 0)}" for name in names))
            for row in self._others.planted.values()
        ]
        return _table(rows, rows[2:])


def _table(rows: Sequence[str], found: Iterable[object]) -> str:
    return "\n".join(rows) + "\n" if any(True for _ in found) else "Not measured yet.\n"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _times(sample: Sample) -> str:
    """The median, and what lies around it."""
    digits = 3 if sample.median < 1 else 2 if sample.median < 10 else 1
    around = f" ({min(sample.seconds):.{digits}f}–{max(sample.seconds):.{digits}f})" if len(sample.seconds) > 1 else ""
    return f"{sample.median:.{digits}f}{around}"


def _memory(sample: Sample) -> str:
    return f"{sample.peak_mb:.0f} MB" if sample.peak_mb is not None else "–"


def _budget(limit: Limit | None) -> str:
    if limit is None:
        return "–"
    return {"times": "× {:g}", "more": "+ {:g} s", "seconds": "{:g} s"}[limit.kind].format(limit.value)


def _verdict(kept: bool | None) -> str:
    return {None: "", True: "kept", False: "**missed**"}[kept]
