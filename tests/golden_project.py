"""A small project that golden tests break on purpose, and how its messages are taken down."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from typer.testing import CliRunner

from conftest import LANES, LANES_HERE, ROOT
from verified_docs.cli import app
from verified_docs.problem import Problem

CHECK, FAILS, PRINTS, ORDERED = (
    "tracking/check_connection",
    "errors/empty_param",
    "registry/newest_version",
    "tracking/nested_runs",
)
# What begins the settings of a project that replays what this one does.
SETTINGS = '[tool.verified_docs]\nadapter = "verified_docs.gitlab_mlflow:GitLabMLflow"\n'
EXAMPLES = (CHECK, FAILS, PRINTS, ORDERED)
LANE = LANES_HERE[-1].id
PACKAGE = ROOT / "src" / "verified_docs"
RUN = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "120"})


@dataclass(frozen=True)
class Case:
    """A mistake that somebody makes, and the command that finds it."""

    command: str
    mistake: Callable[[Path], object]


def small_project(root: Path) -> Path:
    """Four examples with their cassettes, one page that shows them, and one raw recording."""
    keys = [f"{lane.id}/{name}" for lane in LANES for name in EXAMPLES]
    files = [*(f"examples/{name}.py" for name in EXAMPLES), *(f"cassettes/{key}.yaml" for key in keys)]
    for name in files:
        if (ROOT / name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    manifest = json.loads((ROOT / "cassettes/manifest.json").read_text("utf-8"))["recordings"]
    write(root / "cassettes/manifest.json", json.dumps({"recordings": {k: manifest[k] for k in keys if k in manifest}}))
    shown = "\n\n".join(f'{{{{ example("{name}") }}}}' for name in EXAMPLES)
    write(root / "docs/index.md", f"# Home\n\n```python\nprint(1)\n#> 1\n```\n\n{shown}\n")
    lanes = "".join(f'  {{ server = "{lane.server}", client = "{lane.client}" }},\n' for lane in LANES)
    write(root / "pyproject.toml", f"{SETTINGS}lanes = [\n{lanes}]\n")
    for ending in (".yaml", ".json"):
        raw = ROOT / "tests/recordings" / LANE / f"{CHECK}{ending}"
        write(root / "raw" / LANE / f"{CHECK}{ending}", raw.read_text("utf-8"))
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="")


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Replaces a text in a file."""

    def change(root: Path) -> None:
        text = (root / name).read_text("utf-8")
        assert old in text, f"{old!r} is not in {name}"
        write(root / name, text.replace(old, new, 1))

    return change


def text(name: str, content: str) -> Callable[[Path], None]:
    """Gives a file another content, or makes it."""
    return lambda root: write(root / name, content)


def both(*mistakes: Callable[[Path], object]) -> Callable[[Path], None]:
    """Makes several mistakes one after another."""

    def change(root: Path) -> None:
        for mistake in mistakes:
            mistake(root)

    return change


def told(case: Case, root: Path) -> str:
    """Everything that a person sees who makes a mistake: command, output and exit code."""
    case.mistake(root)
    with contextlib.chdir(root), mock.patch.dict(os.environ):
        done = RUN.invoke(app, case.command.split())
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    output = done.output.replace(str(root), "PROJECT").replace(str(ROOT), "SITE")
    output = re.sub(r"in \d+\.\d s", "in N s", output)
    return f"$ verified-docs {case.command}\n{output}exit code {done.exit_code}\n"


# --- Where messages come from ---


def sites() -> dict[str, tuple[str, range]]:
    """Each place of the package that makes a message: its name, file and lines."""
    found: dict[str, tuple[str, range]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for function, call in _calls(ast.parse(path.read_text("utf-8")), ""):
            number = sum(name.startswith(f"{module}.{function}#") for name in found) + 1
            found[f"{module}.{function}#{number}"] = (str(path), range(call.lineno, (call.end_lineno or 0) + 1))
    return found


def _calls(node: ast.AST, function: str) -> Iterator[tuple[str, ast.Call]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id == "Problem":
            yield function, child
        name = f".{child.name}" if isinstance(child, (ast.FunctionDef, ast.ClassDef)) else ""
        yield from _calls(child, f"{function}{name}".lstrip("."))


@contextlib.contextmanager
def noted(made: set[str]) -> Iterator[None]:
    """Notes the name of each place that makes a message while the body runs."""
    known = sites()
    original = Problem.__init__

    def note(self: Problem, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        frame = sys._getframe(1)
        here = (frame.f_code.co_filename, frame.f_lineno)
        made.update(name for name, (file, lines) in known.items() if file == here[0] and here[1] in lines)

    with mock.patch.object(Problem, "__init__", note):
        yield
