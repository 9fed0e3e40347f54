"""Renders examples with their output and their proof: recipe cards, tables of lanes, the page of evidence."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from packaging.requirements import Requirement

from verified_docs.evidence import FILE, SCHEMA_FILE, Evidence, Proof, Result
from verified_docs.example import Example, missing_names

EVIDENCE_PAGE = "reference/evidence.md"
_VERDICTS = {
    "passes": ("✓", "ran as shown"),
    "fails_as_shown": ("✕", "fails as shown"),
    "not_recorded": ("–", "not recorded"),
}


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
    def results(self) -> int:
        """The number of recorded results that were replayed: examples × lanes."""
        return self.evidence.count("passes", "fails_as_shown")

    @property
    def failing(self) -> int:
        """How many of them end with an exception, as their pages show."""
        return self.evidence.count("fails_as_shown")

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
            if result.verdict != "not_recorded"
        ]

    @property
    def recorded_on(self) -> str:
        """The day of the oldest recording."""
        return min((result.recorded_at or "") for result in self._recorded)[:10]

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

    Attributes:
        evidence: What is rendered.
    """

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence

    def card(self, example: Example, section: str | None, up: str, file: str | None = None) -> str:
        """An example as it stands on a page.

        Args:
            example: The example.
            section: The part of it to show, or None for the whole.
            up: The way from the page to the top of the site.
            file: The name that the reader gives this code, where it is a program of its own.

        Returns:
            Markdown: the code, what it prints, how it fails, and the stamp.
        """
        proof = self.evidence.examples[example.id]
        code = example.code(section)
        parts = [
            '<div class="recipe" markdown="1">',
            fence("python", code, file or f"{proof.path}{f', part “{section}”' if section else ''}"),
        ]
        if section:
            rows = example.sections[section]
            promised = [line.text for line in example.expected if line.line in rows]
            if promised:
                parts.append(fence("text", "\n".join(promised) + "\n", "Output"))
        else:
            parts += self._outputs(proof)
        parts += self._failures(proof)
        parts.append(self._stamp(example, proof, section, up))
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
        return [
            fence("text", output, "Output" if number == 0 else f"Output with {self._names(lane_ids)}")
            for number, (output, lane_ids) in enumerate(ordered)
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
            blocks.append(f'!!! failure "Fails with {self._names(lane_ids)}"\n\n{indented}')
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
            chips.append(
                f'<li class="chip chip--{result.verdict}"><span aria-hidden="true">{mark}</span> '
                f"{html.escape(lane.server)} · {html.escape(lane.client)} <em>{words}</em></li>"
            )
        return f'<ul class="chips">{"".join(chips)}</ul>'

    def _stamp(self, example: Example, proof: Proof, section: str | None, up: str) -> str:
        days = sorted({result.recorded_at[:10] for result in proof.results.values() if result.recorded_at})
        recorded = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
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
        return (
            '<div class="stamp" markdown="1">\n\n'
            f"{self._chips(proof.results)}\n\n"
            f"{part}Replayed against recordings of {recorded}. "
            f"Recorded with role {proof.role}, scope `{proof.scope}`{others}. "
            f'[{whole}]({up}{download(example)}){{ download="{PurePosixPath(proof.path).name}" }} · '
            f"[Evidence]({up}{EVIDENCE_PAGE}#{evidence_anchor(example.id)})\n\n"
            "</div>"
        )

    def lanes(self) -> str:
        """A table that counts the verdicts of each lane."""
        rows = ["| Server | Client | Ran as shown | Fails as shown | Not recorded |", "|---|---|--:|--:|--:|"]
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
        parts = [
            "# Evidence",
            "What every example did in every lane. A lane is one GitLab version with one MLflow version. "
            "Each cassette opens the recorded conversation, request by request. "
            f"The same as data: [{FILE}](../{FILE}), described by [{SCHEMA_FILE}](../{SCHEMA_FILE}).",
            self.lanes(),
            f"Recorded from {' and '.join(facts.servers)} with {' and '.join(facts.clients)}. "
            "[What the recordings cannot tell](../explanation/how-verified.md#limits) is listed too.",
        ]
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
                row = f"| {lane.server} · {lane.client} | {mark} {words} "
                if result.recorded_at and result.cassette_sha256:
                    day = result.recorded_at[:16].replace("T", " ")
                    row += (
                        f"| {result.requests} | {day} UTC | [`{result.cassette_sha256[:12]}`](../{result.cassette}) |"
                    )
                else:
                    row += "| | | |"
                rows.append(row)
            parts.append(f"[`{proof.path}`](../examples/{name}.py), SHA-256 `{proof.sha256[:12]}`")
            parts.append("\n".join(rows))
        parts.append(
            "## Where to go next\n\n"
            "- [How this is verified](../explanation/how-verified.md): what a replay proves, and what it cannot.\n"
            "- [Log your first run](../tutorials/first-run.md)"
        )
        return "\n\n".join(parts) + "\n"


def download(example: Example) -> str:
    """Where the whole example stands on the site."""
    return f"examples/{example.id}.py"


def evidence_anchor(example_id: str) -> str:
    return example_id.replace("/", "-").replace("_", "-")


def fence(language: str, text: str, title: str | None) -> str:
    """A fenced block whose end the text cannot reach."""
    ticks = "```"
    while ticks in text:
        ticks += "`"
    heading = f' title="{title}"' if title else ""
    return f"{ticks}{language}{heading}\n{text}{ticks}"
