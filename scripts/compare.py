#!/usr/bin/env python3
"""Runs the same examples under other tools that run the code of pages, and plants the same faults: `make compare`.

    build/compare/bin/python scripts/compare.py [--times 3] [--quota 8]

Each example is one page with one fence: its source below the header, with the `#>` comments. Kept are those that pass
under all tools. What the tools print is not looked at, and `#>` comments mean nothing to them; see
`compare_conftest.py` for how their requests are answered. The result goes to `bench/others.json`, of which a page is
made.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from audit import warm_up
from audit_replay import read_example
from bench import ENVIRONMENT, LANE, ROOT, Runs, docs, fresh, machine, run
from synthetic import make_project

from verified_docs.example import Example, load_examples
from verified_docs.mutants import cassettes, examples
from verified_docs.mutants.mutant import Mutant, Project, find_mutants
from verified_docs.mutants.score import load_equivalent
from verified_docs.speed import OTHERS, OURS, REPLAY, Others, Planted, Tool
from verified_docs.whole import write_whole

OPERATORS = (*examples.OPERATORS, *cassettes.OPERATORS)
# The package, and what pytest is told besides.
TOOLS: dict[str, tuple[str, ...]] = {
    "sybil": (),
    "pytest-markdown-docs": ("-p", "pytest_markdown_docs.plugin", "--markdown-docs"),
    "mktestdocs": (),
}
MKTESTDOCS = """import os, pathlib
import pytest
from mktestdocs import check_md_file

PAGES = sorted(pathlib.Path(os.environ["COMPARE_PAGES"]).glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_page(page):
    check_md_file(fpath=page)
"""
OTHERWISE = "that end with an exception in some lane, or print something of their own there"
# Seconds that one run with a fault may take: what hangs is refused.
LONGEST = 60


def page_of(source: str) -> str:
    """An example as a page: what stands below its header, as one fence."""
    code = source.partition("\n# ///\n")[2].strip()
    return f"# A page\n\n```python\n{code}\n```\n"


def write_page(folder: Path, name: str, source: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name.replace('/', '__')}.md").write_text(page_of(source), "utf-8")


def command(tool: str, place: Path) -> list[str]:
    """What pytest is told to run a tool on the pages of a place."""
    what = place / "mktestdocs" if tool == "mktestdocs" else place / "pages"
    ini = ("-c", str(place / "pytest.ini"), "--rootdir", str(place))
    return [str(what), "-q", "-p", "no:cacheprovider", "-p", "compare_conftest", *ini, *TOOLS[tool]]


def settings(tool: str, place: Path, project: Path, results: Path | None = None) -> dict[str, str]:
    """The variables of the plugin that answers requests."""
    given = {"COMPARE_TOOL": tool, "COMPARE_PAGES": str(place / "pages"), "COMPARE_PROJECT": str(project)}
    given |= {"COMPARE_LANE": LANE, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return given | ({"COMPARE_RESULTS": str(results)} if results else {})


def lay_out(place: Path, chosen: Mapping[str, str]) -> Path:
    """A folder in which each tool finds its pages."""
    for name, source in chosen.items():
        write_page(place / "pages", name, source)
    (place / "mktestdocs").mkdir(parents=True, exist_ok=True)
    (place / "mktestdocs" / "test_pages.py").write_text(MKTESTDOCS, "utf-8")
    (place / "pytest.ini").write_text("[pytest]\n", "utf-8")
    return place


@contextlib.contextmanager
def variables(given: Mapping[str, str]) -> Iterator[None]:
    """Sets variables, for this process and for those that `bench.run` starts."""
    before = {name: ENVIRONMENT.get(name) for name in given}
    ENVIRONMENT.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del ENVIRONMENT[name]
            else:
                ENVIRONMENT[name] = value


# --- Which examples, and how long ---


def candidates(root: Path) -> tuple[list[Example], dict[str, int]]:
    """The examples that run to their end and print what their comments say; how many others there are."""
    found, left = [], {"not recorded in this lane": 0, OTHERWISE: 0}
    for example in load_examples(root):
        about = example.metadata
        if not (root / "cassettes" / LANE / f"{example.id}.yaml").exists():
            left["not recorded in this lane"] += 1
        elif about.raises or about.output or example.path.parent == root / "examples":
            left[OTHERWISE] += 1
        else:
            found.append(example)
    return found, left


def passing(tool: str, place: Path, project: Path) -> set[str]:
    """The examples that pass under a tool, all in one process."""
    results = place / f"{tool}.jsonl"
    with variables(settings(tool, place, project, results)), contextlib.suppress(SystemExit):
        run(sys.executable, "-m", "pytest", *command(tool, place))
    rows = [json.loads(row) for row in results.read_text("utf-8").splitlines()] if results.exists() else []
    return {name for name, passed in rows if passed}


def timed(tool: str, runs: Runs, place: Path, project: Path) -> None:
    with variables(settings(tool, place, project)):
        runs.add(run(sys.executable, "-m", "pytest", *command(tool, place)))


# --- Faults ---


def refused(work: Callable[[], int]) -> bool:
    """Whether something ends badly, in a copy of this process, which has everything loaded."""
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which only wait for work
        child = os.fork()
    if not child:
        status = 1
        try:
            signal.alarm(LONGEST)
            quiet = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(quiet, stream)
            status = work()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        finally:
            os._exit(min(status, 125))
    return os.waitpid(child, 0)[1] != 0


def under_tool(tool: str, place: Path, project: Path) -> int:
    import pytest

    os.environ.update(settings(tool, place, project))
    return int(pytest.main(command(tool, place)))


def under_ours(name: str, project: Path) -> int:
    from verified_docs.cli import app

    app(["verify", name, *fresh(), "--root", str(project)])
    return 0


def everyone(name: str, project: Path, scratch: Path) -> dict[str, bool]:
    """Who refuses an example as it stands in a project now."""
    place = lay_out(scratch / "one", {name: (project / f"examples/{name}.py").read_text("utf-8")})
    found = {tool: refused(partial(under_tool, tool, place, project)) for tool in TOOLS}
    shutil.rmtree(place)
    return found | {OURS: refused(partial(under_ours, name, project))}


def trial(mutant: Mutant, project: Path, scratch: Path) -> dict[str, bool]:
    """Makes a fault, asks everyone, and takes it back."""
    name, edits = mutant.fault.example or "", mutant.fault.make()
    manifest = project / "cassettes" / "manifest.json"
    before = {path: (project / path).read_text("utf-8") for path in edits}
    listed = manifest.read_text("utf-8")
    try:
        for path, text in edits.items():
            (project / path).write_text(text or "", "utf-8")
        found = everyone(name, project, scratch)
        # A changed recording is refused for its hash alone: once more as if an import had brought it.
        told = json.loads(listed)
        key = f"{LANE}/{name}"
        told["recordings"][key]["cassette"] = hashlib.sha256(
            (project / f"cassettes/{key}.yaml").read_bytes()
        ).hexdigest()
        manifest.write_text(json.dumps(told), "utf-8")
        return found | {REPLAY: refused(partial(under_ours, name, project))}
    finally:
        manifest.write_text(listed, "utf-8")
        for path, text in before.items():
            (project / path).write_text(text, "utf-8")


def plant(project: Path, scratch: Path, quota: int) -> dict[str, Planted]:
    """Plants faults of each kind, and counts who refuses them."""
    same = {one.id for one in load_equivalent(ROOT)}
    chosen = [one for one in find_mutants(Project(project), OPERATORS, quota) if one.id not in same]
    chosen = [one for one in chosen if one.fault.example]
    warm_up([read_example(path, project / "examples") for path in sorted((project / "examples").rglob("*.py"))])
    fresh()
    sound: dict[str, bool] = {}
    counts: dict[str, dict[str, int]] = {}
    for number, mutant in enumerate(chosen, start=1):
        name = mutant.fault.example or ""
        if name not in sound:
            control = everyone(name, project, scratch)
            sound[name] = not any(control.values())
            if not sound[name]:
                print(f"compare: left out: {name} is red without any fault: {control}", file=sys.stderr)
        if not sound[name]:
            continue
        row = counts.setdefault(mutant.operator.name, {"faults": 0})
        row["faults"] += 1
        for who, saw in trial(mutant, project, scratch).items():
            row[who] = row.get(who, 0) + saw
        if number % 20 == 0:
            print(f"compare: {number} of {len(chosen)} faults", flush=True)
    what = {operator.name: operator.what for operator in OPERATORS}
    return {name: Planted(what=what[name], faults=row.pop("faults"), caught=dict(row)) for name, row in counts.items()}


def main() -> int:
    os.environ.pop("OPENBLAS_CORETYPE", None)
    parser = argparse.ArgumentParser(
        description="Runs the same examples, and plants the same faults, under other tools."
    )
    parser.add_argument("--times", type=int, default=3, help="how often each tool runs")
    parser.add_argument("--quota", type=int, default=8, help="faults of each kind")
    parser.add_argument("--most", type=int, help="take only so many examples")
    parser.add_argument("--output", type=Path, default=ROOT / OTHERS, help="where to write")
    chosen = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="compare-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder).resolve()
        found, left = candidates(ROOT)
        found = found[: chosen.most]
        project = make_project(ROOT, scratch / "all", LANE, [one.id for one in found])
        place = lay_out(scratch / "first", {one.id: one.source for one in found})
        kept = set.intersection(*(passing(tool, place, project) for tool in TOOLS))
        left["that fail under one of the other tools without any fault"] = len(found) - len(kept)
        sources = {one.id: one.source for one in found if one.id in kept}
        if not sources:
            print("compare: no example passes under all tools", file=sys.stderr)
            return 1
        project = make_project(ROOT, scratch / "project", LANE, sources)
        place = lay_out(scratch / "kept", sources)
        ours, others = Runs("verify"), {tool: Runs("pytest") for tool in TOOLS}
        for _ in range(max(1, chosen.times)):
            ours.add(run(*docs("3", "verify", *fresh()), cwd=project))
            for tool, runs in others.items():
                timed(tool, runs, place, project)
        print(f"compare: {len(kept)} examples timed after {time.monotonic() - started:.0f} s", flush=True)
        planted = plant(project, scratch, chosen.quota)
    tools = {OURS: Tool(version="", sample=ours.sample())}
    tools |= {
        tool: Tool(version=importlib.metadata.version(tool), sample=runs.sample()) for tool, runs in others.items()
    }
    result = Others(machine=machine(), examples=len(kept), left_out=left, tools=tools, planted=planted)
    write_whole(chosen.output, json.dumps(result.model_dump(mode="json"), indent=1) + "\n")
    print(f"compare: done after {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
