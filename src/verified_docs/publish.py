"""Writes the pages: plain Markdown and JSON, in which every example stands with its output and its proof."""

from __future__ import annotations

import html
import json
import shutil
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import jinja2

from verified_docs.census import check_fences, take_census
from verified_docs.evidence import FILE, SCHEMA_FILE, Evidence, Proof, Result, json_schema
from verified_docs.example import Example, load_examples
from verified_docs.leaks import find_leaks
from verified_docs.problem import Problem

DOCS = "docs"
SNIPPETS = "snippets"
EVIDENCE_PAGE = "reference/evidence.md"
_LANGUAGES = {".sh": "bash", ".yml": "yaml", ".yaml": "yaml", ".toml": "toml", ".json": "json", ".env": "dotenv"}
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
    _check_fresh(examples, evidence)
    into.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=into.parent, prefix=f".{into.name}."))
    try:
        pages = _Pages(root, evidence, examples)
        count = 0
        for source in sorted(path for path in (root / DOCS).rglob("*") if path.is_file()):
            name = source.relative_to(root / DOCS)
            target = work / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.suffix == ".md":
                _write(target, pages.render(name.as_posix()), source)
                count += 1
            else:
                shutil.copyfile(source, target)
        _write(work / EVIDENCE_PAGE, pages.evidence_page(), work / EVIDENCE_PAGE)
        _write(work / FILE, evidence.to_json(), root / FILE)
        _write(work / SCHEMA_FILE, json.dumps(json_schema(), indent=1) + "\n", root / SCHEMA_FILE)
        for example in examples.values():
            _write(work / _download(example), example.source, example.path)
        for proof in evidence.examples.values():
            for result in proof.results.values():
                if result.cassette:
                    _write(work / result.cassette, (root / result.cassette).read_text("utf-8"), root / result.cassette)
        unused = sorted(examples.keys() - pages.shown_examples)
        if unused:
            raise Problem(
                examples[unused[0]].path,
                None,
                f"no page shows this example{f', nor {len(unused) - 1} others' if len(unused) > 1 else ''}",
                f'write {{{{ example("{unused[0]}") }}}} on the page of its task',
                kind="unused-example",
            )
        for path in sorted((root / SNIPPETS).rglob("*.*")):
            if path not in pages.shown_snippets:
                unshown = path.relative_to(root / SNIPPETS).as_posix()
                raise Problem(
                    path,
                    1,
                    "no page shows this snippet",
                    f'write {{{{ snippet("{unshown}") }}}} on a page',
                    kind="unused-snippet",
                )
        check_fences(take_census(work), work)
        work.chmod(0o755)
        shutil.rmtree(into, ignore_errors=True)
        work.replace(into)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return count + 1


def _check_fresh(examples: dict[str, Example], evidence: Evidence) -> None:
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


def _write(target: Path, text: str, source: Path) -> None:
    for leak in find_leaks(text):
        raise Problem(source, leak.line, f"the page would publish a secret ({leak.kind})", "take it out", kind="secret")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, "utf-8")


def _download(example: Example) -> str:
    return f"examples/{example.id}.py"


class _Pages:
    """Renders pages with what they may ask for: `example(...)`, `snippet(...)`, `lanes()`, `facts`, `evidence`."""

    def __init__(self, root: Path, evidence: Evidence, examples: dict[str, Example]) -> None:
        self.root = root
        self.evidence = evidence
        self.examples = examples
        self.facts = Facts(evidence)
        self.shown_examples: set[str] = set()
        self.shown_snippets: set[Path] = set()
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

        def example(example_id: str, section: str | None = None) -> str:
            return self._card(example_id, section, up)

        def snippet(snippet_name: str) -> str:
            return self._snippet(snippet_name)

        context: dict[str, Callable[..., str] | Facts | Evidence] = {
            "example": example,
            "snippet": snippet,
            "lanes": self._lanes,
            "facts": self.facts,
            "evidence": self.evidence,
        }
        try:
            return self._jinja.get_template(name).render(context)
        except jinja2.TemplateSyntaxError as error:
            raise Problem(
                path,
                error.lineno,
                f"the page cannot be rendered: {error.message}",
                "correct the line, then make site",
                kind="page",
            ) from error
        except (jinja2.UndefinedError, _NotThere) as error:
            lines = [
                frame.lineno
                for frame in traceback.extract_tb(error.__traceback__)
                if Path(frame.filename).resolve() == path.resolve()
            ]
            raise Problem(
                path, lines[-1] if lines else None, str(error), "correct the name, then make site", kind="page"
            ) from error

    def _card(self, example_id: str, section: str | None, up: str) -> str:
        example = self.examples.get(example_id)
        if example is None:
            raise _NotThere(f"there is no example {example_id!r}")
        if section is not None and section not in example.sections:
            names = ", ".join(example.sections) or "none"
            raise _NotThere(f"{example_id} has no section {section!r}; it has {names}")
        self.shown_examples.add(example_id)
        proof = self.evidence.examples[example_id]
        parts = [
            '<div class="recipe" markdown="1">',
            _fence("python", example.code(section), f"{proof.path}{f', part “{section}”' if section else ''}"),
        ]
        if section:
            rows = example.sections[section]
            promised = [line.text for line in example.expected if line.line in rows]
            if promised:
                parts.append(_fence("text", "\n".join(promised) + "\n", "Output"))
        else:
            parts += self._outputs(proof)
            parts += self._failures(proof)
        parts.append(self._stamp(example, proof, up))
        parts.append("</div>")
        return "\n\n".join(parts) + "\n"

    def _snippet(self, name: str) -> str:
        path = self.root / SNIPPETS / name
        if not path.is_file():
            raise _NotThere(f"there is no snippet {name!r}")
        self.shown_snippets.add(path)
        return _fence(_LANGUAGES.get(path.suffix, "text"), path.read_text("utf-8"), None)

    def _outputs(self, proof: Proof) -> list[str]:
        by_output: dict[str, list[str]] = {}
        for lane_id, result in proof.results.items():
            if result.verdict == "passes" and result.output:
                by_output.setdefault(result.output, []).append(lane_id)
        # What most lanes print comes first; of two that are as common, the newer.
        newest_first = list(by_output.items())[::-1]
        ordered = sorted(newest_first, key=lambda item: -len(item[1]))
        return [
            _fence("text", output, "Output" if number == 0 else f"Output with {self._names(lane_ids)}")
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
            body = _fence("text", text, None)
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

    def _stamp(self, example: Example, proof: Proof, up: str) -> str:
        days = sorted({result.recorded_at[:10] for result in proof.results.values() if result.recorded_at})
        recorded = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
        return (
            '<div class="stamp" markdown="1">\n\n'
            f"{self._chips(proof.results)}\n\n"
            f"Replayed against recordings of {recorded}. Recorded with role {proof.role}, scope `{proof.scope}`. "
            f'[Download]({up}{_download(example)}){{ download="{PurePosixPath(proof.path).name}" }} · '
            f"[Evidence]({up}{EVIDENCE_PAGE}#{_anchor(example.id)})\n\n"
            "</div>"
        )

    def _lanes(self) -> str:
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
        parts = [
            "# Evidence",
            "What every example did in every lane. A lane is one GitLab version with one MLflow version. "
            "Each cassette opens the recorded conversation, request by request. "
            f"The same as data: [{FILE}](../{FILE}), described by [{SCHEMA_FILE}](../{SCHEMA_FILE}).",
            self._lanes(),
            f"Recorded from {' and '.join(self.facts.servers)} with {' and '.join(self.facts.clients)}. "
            "[What the recordings cannot tell](../explanation/how-verified.md#limits) is listed too.",
        ]
        area = ""
        for name, proof in self.evidence.examples.items():
            if name.partition("/")[0] != area:
                area = name.partition("/")[0]
                parts.append(f"## {area.capitalize()}")
            parts.append(f"### {proof.title} {{ #{_anchor(name)} }}")
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


class _NotThere(Exception):
    """A page names something that does not exist."""


def _anchor(example_id: str) -> str:
    return example_id.replace("/", "-").replace("_", "-")


def _fence(language: str, text: str, title: str | None) -> str:
    ticks = "```"
    while ticks in text:
        ticks += "`"
    heading = f' title="{title}"' if title else ""
    return f"{ticks}{language}{heading}\n{text}{ticks}"
