"""Answers requests of code on pages from recordings, for tools that know of none: a plugin of pytest for `compare.py`.

It does what such a project would do by hand: plain vcrpy with its own matchers, the variables that a reader sets, the
day of the recording, a folder of its own, and an MLflow that has forgotten the page before.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
import yaml
from audit_replay import SHELL, read_example, variables
from bench_floor import PLAIN, forget, plain_tape

PROJECT = Path(os.environ["COMPARE_PROJECT"])
LANE = os.environ["COMPARE_LANE"]
RESULTS = os.environ.get("COMPARE_RESULTS")

if os.environ["COMPARE_TOOL"] == "sybil":
    from sybil import Sybil
    from sybil.parsers.markdown import PythonCodeBlockParser

    pages = Sybil(parsers=[PythonCodeBlockParser()], path=os.environ["COMPARE_PAGES"], patterns=["*.md"])
    pytest_collect_file = pages.pytest()


def name_of(item: pytest.Item) -> str:
    """The example that a page shows."""
    page = item.callspec.params["page"] if hasattr(item, "callspec") else item.path
    return Path(page).stem.replace("__", "/")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[Any]:
    name = name_of(item)
    cassette = PROJECT / "cassettes" / LANE / f"{name}.yaml"
    example = read_example(PROJECT / "examples" / f"{name}.py", PROJECT / "examples")
    about = yaml.load(cassette.read_bytes(), Loader=yaml.CSafeLoader)["metadata"]
    environment, folder, argv = dict(os.environ), Path.cwd(), sys.argv
    passed = False
    with tempfile.TemporaryDirectory(prefix="compare-", ignore_cleanup_errors=True) as scratch:
        try:
            os.environ.update(SHELL | PLAIN | {"HOME": scratch} | variables(PROJECT, example, about))
            os.chdir(scratch)
            sys.argv = [example.path.name]
            forget()
            with time_machine.travel(datetime.fromisoformat(about["recorded_at"])), plain_tape(cassette):
                done = yield
            passed = True
            return done
        finally:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            sys.argv = argv
            if RESULTS:
                with Path(RESULTS).open("a", encoding="utf-8") as file:
                    file.write(json.dumps([name, passed]) + "\n")
