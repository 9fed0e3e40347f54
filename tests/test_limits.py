"""Reads the pages of limits and differences a second time from the plain data, and breaks what they rest on."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conftest import PARTS, ROOT, rewrite
from handbook import claims
from handbook.claims import Asked, Call, Claim, Guide, Proofs, Recorded
from handbook.differences import DIFFERENCES, differences
from handbook.explained import Explained
from handbook.limits import LIMITS, limits
from handbook.measured import Coverage, load_coverage, load_permissions
from handbook.permissions import Matrix
from handbook.table import Unmeasured
from handbook.verdict import Verdicts
from test_site import refused
from verified_docs.evidence import Evidence
from verified_docs.publish import publish_pages

PAGES = {"limits": LIMITS, "official-guide": DIFFERENCES}
CLAIMS = [claim for topics in PAGES.values() for rows in topics.values() for claim in rows]
PROBE = "MlflowClient.log_param:251 characters"


@pytest.fixture(scope="module")
def built(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages") / "docs"
    publish_pages(ROOT, evidence, folder)
    return folder


# --- A second reader: plain JSON, and nothing of what makes the pages ------------------------------------------------

LANES = [(server, client) for server in ("18.9", "19.3") for client in ("2", "3")]
NAMES = [f"GitLab {server} · MLflow {'2.22.5' if client == '2' else '3.17.2'}" for server, client in LANES]
WORDS = {
    "works": "✓ works",
    "client-only": "✓ works",
    "works-with-caveat": "✓ but",
    "ignored": "✕ ignored",
    "not-in-client": "– not there",
    "fails": "✕ fails",
    "refused": "✕ refused",
    "passes": "✓ as shown",
    "fails_as_shown": "✕ as shown",
    "not_recorded": "– not recorded",
    "done": "✓ done",
}
RANK = ["done", *WORDS]
NOTHING_DONE = {"filter-ignored", "view-type-ignored", "wrong-version-silently"}


@cache
def coverage() -> list[dict[str, Any]]:
    files = [ROOT / f"measured/coverage-gitlab{server}-mlflow{client}.json" for server, client in LANES]
    return [json.loads(file.read_text("utf-8"))["probes"] for file in files]


@cache
def examples() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for part in PARTS:
        for name, proof in json.loads(part.read_text("utf-8"))["examples"].items():
            found.setdefault(re.sub("[/_]", "-", name), {}).update(proof["results"])
    return found


@cache
def probes() -> dict[str, str]:
    """Anchor to probe: the id in lower case, whatever is no letter or digit as a dash."""
    found: dict[str, str] = {}
    for name in coverage()[0]:
        anchor = re.sub("[^a-z0-9]+", "-", re.sub(":basic$", "", name.lower())).strip("-")
        assert anchor not in found
        found[anchor] = name
    return found


def outcomes(kind: str, anchor: str) -> list[str]:
    """What every lane did, by the anchor of a link."""
    if kind == "evidence":
        results = examples()[anchor]
        return [results[f"gitlab-{server}/mlflow-{client}"]["verdict"] for server, client in LANES]
    rows = [lane[probes()[anchor]] for lane in coverage()]
    return [
        "refused"
        if row.get("expected_error")
        else "ignored"
        if row.get("caveat") in NOTHING_DONE
        else str(row["status"])
        for row in rows
    ]


@cache
def permissions(server: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((ROOT / f"measured/permissions-{server}.json").read_text("utf-8"))
    return data


def answered(server: str, operation: str, credential: str, project: str) -> dict[str, Any]:
    data = permissions(server)
    number = data["cells"][project][credential][list(data["operations"]).index(operation)]
    answer: dict[str, Any] = data["answers"][number]
    return answer


def links(text: str) -> list[tuple[str, str]]:
    calls = [("calls", anchor) for anchor in re.findall(r"\]\(\.\./reference/calls/[a-z-]+\.md#([a-z0-9-]+)\)", text)]
    shown = [("evidence", anchor) for anchor in re.findall(r"\]\(\.\./reference/evidence\.md#([a-z0-9-]+)\)", text)]
    return calls or shown


def plain(cell: str) -> str:
    return re.sub(r"<[^>]+>", "", cell).strip()


def rows(page: Path) -> Iterator[list[str]]:
    for line in page.read_text("utf-8").splitlines():
        if line.startswith("| **"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def test_every_cell_says_what_the_data_says(built: Path) -> None:
    seen = 0
    for rule, *cells in rows(built / "reference/limits.md"):
        assert len(cells) == len(LANES), rule
        found = [outcomes(*link) for link in links(rule)]
        requests = re.findall(r"\[`([^`]+)` with `([^`]+)`, ([a-z-]+)\]\(\.\./mlflow/permissions\.md\)", rule)
        found = found or [
            ["done" if answered(server, *request)["ok"] else "refused" for server, _ in LANES] for request in requests
        ]
        if found:
            expected = [WORDS[max(lane, key=RANK.index)] for lane in zip(*found, strict=True)]
        else:
            assert "*Documented, not verified:*" in rule
            assert re.search(r"\]\(https://docs\.gitlab\.com/\S+\), read on 2026-11-21<", rule)
            expected = ["– not verified"] * len(LANES)
        assert [plain(cell) for cell in cells] == expected, rule
        # Rule, value and evidence: nothing of it is empty.
        parts = [plain(part) for part in rule.split("<br>")]
        assert len(parts) == 3 and all(parts), rule
        seen += 1
    assert seen == sum(map(len, LIMITS.values()))


def test_every_outcome_of_a_difference_is_in_the_data(built: Path) -> None:
    seen = 0
    for line in (built / "reference/official-guide.md").read_text("utf-8").splitlines():
        if not line.startswith("- ["):
            continue
        request = re.match(r"- \[`([^`]+)` with `([^`]+)`, ([a-z-]+)\]\(\S+\): (.*)$", line)
        if request:
            operation, credential, project, told = request.groups()
            for server in ("18.9", "19.3"):
                answer = answered(server, operation, credential, project)
                assert plain(told) == f"{'✓ done' if answer['ok'] else '✕ refused'} {answer['status']}", line
        elif found := links(line):
            by_word: dict[str, list[str]] = {}
            for name, outcome in zip(NAMES, outcomes(*found[0]), strict=True):
                by_word.setdefault(WORDS[outcome], []).append(name)
            told = plain(line.rpartition("): ")[2])
            if len(by_word) == 1:
                assert told == next(iter(by_word)), line
            else:
                assert told == "; ".join(f"{word} with {', '.join(names)}" for word, names in by_word.items()), line
        else:
            continue
        seen += 1
    assert seen > 60


def test_every_link_leads_to_a_page_of_the_site(built: Path) -> None:
    anchors = set(re.findall(r"\{ #([a-z0-9-]+) \}", (built / "reference/evidence.md").read_text("utf-8")))
    for name in PAGES:
        text = (built / f"reference/{name}.md").read_text("utf-8")
        for target, anchor in re.findall(r"\]\((?!https:)([^)#]*)(?:#([^)]+))?\)", text):
            path = (built / "reference" / target).resolve()
            if target.endswith("evidence.md") and anchor:
                assert anchor in anchors, anchor
            # The pages of calls are made with the site; where there are any, all of them are there.
            if path.parent != built / "reference/calls" or path.parent.exists():
                assert path.is_file(), f"{name}: {target}"


def test_what_is_only_documented_says_where_and_when() -> None:
    known = {
        "user/project/ml/experiment_tracking/mlflow_client/",
        "user/project/ml/experiment_tracking/",
        "user/project/ml/model_registry/",
        "user/permissions/",
        "api/model_registry/",
    }
    assert {claim.guide.address for claim in CLAIMS if claim.guide} == known
    assert claims.READ == "2026-11-21"
    assert all(claim.guide and claim.guide.says for claim in CLAIMS if not claim.evidence)


# --- What it rests on is broken --------------------------------------------------------------------------------------


def proofs_of(evidence: Evidence, measured: list[Coverage] | None = None, matrix: Matrix | None = None) -> Proofs:
    return Proofs(ROOT, Verdicts(measured or MEASURED), matrix or MATRIX, evidence, Explained(ROOT))


MEASURED = load_coverage(ROOT)
MATRIX = Matrix(load_permissions(ROOT))
CALLS = [(claim, one) for claim in CLAIMS for one in claim.evidence if isinstance(one, Call)]
EXAMPLES = [(claim, one) for claim in CLAIMS for one in claim.evidence if isinstance(one, Recorded)]
ANSWERS = [(claim, one) for claim in CLAIMS for one in claim.evidence if isinstance(one, Asked)]


def stops(proofs: Proofs, claim: Claim, words: str = "is not shown") -> None:
    with pytest.raises(Unmeasured, match=re.escape(words)) as caught:
        proofs.check(claim)
    assert repr(claim.name) in str(caught.value)


def changed(one: Call, **values: object) -> list[Coverage]:
    """The measured calls, of which one went otherwise in the newest lane that is meant."""
    measured = list(MEASURED)
    place = max(n for n, lane in enumerate(measured) if one.means(Verdicts.name(lane)))
    lane = measured[place]
    row = lane.probes[one.probe].model_copy(update=values)
    measured[place] = lane.model_copy(update={"probes": lane.probes | {one.probe: row}})
    return measured


def test_a_call_that_goes_otherwise_stops_its_row(evidence: Evidence) -> None:
    for claim, one in CALLS:
        other = "fails" if one.status != "fails" else "works"
        stops(proofs_of(evidence, changed(one, status=other)), claim, one.probe)
        stops(proofs_of(evidence, changed(one, caveat="moon")), claim, "moon")


def test_a_note_or_message_that_changes_stops_its_row(evidence: Evidence) -> None:
    silent: dict[str, object] = {"call": "", "note": None, "exception": None, "refusal": None, "log": ()}
    told = [(claim, one) for claim, one in CALLS if one.words]
    for claim, one in told:
        stops(proofs_of(evidence, changed(one, **silent)), claim, "does not say")
    sent = [(claim, one) for claim, one in CALLS if one.wire]
    for claim, one in sent:
        stops(proofs_of(evidence, changed(one, exchanges=())), claim, "has no request")
    assert len(told) > 80
    assert len(sent) > 10


def test_an_example_that_does_otherwise_stops_its_row(evidence: Evidence) -> None:
    for claim, one in EXAMPLES:
        proof = evidence.examples[one.example]
        for lane_id, name in evidence.lanes.items():
            if one.means(f"{name.server} · {name.client}"):
                last = lane_id
        other = "passes" if one.verdict != "passes" else "fails_as_shown"
        for values, message in (({"verdict": other}, one.example), ({"output": "", "exception": None}, "does not say")):
            if message != "does not say" or one.words:
                result = proof.results[last].model_copy(update=values)
                broken = proof.model_copy(update={"results": proof.results | {last: result}})
                copy = evidence.model_copy(update={"examples": evidence.examples | {one.example: broken}})
                stops(proofs_of(copy), claim, message)


def test_an_answer_that_changes_stops_its_row(evidence: Evidence) -> None:
    for claim, one in ANSWERS:
        for wrong in (replace(one, status=418), replace(one, ok=not one.ok), replace(one, words=("moon",))):
            others = tuple(each for each in claim.evidence if each != one)
            stops(proofs_of(evidence), replace(claim, evidence=(wrong, *others)))


GOOD = Call(PROBE, "fails", words=("maximum is 250 characters",))


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (Claim("row", "x"), "neither evidence nor a source"),
        (Claim("row", "x", guide=Guide("Page", "user/")), "neither evidence nor a source"),
        (Claim("row", "x", (Call("mlflow.fly:basic", "works"),)), "no probe 'mlflow.fly:basic'"),
        (Claim("row", "x", (Recorded("errors/moon", "passes"),)), "no example 'errors/moon'"),
        (Claim("row", "x", (Asked("runs.fly", "anonymous", 401),)), "no operation 'runs.fly'"),
        (Claim("row", "x", (Asked("runs.get", "pat:emperor:api", 401),)), "'pat:emperor:api'"),
        (Claim("row", "x", (replace(GOOD, status="works"),)), "not ('works', None)"),
        (Claim("row", "x", (replace(GOOD, words=("moon",)),)), "does not say 'moon' in GitLab 18.9"),
        (Claim("row", "x", (replace(GOOD, wire=("moon",)),)), "no request with 'moon'"),
        (Claim("row", "x", (replace(GOOD, only="GitLab 20"),)), "no lane is 'GitLab 20'"),
        (Claim("row", "x", (replace(GOOD, only="GitLab 19.3"),)), "says nothing of"),
        (Claim("row", "x", (GOOD, replace(GOOD, only="GitLab 19.3"))), "says two things of"),
        (Claim("row", "255 characters", (GOOD,)), "has the number 255"),
    ],
)
def test_a_row_without_evidence_is_refused(claim: Claim, message: str, evidence: Evidence) -> None:
    stops(proofs_of(evidence), claim, message)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(LIMITS, "lengths", (claim,))
        patch.setitem(DIFFERENCES, "files", (claim,))
        for show, topic in ((limits, "lengths"), (differences, "files")):
            with pytest.raises(Unmeasured, match="'row' is not shown"):
                show(proofs_of(evidence), topic, "../")


def test_a_version_in_a_sentence_is_no_number_to_prove(evidence: Evidence) -> None:
    claim = Claim("row", "GitLab 19.3 with MLflow 3.17.2 and MLflow 3: 250.", (GOOD,))
    assert proofs_of(evidence).check(claim) is claim


def test_a_difference_needs_a_page_and_evidence(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    for claim in (Claim("row", "x", (GOOD,)), Claim("row", "", guide=Guide("Page", "user/", "that"))):
        monkeypatch.setitem(DIFFERENCES, "files", (claim,))
        with pytest.raises(Unmeasured, match="'row' is not shown: a difference needs"):
            differences(proofs_of(evidence), "files", "../")


def test_an_example_that_no_page_explains_is_no_evidence(evidence: Evidence, tmp_path: Path) -> None:
    rewrite(tmp_path / "docs/index.md", "# Home\n")
    rewrite(tmp_path / "pyproject.toml", '[tool.verified_docs]\ntasks = ["index.md"]\n')
    proofs = Proofs(tmp_path, Verdicts(MEASURED), MATRIX, evidence, Explained(tmp_path))
    with pytest.raises(Unmeasured, match="no page explains the example 'errors/nan_metric'"):
        proofs.link(Recorded("errors/nan_metric", "fails_as_shown"), "")


def test_data_that_says_otherwise_stops_the_build(project: Path, evidence: Evidence) -> None:
    path = project / "measured/coverage-gitlab19.3-mlflow3.json"
    text = path.read_text("utf-8")
    old = "(maximum is 250 characters)"
    assert old in text
    rewrite(path, text.replace(old, "(maximum is 255 characters)"))
    manifest = project / "measured/manifest.json"
    before = hashlib.sha256(text.encode()).hexdigest()
    rewrite(
        manifest,
        manifest.read_text("utf-8").replace(before, hashlib.sha256(path.read_bytes()).hexdigest()),
    )
    problem = refused(project, evidence)
    assert problem.path == project / "docs/reference/limits.md"
    assert problem.what.startswith("'Value of a parameter' is not shown: ")
    assert "in GitLab 19.3 · MLflow 3.17.2" in problem.what


@pytest.mark.parametrize("call", ['limits(evidence, "moon")', 'differences(evidence, "moon")'])
def test_a_topic_that_is_not_there(call: str, project: Path, evidence: Evidence) -> None:
    page = project / "docs/reference/limits.md"
    text = page.read_text("utf-8")
    rewrite(page, f"{text}\n{{{{ {call} }}}}\n")
    problem = refused(project, evidence)
    assert "no topic 'moon'" in problem.what
    assert (problem.path, problem.line) == (page, text.count("\n") + 2)


def test_every_topic_stands_on_its_page_once() -> None:
    for page, topics in PAGES.items():
        asked = re.findall(r'\(evidence, "([a-z-]+)"\)', (ROOT / f"docs/reference/{page}.md").read_text("utf-8"))
        assert asked == list(topics)
        names = [claim.name for rows in topics.values() for claim in rows]
        assert len({(topic, claim.name) for topic, rows in topics.items() for claim in rows}) == len(names)


def test_every_cell_has_a_meaning_in_the_legend() -> None:
    legend = claims.legend()
    for status in WORDS.values():
        assert status in legend
