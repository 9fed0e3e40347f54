"""Looks at code that nobody runs, each language with a checker of its own, so that no block is shown unread."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sysconfig
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from verified_docs.census import HTTP, PYTHON, Fence
from verified_docs.problem import Problem, Problems, read_text

SHELL = frozenset({"bash", "sh", "shell"})
# Nothing in it can be parsed: what proves it, or why nothing does, has to be said.
ILLUSTRATION = frozenset({"text", HTTP})
# Beside the interpreter, whether or not its environment is switched on.
_SHELLCHECK = Path(sysconfig.get_path("scripts")) / "shellcheck"
# What changes the meaning, or trips a reader who copies it; how many blank rows there are does neither.
_YAMLLINT = "extends: relaxed\nrules:\n  truthy: {level: error}\n"
_SETTING = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\"'#]*)\s*(?:\s#.*)?")


class Malformed(Exception):
    """A block is not sound.

    Attributes:
        line: Its row, counted from 1, or 0 where it is not known.
        fix: What puts it right.
    """

    def __init__(self, what: str, line: int = 0, fix: str = "correct the fence, then make census") -> None:
        super().__init__(what)
        self.line = line
        self.fix = fix


@dataclass(frozen=True)
class Checked:
    """A block that is sound.

    Attributes:
        by: The names of the checkers that looked at it.
        seconds: How long they took.
    """

    by: str
    seconds: float


def check_block(language: str, content: str, schema: Path | str | None = None) -> Checked:
    """Checks a block with the checker of its language; the same block is looked at once in a process.

    Args:
        language: Its language in lower case.
        content: Its text.
        schema: The JSON Schema that its data have to fit: a file, or a name that `check-jsonschema` knows.

    Raises:
        Malformed: It is not sound, or no checker knows its language.
    """
    found = _check(language, content, schema)
    if isinstance(found, Malformed):
        raise found
    return found


@lru_cache(maxsize=4096)
def _check(language: str, content: str, schema: Path | str | None) -> Checked | Malformed:
    started = time.perf_counter()
    if language not in _CHECKERS:
        known = ", ".join(sorted({*_CHECKERS, *ILLUSTRATION}))
        what = "names a language that is neither run nor checked" if language else "names no language"
        return Malformed(what, fix=f"use one of {known}, then make census")
    by, checker = _CHECKERS[language]
    try:
        document = checker(content)
        if schema is not None:
            by = f"{by}, JSON Schema"
            _fits(document, schema, content)
    except Malformed as error:
        return error
    except RecursionError:
        return Malformed("is nested too deep")
    return Checked(by, time.perf_counter() - started)


def _python(content: str) -> None:
    try:
        # Compiled as well: `return` outside of a function parses.
        compile(ast.parse(content), "fence", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        told = error.msg if isinstance(error, SyntaxError) else error
        raise Malformed(f"is not valid Python: {told}", getattr(error, "lineno", 0) or 0) from error


def _json(content: str) -> Any:
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        raise Malformed(f"is not valid JSON: {error.msg}", error.lineno) from error


def _toml(content: str) -> Any:
    try:
        return tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise Malformed(f"is not valid TOML: {error}", int(line[1]) if line else 0) from error


class Tagged(yaml.SafeLoader):
    """Reads tags that only another program knows, such as `!reference`, as what stands behind them."""


def _untagged(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)


Tagged.add_multi_constructor("!", _untagged)


def _yaml(content: str) -> Any:
    from yamllint import linter
    from yamllint.config import YamlLintConfig

    try:
        documents = list(yaml.load_all(content, Loader=Tagged))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise Malformed(f"is not valid YAML: {getattr(error, 'problem', error)}", line) from error
    for fault in linter.run(content, YamlLintConfig(_YAMLLINT)):
        if fault.level == "error":
            raise Malformed(f"is refused by yamllint: {fault.message} ({fault.rule})", fault.line)
    return documents[0] if len(documents) == 1 else documents


def _graphql(content: str) -> None:
    from graphql import GraphQLSyntaxError, parse

    try:
        parse(content)
    except GraphQLSyntaxError as error:
        line = error.locations[0].line if error.locations else 0
        raise Malformed(f"is not valid GraphQL: {error.message}", line) from error


def _dotenv(content: str) -> None:
    seen: dict[str, int] = {}
    for number, row in enumerate(content.splitlines(), start=1):
        if not row.strip() or row.lstrip().startswith("#"):
            continue
        found = _SETTING.fullmatch(row)
        if found is None:
            raise Malformed(f"has a row that sets no variable: {row[:60]}", number, "write NAME=value")
        if found["name"] in seen:
            raise Malformed(f"sets {found['name']} twice, in row {seen[found['name']]} too", number, "take one out")
        seen[found["name"]] = number


def _shell(content: str) -> None:
    if faults := shell_faults(content):
        line, what = faults[0]
        raise Malformed(f"is not sound shell: {what}", line)


def shell_faults(text: str) -> list[tuple[int, str]]:
    """What Bash and ShellCheck object to in a shell script: line and message, in the order of lines.

    Files that a script reads need not be there.
    """
    parsed = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    if parsed.returncode:
        at = re.search(r"line (\d+)", parsed.stderr)
        return [(int(at[1]) if at else 1, parsed.stderr.strip().partition("\n")[0])]
    command = [str(_SHELLCHECK), "--shell=bash", "--exclude=SC1091", "--format=json1", "-"]
    checked = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    rows = json.loads(checked.stdout)["comments"]
    return sorted((row["line"], f"{row['message']} (SC{row['code']})") for row in rows)


def _fits(document: Any, schema: Path | str, content: str) -> None:
    """Makes sure that data fit a schema.

    Raises:
        Malformed: They do not; the deepest fault is named.
    """
    from jsonschema.exceptions import best_match

    error = best_match(_validator(schema).iter_errors(document))
    if error is not None:
        path = [str(step) for step in error.absolute_path]
        name = next((step for step in reversed(path) if not step.isdigit()), "")
        rows = enumerate(content.splitlines(), start=1)
        line = next((number for number, row in rows if row.strip().lstrip("- ").startswith(f"{name}:")), 0)
        told = error.message if len(error.message) < 200 else f"{error.message[:200]}…"
        raise Malformed(f"does not fit its schema at {'/'.join(path) or 'its top'}: {told}", line if name else 0)


@cache
def _validator(schema: Path | str) -> Any:
    from check_jsonschema.builtin_schemas import get_builtin_schema
    from jsonschema.validators import validator_for

    document = json.loads(read_text(schema)) if isinstance(schema, Path) else get_builtin_schema(schema)
    return validator_for(document)(document)


_CHECKERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    **dict.fromkeys(PYTHON, ("Python’s compiler", _python)),
    **dict.fromkeys(SHELL, ("Bash, ShellCheck", _shell)),
    **dict.fromkeys(("yaml", "yml"), ("yamllint", _yaml)),
    "json": ("json", _json),
    "toml": ("tomllib", _toml),
    "graphql": ("graphql-core", _graphql),
    "dotenv": ("rows of NAME=value", _dotenv),
}


def check_fences(fences: Sequence[Fence]) -> Counter[str]:
    """Checks that each fence has a known language and is well-formed in it.

    Python is not run here: `verify_fence` does that.

    Args:
        fences: What `take_census` found.

    Returns:
        The number of fences by language; their sum is the number of fences.

    Raises:
        Problems: One entry for each fence that nobody can check, or that is malformed.
    """
    counts: Counter[str] = Counter()
    found: list[Problem] = []
    for fence in fences:
        counts[fence.language or "(none)"] += 1
        try:
            if fence.language not in ILLUSTRATION and not skipped(fence):
                check_block(fence.language, fence.content)
        except Malformed as error:
            found.append(malformed(fence, error))
    if found:
        raise Problems(found)
    return counts


def skipped(fence: Fence) -> bool:
    """Whether a fence says why no checker looks at it. Python cannot: it runs, or it does not stand on a page."""
    return fence.declared == "skipped" and fence.language not in PYTHON


def malformed(fence: Fence, error: Malformed) -> Problem:
    """What a person has to change in a fence."""
    what = f"the {fence.language or 'plain'} fence {error}"
    return Problem(fence.page, fence.line + error.line, what, error.fix, kind="fence")
