"""What programs read is there, fits its schema, and says what the evidence and the pages say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from conftest import LANES, ROOT, rewrite
from verified_docs.census import find_fences
from verified_docs.evidence import Evidence
from verified_docs.example import load_examples
from verified_docs.found import FILE, Findable, load_findable, tune
from verified_docs.hypertext import Site
from verified_docs.llms import Entry, Section, llms_txt
from verified_docs.problem import Problem
from verified_docs.twin import markdown, twin_name
from verified_docs.verification import Verification, page_url, verification

TOP = "https://mlflow-on-gitlab.example.com/"


@pytest.fixture(scope="module")
def told(site: Path) -> Verification:
    return Verification.model_validate_json((site / "verification.json").read_text("utf-8"))


# --- verification.json -----------------------------------------------------------------------------------------------


def test_the_document_fits_its_schema_and_not_every_other(site: Path) -> None:
    document = json.loads((site / "verification.json").read_text("utf-8"))
    schema = json.loads((site / "verification.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    document["examples"]["tracking/log_first_run"]["lanes"]["gitlab-19.3/mlflow-3"]["verdict"] = "fine"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


def test_it_says_what_the_evidence_says(told: Verification, evidence: Evidence, site: Path) -> None:
    assert list(told.lanes) == [lane.id for lane in LANES]
    assert list(told.examples) == list(evidence.examples)
    for name, proof in evidence.examples.items():
        for lane, result in proof.results.items():
            one = told.examples[name].lanes[lane]
            assert (one.verdict, one.cassette_sha256, one.recorded_at) == (
                result.verdict,
                result.cassette_sha256,
                result.recorded_at,
            )
            assert (one.server, one.client) == (result.server, result.client)
        assert (site / told.examples[name].source).is_file()
    for lane, row in told.lanes.items():
        verdicts = [proof.results[lane].verdict for proof in evidence.examples.values()]
        assert row.totals == {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))}
        assert row.requests == sum(proof.results[lane].requests for proof in evidence.examples.values())
        assert row.recorded_from and row.recorded_to and row.recorded_from <= row.recorded_to


@pytest.fixture(scope="module")
def sources(pages: Path) -> dict[str, str]:
    """What is published of each page, by the name of its twin."""
    files = [*pages.rglob("*.md"), *pages.glob("notebooks/*.ipynb")]
    return {twin_name(path.relative_to(pages).as_posix()): markdown(path) for path in files}


def test_each_page_has_the_examples_that_stand_on_it(
    told: Verification, sources: dict[str, str], evidence: Evidence
) -> None:
    by_path = {f"examples/{name}.py": name for name in evidence.examples}
    assert [page.markdown for page in told.pages] == sorted(sources)
    seen = 0
    for page in told.pages:
        text = sources[page.markdown]
        titles = {match[1] for match in re.finditer(r'```python title="(examples/[\w/]+\.py)', text)}
        assert {by_path[title] for title in titles} <= set(page.examples), page.markdown
        seen += len(page.examples)
        for lane, counted in page.lanes.items():
            assert sum(counted.values()) == len(page.examples), (page.markdown, lane)
    assert seen >= len(evidence.examples)
    for name, example in told.examples.items():
        assert example.pages == tuple(page.url for page in told.pages if name in page.examples)
        assert example.pages


def test_the_same_evidence_gives_the_same_bytes(evidence: Evidence) -> None:
    examples = {one.id: one for one in load_examples(ROOT)}
    names = list(evidence.examples)
    one = verification(evidence, examples, {"b.md": names[:2], "a.md": [names[1], names[1]]}, [])
    other = verification(evidence, dict(reversed(examples.items())), {"a.md": [names[1]], "b.md": names[1::-1]}, [])
    assert one.to_json() == other.to_json()
    assert [page.markdown for page in one.pages] == ["a.md", "b.md"]


@pytest.mark.parametrize(
    ("name", "url"),
    [("index.md", ""), ("a.md", "a/"), ("a/index.md", "a/"), ("a/b.md", "a/b/"), ("a/my-index.md", "a/my-index/")],
)
def test_the_address_of_a_page(name: str, url: str) -> None:
    assert page_url(name) == url


def test_every_page_stands_at_the_address_that_is_told(told: Verification, site: Path) -> None:
    for page in told.pages:
        assert (site / page.url / "index.html").is_file()
        assert (site / page.markdown).is_file()


# --- Twins and llms.txt ----------------------------------------------------------------------------------------------


def test_each_page_names_its_twin_and_the_twin_its_page(told: Verification, site: Path) -> None:
    for page in told.pages:
        html = (site / page.url / "index.html").read_text("utf-8")
        (twin,) = re.findall(r'<link rel="alternate " type="text/markdown"[^>]* href="([^"]+)">', html)
        path = (site / page.url / twin).resolve()
        assert path == (site / page.markdown).resolve()
        assert path.read_text("utf-8").endswith(f"\nFor people: {TOP}{page.url}\n")


def test_a_twin_has_the_code_of_its_page_and_no_tags(told: Verification, site: Path, sources: dict[str, str]) -> None:
    for page in told.pages:
        text = (site / page.markdown).read_text("utf-8")
        fences = {fence.content for fence in find_fences(site / page.markdown, text)}
        source = find_fences(Path(page.markdown), sources[page.markdown])
        assert {fence.content for fence in source} <= fences, page.markdown
        prose = re.sub(r"^(`{3,}).*?^\1`*$|(`+)(?!`).+?(?<!`)\2(?!`)", "", text, flags=re.M | re.S)
        assert (
            re.findall(r"(?<!\\)</?(?:div|table|tr|td|th|ul|li|span|details|summary|p|svg|figure)\b[^>]*>", prose) == []
        )
        assert re.findall(r"^(?:!!!|\?\?\?|===|:::) .*$", prose, flags=re.M) == [], page.markdown


def test_a_twin_says_each_verdict_in_a_line(site: Path, evidence: Evidence) -> None:
    text = (site / "how-to/long-values.md").read_text("utf-8")
    for lane in evidence.lanes.values():
        assert re.search(rf"^- \S+ {re.escape(f'{lane.server} · {lane.client}')}", text, flags=re.M), lane


def test_a_twin_says_each_request_in_a_line(sources: dict[str, str], site: Path) -> None:
    seen = 0
    for name, text in sources.items():
        requests = text.count('<details class="wire__request">')
        said = (site / name).read_text("utf-8")
        assert len(re.findall(r"^- `[A-Z]+ /\S*` [✓✕] \d{3}$", said, flags=re.M)) == requests, name
        seen += requests
    assert seen > 1000


def test_llms_txt_has_the_form_and_every_page(told: Verification, site: Path) -> None:
    text = (site / "llms.txt").read_text("utf-8")
    blocks = text.strip().split("\n\n")
    assert blocks[0].startswith("# ") and blocks[1].startswith("> ")
    headings = [row for row in text.splitlines() if row.startswith("#")]
    assert [row for row in headings if not row.startswith("## ")] == [headings[0]]
    assert headings[-1] == "## Optional"
    after = text[text.index("\n## ") :]
    rows = [row for row in after.splitlines() if row and not row.startswith("## ")]
    links = [re.fullmatch(r"- \[[^\[\]]+\]\((https://[^()]+)\)(?:: .+)?", row) for row in rows]
    assert all(links), rows
    addresses = [link[1].removeprefix(TOP) for link in links if link]
    assert sorted(one for one in addresses if one.endswith(".md")) == [page.markdown for page in told.pages]
    assert all((site / one).is_file() for one in addresses)


def test_llms_full_has_the_guides_and_not_the_reference(site: Path) -> None:
    text = (site / "llms-full.txt").read_text("utf-8")
    for name, has in (("how-to/log-runs.md", True), ("index.md", True), ("reference/calls/runs.md", False)):
        assert ((site / name).read_text("utf-8").strip() in text) is has
    assert len(text) < 1_000_000


def test_a_title_cannot_break_a_link() -> None:
    text = llms_txt("x", "y", [], [Section("a", [Entry("[b]", "https://c.example.com/")]), Section("empty")])
    assert text == "# x\n\n> y\n\n## a\n\n- [b](https://c.example.com/)\n"


def test_what_is_announced_as_data_is_there(site: Path) -> None:
    text = (site / "llms.txt").read_text("utf-8")
    for name in ("verification.json", "verification.schema.json", "evidence.json", "census.json", "freshness.json"):
        assert f"({TOP}{name})" in text
        json.loads((site / name).read_text("utf-8"))
    # What the build reads is not for readers.
    assert not (site / FILE).exists()
    assert Site(site, TOP).inside(f"{TOP}a/") == "/a/"


# --- How pages are found ---------------------------------------------------------------------------------------------


def test_every_page_that_helps_has_words(sources: dict[str, str]) -> None:
    names = [name.removesuffix(".md") for name in sources]
    rows = load_findable(ROOT / "docs" / FILE, names)
    guides = [name for name in names if not name.startswith(("reference/", "contribute/")) and name != "index"]
    assert [name for name in guides if not rows[name].words] == []


def test_a_name_with_a_star_is_for_a_folder(tmp_path: Path) -> None:
    rewrite(tmp_path / FILE, "a/*: { weight: 0.5 }\na/b/*: { weight: 0.2 }\na/x: { words: [y] }\n")
    rows = load_findable(tmp_path / FILE, ["a/x", "a/z", "a/b/c", "d"])
    assert {name: row.weight for name, row in rows.items()} == {"a/b/c": 0.2, "a/x": 1, "a/z": 0.5, "d": 1}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a: { words: [x] }\nb: {}\n", 2, "there is no page 'b'"),
        ("b/*: {}\n", 1, "there is no page 'b/*'"),
        ("\na: { weight: 0 }\n", 2, "a/weight: Input should be greater than 0"),
        ("a: { word: [x] }\n", 1, "a/word: Extra inputs are not permitted"),
        ("a: [\n", 2, "this is not YAML"),
        ("- a\n", None, "Input should be a valid dictionary"),
    ],
)
def test_a_mistake_in_the_words(text: str, line: int | None, what: str, tmp_path: Path) -> None:
    rewrite(tmp_path / FILE, text)
    with pytest.raises(Problem) as caught:
        load_findable(tmp_path / FILE, ["a"])
    assert caught.value.line == line
    assert what in caught.value.what


def test_the_index_is_tuned() -> None:
    docs = [
        {"location": "a/", "title": "A", "text": "<p>p</p>cells<ul> <li>l</li> </ul>"},
        {"location": "a/#b", "title": "B", "text": "<p>q</p>cells"},
        {"location": "c/", "title": "C", "text": "cells"},
    ]
    index = json.dumps({"config": {}, "docs": docs})

    def tuned(row: Findable) -> list[dict[str, object]]:
        made = json.loads(tune(index, lambda url: row if url == "a/" else Findable()))
        assert made["docs"][2] == docs[2]
        found: list[dict[str, object]] = made["docs"][:2]
        return found

    assert tuned(Findable()) == docs[:2]
    first, second = tuned(Findable(words=("x",), rows=0.5, prose=True))
    assert (first["tags"], first["text"], "boost" in first) == (["x"], "<p>p</p> <li>l</li>", False)
    assert ("tags" in second, second["text"], second["boost"]) == (False, "<p>q</p>", 0.5)
    first, second = tuned(Findable(weight=0.5, rows=0.5, outline=True))
    assert (first["boost"], second["boost"], second["text"]) == (0.5, 0.25, "")
