"""Says where a reader tells of a mistake in an example: a page of the site, or the address of an issue tracker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

from verified_docs.census import DOCS
from verified_docs.lane import CONFIG, load_settings
from verified_docs.problem import Problem, read_text

SETTING = "report"
_EXAMPLE = "{example}"


@dataclass(frozen=True)
class Report:
    """Where mistakes are told.

    Attributes:
        to: A page below `docs/`, or an address in which `{example}` stands for the example's id.
    """

    to: str

    @property
    def is_page(self) -> bool:
        """Whether it is a page of this site."""
        return self.to.endswith(".md")

    def link(self, example_id: str, up: str) -> str:
        """The Markdown of a link that names the example.

        Args:
            example_id: The example.
            up: The way from the page to the top of the site.
        """
        name = quote(example_id, safe="/" if self.is_page else "")
        to = f"{up}{self.to}?example={name}" if self.is_page else self.to.replace(_EXAMPLE, name)
        return f"[Something wrong here?]({to}){{ .report }}"


def load_report(root: Path) -> Report | None:
    """Reads `report` under `[tool.verified_docs]`.

    Args:
        root: The project's folder.

    Returns:
        Where to tell of mistakes, or None where the project does not say.

    Raises:
        Problem: It is neither a page that exists nor an https address.
    """
    to = load_settings(root).get(SETTING)
    if to is None:
        return None
    if isinstance(to, str):
        address = urlsplit(to)
        path = PurePosixPath(to)
        is_page = path.suffix == ".md" and not path.is_absolute() and ".." not in path.parts
        if is_page and (root / DOCS / to).is_file():
            return Report(to)
        # In Markdown, blanks and brackets would end it.
        if address.scheme == "https" and address.hostname and not set(to) & set(" ()<>\n"):
            return Report(to)
    rows = enumerate(read_text(root / CONFIG).splitlines(), start=1)
    line = next((number for number, row in rows if row.partition("=")[0].strip() == SETTING), None)
    what = f"{SETTING} = {to!r} under [tool.verified_docs] is neither a page below docs/ nor an https address"
    fix = f'write {SETTING} = "contribute/report.md", or an address with {_EXAMPLE} in it, then make site'
    raise Problem(root / CONFIG, line, what, fix, kind="config")
