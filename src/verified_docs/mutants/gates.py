"""Asks the checks that CI runs whether they see a fault; none of them knows that it was made on purpose."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from verified_docs.adapter import Adapter, code_of
from verified_docs.built import build_again, check_built
from verified_docs.census import DOCS
from verified_docs.evidence import Evidence, load_evidence, merge
from verified_docs.example import load_example, load_examples
from verified_docs.inventory import check_inventory, recorded_lanes
from verified_docs.lane import Lane, installed_lanes, load_lanes
from verified_docs.lock import REQUIREMENTS, check_lock
from verified_docs.mutants.site import WarmSite
from verified_docs.own import own_functions
from verified_docs.pages import SNIPPETS, Pages
from verified_docs.problem import Problem
from verified_docs.publish import check_evidence, publish_pages
from verified_docs.results import Results
from verified_docs.verify import verify


@dataclass(frozen=True)
class Job:
    """A mutant as it is tried.

    Attributes:
        target: What is broken.
        edits: The files as the fault leaves them: path below the root to text, or None for one that goes.
        gates: Whom to ask, one after the other.
        example: The example whose replay may notice, if there is one.
        lanes: The lanes in which it may.
    """

    target: str
    edits: Mapping[str, str | None]
    gates: tuple[str, ...]
    example: str | None
    lanes: tuple[str, ...]

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """A job as it came by the pipe."""
        return cls(row["target"], row["edits"], tuple(row["gates"]), row["example"] or None, tuple(row["lanes"]))


class Bench:
    """The copy of the project that gates are asked about, and what they may share.

    Args:
        root: The copy.
        original: What it is a copy of.
        adapter: Knowledge of server and client.
    """

    def __init__(self, root: Path, original: Path, adapter: Adapter) -> None:
        self.root = root
        self.original = original
        self.adapter = adapter
        self.lanes = load_lanes(root)
        self.here = [lane for lane in self.lanes if lane.client_version == adapter.client_version()]
        self.paths = {example.id: example.path for example in load_examples(root)}

    def lanes_of(self, job: Job) -> list[Lane]:
        """The lanes of a job that can be replayed in this environment, in the order of the job."""
        return sorted((lane for lane in self.here if lane.id in job.lanes), key=lambda lane: job.lanes.index(lane.id))

    @property
    def parts(self) -> list[Path]:
        """The evidence of each environment."""
        names = dict.fromkeys(lane.environment for lane in self.lanes)
        return [self.root / "build" / "evidence" / f"{name}.json" for name in names]

    @property
    def evidence(self) -> Evidence:
        """What was proven of the project as it stands."""
        # Of the lanes as they are now: a fault may be there.
        return merge([load_evidence(part) for part in self.parts], load_lanes(self.root), self.parts[0].parent)

    @property
    def results(self) -> Results:
        """What earlier runs have found in this environment, as a run reads it."""
        return Results(self.root, self.here[0].environment, code_of(self.adapter))

    @property
    def builds_pages(self) -> bool:
        """Whether this is the environment of the last lane."""
        return bool(self.here) and self.here[-1] == self.lanes[-1]

    @cached_property
    def warm_pages(self) -> Pages:
        """Every page rendered once, so that only what is broken has to be rendered again."""
        pages = Pages(self.root, self.evidence, {example.id: example for example in load_examples(self.root)})
        for _ in pages.render_all():
            pass
        return pages

    @cached_property
    def warm_site(self) -> WarmSite:
        """Every page read once by the builder of the site."""
        self.published(self.evidence)
        return WarmSite(self.root, self.root / "build/published", self.root / "build/never")

    def published(self, evidence: Evidence) -> None:
        """Writes the pages of some evidence."""
        publish_pages(self.root, evidence, Path("build/published"))


@dataclass(frozen=True)
class Gate:
    """A check of CI.

    Attributes:
        what: What it is, for people.
        ask: Raises a problem if it sees something wrong.
        keys: What it is asked about, in words: once for each it is asked without a fault, and has to be green.
        prepare: Loads what all children need.
        everywhere: Whether every environment has it; else only that of the last lane, which builds the pages.
    """

    what: str
    ask: Callable[[Bench, Job], None]
    keys: Callable[[Bench, Job], list[str]]
    prepare: Callable[[Bench], None] = lambda bench: None
    everywhere: bool = False


def _replay(bench: Bench, job: Job) -> None:
    """Every lane of this environment; verifying reads the example, its header and its cassette first."""
    assert job.example is not None
    for lane in bench.lanes_of(job):
        example = load_example(bench.paths[job.example], bench.root)
        verify(example, lane, bench.root, bench.adapter)


def _renewed(bench: Bench, job: Job) -> Evidence:
    """New evidence of an example that was changed: the check for a stale one is not what is asked."""
    evidence = bench.evidence
    if job.example is None:
        return evidence
    example = load_example(bench.paths[job.example], bench.root)
    proof = evidence.examples[job.example]
    results = {lane.id: verify(example, lane, bench.root, bench.adapter) for lane in bench.lanes_of(job)}
    renewed = proof.model_copy(update={"sha256": example.sha256, "results": proof.results | results})
    return evidence.model_copy(update={"examples": evidence.examples | {job.example: renewed}})


def _pages(bench: Bench, job: Job) -> None:
    """The pages that show an example, as `publish` writes them with new evidence of it."""
    evidence = _renewed(bench, job)
    pages = Pages(bench.root, evidence, check_evidence(bench.root, evidence))
    for path in sorted((bench.root / DOCS).rglob("*.md")):
        if f'"{job.example}"' in path.read_text("utf-8"):
            pages.render(path.relative_to(bench.root / DOCS).as_posix())


def _page(bench: Bench, job: Job) -> None:
    """The pages that were changed, and those that show a file that was."""
    names = set(pages_of(job))
    for path in (path for path in job.edits if path.startswith(f"{SNIPPETS}/")):
        name = path.removeprefix(f"{SNIPPETS}/")
        for page in (bench.root / DOCS).rglob("*.md"):
            if f'"{name}"' in page.read_text("utf-8"):
                names.add(page.relative_to(bench.root / DOCS).as_posix())
    for name in sorted(names):
        bench.warm_pages.render(name)
    bench.warm_pages.check_facts()


def _build(bench: Bench) -> None:
    """Takes what was built along, and builds it again."""
    for name in ("build/docs", "site"):
        if (bench.original / name).is_dir():
            shutil.copytree(bench.original / name, bench.root / name, dirs_exist_ok=True)
    build_again(bench.root, bench.parts, bench.root / "build/again/docs", bench.root / "build/again/site")


def _built(bench: Bench, job: Job) -> None:
    check_built(bench.root / "build/again/docs", bench.root / "build/docs")
    check_built(bench.root / "build/again/site", bench.root / "site")


def pages_of(job: Job) -> list[str]:
    """The pages that a fault changes, by their paths below the folder of pages."""
    return [path.removeprefix(f"{DOCS}/") for path in job.edits if path.startswith(f"{DOCS}/")]


def _ignore(result: object) -> None:
    """A gate says nothing but by raising."""


def tests(words: str, *files: str) -> Callable[[Bench, Job], None]:
    """A gate of `make test`: the tests of some files that have some words in their names.

    Args:
        words: What to choose, as for `pytest -k`; may name the `example` or the `snippet` of the job.
        files: The files below `tests/`.
    """

    def ask(bench: Bench, job: Job) -> None:
        import pytest

        # A handbook may have no tests of its own.
        there = [f"tests/{file}" for file in files if (bench.root / "tests" / file).exists()]
        if not there:
            return
        failed: list[pytest.TestReport] = []

        class Failures:
            def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
                if report.failed:
                    failed.append(report)

        os.chdir(bench.root)
        chosen = words.format(example=job.example, snippet=job.target.removeprefix(f"{SNIPPETS}/"))
        # Modules that are loaded already are a help here.
        loaded = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
        options = ["-q", "-x", "-c", "pyproject.toml", *loaded, "-k", chosen]
        code = pytest.main([*options, *there], plugins=[Failures()])
        if code:
            what = str(failed[0].longreprtext).splitlines()[-1] if failed else f"pytest ended with {code!r}"
            raise Problem(bench.root / "tests" / files[0], None, what, "make test", kind="test")

    return ask


def _lock(bench: Bench, job: Job) -> None:
    """As verifying does: a handbook may have no locks."""
    if (bench.original / REQUIREMENTS).is_dir():
        check_lock(bench.root, bench.here[0])


def _inventory(bench: Bench, job: Job) -> None:
    check_inventory(bench.root, load_examples(bench.root), load_lanes(bench.root))


def _results(bench: Bench, job: Job) -> None:
    """Whether a run would take what an earlier one has found, from before the fault."""
    results = bench.results
    if results.find_whole(""):
        return
    for lane in bench.lanes_of(job):
        example = load_example(bench.paths[job.example or ""], bench.root)
        if results.find(*results.of_example(example, lane)) is not None:
            return
    raise Problem(
        bench.root, None, "what an earlier run has found does not hold any more", "make verify", kind="results"
    )


def _keep_results(bench: Bench) -> None:
    """Keeps results as a run of everything does."""
    results = bench.results
    results.find_whole("")
    for example in load_examples(bench.root):
        for lane in recorded_lanes(bench.root, example, bench.here):
            results.keep(*results.of_example(example, lane), "kept")
    results.keep_whole("kept")
    results.save()


GATES: dict[str, Gate] = {
    "replay": Gate(
        "the strict replay of `verified-docs verify`",
        _replay,
        lambda bench, job: [f"replay {job.example} {lane.id}" for lane in bench.lanes_of(job)],
        everywhere=True,
    ),
    "inventory": Gate(
        "the comparison of examples, cassettes and their manifest in `verified-docs verify`",
        _inventory,
        lambda bench, job: ["inventory"],
        everywhere=True,
    ),
    "publish": Gate(
        "`verified-docs publish`",
        lambda bench, job: bench.published(bench.evidence),
        lambda bench, job: ["publish"],
        lambda bench: bench.published(bench.evidence),
    ),
    "pages": Gate(
        "`verified-docs publish`, of the pages that show an example, with new evidence of it",
        _pages,
        lambda bench, job: ["pages"],
        lambda bench: _ignore(bench.warm_pages),
    ),
    "evidence": Gate(
        "what `verified-docs publish` refuses of evidence",
        lambda bench, job: _ignore(check_evidence(bench.root, bench.evidence)),
        lambda bench, job: ["evidence"],
        lambda bench: _ignore(check_evidence(bench.root, bench.evidence)),
    ),
    "client": Gate(
        "the comparison of lanes with the installed client in `verified-docs verify`",
        lambda bench, job: _ignore(installed_lanes(bench.root, bench.adapter.client, bench.adapter.client_version())),
        lambda bench, job: ["client"],
        everywhere=True,
    ),
    "lock": Gate(
        "the comparison of locks with the environment in `verified-docs verify`",
        _lock,
        lambda bench, job: ["lock"],
        everywhere=True,
    ),
    "built": Gate(
        "`verified-docs built`",
        _built,
        lambda bench, job: ["built"],
        _build,
    ),
    "snippet-tests": Gate(
        "the tests of the shell snippets in `make test`",
        tests("(not a_shell_snippet_does) or {snippet}", "test_shell_snippets.py", "test_snippet_words.py"),
        lambda bench, job: ["snippet-tests"],
    ),
    "page": Gate(
        "what `verified-docs publish` refuses on a page",
        _page,
        lambda bench, job: ["page"],
        lambda bench: _ignore(bench.warm_pages),
    ),
    "site": Gate(
        "`mkdocs build --strict`",
        lambda bench, job: bench.warm_site.check(pages_of(job), bench.warm_pages.render),
        lambda bench, job: ["site"],
        lambda bench: _ignore(bench.warm_site),
    ),
    "own": Gate(
        "what the site's own functions check, such as the parts of a pipeline against each other",
        lambda bench, job: _ignore(own_functions(bench.root)),
        lambda bench, job: ["own"],
    ),
    "results": Gate(
        "what `verified-docs verify` asks of a result before it takes it from an earlier run",
        _results,
        lambda bench, job: ["results"],
        _keep_results,
        everywhere=True,
    ),
    "example-tests": Gate(
        "the tests of the committed examples in `make test`",
        tests("runs_by_itself and {example}", "test_example.py"),
        lambda bench, job: ["example-tests"],
    ),
}
