"""Renders pages with what they may ask for, and lets nothing stand on them that nothing proves."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2

from verified_docs.accounts import Accounts, without_marks
from verified_docs.backing import Backing
from verified_docs.blocks import CENSUS_PAGE, Block, Census, load_ceiling
from verified_docs.card import Cards, Facts, fence
from verified_docs.census import DOCS, HTTP, PYTHON, find_fences
from verified_docs.census_page import CensusPage
from verified_docs.durations import Durations
from verified_docs.evidence import Evidence
from verified_docs.example import Example, missing_names
from verified_docs.exchange import NotThere, exchange
from verified_docs.freshness import Ages
from verified_docs.glance import glance
from verified_docs.inventory import waiting_areas
from verified_docs.lane import load_settings
from verified_docs.notebook import NOTEBOOK, notebook_blocks
from verified_docs.notebooks.source import source_path
from verified_docs.origin import MarkRows, Rows, unmarked
from verified_docs.own import own_functions
from verified_docs.panels import Panels
from verified_docs.problem import Problem, Problems, read_text, shown
from verified_docs.prose import in_words
from verified_docs.report import load_report
from verified_docs.wire import Wire

SNIPPETS = "snippets"
_DATA = frozenset({".json", ".csv"})
_NO_DURATIONS = Durations()
_LANGUAGES = {".sh": "bash", ".yml": "yaml", ".yaml": "yaml", ".toml": "toml", ".json": "json", ".env": "dotenv"}


class Pages:
    """Renders pages with what they may ask for.

    That is `example(...)`, `exchange(...)`, `status(...)`, `requests(...)`, `quote(...)`, `bundle(...)`,
    `publish_file(...)`, `snippet(...)`, `file(...)`, `lanes()`, `glance()`, `facts`, `evidence`, `freshness`,
    `quarantined()`, `waiting`, and what the project's own functions add; the page of the census, which is rendered
    last, also for `census`.

    Args:
        root: The project's folder.
        evidence: What was proven.
        examples: All examples.
        durations: How long their runs took.

    Attributes:
        blocks: Every block of code of the pages that were rendered, and what proves it.
        asked: The pages that were rendered, and the examples that each shows.
    """

    def __init__(
        self, root: Path, evidence: Evidence, examples: dict[str, Example], durations: Durations = _NO_DURATIONS
    ) -> None:
        self.root = root
        self.evidence = evidence
        self.examples = examples
        self.cards = Cards(evidence, load_report(root), str(load_settings(root).get("evidence_next", "")))
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
        self.blocks: list[Block] = []
        self.asked: dict[str, set[str]] = {}
        self._facts: dict[str, list[Problem]] = {}
        self._accounts = Accounts(root, evidence, examples, durations, self._code)
        self._own = own_functions(root)
        own = self._own("index.md", "")
        self.backing = Backing(root, evidence, examples.values(), **own.get("backing", {}))
        self._wire = Wire(root, evidence, own.get("wire"))
        self._tasks: list[str] | None = load_settings(root).get("tasks")
        self._jinja = jinja2.Environment(
            loader=jinja2.FileSystemLoader(root / DOCS),
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            autoescape=False,
            extensions=[MarkRows],
        )
        self._jinja.filters["in_words"] = in_words

    def render_all(self) -> Iterator[tuple[str, str]]:
        """The Markdown of every page, that of the census at the end.

        Yields:
            The page's name below `docs/`, and its Markdown.
        """
        folder = self.root / DOCS
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md") if path.is_file())
        for name in names:
            if name != CENSUS_PAGE:
                yield name, self.render(name)
        for path in sorted(folder.rglob(f"*{NOTEBOOK}")):
            self.take_notebook(path)
        if CENSUS_PAGE in names:
            # It counts its own blocks as well.
            before = list(self.blocks)
            self.render(CENSUS_PAGE)
            census = self.census
            self.blocks = before
            yield CENSUS_PAGE, self.render(CENSUS_PAGE, census)

    @property
    def census(self) -> Census:
        """The census of what was rendered so far."""
        ordered = sorted(self.blocks, key=lambda one: (one.page, one.line))
        return Census(blocks=tuple(ordered), ceiling=load_ceiling(self.root))

    def take_notebook(self, path: Path) -> None:
        """Counts and checks the cells of a notebook, which is published as it is."""
        name = path.relative_to(self.root / DOCS).as_posix()
        own = self._own(name, "../" * (len(PurePosixPath(name).parts) - 1))
        self._accounts.new_page()
        if source := source_path(self.root, path):
            made = notebook_blocks(path, saved=True)
            example = next(one for one in self.examples.values() if one.path == source.with_suffix(".py"))
            self.asked[name] = {example.id}
            self._accounts.add_notebook(example, source, made)
        else:
            self.asked[name] = set()
            made = notebook_blocks(path)
        self.blocks += self._accounts.cells(name, made, own)

    def render(self, name: str, census: Census | None = None) -> str:
        """The Markdown of one page.

        Args:
            name: Its name below `docs/`.
            census: The census to show on it; that of the pages so far if there is none.
        """
        path = self.root / DOCS / name
        up = "../" * (len(PurePosixPath(name).parts) - 1)

        self.asked[name] = asked = set()
        panels = Panels(self._wire)

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
            card = self.cards.card(chosen, section, up, file, panels.anchor(chosen, section))
            self._accounts.add_card(chosen, section, card)
            return card

        def bundle(target: str, files: dict[str, str]) -> str:
            return self._bundle(target, files, up)

        def publish_file(target: str, text: str) -> str:
            return self._publish_file(target, text, up)

        def recorded(example_id: str, request: str, number: int = 1, lane: str | None = None) -> str:
            text = exchange(self.root, self.evidence, example_id, request, number, lane)
            self._exchanges.update(one.content for one in find_fences(path, text))
            self._accounts.add_exchange(example_id, request, number, lane, text)
            return text

        context: dict[str, Any] = {
            "bundle": bundle,
            "publish_file": publish_file,
            "example": example,
            "exchange": recorded,
            "snippet": self._snippet,
            "file": self._file,
            "lanes": self.cards.lanes,
            "glance": lambda: glance(self.evidence),
            "quarantined": lambda: self.cards.quarantined(up),
            "facts": Facts(self.evidence),
            "evidence": self.evidence,
            "freshness": Ages(self.root, self.evidence),
            "waiting": waiting_areas(self.root),
            "status": self.backing.status,
            "requests": self.backing.requests,
            "quote": self.backing.quote,
        }
        if name == CENSUS_PAGE:
            context["census"] = CensusPage(census or self.census)
        self._accounts.new_page()
        try:
            own = self._own(name, up)
            rows = unmarked(self._jinja.get_template(name).render({**own, **context}))
            text = str(own.get("rewrite", str)(rows.text))
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
        self._check_code(path, name, text, rows, asked)
        found = [*self._accounts.blocks(name, path, rows, own), *panels.blocks(name, path, rows)]
        self.blocks += sorted(found, key=lambda one: one.line)
        self._facts[name] = self.backing.faults(name, path, read_text(path), rows)
        return panels.filled(without_marks(text), up)

    def _check_code(self, path: Path, name: str, text: str, rows: Rows, asked: set[str]) -> None:
        """Only code that ran may stand on a page: an example's, or a fence of the page's own."""
        for one in find_fences(path, text):
            if one.language == HTTP and one.content not in self._exchanges:
                raise Problem(
                    path,
                    rows.source(one.line),
                    f"the page would show a request that was not recorded: {one.content.partition(chr(10))[0]}",
                    'write {{ exchange("area/name", "POST end/of/path") }}, then make site',
                    kind="unverified-code",
                )
            if one.language not in PYTHON:
                continue
            if one.content in self._code:
                if self._is_task(name):
                    self._shown |= self._code[one.content] & asked
            elif one.sha256 not in self.evidence.fences.get(name, []):
                raise Problem(
                    path,
                    rows.source(one.line),
                    f"the page would show Python that never ran: {one.content.strip().partition(chr(10))[0]}",
                    "make verify; code that talks to a server belongs in examples/",
                    kind="unverified-code",
                )

    def _is_task(self, name: str) -> bool:
        """Whether a page explains its examples: it is, or is below, one of `tasks`, where the project lists any."""
        page = PurePosixPath(name)
        return self._tasks is None or any(page.is_relative_to(task) for task in self._tasks)

    def check_facts(self) -> None:
        """Makes sure that evidence backs what the prose of the pages states; all pages have to be rendered.

        Raises:
            Problems: One entry for each fact that nothing backs, and for each reason that is not needed any more.
        """
        found = [problem for problems in self._facts.values() for problem in problems]
        if found := found or self.backing.unused_reasons():
            raise Problems(found)

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
        self._accounts.add_file(self.root / SNIPPETS / name, text)
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
        alike = any(other != target and PurePosixPath(other).name == path.name for other in self.files)
        return f"[{target if alike else path.name}]({up}{target})"

    def _file(self, name: str) -> str:
        text = _whole_file(self.root, name, name)
        self._accounts.add_file(self.root / name, text)
        return text


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
