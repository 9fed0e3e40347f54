"""Writes the pages: plain Markdown and JSON, in which every example stands with its output and its proof."""

from __future__ import annotations

import io
import json
import traceback
import zipfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2

from verified_docs.card import EVIDENCE_PAGE, Cards, Facts, download, fence
from verified_docs.cassette import file_sha256
from verified_docs.census import DOCS, HTTP, PYTHON, check_fences, find_fences
from verified_docs.evidence import FILE, SCHEMA_FILE, Evidence, json_schema
from verified_docs.example import Example, load_examples, missing_names
from verified_docs.exchange import NotThere, exchange
from verified_docs.freshness import Ages
from verified_docs.inventory import waiting_areas
from verified_docs.lane import CONFIG, load_settings
from verified_docs.leaks import Leak, find_leaks, find_leaks_in_bytes
from verified_docs.own import own_functions
from verified_docs.problem import Problem, line_with, read_text, shown
from verified_docs.quarantine import check_agrees
from verified_docs.whole import new_folder

SNIPPETS = "snippets"
_DATA = frozenset({".json", ".csv"})
_LANGUAGES = {".sh": "bash", ".yml": "yaml", ".yaml": "yaml", ".toml": "toml", ".json": "json", ".env": "dotenv"}


def publish_pages(root: Path, evidence: Evidence, into: Path) -> int:
    """Renders every page below `docs/` and writes what belongs beside them.

    The folder is built elsewhere and moved into place at the end, so that it is never half of one state.

    Args:
        root: The project's folder.
        evidence: The merged evidence of all environments.
        into: The folder to make anew.

    Returns:
        The number of pages.

    Raises:
        Problem: A page names an example or section that is not there, an example is not on any page or has no
            proof of its present source, or a page would publish a secret.
    """
    examples = {example.id: example for example in load_examples(root)}
    as_they_are = _published_as_they_are(root)
    into = _check_target(root, root / into, as_they_are)
    _check_fresh(root, examples, evidence)
    check_agrees(root, evidence)
    with new_folder(into) as work:
        pages = _Pages(root, evidence, examples)
        count = 0
        for source in sorted(path for path in (root / DOCS).rglob("*") if path.is_file()):
            name = source.relative_to(root / DOCS).as_posix()
            if source.suffix == ".md":
                _write(work / name, pages.render(name), source)
                count += 1
            else:
                _copy(source, work / name)
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
                raise Problem(root / DOCS / target, None, what, "choose another name, then make site", kind="page")
            _write(work / target, text, root / target)
        pages.check_all_shown()
    return count + 1


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
        what = f"the page would publish a secret ({leak.kind})"
        raise Problem(source, leak.line, what, "take it out, then make site", kind="secret")


def _write(target: Path, content: str | bytes, source: Path) -> None:
    data = content.encode() if isinstance(content, str) else content
    _refuse(_leaks(data), source)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


class _Pages:
    """Renders pages with what they may ask for.

    That is `example(...)`, `exchange(...)`, `bundle(...)`, `publish_file(...)`, `snippet(...)`, `file(...)`, `lanes()`,
    `facts`, `evidence`, `freshness`, `quarantined()`, `waiting`, and what the project's own functions add.
    """

    def __init__(self, root: Path, evidence: Evidence, examples: dict[str, Example]) -> None:
        self.root = root
        self.evidence = evidence
        self.examples = examples
        self.cards = Cards(evidence)
        self._shown: set[str] = set()
        self._exchanges: set[str] = set()
        self._shown_snippets: set[Path] = set()
        self.bundles: dict[str, dict[str, str]] = {}
        self.files: dict[str, str] = {}
        # Two examples may have the same code, as where only the token differs.
        self._code: dict[str, set[str]] = {}
        for one in examples.values():
            for code in (one.code(), *map(one.code, one.sections)):
                self._code.setdefault(code, set()).add(one.id)
        self._own = own_functions(root)
        self._tasks: list[str] | None = load_settings(root).get("tasks")
        self._jinja = jinja2.Environment(
            loader=jinja2.FileSystemLoader(root / DOCS),
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            autoescape=False,
        )

    def render(self, name: str) -> str:
        """The Markdown of one page."""
        path = self.root / DOCS / name
        up = "../" * (len(PurePosixPath(name).parts) - 1)

        asked: set[str] = set()

        def example(example_id: str, section: str | None = None, file: str | None = None) -> str:
            if example_id not in self.examples:
                raise NotThere(f"there is no example {example_id!r}")
            chosen = self.examples[example_id]
            asked.add(example_id)
            if section is not None and section not in chosen.sections:
                names = ", ".join(chosen.sections) or "none"
                raise NotThere(f"{example_id} has no section {section!r}; it has {names}")
            if file and (missing := missing_names(chosen.code(section))):
                names = ", ".join(sorted(missing))
                raise NotThere(f"{example_id} is no program of its own as {file!r}: it does not make {names}")
            return self.cards.card(chosen, section, up, file)

        def bundle(target: str, files: dict[str, str]) -> str:
            return self._bundle(target, files, up)

        def publish_file(target: str, text: str) -> str:
            return self._publish_file(target, text, up)

        def recorded(example_id: str, request: str, number: int = 1, lane: str | None = None) -> str:
            text = exchange(self.root, self.evidence, example_id, request, number, lane)
            self._exchanges.update(one.content for one in find_fences(path, text))
            return text

        context: dict[str, Any] = {
            "bundle": bundle,
            "publish_file": publish_file,
            "example": example,
            "exchange": recorded,
            "snippet": self._snippet,
            "file": self._file,
            "lanes": self.cards.lanes,
            "quarantined": lambda: self.cards.quarantined(up),
            "facts": Facts(self.evidence),
            "evidence": self.evidence,
            "freshness": Ages(self.root, self.evidence),
            "waiting": waiting_areas(self.root),
        }
        try:
            own = self._own(name, up)
            text = self._jinja.get_template(name).render({**own, **context})
            text = str(own.get("rewrite", str)(text))
        except jinja2.TemplateSyntaxError as error:
            raise Problem(
                path,
                error.lineno,
                f"the page cannot be rendered: {error.message}",
                "correct the line, then make site",
                kind="page",
            ) from error
        except Problem:
            raise
        except UnicodeDecodeError as error:
            fix = "save it as UTF-8 text, then make site"
            raise Problem(path, 1, "the page is not UTF-8", fix, kind="page") from error
        except Exception as error:
            # Whatever a page's own expression raises is the page's mistake.
            lines = [
                frame.lineno
                for frame in traceback.extract_tb(error.__traceback__)
                if Path(frame.filename).resolve() == path.resolve()
            ]
            what = (
                str(error)
                if isinstance(error, (jinja2.UndefinedError, NotThere))
                else f"{type(error).__name__}: {error}"
            )
            raise Problem(
                path, lines[-1] if lines else 1, what, "correct the name, then make site", kind="page"
            ) from error
        self._check_code(path, name, text, asked)
        return text

    def _check_code(self, path: Path, name: str, text: str, asked: set[str]) -> None:
        """Only code that ran may stand on a page: an example's, or a fence of the page's own."""
        fences = find_fences(path, text)
        check_fences(fences)
        for one in fences:
            if one.language == HTTP and one.content not in self._exchanges:
                request = one.content.partition("\n")[0]
                raise Problem(
                    path,
                    line_with(path, request),
                    f"the page would show a request that was not recorded: {request}",
                    'write {{ exchange("area/name", "POST end/of/path") }}, then make site',
                    kind="unverified-code",
                )
            if one.language not in PYTHON:
                continue
            if one.content in self._code:
                if self._is_task(name):
                    self._shown |= self._code[one.content] & asked
            elif one.sha256 not in self.evidence.fences.get(name, []):
                first = one.content.strip().partition("\n")[0]
                raise Problem(
                    path,
                    line_with(path, first),
                    f"the page would show Python that never ran: {first}",
                    "make verify; code that talks to a server belongs in examples/",
                    kind="unverified-code",
                )

    def _is_task(self, name: str) -> bool:
        """Whether a page explains its examples: it is, or is below, one of `tasks`, where the project lists any."""
        page = PurePosixPath(name)
        return self._tasks is None or any(page.is_relative_to(task) for task in self._tasks)

    def check_all_shown(self) -> None:
        """Makes sure that every example stands on the page of a task, and every snippet on some page.

        Raises:
            Problem: One does not, so nobody reads what is verified.
        """
        unused = sorted(self.examples.keys() - self._shown)
        if unused:
            more = f", nor {len(unused) - 1} others" if len(unused) > 1 else ""
            raise Problem(
                self.examples[unused[0]].path,
                1,
                f"no page of a task explains this example{more}",
                f'write {{{{ example("{unused[0]}") }}}} on the page of its task, then make site',
                kind="unused-example",
            )
        for path in sorted(path for path in (self.root / SNIPPETS).rglob("*") if path.is_file()):
            if path not in self._shown_snippets:
                name = path.relative_to(self.root / SNIPPETS).as_posix()
                raise Problem(
                    path,
                    1,
                    "no page shows this snippet",
                    f'write {{{{ snippet("{name}") }}}} on a page, then make site',
                    kind="unused-snippet",
                )

    def _snippet(self, name: str) -> str:
        text = _whole_file(self.root / SNIPPETS, name, None)
        self._shown_snippets.add(self.root / SNIPPETS / name)
        return text

    def _bundle(self, target: str, files: dict[str, str], up: str) -> str:
        """An archive of texts that the reader unpacks, and what is in it."""
        for name, text in files.items():
            if name.endswith(".py") and (text not in self._code or missing_names(text)):
                raise NotThere(f"{name!r} is no part of an example that runs by itself: only such code is packed")
        self.bundles[f"bundles/{target}"] = files
        rows = "\n".join(f"- `{name}`" for name in files)
        # Of code that stands in several examples, one that is verified is enough.
        made_of = [self._code[text] for name, text in files.items() if name.endswith(".py")]
        held = self.cards.held_notice(sorted({min(ids) for ids in made_of if self.cards.all_held(ids)}))
        link = f'[Download {target}]({up}bundles/{target}){{ download="{target}" .md-button }}'
        return "\n\n".join(filter(None, (held, link, rows))) + "\n"

    def _publish_file(self, target: str, text: str, up: str) -> str:
        """A file of data beside the pages, and a link to it."""
        path = PurePosixPath(target)
        if path.is_absolute() or ".." in path.parts or path.suffix not in _DATA:
            raise NotThere(f"{target!r} is no file below the site that ends in {' or '.join(sorted(_DATA))}")
        if self.files.setdefault(target, text) != text:
            raise NotThere(f"another page publishes something else as {target!r}")
        return f"[{path.name}]({up}{target})"

    def _file(self, name: str) -> str:
        return _whole_file(self.root, name, name)


def _whole_file(folder: Path, name: str, title: str | None) -> str:
    """A whole file as a fence."""
    path = folder / name
    inside = path.resolve().is_relative_to(folder.resolve()) and ".." not in PurePosixPath(name).parts
    # The settings of whoever builds the site are one slip away from their template.
    if not path.is_file() or not inside or path.name == ".env":
        raise NotThere(f"there is no file {name!r} to show in {shown(folder)}")
    ending = path.suffix or path.name
    language = _LANGUAGES.get(".env" if path.name.startswith(".env") else ending)
    if language is None:
        raise NotThere(f"{name!r} ends in none of {', '.join(_LANGUAGES)}")
    return fence(language, read_text(path), title)
