"""Renders examples with their output and their proof: recipe cards, tables of lanes, the page of evidence."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from packaging.requirements import Requirement

from verified_docs.evidence import FILE, SCHEMA_FILE, Evidence, Held, Proof, Result
from verified_docs.example import Example, missing_names
from verified_docs.report import Report

EVIDENCE_PAGE = "reference/evidence.md"
_VERDICTS = {
    "passes": ("✓", "ran as shown"),
    "fails_as_shown": ("✕", "fails as shown"),
    "not_recorded": ("–", "not recorded"),
    "quarantined": ("‖", "in quarantine"),
}
_PROVEN = ("passes", "fails_as_shown")


@dataclass(frozen=True)
class Facts:
    """Numbers and names of the evidence, for prose that must not disagree with it.

    Attributes:
        evidence: What they are taken from.
    """

    evidence: Evidence

    @property
    def examples(self) -> int:
        """The number of examples."""
        return len(self.evidence.examples)

    @property
    def lanes(self) -> int:
        """The number of lanes."""
        return len(self.evidence.lanes)

    @property
    def results(self) -> int:
        """The number of recorded results that were replayed: examples × lanes."""
        return self.evidence.count(*_PROVEN)

    @property
    def failing(self) -> int:
        """How many of them end with an exception, as their pages show."""
        return self.evidence.count("fails_as_shown")

    @property
    def quarantined(self) -> int:
        """How many results are in quarantine: recorded, and not verified."""
        return self.evidence.count("quarantined")

    @cached_property
    def requests(self) -> int:
        """The number of recorded requests behind them."""
        return sum(result.requests for proof in self.evidence.examples.values() for result in proof.results.values())

    @cached_property
    def _recorded(self) -> list[Result]:
        return [
            result
            for proof in self.evidence.examples.values()
            for result in proof.results.values()
            if result.recorded_at
        ]

    @property
    def recorded_on(self) -> str:
        """The day of the oldest recording."""
        return min(((result.recorded_at or "")[:10] for result in self._recorded), default="no day")

    @property
    def servers(self) -> list[str]:
        """The exact versions of the servers."""
        return sorted({f"{result.server.name} {result.server.version}" for result in self._recorded if result.server})

    @property
    def clients(self) -> list[str]:
        """The exact versions of the clients."""
        return sorted({f"{result.client.name} {result.client.version}" for result in self._recorded if result.client})


class Cards:
    """Renders what the evidence says.

    Args:
        evidence: What is rendered.
        report: Where readers tell of mistakes.
        evidence_next: Markdown for the end of the page of evidence: where to go next.

    Attributes:
        evidence: What is rendered.
    """

    def __init__(self, evidence: Evidence, report: Report | None = None, evidence_next: str = "") -> None:
        self.evidence = evidence
        self._report = report
        self._evidence_next = evidence_next

    def card(
        self, example: Example, section: str | None, up: str, file: str | None = None, anchor: str = "example"
    ) -> str:
        """An example as it stands on a page.

        Args:
            example: The example.
            section: The part of it to show, or None for the whole.
            up: The way from the page to the top of the site.
            file: The name that the reader gives this code, where it is a program of its own.
            anchor: The card's id on its page.

        Returns:
            Markdown: the code, what it prints, how it fails, a mark in place of its requests, and the stamp.
        """
        proof = self.evidence.examples[example.id]
        code = example.code(section)
        parts = [
            f'<div class="recipe" id="{anchor}" data-example="{example.id}" markdown="1">',
            fence("python", code, file or f"{proof.path}{f', part “{section}”' if section else ''}"),
        ]
        if held := self.held_notice([example.id]):
            parts.insert(1, held)
        if section and any(result.verdict in _PROVEN for result in proof.results.values()):
            rows = example.sections[section]
            promised = [line.text for line in example.expected if line.line in rows]
            if promised:
                proven = [lane_id for lane_id, result in proof.results.items() if result.verdict in _PROVEN]
                parts.append(_of_lanes(proven, "output", fence("text", "\n".join(promised) + "\n", "Output")))
        elif not section:
            parts += self._outputs(proof)
        parts += self._failures(proof)
        parts.append(f"<!-- requests: {anchor} -->")
        parts.append(self._stamp(example, proof, section, up, anchor))
        parts.append("</div>")
        return "\n\n".join(parts) + "\n"

    def _outputs(self, proof: Proof) -> list[str]:
        by_output: dict[str, list[str]] = {}
        for lane_id, result in proof.results.items():
            if result.verdict == "passes" and result.output:
                by_output.setdefault(result.output, []).append(lane_id)
        # What most lanes print comes first; of two that are as common, the newer.
        newest_first = list(by_output.items())[::-1]
        ordered = sorted(newest_first, key=lambda item: -len(item[1]))
        titles = ["Output", *(f"Output with {self._names(lane_ids)}" for _, lane_ids in ordered[1:])]
        return [
            _of_lanes(lane_ids, "output", fence("text", output, title))
            for title, (output, lane_ids) in zip(titles, ordered, strict=False)
        ]

    def _failures(self, proof: Proof) -> list[str]:
        by_failure: dict[tuple[str, str, str], list[str]] = {}
        for lane_id, result in proof.results.items():
            if result.exception is not None:
                key = (result.exception.type, result.exception.message, result.output)
                by_failure.setdefault(key, []).append(lane_id)
        blocks = []
        for (kind, message, output), lane_ids in by_failure.items():
            text = f"{output}{kind}: {message}\n"
            body = fence("text", text, None)
            indented = "\n".join(f"    {row}" if row else "" for row in body.splitlines())
            failure = f'!!! failure "Fails with {self._names(lane_ids)}"\n\n{indented}'
            blocks.append(_of_lanes(lane_ids, "fails", failure))
        return blocks

    def _names(self, lane_ids: list[str]) -> str:
        names = [
            f"{self.evidence.lanes[lane_id].server} and {self.evidence.lanes[lane_id].client}" for lane_id in lane_ids
        ]
        return "; ".join(names)

    def _chips(self, results: dict[str, Result]) -> str:
        chips = []
        for lane_id, result in results.items():
            lane = self.evidence.lanes[lane_id]
            mark, words = _VERDICTS[result.verdict]
            words += f" until {result.quarantine.until}" if result.quarantine else ""
            chips.append(
                f'<li class="chip chip--{result.verdict}" data-lane="{lane_id}"><span aria-hidden="true">{mark}</span> '
                f"{html.escape(lane.server)} · {html.escape(lane.client)} <em>{words}</em></li>"
            )
        return f'<ul class="chips">{"".join(chips)}</ul>'

    def held_notice(self, example_ids: Iterable[str]) -> str:
        """Says of which lanes nothing is proven, as an example is in quarantine there; nothing where none is."""
        by_reason: dict[Held, list[str]] = {}
        for name in example_ids:
            for lane_id, result in self.evidence.examples[name].results.items():
                if result.quarantine:
                    by_reason.setdefault(result.quarantine, []).append(lane_id)
        return "\n\n".join(
            f'!!! warning "In quarantine until {why.until}"\n\n'
            f"    **Not verified** with {self._names(list(dict.fromkeys(lane_ids)))}, because: "
            f"{_plain(why.reason.rstrip('.'))}. In the hands of {_plain(why.owner)} since {why.since}."
            for why, lane_ids in by_reason.items()
        )

    def all_held(self, example_ids: Iterable[str]) -> bool:
        """Whether each of some examples is in quarantine, in a lane at least."""
        examples = self.evidence.examples
        return all(any(one.quarantine for one in examples[name].results.values()) for name in example_ids)

    def quarantined(self, up: str) -> str:
        """A table of what is in quarantine.

        Args:
            up: The way from the page to the top of the site.
        """
        rows = []
        for name, proof in self.evidence.examples.items():
            by_reason: dict[Held, list[str]] = {}
            for lane_id, result in proof.results.items():
                if result.quarantine:
                    by_reason.setdefault(result.quarantine, []).append(lane_id)
            link = f"[{proof.title}]({up}{EVIDENCE_PAGE}#{evidence_anchor(name)})"
            rows += [
                f"| {link} | {self._names(lane_ids)} | {why.since} | {why.until} | {_plain(why.reason)} "
                f"| {_plain(why.owner)} |"
                for why, lane_ids in by_reason.items()
            ]
        if not rows:
            return "Nothing is in quarantine."
        return "\n".join(["| Example | Lanes | Since | Until | Because | Owner |", "|---|---|---|---|---|---|", *rows])

    def _stamp(self, example: Example, proof: Proof, section: str | None, up: str, anchor: str) -> str:
        proven = [result for result in proof.results.values() if result.verdict in _PROVEN]
        days = sorted({result.recorded_at[:10] for result in proven if result.recorded_at})
        recorded = "Not verified: it is in quarantine. "
        if days:
            of = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
            recorded = f"Replayed against recordings of {of}. "
        others = "".join(f"; `{name}` was `{label}`" for name, label in proof.tokens.items())
        part = ""
        if section and missing_names(example.code(section)):
            part = "This is a part of a script and needs what stands before it. "
        elif section:
            part = "This is a part of the script that was recorded. "
        whole = "Download the whole script" if section else "Download"
        client = next(iter(self.evidence.lanes.values())).client.split()[0]
        uses_it = any(Requirement(one).name.lower() == client.lower() for one in example.dependencies)
        if not uses_it and any(result.verdict == "not_recorded" for result in proof.results.values()):
            part += f"It does without {client}, and was recorded with one client only. "
        links = [
            f'[{whole}]({up}{download(example)}){{ download="{PurePosixPath(proof.path).name}" }}',
            f"[Evidence]({up}{EVIDENCE_PAGE}#{evidence_anchor(example.id)})",
            f"[Link to this card](#{anchor})",
        ]
        if self._report:
            links.append(self._report.link(example.id, up))
        return (
            '<div class="stamp" markdown="1">\n\n'
            f"{self._chips(proof.results)}\n\n"
            f"{part}{recorded}"
            f"Recorded with role {proof.role}, scope `{proof.scope}`{others}. "
            f"{' · '.join(links)}\n\n"
            "</div>"
        )

    def lanes(self) -> str:
        """A table that counts the verdicts of each lane."""
        names = " | ".join(words.capitalize() for _, words in _VERDICTS.values())
        rows = [f"| Server | Client | {names} |", f"|---|---|{'--:|' * len(_VERDICTS)}"]
        for lane_id, lane in self.evidence.lanes.items():
            counts = [
                sum(proof.results[lane_id].verdict == verdict for proof in self.evidence.examples.values())
                for verdict in _VERDICTS
            ]
            rows.append(f"| {lane.server} | {lane.client} | {' | '.join(map(str, counts))} |")
        return "\n".join(rows)

    def evidence_page(self) -> str:
        """The page that lists every example with its verdict in every lane."""
        facts = Facts(self.evidence)
        lane = next(iter(self.evidence.lanes.values()))
        server, client = (name.rpartition(" ")[0] for name in (lane.server, lane.client))
        parts = [
            "# Evidence",
            f"What every example did in every lane. A lane is one {server} version with one {client} version. "
            "Each cassette opens the recorded conversation, request by request. "
            f"The same as data: [{FILE}](../{FILE}), described by [{SCHEMA_FILE}](../{SCHEMA_FILE}).",
            self.lanes(),
            f"Recorded from {' and '.join(facts.servers)} with {' and '.join(facts.clients)}.",
        ]
        if facts.quarantined:
            parts += ["## In quarantine", self.quarantined("../")]
        area = ""
        for name, proof in self.evidence.examples.items():
            if name.partition("/")[0] != area:
                area = name.partition("/")[0]
                parts.append(f"## {area.capitalize()}")
            parts.append(f"### {proof.title} {{ #{evidence_anchor(name)} }}")
            rows = ["| Lane | Verdict | Requests | Recorded | Cassette |", "|---|---|--:|---|---|"]
            for lane_id, result in proof.results.items():
                lane = self.evidence.lanes[lane_id]
                mark, words = _VERDICTS[result.verdict]
                words += f" until {result.quarantine.until}" if result.quarantine else ""
                row = f"| {lane.server} · {lane.client} | {mark} {words} "
                if result.recorded_at and result.cassette_sha256:
                    day = result.recorded_at[:16].replace("T", " ")
                    requests = "" if result.quarantine else result.requests
                    row += f"| {requests} | {day} UTC | [`{result.cassette_sha256[:12]}`](../{result.cassette}) |"
                else:
                    row += "| | | |"
                rows.append(row)
            parts.append(f"[`{proof.path}`](../examples/{name}.py), SHA-256 `{proof.sha256[:12]}`")
            parts.append("\n".join(rows))
        if self._evidence_next:
            parts.append(f"## Where to go next\n\n{self._evidence_next.strip()}")
        return "\n\n".join(parts) + "\n"


def download(example: Example) -> str:
    """Where the whole example stands on the site."""
    return f"examples/{example.id}.py"


def _of_lanes(lane_ids: Iterable[str], kind: str, text: str) -> str:
    """Markdown that is true of some lanes only, so that a page can leave it out where a reader has another."""
    return f'<div class="{kind} no-copy" data-lane="{" ".join(lane_ids)}" markdown="1">\n\n{text}\n\n</div>'


def _plain(text: str) -> str:
    """What somebody wrote, as nothing but text in Markdown."""
    return re.sub(r"[^\w\s.,;'/()-]", lambda sign: f"&#{ord(sign.group())};", text).replace("_", "&#95;")


def evidence_anchor(example_id: str) -> str:
    return example_id.replace("/", "-").replace("_", "-")


def fence(language: str, text: str, title: str | None) -> str:
    """A fenced block whose end the text cannot reach."""
    ticks = "```"
    while ticks in text:
        ticks += "`"
    heading = f' title="{title}"' if title else ""
    return f"{ticks}{language}{heading}\n{text}{ticks}"
