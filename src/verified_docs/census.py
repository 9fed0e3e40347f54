"""Finds every code fence of the pages with a real Markdown parser, so that none is shown unchecked."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from verified_docs.problem import Problem, Problems, shown

PYTHON = frozenset({"python", "py", "python3"})
_SHELL = frozenset({"bash", "sh", "shell"})
# Shown as it is: there is nothing in it that could run or be parsed.
_ILLUSTRATION = frozenset({"text", "dotenv"})
_TAB = re.compile(r"^(?P<indent>\s*)===[!+]?\s+(?P<title>[\"'].*[\"'])\s*$")
_WORD = re.compile(r"[^\s{},=\"']+")


@dataclass(frozen=True)
class Fence:
    """A fenced code block of a page.

    Attributes:
        page: The file it stands in.
        line: The line of its opening, counted from 1.
        language: Its language in lower case, empty where it names none.
        content: The text between opening and end, dedented.
    """

    page: Path
    line: int
    language: str
    content: str

    @property
    def id(self) -> str:
        """A name for messages and tests."""
        return f"{shown(self.page)}:{self.line}"


def take_census(folder: Path) -> list[Fence]:
    """Finds every fence of every page, also inside tabs, admonitions, lists and quotes.

    Args:
        folder: Holds the pages, in sub-folders as well.

    Returns:
        The fences, in the order of pages and lines.

    Raises:
        Problem: There is no page, or no fence on any: then something is wrong with the search.
    """
    pages = sorted(folder.rglob("*.md"))
    fences = [fence for page in pages for fence in find_fences(page, page.read_text("utf-8"))]
    if not fences:
        what = f"there is no code fence on {len(pages)} pages" if pages else "there is no page"
        raise Problem(folder, None, what, f"look whether {shown(folder)} is the right folder", kind="census")
    return fences


def find_fences(page: Path, text: str) -> list[Fence]:
    """Finds the fences of one page.

    Args:
        page: The file's name, for messages.
        text: Its Markdown.
    """
    # A tab is an indented block with a title, just as an admonition is: the parser then looks inside.
    as_admonitions = "\n".join(
        f"{match['indent']}!!! tab {match['title']}" if (match := _TAB.match(row)) else row for row in text.split("\n")
    )
    tokens = _parser().parse(as_admonitions)
    found: list[Fence] = []
    for token in tokens:
        if token.type == "fence" and token.map:
            content = token.content
            if "!!! tab" in content:
                rows = text.split("\n")[token.map[0] + 1 : token.map[1] - 1]
                margin = min((len(row) - len(row.lstrip()) for row in rows if row.strip()), default=0)
                content = "".join(f"{row[margin:]}\n" for row in rows)
            found.append(Fence(page, token.map[0] + 1, language_of(token.info), content))
    return found


def language_of(info: str) -> str:
    """The language that an info string names: `python`, `{ .python }`, `{.py title="x"}` alike."""
    words = _WORD.findall(info.strip())
    if info.lstrip().startswith("{"):
        words = [word.removeprefix(".") for word in words if word.startswith(".")]
    return words[0].lower() if words else ""


def check_fences(fences: Sequence[Fence], folder: Path) -> Counter[str]:
    """Checks that each fence has a known language and is well-formed in it.

    Python is not run here: `verify_fence` does that.

    Args:
        fences: What `take_census` found.
        folder: The folder they came from.

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
            _check_syntax(fence)
        except _Malformed as error:
            found.append(
                Problem(
                    fence.page,
                    fence.line + error.line,
                    f"the {fence.language or 'plain'} fence {error}",
                    error.fix,
                    kind="fence",
                )
            )
    if sum(counts.values()) != len(fences):
        found.append(Problem(folder, None, "fences were lost while counting", "report this as a bug", kind="census"))
    if found:
        raise Problems(found)
    return counts


class _Malformed(Exception):
    def __init__(self, what: str, line: int = 0, fix: str = "correct the fence, then make check") -> None:
        super().__init__(what)
        self.line = line
        self.fix = fix


def _check_syntax(fence: Fence) -> None:
    language, content = fence.language, fence.content
    try:
        if language in PYTHON:
            ast.parse(content)
        elif language == "json":
            json.loads(content)
        elif language in {"yaml", "yml"}:
            list(yaml.safe_load_all(content))
        elif language == "toml":
            tomllib.loads(content)
        elif language in _SHELL:
            checked = subprocess.run(["bash", "-n"], input=content, capture_output=True, text=True, check=False)
            if checked.returncode:
                raise _Malformed(f"is not valid shell: {checked.stderr.strip()}")
        elif language not in _ILLUSTRATION:
            known = ", ".join(sorted({"python", "bash", "json", "yaml", "toml", *_ILLUSTRATION}))
            raise _Malformed(
                "names a language that is neither run nor checked" if language else "names no language",
                fix=f"use one of {known}",
            )
    except SyntaxError as error:
        raise _Malformed(f"is not valid Python: {error.msg}", error.lineno or 0) from error
    except json.JSONDecodeError as error:
        raise _Malformed(f"is not valid JSON: {error.msg}", error.lineno) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise _Malformed(f"is not valid YAML: {error.problem}", line) from error
    except tomllib.TOMLDecodeError as error:
        raise _Malformed(f"is not valid TOML: {error}") from error


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table").use(admon_plugin).use(deflist_plugin).use(footnote_plugin)
