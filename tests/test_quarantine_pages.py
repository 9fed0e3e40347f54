"""Publishes pages with examples in quarantine: nothing of them looks verified, and all else is as it was."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

from conftest import LANES, rewrite
from test_quarantine import EXAMPLES, NAME
from test_site import refused
from verified_docs.card import Cards, Facts
from verified_docs.evidence import Evidence, Proof, Result, json_schema
from verified_docs.publish import publish_pages
from verified_docs.quarantine import FILE, load_quarantine

SINCE, UNTIL = date(2026, 11, 23), date(2026, 12, 24)
REASON = "GitLab answers something else"
LAST = LANES[-1]
# In lanes, what only a proof may say.
PROVEN = re.compile(r'chip--(?:passes|fails)|title="Output|!!! failure|Replayed against')
LEGEND = re.compile(r"\| Cell \| Means \|.*?\n\n", re.S)


def put(project: Path, evidence: Evidence, *names: str, lane: str = "*", reason: str = REASON) -> Evidence:
    """Puts examples into quarantine, and gives the evidence that their verification would give."""
    day = {"owner": "@acme/ml-platform", "since": SINCE, "until": UNTIL}
    rewrite(project / FILE, yaml.safe_dump([{"example": one, "lane": lane, "reason": reason, **day} for one in names]))
    quarantine = load_quarantine(project)
    examples = {one.id: one for one in EXAMPLES}
    proofs: dict[str, Proof] = {}
    for name, proof in evidence.examples.items():
        results: dict[str, Result] = {}
        for one in LANES:
            counted, _ = quarantine.settle(project, examples[name], one, proof.results[one.id])
            assert isinstance(counted, Result)
            results[one.id] = counted
        proofs[name] = proof.model_copy(update={"results": results})
    return evidence.model_copy(update={"examples": proofs})


def recipes(folder: Path, name: str) -> list[str]:
    """The cards of an example, on all pages."""
    texts = [page.read_text("utf-8") for page in sorted(folder.rglob("*.md"))]
    cards = [card for text in texts for card in re.split('<div class="recipe"[^>]*>', text)[1:]]
    anchor = f"#{name.replace('/', '-').replace('_', '-')})"
    return [
        card.partition("\n</div>\n\n</div>")[0] for card in cards if anchor in card.partition("\n</div>\n\n</div>")[0]
    ]


def test_one_lane_of_one_example(project: Path, evidence: Evidence, tmp_path: Path) -> None:
    changed = put(project, evidence, NAME, lane=LAST.id)
    publish_pages(project, changed, tmp_path / "docs")
    cards = recipes(tmp_path / "docs", NAME)
    assert cards
    for card in cards:
        notice = card.index('!!! warning "In quarantine until 2026-12-24"')
        # Before the code, so that nobody copies it unawares.
        assert notice < card.index("```python")
        because = f"**Not verified** with {LAST.server} and {LAST.client}, because: {REASON}. In the hands of"
        assert because in card
        chips = re.findall(r'<li class="chip chip--(\w+)"[^>]*>.*? (GitLab \S+) · (MLflow \S+) <em>(.*?)</em>', card)
        assert chips[-1] == ("quarantined", LAST.server, LAST.client, "in quarantine until 2026-12-24")
        assert {chip[0] for chip in chips[:-1]} == {"passes"}
        assert "Replayed against recordings of 2026-11-22" in card
    # Other examples are as they were.
    publish_pages(project, put(project, evidence), tmp_path / "before")
    for other in ("tracking/log_first_run", "errors/no_token"):
        assert recipes(tmp_path / "docs", other) == recipes(tmp_path / "before", other)
    page = (tmp_path / "docs/explanation/how-verified.md").read_text("utf-8")
    assert f"| {LAST.server} and {LAST.client} | 2026-11-23 | 2026-12-24 | {REASON} | &#64;acme/ml-platform |" in page
    assert "Nothing is in quarantine." in (tmp_path / "before/explanation/how-verified.md").read_text("utf-8")
    row = re.search(
        rf"\| {LAST.server} \| {LAST.client} \| .*", (tmp_path / "docs/reference/evidence.md").read_text("utf-8")
    )
    assert row is not None
    assert row.group().endswith("| 1 |")


def test_an_example_that_fails_as_shown_shows_no_failure(project: Path, evidence: Evidence, tmp_path: Path) -> None:
    changed = put(project, evidence, "errors/no_token")
    publish_pages(project, changed, tmp_path / "docs")
    for card in recipes(tmp_path / "docs", "errors/no_token"):
        assert not PROVEN.search(card), card
    index = (tmp_path / "docs/reference/errors.md").read_text("utf-8")
    # Its recording is still one, and is called what it is.
    assert "*recorded, in quarantine, not verified*: [`errors/no_token`]" in index
    assert "*recorded*: [`errors/no_token`]" not in index


def test_every_example_at_once(project: Path, evidence: Evidence, tmp_path: Path) -> None:
    changed = put(project, evidence, *(one.id for one in EXAMPLES))
    publish_pages(project, changed, tmp_path / "docs")
    shown = 0
    for page in sorted((tmp_path / "docs").rglob("*.md")):
        text = page.read_text("utf-8")
        for card in re.split('<div class="recipe"[^>]*>', text)[1:]:
            card = card.partition("\n</div>\n\n</div>")[0]
            assert not PROVEN.search(card), page
            assert "In quarantine until 2026-12-24" in card
            assert "Not verified: it is in quarantine." in card
            shown += 1
        # Also where a claim rests on an example.
        assert not re.search(r"[✓✕] as shown", LEGEND.sub("", text)), page
    assert shown > len(EXAMPLES)
    text = (tmp_path / "docs/ci/cookbook.md").read_text("utf-8")
    packed = re.findall(r"^(.*)\n\n\[Download wine-pipeline.zip\]", text, flags=re.M)
    assert packed
    assert all("**Not verified**" in before for before in packed)
    facts = Facts(changed)
    assert (facts.results, facts.failing, facts.requests) == (0, 0, 0)
    assert facts.quarantined == evidence.count("passes", "fails_as_shown")


def test_evidence_in_quarantine_keeps_to_its_schema(project: Path, evidence: Evidence) -> None:
    import jsonschema

    changed = put(project, evidence, NAME)
    document = changed.model_dump(mode="json", exclude_none=True)
    jsonschema.validate(document, json_schema())
    assert Evidence.model_validate_json(changed.to_json()) == changed
    result = document["examples"][NAME]["results"][LAST.id]
    assert result["quarantine"] == {
        "reason": REASON,
        "owner": "@acme/ml-platform",
        "since": "2026-11-23",
        "until": "2026-12-24",
    }


def test_pages_of_another_quarantine_than_that_of_the_verification(project: Path, evidence: Evidence) -> None:
    changed = put(project, evidence, NAME)
    (project / FILE).unlink()
    problem = refused(project, changed)
    assert (problem.kind, problem.path, problem.fix) == ("stale", project / FILE, "make verify")


@pytest.mark.parametrize("reason", [REASON, "another reason entirely"])
def test_pages_of_an_entry_that_came_or_changed_later(reason: str, project: Path, evidence: Evidence) -> None:
    changed = put(project, evidence, NAME) if reason != REASON else evidence
    put(project, evidence, NAME, reason=reason)
    assert refused(project, changed).kind == "stale"


@pytest.mark.parametrize(
    "reason",
    [
        "it says <script>alert(1)</script>",
        "see [this](https://x.example.com)",
        "a | b | c | d and `code`",
        "*so* _much_ {{ 1 }}",
    ],
)
def test_a_reason_is_text_and_nothing_else(reason: str, project: Path, evidence: Evidence) -> None:
    changed = put(project, evidence, NAME, reason=reason)
    table = Cards(changed).quarantined("../")
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(table)
    cells = [token for token in tokens if token.type == "inline"]
    assert len(cells) == 12
    because = cells[-2]
    assert {child.type for child in because.children or ()} <= {"text", "text_special"}
    assert "".join(child.content for child in because.children or ()) == reason
