"""Makes test items of examples, fences and cassettes, for teams that run pytest: `pytest --verified-docs`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from verified_docs.adapter import Adapter
    from verified_docs.census import Fence
    from verified_docs.example import Example
    from verified_docs.lane import Lane


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--verified-docs`; without it this plugin does nothing."""
    group = parser.getgroup("verified-docs")
    what = "Replay the examples in the lanes of the client that is installed, and run the Python fences of the pages."
    group.addoption("--verified-docs", action="store_true", help=what)


def pytest_configure(config: pytest.Config) -> None:
    """Sets what the client has to find when it is loaded."""
    if config.getoption("--verified-docs"):
        handbook = Handbook(config.rootpath)
        os.environ.update(handbook.adapter.settings)
        config.stash[HANDBOOK] = handbook


class Handbook:
    """The project that is tested, read once.

    Args:
        root: Its folder, which is pytest's root.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def adapter(self) -> Adapter:
        """Knowledge of server and client."""
        from verified_docs.adapter import load_adapter

        return _told(load_adapter, self.root)

    @cached_property
    def lanes(self) -> list[Lane]:
        """The lanes whose client is installed here."""
        from verified_docs.lane import installed_lanes

        return _told(installed_lanes, self.root, self.adapter.client, self.adapter.client_version())


HANDBOOK = pytest.StashKey[Handbook]()


def _told[Found](function: Callable[..., Found], *arguments: Any) -> Found:
    """A mistake in the project ends pytest with its message, not with a traceback."""
    from verified_docs.problem import Problem, Problems

    try:
        return function(*arguments)
    except (Problem, Problems) as problem:
        raise pytest.UsageError(str(problem)) from None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Takes examples, pages and the manifest of cassettes."""
    handbook = parent.config.stash.get(HANDBOOK, None)
    if handbook is None:
        return None
    from verified_docs.cassette import CASSETTES
    from verified_docs.census import DOCS
    from verified_docs.example import EXAMPLES
    from verified_docs.inventory import MANIFEST

    root = handbook.root
    if file_path.suffix == ".py" and file_path.is_relative_to(root / EXAMPLES):
        return _Example.from_parent(parent, path=file_path)
    if file_path.suffix == ".md" and file_path.is_relative_to(root / DOCS):
        return _Page.from_parent(parent, path=file_path)
    if file_path == root / CASSETTES / MANIFEST:
        return _Cassettes.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Keeps pytest from importing an example that is named on the command line: that would run it with no recording."""
    from verified_docs.example import EXAMPLES

    handbook = parent.config.stash.get(HANDBOOK, None)
    if handbook is None or not module_path.is_relative_to(handbook.root / EXAMPLES):
        return None
    return _NoModule.from_parent(parent, path=module_path)


class _NoModule(pytest.Module):
    def collect(self) -> list[pytest.Item | pytest.Collector]:
        return []


class _Item(pytest.Item):
    """A check whose message says where, what and how it is put right: no traceback says more."""

    @property
    def handbook(self) -> Handbook:
        return self.config.stash[HANDBOOK]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from verified_docs.problem import Problem, Problems

        known = isinstance(excinfo.value, (Problem, Problems))
        return str(excinfo.value) if known else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


class _Example(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        for lane in self.config.stash[HANDBOOK].lanes:
            yield _Replay.from_parent(self, name=f"replay[{lane.id}]", lane=lane)


class _Replay(_Item):
    """One example in one lane."""

    def __init__(self, *, lane: Lane, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.lane = lane

    def runtest(self) -> None:
        from verified_docs.example import load_example
        from verified_docs.inventory import recorded_lanes
        from verified_docs.problem import Problem
        from verified_docs.quarantine import load_quarantine
        from verified_docs.verify import verify

        root = self.handbook.root
        example: Example = load_example(self.path, root)
        if not recorded_lanes(root, example, [self.lane]):
            pytest.skip(f"not recorded in {self.lane}")
        try:
            outcome: Any = verify(example, self.lane, root, self.handbook.adapter)
        except Problem as problem:
            outcome = problem
        counted, held = load_quarantine(root).settle(root, example, self.lane, outcome)
        if isinstance(counted, Problem):
            raise counted
        if held:
            pytest.xfail(f"in quarantine: {held.reason}")


class _Page(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        from verified_docs.census import PYTHON, find_fences
        from verified_docs.problem import read_text

        for fence in _told(find_fences, self.path, _told(read_text, self.path)):
            if fence.language in PYTHON:
                yield _Fence.from_parent(self, name=f"line {fence.line}", fence=fence)


class _Fence(_Item):
    """One Python fence of a page, which has to do without a server."""

    def __init__(self, *, fence: Fence, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.fence = fence

    def runtest(self) -> None:
        from verified_docs.verify import verify_fence

        verify_fence(self.fence, self.handbook.root, self.handbook.adapter)


class _Cassettes(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        yield _Inventory.from_parent(self, name="inventory")


class _Inventory(_Item):
    """Every cassette is an import with an example, and every example has one."""

    def runtest(self) -> None:
        from verified_docs.day import today
        from verified_docs.example import load_examples
        from verified_docs.inventory import check_inventory
        from verified_docs.lane import load_lanes
        from verified_docs.quarantine import check_quarantine, load_quarantine

        root = self.handbook.root
        examples, lanes = load_examples(root), load_lanes(root)
        check_inventory(root, examples, lanes)
        check_quarantine(root, load_quarantine(root), examples, lanes, today())
