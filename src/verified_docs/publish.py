"""Writes the pages: plain Markdown and JSON, in which every example stands with its output and its proof."""

from __future__ import annotations

import io
import json
import zipfile
from functools import lru_cache
from pathlib import Path

from verified_docs import blocks, verification
from verified_docs.agreement import check_agreement
from verified_docs.blocks import CENSUS_FILE, CENSUS_SCHEMA_FILE, Census, check_ceiling
from verified_docs.card import EVIDENCE_PAGE, download
from verified_docs.cassette import file_sha256
from verified_docs.census import DOCS
from verified_docs.durations import Durations
from verified_docs.evidence import FILE, SCHEMA_FILE, Evidence, json_schema
from verified_docs.example import Example, load_examples
from verified_docs.glance import LANES_FILE, lanes_json
from verified_docs.known import load_known
from verified_docs.lane import CONFIG, load_settings
from verified_docs.leaks import Known, Leak, find_leaks_in_bytes
from verified_docs.notebook import NOTEBOOK
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
    as_they_are = _published_as_they_are(root)
    into = _check_target(root, root / into, as_they_are)
    examples = check_evidence(root, evidence)
    with new_folder(into) as work:
        pages = Pages(root, evidence, examples, durations)
        writer = _Writer(work, load_known(root))
        count = 0
        for name, text in pages.render_all():
            writer.write(name, text, root / DOCS / name)
            count += 1
        for source in sorted(path for path in (root / DOCS).rglob("*") if path.is_file() and path.suffix != ".md"):
            place = source.relative_to(root / DOCS)
            writer.copy(source, place.as_posix())
            if source.suffix == NOTEBOOK:
                # The site makes a page of it; this one is to be downloaded.
                writer.copy(source, (place.parent / "download" / place.name).as_posix())
        census = pages.census
        writer.write(CENSUS_FILE, census.to_json(), root / CENSUS_FILE)
        writer.write(CENSUS_SCHEMA_FILE, json.dumps(blocks.json_schema(), indent=1) + "\n", root / CENSUS_SCHEMA_FILE)
        writer.write(EVIDENCE_PAGE, pages.cards.evidence_page(), root / DOCS / EVIDENCE_PAGE)
        writer.write(FILE, evidence.to_json(), root / FILE)
        writer.write(SCHEMA_FILE, json.dumps(json_schema(), indent=1) + "\n", root / SCHEMA_FILE)
        writer.write(LANES_FILE, lanes_json(evidence), root / LANES_FILE)
        shown = {**pages.asked, EVIDENCE_PAGE: ()}
        told = verification.verification(evidence, examples, shown, census.blocks)
        writer.write(verification.FILE, told.to_json(), root / verification.FILE)
        schema = json.dumps(verification.json_schema(), indent=1) + "\n"
        writer.write(verification.SCHEMA_FILE, schema, root / verification.SCHEMA_FILE)
        for example in examples.values():
            writer.write(download(example), example.source, example.path)
        for folder in as_they_are:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                writer.copy(path, path.relative_to(root.resolve()).as_posix())
        for proof in evidence.examples.values():
            for result in proof.results.values():
                if result.cassette:
                    writer.copy(root / result.cassette, result.cassette)
        for target, files in pages.bundles.items():
            for name, text in files.items():
                writer.check(text.encode(), root / name)
            writer.write(target, _packed(files), root / target)
        for target, text in pages.files.items():
            if (work / target).exists():
                what = f"a page would publish {target!r} over another file"
                raise Problem(root / DOCS / target, None, what, "choose another name, then make site", kind="page")
            writer.write(target, text, root / target)
        pages.check_all_shown()
        check_ceiling(root, census)
        pages.check_facts()
    return count + 1


def check_evidence(root: Path, evidence: Evidence) -> dict[str, Example]:
    """Makes sure that evidence is of the project as it stands.

    Args:
        root: The project's folder.
        evidence: The merged evidence of all environments.

    Returns:
        The examples by id.

    Raises:
        Problem: An example, a recording or the quarantine changed after it was verified.
        Problems: The evidence says something else than they do.
    """
    examples = {example.id: example for example in load_examples(root)}
    _check_fresh(root, examples, evidence)
    check_agrees(root, evidence)
    check_agreement(root, examples, evidence)
    return examples


def take_page_census(root: Path, evidence: Evidence, durations: Durations) -> Census:
    """The census of all pages, without writing any.

    Args:
        root: The project's folder.
        evidence: The merged evidence of all environments.
        durations: How long the runs took.

    Raises:
        Problem: The pages cannot be rendered.
    """
    examples = check_evidence(root, evidence)
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
            "verified-docs publish build/evidence/*.json --into build/docs, or any other new folder",
            kind="target",
        )
    return into


def _check_fresh(root: Path, examples: dict[str, Example], evidence: Evidence) -> None:
    for name, example in examples.items():
        proof = evidence.examples.get(name)
        if proof is None or proof.sha256 != example.sha256:
            raise Problem(
                example.path,
                1,
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
                'write publish = ["folder"], or leave it out, then make site',
                kind="config",
            )
    return folders


def _packed(files: dict[str, str]) -> bytes:
    """A zip archive; the same files always give the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return content.getvalue()


@lru_cache(maxsize=4096)
def _leaks(data: bytes, known: Known) -> tuple[Leak, ...]:
    """The secrets in a file; most files are the same from one publishing to the next."""
    return tuple(find_leaks_in_bytes(data, known))


class _Writer:
    """Writes files into a folder, but none with a secret in it."""

    def __init__(self, folder: Path, known: Known) -> None:
        self._folder = folder
        self._known = known

    def check(self, data: bytes, source: Path) -> None:
        for leak in _leaks(data, self._known):
            what = f"the page would publish a secret ({leak})"
            raise Problem(source, leak.line, what, "take it out, then make site", kind="secret")

    def write(self, target: str, content: str | bytes, source: Path) -> None:
        data = content.encode() if isinstance(content, str) else content
        self.check(data, source)
        path = self._folder / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def copy(self, source: Path, target: str) -> None:
        self.write(target, source.read_bytes(), source)
