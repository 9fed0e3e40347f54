"""Breaks what stands beside examples: snippets, locks and lanes, evidence, and the pages that were built."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from verified_docs.lane import CONFIG
from verified_docs.mutants.mutant import Edits, Fault, Operator, Project, change, digest

_SNIPPETS = (".sh", ".yml", ".yaml", ".env", ".toml", ".json")
# What a reader would trip over: an option, a variable, a key, a file or a quote that is another one.
_IN_SNIPPETS = (
    (re.compile(r"(?<![\w-])--[a-z][a-z-]{2,}"), "{}s"),
    (re.compile(r"(?<=\$)[A-Z][A-Z_]{3,}|(?<=\$\{)[A-Z][A-Z_]{3,}"), "{}_X"),
    (re.compile(r"^[ -]*[a-z_]{3,}(?=:)", re.M), "{}x"),
    (re.compile(r"^[A-Z][A-Z_]{3,}(?==)", re.M), "{}_X"),
    (re.compile(r"[\w-]+(?=\.(?:py|env|json|txt)\b)"), "{}-other"),
    # The command of a program, such as the second word of `program command`.
    (re.compile(r"(?:(?<=^)|(?<=\n))[a-z]+-[a-z]+ [a-z]+"), "{}x"),
    (re.compile(r'"(?=[^"\n]*\n)'), ""),
)
# How much of what stands before a fault is told.
_NEAR = 24
# Of what was built: folder, suffix, and how many files of it may be broken.
_BUILT = (("build/docs", ".md", 30), ("build/docs", ".json", 5), ("build/docs", ".py", 5), ("site", ".html", 40))
_PIN = re.compile(r"^(?P<name>[a-z0-9._-]+)(?:\[[a-z,]+\])?==(?P<version>\S+)", re.M)


def _edit(project: Project, path: str, start: int, end: int, new: str) -> Fault:
    text = project.text(path)
    around = text[:start].rpartition("\n")[2]
    return Fault(
        target=path,
        place=f"{around}\n{text[start:end]}\n{new}",
        what=change(around[-_NEAR:] + text[start:end], around[-_NEAR:] + new if new.strip() else ""),
        make=project.edited(path, start, end, new),
    )


def _snippets(project: Project) -> Iterator[Fault]:
    for path in project.files("snippets", *_SNIPPETS):
        for pattern, other in _IN_SNIPPETS:
            for match in pattern.finditer(project.text(path)):
                yield _edit(project, path, *match.span(), other.format(match.group()))


def _locks(project: Project) -> Iterator[Fault]:
    """The client in another version wherever it is pinned, what it brings along, and pins without their hashes."""
    clients = {lane.client.rsplit(" ", 1)[0].lower() for lane in project.lanes}
    for path in project.files("requirements", ".txt", ".in"):
        text = project.text(path)
        lanes = tuple(lane.id for lane in project.lanes if lane.environment == PurePosixPath(path).stem)
        for match in _PIN.finditer(text):
            if match["name"].partition("-")[0] not in clients:
                continue
            spans = [(*match.span("version"), version) for version in _others(match["version"])]
            spans.append((match.start("version") - 2, match.start("version"), ">="))
            block = re.compile(r"[^\n]*\n(?: +[^\n]*\n)*").match(text, match.start())
            assert block is not None
            spans.append((*block.span(), ""))
            if hashes := re.search(r"(?: \\\n +--hash=\S+)+", block.group()):
                spans.append((match.start() + hashes.start(), match.start() + hashes.end(), ""))
            for start, end, new in spans:
                yield replace(_edit(project, path, start, end, new), lanes=lanes)
    config = project.text(CONFIG)
    for lane in project.lanes:
        at = config.index(f'"{lane.server}", client = "{lane.client}"') + len(
            f'"{lane.server}", client = "{lane.client}'
        )
        for version in _others(lane.client_version):
            fault = _edit(project, CONFIG, at - len(lane.client_version), at, version)
            yield replace(fault, what=f"{lane}: {version}")


def _others(version: str) -> Iterator[str]:
    """The versions around one: the patches before and after it, the next minor and major one."""
    major, minor, patch = (int(part) for part in (*version.split("."), "0", "0")[:3])
    if patch:
        yield f"{major}.{minor}.{patch - 1}"
    yield f"{major}.{minor}.{patch + 1}"
    yield f"{major}.{minor + 1}.0"
    yield f"{major + 1}.0.0"


def _evidence(project: Project) -> Iterator[Fault]:
    for environment in dict.fromkeys(lane.environment for lane in project.lanes):
        path = f"build/evidence/{environment}.json"
        document = json.loads(project.text(path))
        for name, proof in document["examples"].items():
            fields = [place for place in _places(proof) if place[:1] != ("results",) or len(place) > 2]
            for place in sorted(fields, key=lambda one: digest(path, name, *one))[:3]:
                yield _field(project, path, document, ("examples", name, *place))
        for name in sorted(document["examples"], key=partial(digest, path))[:3]:
            yield _field(project, path, document, ("examples", name), gone=True)
            lane = next(iter(document["examples"][name]["results"]))
            yield _field(project, path, document, ("examples", name, "results", lane), gone=True)
        for page in document["fences"]:
            yield _field(project, path, document, ("fences", page), gone=True)
        yield _field(project, path, document, ("lanes", next(iter(document["lanes"])), "client"))
        half = project.text(path)[: len(project.text(path)) // 2]
        yield Fault(path, "half", "cut in the middle", partial(dict, {path: half}))


def _places(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _places(one, (*place, key))
    else:
        yield place


def _field(project: Project, path: str, document: Any, place: tuple[str, ...], *, gone: bool = False) -> Fault:
    """One field of the evidence changed, or taken out."""
    old = document
    for key in place:
        old = old[key]
    new = None if gone else old + 1 if isinstance(old, int) else f"{old}x"

    def make() -> Edits:
        copy = json.loads(project.text(path))
        row = copy
        for key in place[:-1]:
            row = row[key]
        if gone:
            del row[place[-1]]
        else:
            row[place[-1]] = new
        return {path: json.dumps(copy, indent=1, ensure_ascii=False) + "\n"}

    shown = "" if gone else json.dumps(new, ensure_ascii=False)
    what = f"{' / '.join(place[1:])}: {change(json.dumps(old, ensure_ascii=False), shown)}"
    return Fault(path, f"{place}\n{new}", what, make)


def _built(project: Project) -> Iterator[Fault]:
    """A page in Markdown or HTML with another digit, without a row, or gone; a file beside them that is another."""
    for folder, suffix, most in _BUILT:
        # Some of them, always the same: there are thousands of places to break in each.
        for path in sorted(project.files(folder, suffix), key=digest)[:most]:
            text = project.text(path)
            first = max(text.find("<article"), text.find("\n"))
            digits = list(islice(re.compile(r"\d").finditer(text, first), 200))
            if not digits:
                continue
            match = min(digits, key=lambda one: digest(path, text[max(0, one.start() - 20) : one.end()]))
            yield _edit(project, path, *match.span(), str((int(match.group()) + 1) % 10))
            row = text.rfind("\n", 0, match.start()) + 1
            yield _edit(project, path, row, text.find("\n", match.end()) + 1 or len(text), "")
            if suffix in {".md", ".html"}:
                yield Fault(path, "gone", "the page is gone", partial(dict, {path: None}))


OPERATORS = (
    Operator(
        "snippet",
        "an option, variable, key, file or command of a snippet that is another one",
        ("snippet-tests", "own", "page"),
        _snippets,
    ),
    Operator(
        "lock",
        "the client pinned in another version, or without a hash",
        ("client", "lock", "inventory", "evidence"),
        _locks,
    ),
    Operator("evidence", "evidence that says something else, or was cut", ("evidence",), _evidence),
    Operator("built-page", "a page or file of the built site that was changed or is gone", ("built",), _built),
)
