"""Holds the census: one row for every block of code that a reader sees, and what proves it."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, model_validator

from verified_docs.lane import CONFIG, load_settings
from verified_docs.problem import Problem, read_text
from verified_docs.provenance import Frozen
from verified_docs.whole import write_whole

CENSUS_PAGE = "reference/census.md"
CENSUS_FILE = "census.json"
CENSUS_SCHEMA_FILE = "census.schema.json"
SETTING = "unproven_ceiling"
LOWER = "verified-docs census --lower"
Kind = Literal["executed", "checked", "illustration", "skipped", "quarantined"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# What nobody runs and no checker looks at. Quarantine is none of it: it has an end, after which every build fails.
UNPROVEN = ("illustration", "skipped")
# The share is held to a tenth of a percent.
_STEPS = 1000


class Block(Frozen):
    """One block of code as a reader sees it.

    Attributes:
        page: The page below `docs/`.
        line: The row of the page that makes it, counted from 1.
        language: Its language in lower case.
        kind: `executed`: it ran, or is what a run printed. `checked`: a checker looked at it. `illustration`,
            `skipped`: neither, for a reason. `quarantined`: it is of an example that is in quarantine.
        by: What ran it or looked at it.
        verdict: What came of it, in words.
        source: The file and row that it comes from, where that is not the page.
        reason: Why nothing proves it, where nothing does.
        seconds: How long that took; of an example all lanes together. None where nobody measured it.
    """

    page: str
    line: int = Field(ge=1)
    language: str
    kind: Kind
    by: str
    verdict: str
    source: str | None = None
    reason: str | None = None
    seconds: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _unproven_has_a_reason(self) -> Block:
        if (self.kind in {*UNPROVEN, "quarantined"}) != (self.reason is not None):
            raise ValueError("what is not proven says why, and nothing else does")
        return self


class Census(Frozen):
    """Every block of code of every page.

    Attributes:
        version: The version of this format.
        blocks: The blocks, in the order of pages and rows.
        ceiling: The share of blocks that may be unproven, or None where none is committed.
    """

    version: Literal[1] = 1
    blocks: tuple[Block, ...]
    ceiling: float | None = None

    def count(self, *kinds: str, language: str | None = None) -> int:
        """The number of blocks of some kinds."""
        return sum(one.kind in kinds and language in {None, one.language} for one in self.blocks)

    @property
    def languages(self) -> list[str]:
        """The languages, the most common first."""
        counts = Counter(one.language for one in self.blocks)
        return sorted(counts, key=lambda language: (-counts[language], language))

    @property
    def share(self) -> float:
        """The share of blocks that nobody runs and no checker looks at."""
        return self.count(*UNPROVEN) / len(self.blocks) if self.blocks else 0.0

    @property
    def lowest(self) -> float:
        """The lowest ceiling that the share fits under."""
        return math.ceil(self.count(*UNPROVEN) * _STEPS / len(self.blocks)) / _STEPS if self.blocks else 0.0

    def to_json(self) -> str:
        """The census as a document."""
        document = self.model_dump(mode="json", exclude_none=True, exclude={"blocks"})
        rows = [json.dumps(one.model_dump(mode="json", exclude_none=True), ensure_ascii=False) for one in self.blocks]
        totals = {kind: self.count(kind) for kind in KINDS}
        head = json.dumps({**document, "totals": totals, "share": round(self.share, 6)}, indent=1)
        # One row a block: a change of one shows as one.
        return head.removesuffix("\n}") + ',\n "blocks": [\n  ' + ",\n  ".join(rows) + "\n ]\n}\n"


class CensusDocument(Frozen):
    """The census as it is written: with its totals.

    Attributes:
        version: The version of this format.
        ceiling: The share of blocks that may be unproven.
        totals: The number of blocks of each kind.
        share: The share of blocks that are unproven.
        blocks: The blocks, in the order of pages and rows.
    """

    version: Literal[1]
    ceiling: float | None = None
    totals: dict[Kind, int]
    share: float
    blocks: tuple[Block, ...]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **CensusDocument.model_json_schema()}


def load_ceiling(root: Path) -> float | None:
    """The committed ceiling of the unproven share: `unproven_ceiling` under `[tool.verified_docs]`.

    Raises:
        Problem: It is no share.
    """
    ceiling = load_settings(root).get(SETTING)
    if ceiling is None:
        return None
    if not isinstance(ceiling, (int, float)) or isinstance(ceiling, bool) or not 0 <= ceiling <= 1:
        what = f"{SETTING} = {ceiling!r} under [tool.verified_docs] is no share"
        raise Problem(root / CONFIG, _line(root), what, f"write {SETTING} = 0.01, then make census", kind="config")
    return float(ceiling)


def check_ceiling(root: Path, census: Census) -> None:
    """Holds the unproven share to its ceiling, which only goes down.

    Raises:
        Problem: The share is above the ceiling, or so far below it that the ceiling has to follow.
    """
    if census.ceiling is None:
        return
    unproven = [one for one in census.blocks if one.kind in UNPROVEN]
    told = f"{len(unproven)} of {len(census.blocks)} blocks of code are neither run nor checked, {census.share:.2%}"
    held = census.count("quarantined") > 0
    # What is in quarantine shows no output: there are fewer blocks for a while, and no more unproven ones.
    allowed = math.ceil(census.ceiling * len(census.blocks)) if held else census.ceiling * len(census.blocks)
    if len(unproven) > allowed:
        detail = "\n".join(f"docs/{one.page}:{one.line}: {one.language}, {one.kind}: {one.reason}" for one in unproven)
        what = f"{told}: more than the {census.ceiling:.1%} that {SETTING} allows"
        fix = "run or check one of them, then make census; the ceiling is not raised"
        raise Problem(root / CONFIG, _line(root), what, fix, detail, kind="ceiling")
    if census.lowest < census.ceiling and not held:
        what = f"{told}: the ceiling of {census.ceiling:.1%} would let new ones in unseen"
        raise Problem(root / CONFIG, _line(root), what, LOWER, kind="ceiling")


def lower_ceiling(root: Path, census: Census) -> float:
    """Commits the lowest ceiling that the share fits under; everything else in the file stays as it is.

    Returns:
        The ceiling.

    Raises:
        Problem: The share is above the ceiling: that would raise it. Or the file has none to lower.
    """
    line = _line(root)
    if census.ceiling is None or line is None:
        what = f"there is no {SETTING} to lower"
        fix = f"write {SETTING} = {census.lowest} under [tool.verified_docs], then make census"
        raise Problem(root / CONFIG, None, what, fix, kind="ceiling")
    if census.share > census.ceiling:
        check_ceiling(root, census)
    path = root / CONFIG
    rows = read_text(path).split("\n")
    rows[line - 1] = f"{SETTING} = {census.lowest}"
    write_whole(path, "\n".join(rows))
    return census.lowest


def _line(root: Path) -> int | None:
    rows = enumerate(read_text(root / CONFIG).splitlines(), start=1)
    return next((number for number, row in rows if row.partition("=")[0].strip() == SETTING), None)
