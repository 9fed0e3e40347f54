"""Says per page what was proven, for programs: which examples stand on it, and what each did in every lane."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from verified_docs.blocks import Block, Kind
from verified_docs.card import EVIDENCE_PAGE, download, evidence_anchor
from verified_docs.evidence import FILE as EVIDENCE_FILE
from verified_docs.evidence import Evidence, Held, LaneName, Result
from verified_docs.example import Example
from verified_docs.provenance import Frozen, Software
from verified_docs.twin import twin_name

FILE = "verification.json"
SCHEMA_FILE = "verification.schema.json"
Verdict = Literal["passes", "fails_as_shown", "not_recorded", "quarantined"]


class Told(Frozen):
    """What an example did in one lane.

    Attributes:
        verdict: As in the evidence.
        recorded_at: When the recording was made (UTC).
        server: The server that was recorded, with its exact version.
        client: The client that was recorded and replayed.
        requests: The number of requests that the replay compared.
        cassette: The address of the recording, below the top of the site.
        cassette_sha256: The hash of that file.
        quarantine: Why nothing is proven, where it is in quarantine.
    """

    verdict: Verdict
    recorded_at: str | None = None
    server: Software | None = None
    client: Software | None = None
    requests: int | None = None
    cassette: str | None = None
    cassette_sha256: str | None = None
    quarantine: Held | None = None


class VerifiedExample(Frozen):
    """One example.

    Attributes:
        title: What it does.
        source: The address of its code, below the top of the site.
        sha256: The hash of that file.
        evidence: The address of its rows on the page of evidence.
        pages: The addresses of the pages that show it.
        lanes: What it did, by lane.
    """

    title: str
    source: str
    sha256: str
    evidence: str
    pages: tuple[str, ...]
    lanes: dict[str, Told]


class VerifiedPage(Frozen):
    """One page.

    Attributes:
        url: Its address below the top of the site; empty for the first page.
        markdown: The address of its Markdown.
        examples: The examples that stand on it.
        lanes: How many of them have which verdict, by lane.
        code: How many of its blocks of code were run, checked, or neither: the kinds of the census.
    """

    url: str
    markdown: str
    examples: tuple[str, ...]
    lanes: dict[str, dict[Verdict, int]]
    code: dict[Kind, int]


class VerifiedLane(LaneName):
    """One lane.

    Attributes:
        totals: How many examples have which verdict in it.
        requests: The number of requests that were compared.
        recorded_from: The oldest recording (UTC).
        recorded_to: The newest recording (UTC).
    """

    totals: dict[Verdict, int]
    requests: int
    recorded_from: str | None = None
    recorded_to: str | None = None


class Verification(Frozen):
    """The document.

    Attributes:
        version: The version of this format.
        evidence: The file that has every output and exception as well.
        lanes: The lanes, in the order in which pages show them.
        pages: The pages, in the order of their files.
        examples: The examples by id.
    """

    version: Literal[1] = 1
    evidence: str = EVIDENCE_FILE
    lanes: dict[str, VerifiedLane]
    pages: tuple[VerifiedPage, ...]
    examples: dict[str, VerifiedExample]

    def to_json(self) -> str:
        """The document as it is written: keys in a fixed order, one line each."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True), indent=1, ensure_ascii=False) + "\n"


def page_url(name: str) -> str:
    """The address of a page below the top of the site, as MkDocs makes it of the name of its file."""
    stem = twin_name(name).removesuffix(".md")
    return stem.removesuffix("index") if stem == "index" or stem.endswith("/index") else f"{stem}/"


def verification(
    evidence: Evidence,
    examples: Mapping[str, Example],
    shown: Mapping[str, Iterable[str]],
    blocks: Iterable[Block],
) -> Verification:
    """Turns the evidence round: from pages to what is proven on them.

    Nothing in the document says when or from which commit it was made: the same evidence gives the same bytes.

    Args:
        evidence: What was proven.
        examples: All examples by id.
        shown: The names of all pages, and the ids of the examples that each shows.
        blocks: The blocks of code of all pages.
    """
    code: dict[str, Counter[Kind]] = {}
    for block in blocks:
        code.setdefault(block.page, Counter())[block.kind] += 1
    on_page = {name: tuple(sorted(set(shown[name]))) for name in sorted(shown)}
    pages = tuple(
        VerifiedPage(
            url=page_url(name),
            markdown=twin_name(name),
            examples=ids,
            lanes={lane: _counted(evidence, ids, lane) for lane in evidence.lanes} if ids else {},
            code=dict(sorted(code.get(name, Counter()).items())),
        )
        for name, ids in on_page.items()
    )
    return Verification(
        lanes={lane: _lane(evidence, lane, name) for lane, name in evidence.lanes.items()},
        pages=pages,
        examples={
            name: VerifiedExample(
                title=proof.title,
                source=download(examples[name]),
                sha256=proof.sha256,
                evidence=f"{page_url(EVIDENCE_PAGE)}#{evidence_anchor(name)}",
                pages=tuple(page.url for page in pages if name in page.examples),
                lanes={lane: _told(result) for lane, result in proof.results.items()},
            )
            for name, proof in evidence.examples.items()
        },
    )


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Verification.model_json_schema()}


def _counted(evidence: Evidence, ids: Iterable[str], lane: str) -> dict[Verdict, int]:
    return dict(sorted(Counter(evidence.examples[name].results[lane].verdict for name in ids).items()))


def _lane(evidence: Evidence, lane: str, name: LaneName) -> VerifiedLane:
    results = [proof.results[lane] for proof in evidence.examples.values()]
    days = sorted(result.recorded_at for result in results if result.recorded_at)
    return VerifiedLane(
        server=name.server,
        client=name.client,
        totals=_counted(evidence, evidence.examples, lane),
        requests=sum(result.requests for result in results),
        recorded_from=days[0] if days else None,
        recorded_to=days[-1] if days else None,
    )


def _told(result: Result) -> Told:
    is_proven = result.verdict in {"passes", "fails_as_shown"}
    return Told(
        verdict=result.verdict,
        recorded_at=result.recorded_at,
        server=result.server,
        client=result.client,
        requests=result.requests if is_proven else None,
        cassette=result.cassette,
        cassette_sha256=result.cassette_sha256,
        quarantine=result.quarantine,
    )
