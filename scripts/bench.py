#!/usr/bin/env python3
"""Measures what verification and site cost, each beside what it is compared with, in one run: `make bench`.

    .venv/mlflow-3/bin/python scripts/bench.py [--only verify] [--times 3]

Each measured thing is a whole process. What is compared runs in turn, so that a busy machine slows both. Memory is the
most that one process of a run held. The result goes to `bench/speed.json`, of which the page is made; `--only` measures
one part again and keeps the others, if they are of the same machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from synthetic import make_synthetic

from verified_docs.problem import Problem
from verified_docs.speed import SPEED, Growth, Limit, Loads, Machine, Pair, Point, Sample, Speed, load_speed
from verified_docs.whole import write_whole

ROOT = Path(__file__).resolve().parent.parent
MAJORS = ("2", "3")
EVIDENCE = [f"build/evidence/mlflow-{major}.json" for major in MAJORS]
SCRATCH = ROOT / "build" / "bench"
_OTHERS = ("results", "mutants", "recording", "settings", "properties_replay", "wire", "drift")
OTHER_TESTS = tuple(f"tests/test_{name}.py" for name in _OTHERS)
FIRST = "tracking/log_first_run"
LANE = "gitlab-19.3/mlflow-3"
SIZES = (100, 500, 2000)
# Seconds that one run may take.
LONGEST = 1800.0
_DROPPED = {"PYTHONDONTWRITEBYTECODE", "OPENBLAS_CORETYPE"}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in _DROPPED} | {
    "NO_MKDOCS_2_WARNING": "1",
    "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'scripts'}",
}


@dataclass
class Runs:
    """The runs of one command so far."""

    what: str
    seconds: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    def add(self, *took: tuple[float, float]) -> None:
        """Adds one run, of one process or several in a row."""
        self.seconds.append(round(sum(seconds for seconds, _ in took), 4))
        self.peak_mb = round(max(self.peak_mb, *(peak for _, peak in took)), 1)

    def sample(self) -> Sample:
        return Sample(what=self.what, seconds=tuple(self.seconds), peak_mb=self.peak_mb)


def run(*command: str | Path, cwd: Path = ROOT, code: Path = ROOT) -> tuple[float, float]:
    """Runs a process to its end, with the code of a checkout; gives its seconds, and the megabytes it held at most."""
    environment = ENVIRONMENT | {"PYTHONPATH": f"{code / 'src'}{os.pathsep}{code / 'scripts'}"}
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command], cwd=cwd, env=environment, stdout=said, stderr=said, start_new_session=True
        )
        # `wait4` alone tells the memory of this one process; it knows no limit, so a timer ends what hangs.
        stopper = subprocess.Popen(["sleep", str(LONGEST)], start_new_session=True)
        try:
            status, usage = _waited(process, stopper)
        finally:
            stopper.kill()
            stopper.wait()
        took = time.perf_counter() - started
        if status:
            said.seek(0)
            words = " ".join(str(word) for word in command)
            raise SystemExit(f"bench: {words} ended with {status}:\n{said.read()[-3000:]}")
    return took, usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)


def _waited(process: subprocess.Popen[bytes], stopper: subprocess.Popen[bytes]) -> tuple[int, Any]:
    def stop() -> None:
        stopper.wait()
        if stopper.returncode == 0:
            process.kill()

    threading.Thread(target=stop, daemon=True).start()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage


def python(major: str) -> Path:
    return ROOT / ".venv" / f"mlflow-{major}" / "bin" / "python"


@cache
def fresh() -> tuple[str, ...]:
    """The option that keeps `verify` from using results that it kept; none where it keeps none."""
    asked = [str(python("3")), "-m", "verified_docs", "verify", "--help"]
    said = subprocess.run(asked, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True, timeout=60)
    return ("--fresh",) if "--fresh" in said.stdout else ()


def docs(major: str, *words: str | Path) -> tuple[str | Path, ...]:
    return (python(major), "-m", "verified_docs", *words)


def turns(times: int, *each: Callable[[], None]) -> None:
    """Does several things in turn."""
    for _ in range(times):
        for one in each:
            one()


# --- The parts ---


def verify(times: int) -> list[Pair]:
    """All examples with nothing kept, against the same examples under plain vcrpy in one process."""
    pairs = []
    for major in MAJORS:
        ours, floor = Runs(f"verify, MLflow {major}"), Runs("plain vcrpy, one process")
        command = docs(major, "verify", "--evidence", SCRATCH / f"mlflow-{major}.json", *fresh())
        plain = (python(major), "scripts/bench_floor.py")
        turns(times, lambda: ours.add(run(*command)), lambda: floor.add(run(*plain)))  # noqa: B023
        limit = Limit(kind="times", value=1.5)
        name = f"Every example, nothing kept, MLflow {major}"
        pairs.append(Pair(part="verify", name=name, ours=ours.sample(), other=floor.sample(), limit=limit))
    return pairs


def unchanged(times: int) -> list[Pair]:
    """The same once more, with nothing changed."""
    if not fresh():
        print("bench: left out: this `verify` keeps no results", file=sys.stderr)
        return []
    pairs = []
    for major in MAJORS:
        ours = Runs("verify again")
        command = docs(major, "verify", "--evidence", SCRATCH / f"mlflow-{major}.json")
        run(*command)
        turns(times, lambda: ours.add(run(*command)))  # noqa: B023
        name = f"Every example, nothing changed, MLflow {major}"
        pairs.append(Pair(part="unchanged", name=name, ours=ours.sample(), limit=Limit(kind="seconds", value=1.0)))
    return pairs


def one(times: int) -> list[Pair]:
    """One example, against an import of MLflow."""
    pairs = []
    for major in MAJORS:
        ours, bare = Runs(f"verify {FIRST}"), Runs("import mlflow")
        command = docs(major, "verify", FIRST, *fresh())
        plain = (python(major), "-c", "import mlflow")
        run(*command)
        run(*plain)
        turns(times, lambda: ours.add(run(*command)), lambda: bare.add(run(*plain)))  # noqa: B023
        limit = Limit(kind="more", value=0.5)
        name = f"One example in its lanes, MLflow {major}"
        pairs.append(Pair(part="one", name=name, ours=ours.sample(), other=bare.sample(), limit=limit))
    return pairs


def loads(times: int) -> Loads:
    """All cassettes by each way to read them, in a process of its own: what it holds would count for the others."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        result = Path(folder, "loads.json")
        run(python("3"), "scripts/bench_loads.py", f"{times}", result)
        return Loads.model_validate_json(result.read_text("utf-8"))


class _Settings(yaml.SafeLoader):
    """Reads mkdocs.yml, whose `!ENV` gives its default."""


def _default(loader: _Settings, node: yaml.SequenceNode) -> Any:
    return loader.construct_sequence(node)[-1]


_Settings.add_constructor("!ENV", _default)


def plain_settings(root: Path, docs_dir: Path, site_dir: Path) -> dict[str, Any]:
    """The settings of this site without hooks, own theme, scripts, styles and options of its own."""
    settings: dict[str, Any] = yaml.load((root / "mkdocs.yml").read_text("utf-8"), Loader=_Settings)
    for key in ("hooks", "extra", "extra_css", "extra_javascript", "validation"):
        settings.pop(key, None)
    theme = {"name": "material", "font": False, "features": settings["theme"]["features"]}
    given: dict[str, Any] = {}
    for plugin in settings["plugins"]:
        given |= plugin if isinstance(plugin, dict) else {plugin: {}}
    given["mkdocstrings"]["handlers"]["python"]["paths"] = [str(root / "src")]
    jupyter = {"execute": False, "cache": False, "include": given["mkdocs-jupyter"]["include"]}
    plugins = [{"search": {}}, {"mkdocs-jupyter": jupyter}]
    plugins.append({"mkdocstrings": given["mkdocstrings"]})
    return settings | {"theme": theme, "plugins": plugins, "docs_dir": str(docs_dir), "site_dir": str(site_dir)}


def site(times: int) -> list[Pair]:
    """The pages and the strict build, against a plain build of the same pages."""
    for part in EVIDENCE:
        if not (ROOT / part).exists():
            raise Problem(ROOT / part, None, "nothing has been verified yet", "make verify", kind="no-evidence")
    both = Runs("publish, then mkdocs build --strict")
    build, plain = Runs("mkdocs build --strict"), Runs("Material, mkdocstrings and mkdocs-jupyter alone")
    SCRATCH.mkdir(parents=True, exist_ok=True)
    scratch = SCRATCH / "plain.yml"
    wanted = plain_settings(ROOT, ROOT / "build" / "docs", SCRATCH / "plain")
    scratch.write_text(yaml.safe_dump(wanted, sort_keys=False), "utf-8")
    mkdocs = (python("3"), "-m", "mkdocs", "build", "--quiet")

    def ours() -> None:
        pages = run(*docs("3", "publish", *EVIDENCE))
        built = run(*mkdocs, "--strict", "--site-dir", SCRATCH / "site")
        both.add(pages, built)
        build.add(built)

    turns(times, ours, lambda: plain.add(run(*mkdocs, "--config-file", scratch)))
    limit = Limit(kind="times", value=1.5)
    other = plain.sample()
    return [
        Pair(part="site", name="The strict build of the site", ours=build.sample(), other=other, limit=limit),
        Pair(part="site", name="The pages too, from the evidence", ours=both.sample(), other=other),
    ]


def growth(times: int, sizes: Sequence[int] = SIZES) -> list[Growth]:
    """Projects of several sizes, made of copies of one example."""
    steps: dict[str, list[Point]] = {"Verification": [], "Pages": []}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for size in sizes:
            project = make_synthetic(ROOT, Path(folder, f"{size}"), LANE, size)
            evidence = "build/evidence/mlflow-3.json"
            both = {name: Runs(name) for name in steps}
            commands = {
                "Verification": docs("3", "verify", "--evidence", evidence, *fresh()),
                "Pages": docs("3", "publish", evidence),
            }
            for _ in range(times):
                for name, command in commands.items():
                    both[name].add(run(*command, cwd=project))
            for name, found in both.items():
                point = Point(examples=size, seconds=round(median(found.seconds), 4), peak_mb=found.peak_mb)
                steps[name].append(point)
            shutil.rmtree(project)
    return [Growth(what=name, points=tuple(points)) for name, points in steps.items()]


def xdist(times: int) -> list[Pair]:
    """Tests in two processes, against one: those of the examples, and some of the others."""
    chosen: dict[str, tuple[str, ...]] = {
        # The other tests of the file look at what one process did.
        "The tests of the examples": ("tests/test_examples.py", "-k", "does_what_its_page_shows"),
        "Other tests, of seven files": OTHER_TESTS,
    }
    pairs = []
    for name, words in chosen.items():
        two, single = Runs("pytest -n 2"), Runs("pytest, one process")
        tests: tuple[str | Path, ...] = (python("3"), "-m", "pytest", "-q", *words)
        spread = ("-n", "2", "--dist", "loadfile" if words is OTHER_TESTS else "load")
        turns(times, lambda: two.add(run(*tests, *spread)), lambda: single.add(run(*tests, "-p", "no:xdist")))  # noqa: B023
        pairs.append(Pair(part="xdist", name=name, ours=two.sample(), other=single.sample()))
    return pairs


def machine() -> Machine:
    """This machine, without its name."""
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        system = platform.system()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python_here = platform.python_version()
    return Machine(cores=os.cpu_count() or 1, memory_gb=max(1, round(memory)), python=python_here, system=system)


PAIRS: dict[str, Callable[[int], list[Pair]]] = {
    "verify": verify,
    "unchanged": unchanged,
    "one": one,
    "site": site,
    "xdist": xdist,
}
PARTS = (*PAIRS, "loads", "growth")
BEFORE = "before"


def measured(before: Speed, part: str, times: int, sizes: Sequence[int] = SIZES) -> Speed:
    """Measures one part, and puts it in the place of what was known of it."""
    if part == "loads":
        return before.model_copy(update={"loads": loads(times)})
    if part == "growth":
        return before.model_copy(update={"growth": tuple(growth(times, sizes))})
    pairs = {name: [pair for pair in before.pairs if pair.part == name] for name in (*PAIRS, BEFORE)}
    pairs[part] = PAIRS[part](times)
    return before.model_copy(update={"pairs": tuple(pair for rows in pairs.values() for pair in rows)})


def known(here: Machine, output: Path) -> Speed:
    """What was measured on this machine before; nothing, where it was another one."""
    try:
        before = load_speed(output.parent.parent)
    except Problem:
        return Speed(machine=here)
    return before if before.machine == here else Speed(machine=here)


def written(found: Speed) -> str:
    return json.dumps(found.model_dump(mode="json", exclude_defaults=True) | {"version": 1}, indent=1) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures verification and site beside what they are compared with.")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; may be repeated")
    parser.add_argument("--times", type=int, default=3, help="how often each thing runs")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="examples of the made-up projects")
    chosen = parser.parse_args()
    output = ROOT / SPEED
    found = known(machine(), output)
    if not chosen.only:
        # What an older checkout took is measured by itself.
        found = Speed(machine=found.machine, pairs=tuple(pair for pair in found.pairs if pair.part == BEFORE))
    SCRATCH.mkdir(parents=True, exist_ok=True)
    for part in chosen.only or PARTS:
        started = time.monotonic()
        try:
            found = measured(found, part, max(1, chosen.times), chosen.sizes)
        except Problem as problem:
            print(problem, file=sys.stderr)
            return 1
        # After each part: the next one may take minutes.
        write_whole(output, written(found))
        print(f"{part}: measured in {time.monotonic() - started:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
