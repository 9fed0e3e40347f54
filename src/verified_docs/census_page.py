"""Shows the census on a page: what proves each block of code, and how much nothing does."""

from __future__ import annotations

import html
from itertools import groupby

from verified_docs.blocks import CENSUS_FILE, CENSUS_SCHEMA_FILE, KINDS, UNPROVEN, Block, Census
from verified_docs.notebook import NOTEBOOK
from verified_docs.notebooks.source import FOLDER

_MEANS = {
    "executed": "it ran, or is what a run printed",
    "checked": "a checker looked at it, or it stands in a recording or in measured data",
    "illustration": "neither; the reason is given",
    "skipped": "no checker looks at it; the reason is given",
    "quarantined": "its example is in quarantine: nothing is proven of it until a day",
}


class CensusPage:
    """What the page of the census may ask for.

    Attributes:
        census: The census.
    """

    def __init__(self, census: Census) -> None:
        self.census = census

    @property
    def blocks(self) -> int:
        """The number of blocks."""
        return len(self.census.blocks)

    @property
    def pages(self) -> int:
        """The number of pages with a block."""
        return len({one.page for one in self.census.blocks})

    @property
    def unproven(self) -> int:
        """The number of blocks that nobody runs and no checker looks at."""
        return self.census.count(*UNPROVEN)

    @property
    def share(self) -> str:
        """Their share."""
        return f"{self.census.share:.2%}"

    @property
    def ceiling(self) -> str:
        """The share that is allowed."""
        return "none" if self.census.ceiling is None else f"{self.census.ceiling:.1%}"

    def totals(self) -> str:
        """A table: class by language."""
        languages = self.census.languages
        rows = [
            f"| Class | {' | '.join(languages)} | All | What it means |",
            f"|---|{'--:|' * (len(languages) + 1)}---|",
        ]
        for kind in KINDS:
            counts = [self.census.count(kind, language=one) or "" for one in languages]
            rows.append(f"| {kind} | {' | '.join(map(str, counts))} | **{self.census.count(kind)}** | {_MEANS[kind]} |")
        sums = [self.census.count(*KINDS, language=one) for one in languages]
        rows.append(f"| **all** | {' | '.join(map(str, sums))} | **{self.blocks}** | |")
        return "\n".join(rows)

    def links(self, up: str) -> str:
        """Links to the census as data.

        Args:
            up: The way from the page to the top of the site.
        """
        return f"[{CENSUS_FILE}]({up}{CENSUS_FILE}), described by [{CENSUS_SCHEMA_FILE}]({up}{CENSUS_SCHEMA_FILE})"

    def table(self, up: str) -> str:
        """Every block, in HTML: as Markdown it would be twice as large.

        Args:
            up: The way from the address of the page to the top of the site.
        """
        rows = []
        for page, of_page in groupby(self.census.blocks, key=lambda one: one.page):
            rows += [self._row(one, page, up, first=number == 0) for number, one in enumerate(of_page)]
        head = "".join(f"<th>{name}</th>" for name in ("Page", "Row", "Language", "Class", "What proves it", "Seconds"))
        return (
            '<div class="filterable" id="blocks" data-filters="Class,Language" data-search-exclude>\n'
            f"<table>\n<caption>Every block of code</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n"
            + "\n".join(rows)
            + "\n</tbody>\n</table>\n</div>\n"
        )

    def _row(self, one: Block, page: str, up: str, *, first: bool) -> str:
        proof = html.escape(", ".join(filter(None, (one.by, one.verdict))))
        more = html.escape(one.reason or one.source or "")
        cells = (
            # One link a page: the page is a quarter smaller.
            f'<a href="{html.escape(_address(page, up))}">{html.escape(page)}</a>' if first else html.escape(page),
            str(one.line),
            html.escape(one.language),
            one.kind,
            f"{proof}<br><small>{more}</small>" if more else proof,
            "" if one.seconds is None else f"{one.seconds:.2f}",
        )
        body = "".join(f"<td>{cell}</td>" for cell in cells)
        return f'<tr data-class="{one.kind}" data-language="{html.escape(one.language)}">{body}</tr>'


def _address(page: str, up: str) -> str:
    """Where a page or a notebook stands on the site."""
    # Notebooks of this folder become pages; others are files.
    name = page.removesuffix(NOTEBOOK if page.startswith(f"{FOLDER}/") else ".md")
    if name == page:
        return f"{up}{page}"
    folder = "" if name == "index" else name.removesuffix("/index")
    return f"{up}{folder}/" if folder else up
