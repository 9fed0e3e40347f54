"""Reads an example: a script that runs by itself and says in its own header what to verify."""

from __future__ import annotations

import ast
import builtins
import difflib
import hashlib
import re
import symtable
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from verified_docs.problem import Problem, Problems, read_text, shown
from verified_docs.promise import Expected, promised_output, refuse_unseen_output

EXAMPLES = "examples"
EVERY_LANE = "*"
_LABEL = r"^[a-z_]+(?::[a-z_]+){0,2}$"
_TOKEN_VARIABLE = r"^(?:[A-Z0-9]+_)*TOKEN(?:_[A-Z0-9]+)*$"
_BLOCK = re.compile(r"^# /// (?P<type>[a-zA-Z0-9-]+)\n(?P<content>(?:#(?:| .*)\n)+?)# ///$", re.M)
_MARKER = re.compile(r"^\s*# --8<-- \[(?P<edge>start|end):(?P<name>[\w-]+)\]\s*$")
_ANY_MARKER = re.compile(r"^\s*#\s*-+8<-+")


class Raises(BaseModel):
    """The exception that an example is meant to end with in a lane.

    Attributes:
        type: The exception's full name, module included.
        match: A regular expression that its message has to contain.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str = Field(pattern=r"^[\w.]+$")
    match: str = Field(min_length=1)

    @field_validator("match")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value


class Metadata(BaseModel):
    """What `[tool.verified]` of an example's header says.

    Attributes:
        title: What the example does, in the imperative.
        role: The role of the token that was recorded.
        scope: The scope of that token.
        tokens: Other variables that hold a credential, with the label that the recording has for it.
        raises: Lane id, or `*` for every lane, to the exception expected there.
        output: Lane id to the whole printed text, only where it differs from the `#>` comments.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=3, max_length=80)
    role: str
    scope: str
    tokens: dict[Annotated[str, Field(pattern=_TOKEN_VARIABLE)], Annotated[str, Field(pattern=_LABEL)]] = {}
    raises: dict[str, Raises] = {}
    output: dict[str, str] = {}

    def raises_in(self, lane_id: str) -> Raises | None:
        """The exception expected in a lane, or None where the example runs to its end."""
        return self.raises.get(lane_id) or self.raises.get(EVERY_LANE)


@dataclass(frozen=True)
class Example:
    """A parsed example.

    Attributes:
        id: Area and name, such as `tracking/log_first_run`; also the name of its cassettes.
        path: The file it was read from.
        source: The whole text of the file.
        metadata: What its header asks to verify.
        dependencies: The packages that its header names (PEP 508).
        python: The versions of Python that its header asks for.
    """

    id: str
    path: Path
    source: str
    metadata: Metadata
    dependencies: tuple[str, ...]
    python: str = ""

    @cached_property
    def sha256(self) -> str:
        """Hash of the source, so that evidence says exactly which code ran."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    @cached_property
    def _tree(self) -> ast.Module:
        return ast.parse(self.source)

    @cached_property
    def _promises(self) -> list[tuple[range, list[Expected]]]:
        return list(promised_output(self.source, self._tree))

    @cached_property
    def expected(self) -> list[Expected]:
        """Every promised line of output, in the order of the file."""
        return [line for _, lines in self._promises for line in lines]

    @cached_property
    def docstring(self) -> str:
        """The module's docstring: what the example shows and when you need it."""
        return ast.get_docstring(self._tree) or ""

    @cached_property
    def sections(self) -> dict[str, range]:
        """Section name to its lines, counted from 1, markers left out."""
        return _sections(self.path, self.source, f"make check EX={self.id}")

    def header_line(self, word: str) -> int:
        """The line of the first comment that names a word, or the first line of the file."""
        rows = enumerate(self.source.splitlines(), start=1)
        return next((number for number, row in rows if row.startswith("#") and word in row), 1)

    def code(self, section: str | None = None) -> str:
        """The code as a reader copies it: without header, docstring, markers and expected output.

        Args:
            section: The section to show, or None for the whole file.

        Returns:
            Dedented source that ends with one line break.

        Raises:
            KeyError: There is no such section.
        """
        lines = self.source.splitlines()
        wanted = self.sections[section] if section else range(1, len(lines) + 1)
        hidden = {number for rows, _ in self._promises for number in rows}
        header = next((match for match in _BLOCK.finditer(self.source) if match["type"] == "script"), None)
        if header:
            first = self.source[: header.start()].count("\n") + 1
            hidden.update(range(first, first + header.group().count("\n") + 1))
        body = self._tree.body
        if section is None and self.docstring:
            hidden.update(range(body[0].lineno, (body[0].end_lineno or body[0].lineno) + 1))
        kept = [lines[number - 1] for number in wanted if number not in hidden and not _MARKER.match(lines[number - 1])]
        text = "\n".join(kept).strip("\n")
        margin = min((len(row) - len(row.lstrip()) for row in text.splitlines() if row.strip()), default=0)
        return "\n".join(row[margin:] for row in text.splitlines()) + "\n"


def missing_names(code: str) -> set[str]:
    """The names that a piece of Python uses and does not make: with none, it runs as a program of its own."""
    top = symtable.symtable(code, "part", "exec")
    made: set[str] = set()
    used: set[str] = set()
    tables = [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if table is top or symbol.is_global():
                if symbol.is_assigned() or symbol.is_imported():
                    made.add(symbol.get_name())
                if symbol.is_referenced():
                    used.add(symbol.get_name())
    return used - made - set(dir(builtins)) - {"__file__", "__name__"}


def example_id(path: Path, root: Path) -> str:
    """The id of the example in a file: its area and name. The one file at the top has its recording in area `guide`."""
    name = path.relative_to(root / EXAMPLES).with_suffix("").as_posix()
    return name if "/" in name else f"guide/{name.replace('-', '_')}"


def load_example(path: Path, root: Path, source: str | None = None) -> Example:
    """Parses one example.

    Args:
        path: The file, below `examples/` of the root.
        root: The project's folder.
        source: The text to parse instead of the file's, for checks that change it in memory.

    Returns:
        The example.

    Raises:
        Problem: The file is not Python, or its header is missing, malformed or has an unknown key.
    """
    name = example_id(path, root)
    check = f"make check EX={name}"
    text = read_text(path) if source is None else source
    try:
        ast.parse(text)
    except SyntaxError as error:
        what = f"the example is not valid Python: {error.msg}"
        raise Problem(path, error.lineno, what, f"correct it, then {check}", kind="syntax") from error
    block, first = _script_block(path, text, check)
    metadata, dependencies, python = _read_header(path, block, first, check)
    refuse_unseen_output(path, text, check)
    example = Example(name, path, text, metadata, dependencies, python)
    _ = example.sections
    return example


def load_examples(root: Path, only: str | None = None) -> list[Example]:
    """Parses every example below the root, sorted by id.

    Args:
        root: The project's folder.
        only: An example's id, or its name without the area, to read just that one.

    Raises:
        Problems: One entry for each example that cannot be read.
        Problem: There is no example, or none of that name.
    """
    folder = root / EXAMPLES
    paths = sorted((example_id(path, root), path) for path in folder.rglob("*.py"))
    if only and paths:
        wanted = choose(root, (name for name, _ in paths), only)
        paths = [(name, path) for name, path in paths if name in wanted]
    examples: list[Example] = []
    found: list[Problem] = []
    for _, path in paths:
        try:
            examples.append(load_example(path, root))
        except Problem as problem:
            found.append(problem)
    if found:
        raise Problems(found)
    if not examples:
        fix = f"add one below {shown(folder)}/, then make check EX=area/name"
        raise Problem(folder, None, "there is no example to verify", fix, kind="empty")
    return examples


def choose(root: Path, ids: Iterable[str], only: str) -> list[str]:
    """The examples of a name.

    Args:
        root: The project's folder.
        ids: The ids of all examples.
        only: An id, a name without the area, or a path.

    Raises:
        Problem: There is none of that name.
    """
    name, known = only.removeprefix(f"{EXAMPLES}/").removesuffix(".py").replace("-", "_"), sorted(ids)
    chosen = [one for one in known if name in {one, one.rpartition("/")[2]}]
    if not chosen:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.3)
        hint = f"did you mean {' or '.join(near)}? verified-docs verify {near[0]}" if near else f"ls {EXAMPLES}/*/"
        raise Problem(root / EXAMPLES, None, f"there is no example {only!r}", hint, kind="unknown-example")
    return chosen


def _script_block(path: Path, text: str, check: str) -> tuple[str, int]:
    """The TOML of the `script` block and the line of its first row."""
    blocks = [match for match in _BLOCK.finditer(text) if match["type"] == "script"]
    if len(blocks) != 1:
        what = "there is no `# /// script` header" if not blocks else "there is more than one script header"
        raise Problem(
            path,
            1,
            what,
            f"start the file with one inline metadata block (PEP 723), then {check}",
            kind="header",
        )
    rows = blocks[0]["content"].splitlines()
    first = text[: blocks[0].start("content")].count("\n") + 1
    return "\n".join(row[2:] for row in rows), first


def _read_header(path: Path, block: str, first: int, check: str) -> tuple[Metadata, tuple[str, ...], str]:
    try:
        header = tomllib.loads(block)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        line = first + int(at[1]) - 1 if at else first
        raise Problem(
            path, line, f"the header is not valid TOML: {error}", f"correct it, then {check}", kind="header"
        ) from error

    def line_of(key: str) -> int:
        rows = block.splitlines()
        pattern = re.compile(rf"(^|[\s.\[{{,\"']){re.escape(key)}(\s*=|\]|[\"'])")
        return first + next((n for n, row in enumerate(rows) if pattern.search(row)), 0)

    def refuse(key: str, allowed: list[str]) -> Problem:
        near = difflib.get_close_matches(key, allowed, n=1)
        hint = f"rename it to {near[0]}" if near else f"use one of {', '.join(allowed)}"
        return Problem(path, line_of(key), f"unknown metadata key {key!r}", f"{hint}, then {check}", kind="metadata")

    def wrong(key: str, what: str) -> Problem:
        return Problem(path, line_of(key), what, f"correct it, then {check}", kind="metadata")

    tool: dict[str, Any] = header.get("tool", {})
    for key, table in (("tool", tool), ("verified", tool.get("verified", {}) if isinstance(tool, dict) else {})):
        if not isinstance(table, dict):
            raise Problem(
                path,
                line_of(key),
                f"metadata {key} is not a table",
                f"write [tool.verified], then {check}",
                kind="metadata",
            )
    for table, allowed in (
        (header, ["requires-python", "dependencies", "tool"]),
        (tool, ["verified", "uv"]),
    ):
        for key in table:
            if key not in allowed:
                raise refuse(key, allowed)
    dependencies = header.get("dependencies", [])
    for requirement in dependencies if isinstance(dependencies, list) else [0]:
        try:
            Requirement(requirement if isinstance(requirement, str) else "")
        except (InvalidRequirement, TypeError) as error:
            raise wrong("dependencies", f"dependency {requirement!r} is not a requirement: {error}") from error
    python = header.get("requires-python", "")
    try:
        SpecifierSet(python if isinstance(python, str) else "no text")
    except InvalidSpecifier as error:
        raise wrong("requires-python", f"requires-python {python!r} names no versions of Python") from error
    try:
        metadata = Metadata.model_validate(tool.get("verified", {}))
    except ValidationError as error:
        # A misspelled key shows as one too many and one missing; the first says more.
        first_error = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        place = [str(part) for part in first_error["loc"]]
        if first_error["type"] == "extra_forbidden":
            model = Metadata if len(place) == 1 else Raises
            raise refuse(place[-1], list(model.model_fields)) from error
        raise Problem(
            path,
            line_of(place[-1]) if first_error["type"] != "missing" else line_of("verified"),
            f"metadata {'.'.join(place)}: {first_error['msg'].lower()}",
            f"correct it under [tool.verified], then {check}",
            kind="metadata",
        ) from error
    return metadata, tuple(dependencies), python


def _sections(path: Path, source: str, check: str) -> dict[str, range]:
    found: dict[str, range] = {}
    open_at: dict[str, int] = {}
    for number, row in enumerate(source.splitlines(), start=1):
        match = _MARKER.match(row)
        if match is None:
            if _ANY_MARKER.match(row):
                raise Problem(
                    path,
                    number,
                    "this is not a section marker",
                    f"write `# --8<-- [start:name]`, then {check}",
                    kind="section",
                )
            continue
        name = match["name"]
        if match["edge"] == "start":
            if name in open_at or name in found:
                raise Problem(
                    path, number, f"section {name!r} starts twice", f"rename one of them, then {check}", kind="section"
                )
            open_at[name] = number
        elif name not in open_at:
            raise Problem(
                path,
                number,
                f"section {name!r} ends before it starts",
                f"add `# --8<-- [start:{name}]` above, then {check}",
                kind="section",
            )
        else:
            start = open_at.pop(name)
            if number == start + 1:
                fix = f"move its markers around code, then {check}"
                raise Problem(path, start, f"section {name!r} is empty", fix, kind="section")
            found[name] = range(start + 1, number)
    for name, start in open_at.items():
        raise Problem(
            path,
            start,
            f"section {name!r} does not end",
            f"add `# --8<-- [end:{name}]` below, then {check}",
            kind="section",
        )
    return found
