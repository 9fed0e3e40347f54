"""Writes the pages: plain Markdown and JSON, in which every example stands with its output and its proof."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from verified_docs import blocks
from verified_docs.blocks import CENSUS_FILE, CENSUS_SCHEMA_FILE, Census, check_ceiling
from verified_docs.card import EVIDENCE_PAGE, download
from verified_docs.cassette import file_sha256
from verified_docs.census import DOCS
from verified_docs.durations import Durations
from verified_docs.evidence import FILE, SCHEMA_FILE, Evidence, json_schema
from verified_docs.example import Example, load_examples
from verified_docs.lane import CONFIG, load_settings
from verified_docs.leaks import Leak, find_leaks, find_leaks_in_bytes
from verified_docs.pages import SNIPPETS, Pages
from verified_docs.problem import Problem
from verified_docs.quarantine import check_agrees
from verified_docs.whole import new_folder

_NO_DURATIONS = Durations()


def publish_pages(root: Path, evidence: Evidence, into: Path, durations: Durations = _NO_DURATIONS) -> int:
    """Renders every page below `docs/` and writes what belongs beside them.

    The folder is built elsewhere and moved into place at the end, so that it is never half of one state.

    Args:
        root: The project's folder.
        evidence: The merged evidence of all environments.
        into: The folder to make anew.
        durations: How long the runs took that the evidence is of.

    Returns:
        The number of pages.

    Raises:
        Problem: A page names an example or section that is not there, an example is not on any page or has no
            proof of its present source, a page would publish a secret, or more blocks of code are unproven than the
            committed ceiling allows.
    """
    examples = {example.id: example for example in load_examples(root)}
    as_they_are = _published_as_they_are(root)
    into = _check_target(root, root / into, as_they_are)
    _check_fresh(root, examples, evidence)
    check_agrees(root, evidence)
    with new_folder(into) as work:
        pages = Pages(root, evidence, examples, durations)
        count = 0
        for name, text in pages.render_all():
            _write(work / name, text, root / DOCS / name)
            count += 1
        for source in sorted(path for path in (root / DOCS).rglob("*") if path.is_file() and path.suffix != ".md"):
            _copy(source, work / source.relative_to(root / DOCS))
        census = pages.census
        _write(work / CENSUS_FILE, census.to_json(), root / CENSUS_FILE)
        _write(work / CENSUS_SCHEMA_FILE, json.dumps(blocks.json_schema(), indent=1) + "\n", root / CENSUS_SCHEMA_FILE)
        _write(work / EVIDENCE_PAGE, pages.cards.evidence_page(), root / DOCS / EVIDENCE_PAGE)
        _write(work / FILE, evidence.to_json(), root / FILE)
        _write(work / SCHEMA_FILE, json.dumps(json_schema(), indent=1) + "\n", root / SCHEMA_FILE)
        for example in examples.values():
            _write(work / download(example), example.source, example.path)
        for folder in as_they_are:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                _copy(path, work / path.relative_to(root.resolve()))
        for proof in evidence.examples.values():
            for result in proof.results.values():
                if result.cassette:
                    _copy(root / result.cassette, work / result.cassette)
        for target, files in pages.bundles.items():
            for name, text in files.items():
                _refuse(find_leaks(text), root / name)
            _write(work / target, _packed(files), root / target)
        for target, text in pages.files.items():
            if (work / target).exists():
                what = f"a page would publish {target!r} over another file"
                raise Problem(root / DOCS / target, None, what, "choose another name", kind="page")
            _write(work / target, text, root / target)
        pages.check_all_shown()
        check_ceiling(root, census)
        pages.check_facts()
    return count + 1


def take_page_census(root: Path, evidence: Evidence, durations: Durations) -> Census:
    """The census of all pages, without writing any.

    Args:
        root: The project's folder.
        evidence: The merged evidence of all environments.
        durations: How long the runs took.

    Raises:
        Problem: The pages cannot be rendered.
    """
    examples = {example.id: example for example in load_examples(root)}
    _check_fresh(root, examples, evidence)
    pages = Pages(root, evidence, examples, durations)
    for _ in pages.render_all():
        pass
    return pages.census


def _check_target(root: Path, into: Path, as_they_are: list[Path]) -> Path:
    """Refuses to replace anything but an earlier result."""
    into = into.resolve()
    ours = not into.exists() or (into / FILE).is_file()
    sources = [root / name for name in (DOCS, "examples", SNIPPETS, "cassettes", "src", "tests")]
    inputs = [*sources, *as_they_are]
    if not ours or root.is_relative_to(into) or any(into.is_relative_to(folder) for folder in inputs):
        raise Problem(
            into,
            None,
            "this folder would be replaced, and holds no earlier result",
            "choose another --into",
            kind="target",
        )
    return into


def _check_fresh(root: Path, examples: dict[str, Example], evidence: Evidence) -> None:
    for name, example in examples.items():
        proof = evidence.examples.get(name)
        if proof is None or proof.sha256 != example.sha256:
            raise Problem(
                example.path,
                None,
                "the example was changed after it was verified" if proof else "the example was never verified",
                "make verify",
                kind="stale",
            )
    for name in evidence.examples.keys() - examples.keys():
        raise Problem(
            Path(FILE), None, f"{name} was verified, but is not an example any more", "make verify", kind="stale"
        )
    for proof in evidence.examples.values():
        for result in proof.results.values():
            if result.cassette is not None:
                path = root / result.cassette
                if file_sha256(path) != result.cassette_sha256:
                    raise Problem(path, None, "the cassette changed after it was replayed", "make verify", kind="stale")


def _published_as_they_are(root: Path) -> list[Path]:
    """The folders in `publish = [...]` under `[tool.verified_docs]`."""
    names = load_settings(root).get("publish", [])
    given = isinstance(names, list) and all(isinstance(name, str) for name in names)
    top = root.resolve()
    folders = [(top / name).resolve() for name in names] if given else [top]
    for folder in folders:
        if not folder.is_dir() or not folder.is_relative_to(top) or folder == top:
            raise Problem(
                root / CONFIG,
                None,
                f"publish = {names!r} under [tool.verified_docs] has to list folders of the project",
                'write publish = ["folder"], or leave it out',
                kind="config",
            )
    return folders


def _copy(source: Path, target: Path) -> None:
    _write(target, source.read_bytes(), source)


def _packed(files: dict[str, str]) -> bytes:
    """A zip archive; the same files always give the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return content.getvalue()


@lru_cache(maxsize=4096)
def _leaks(data: bytes) -> tuple[Leak, ...]:
    """The secrets in a file; most files are the same from one publishing to the next."""
    try:
        return tuple(find_leaks(data.decode()))
    except UnicodeDecodeError:
        return tuple(find_leaks_in_bytes(data))


def _refuse(leaks: Iterable[Leak], source: Path) -> None:
    for leak in leaks:
        raise Problem(source, leak.line, f"the page would publish a secret ({leak.kind})", "take it out", kind="secret")


def _write(target: Path, content: str | bytes, source: Path) -> None:
    data = content.encode() if isinstance(content, str) else content
    _refuse(_leaks(data), source)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
