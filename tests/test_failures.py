"""Reads the error index again, with a reader of its own, and breaks what it is made of."""

from __future__ import annotations

import html
import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import ROOT, rewrite
from handbook.explained import Explained
from handbook.failures import REGISTRY, Failures, load_registry
from handbook.measured import load_coverage, load_permissions
from handbook.sightings import Sighting, asked, measured, recorded
from handbook.verdict import Verdicts
from test_site import refused
from verified_docs.evidence import Evidence
from verified_docs.problem import Problem

# --- A reader that shares no code with what it checks -----------------------------------------------------------------

CLIENTS = {"mlflow-2": "MLflow 2.22.5", "mlflow-3": "MLflow 3.17.2"}
# Exceptions that come from no refusal: the client raised them by itself, or while it read a good answer.
OWN = re.compile(r"^(ValueError|AttributeError|NotImplementedError|ServeError|google\.|requests\.exceptions\.JSON)")
Row = tuple[str, str, str, int | None, str | None]
Fences = list[tuple[str, str]]


@cache
def rows() -> list[Row]:
    """Everything that went wrong: where, what it is called on the page, the client's text, status and body."""
    return [*_cassettes(), *_coverage(), *_permissions()]


def _cassettes() -> Iterator[Row]:
    for path in sorted((ROOT / "cassettes").rglob("*.yaml")):
        server, client, *name = path.relative_to(ROOT / "cassettes").with_suffix("").parts
        text = path.read_text("utf-8")
        if "\n  exception: null\n" in text:
            continue
        document = yaml.load(text, Loader=yaml.CSafeLoader)
        raised = document["metadata"]["exception"]
        status, body = None, None
        for one in document["interactions"]:
            if one["response"]["status"]["code"] >= 400 and not OWN.match(raised["type"]):
                status, body = one["response"]["status"]["code"], one["response"]["body"]["string"]
        lane = f"GitLab {server.removeprefix('gitlab-')} · {CLIENTS[client]}"
        yield lane, f"[`{'/'.join(name)}`]", f"{raised['type']}: {raised['message']}", status, body


def _coverage() -> Iterator[Row]:
    for path in sorted((ROOT / "measured").glob("coverage-*.json")):
        server, client = re.findall(r"gitlab([\d.]+)-(mlflow\d)", path.name)[0]
        lane = f"GitLab {server} · {CLIENTS[client.replace('mlflow', 'mlflow-')]}"
        for probe in json.loads(path.read_text("utf-8"))["probes"].values():
            if probe.get("exception"):
                kind, message = probe["exception"]
                refusal: dict[str, Any] = probe.get("refusal") or {}
                known = not OWN.match(kind) and refusal.get("status", 0) >= 400
                api, variant = probe["api"], probe["variant"]
                label = f"[`{api}`]" if variant == "basic" else f"[`{api}`, {html.escape(variant)}]"
                status, body = (refusal["status"], refusal.get("body")) if known else (None, None)
                yield lane, label, f"{kind}: {message}", status, body


def _permissions() -> Iterator[Row]:
    for path in sorted((ROOT / "measured").glob("permissions-*.json")):
        document = json.loads(path.read_text("utf-8"))
        lane = f"GitLab {path.stem.partition('-')[2]} · plain HTTP"
        for by_credential in document["cells"].values():
            for numbers in by_credential.values():
                for operation, number in zip(document["operations"], numbers, strict=True):
                    if number >= 0 and not document["answers"][number]["ok"]:
                        answer = document["answers"][number]
                        yield lane, f"`{operation}`", "", answer["status"], answer.get("body") or ""


def squashed(text: str) -> str:
    """A text without whatever could differ from run to run, and a little more."""
    text = re.sub(r"Failing row contains .*", "", text)
    text = re.sub(r"images/dog\S+?\.png", "", text)
    return re.sub(r"[0-9a-f]*\d[0-9a-f-]*|\s+", "#", text)


def sections(pages: Path) -> dict[str, str]:
    """The Markdown of each entry, by its anchor."""
    text = (pages / "reference/errors.md").read_text("utf-8")
    parts = re.split(r"^### .* \{ #([a-z0-9-]+) \}$", text, flags=re.M)[1:]
    return dict(zip(parts[::2], (part.split("\n## ")[0] for part in parts[1::2]), strict=True))


def fences(section: str) -> Fences:
    """Title and text of each quoted message and answer."""
    found = re.findall(r'^( *)(```+)text title="([^"]*)"\n(.*?)\n\1\2$', section, re.S | re.M)
    return [(title, textwrap.dedent(f"{indent}|\n{text}").partition("\n")[2]) for indent, _, title, text in found]


def listed(section: str) -> set[str]:
    line = re.findall(r"^\*\*Seen in:\*\* (.*)\.$", section, re.M)[0]
    return set(line.split(", "))


def test_everything_that_went_wrong_stands_in_one_entry(pages: Path) -> None:
    index = {name: (fences(section), section) for name, section in sections(pages).items()}
    quoted: dict[tuple[str, str], set[str]] = {}
    for name, (blocks, _) in index.items():
        for title, text in blocks:
            quoted.setdefault((title, squashed(text.strip())), set()).add(name)
    lanes: dict[str, set[str]] = {name: set() for name in index}
    for lane, label, text, status, body in rows():
        if text:
            names = quoted.get(("MLflow raises", squashed(text.strip())), set())
        else:
            names = quoted.get((f"GitLab answers {status}", squashed((body or "").strip())), set())
            # What MLflow quotes elsewhere is not what plain HTTP got.
            names = {name for name in names if f"{label}" in index[name][1]}
        assert len(names) == 1, (label, lane, text or body, names)
        (name,) = names
        if text and status:
            assert (f"GitLab answers {status}", squashed((body or "").strip())) in {
                (title, squashed(block.strip())) for title, block in index[name][0]
            }, (label, lane, body)
        assert label in index[name][1], (label, name)
        lanes[name].add(lane)
    assert lanes == {name: listed(section) for name, (_, section) in index.items()}


def test_nothing_is_quoted_that_nobody_saw(pages: Path) -> None:
    texts = {text.strip("\n") for _, _, text, _, _ in rows()}
    bodies = {(status, (body or "").strip("\n")) for _, _, _, status, body in rows()}
    count = 0
    for name, section in sections(pages).items():
        for title, block in fences(section):
            count += 1
            whole = texts if title == "MLflow raises" else {b for s, b in bodies if title == f"GitLab answers {s}"}
            # The beginning of a long text has its whole below it.
            head = [row.removesuffix(" …") for row in block.splitlines()]
            assert block in whole or any(
                all(row.startswith(part) for row, part in zip(text.splitlines(), head, strict=False)) for text in whole
            ), (name, title, block[:100])
    assert count > 150


def test_each_message_is_found_by_the_search_of_the_site(pages: Path, site: Path) -> None:
    documents = json.loads((site / "search/search_index.json").read_text("utf-8"))["docs"]
    index = {
        one["location"].partition("#")[2]: one["text"] for one in documents if "reference/errors/#" in one["location"]
    }
    for name, section in sections(pages).items():
        text = " ".join(html.unescape(re.sub(r"</?(?:pre|code|p|ul|ol|li)>", " ", index[name])).split())
        for title, block in fences(section):
            assert " ".join(block.split()) in text, (name, title, block[:100])


# --- Breaking it ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seen(evidence: Evidence) -> list[Sighting]:
    coverage = Verdicts(load_coverage(ROOT))
    calls = measured(coverage.measured, coverage.name)
    return [*recorded(ROOT, evidence), *calls, *asked(load_permissions(ROOT))]


def wrong(root: Path, seen: list[Sighting]) -> Problem:
    with pytest.raises(Problem) as caught:
        Failures(root, seen, Explained(root))
    assert caught.value.kind == "registry"
    assert caught.value.path == root / REGISTRY
    return caught.value


def edited(project: Path, old: str, new: str) -> int:
    """Changes the registry of a project, and gives the line of the change."""
    path = project / REGISTRY
    text = path.read_text("utf-8")
    assert old in text
    rewrite(path, text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def test_a_message_that_nobody_claims(seen: list[Sighting]) -> None:
    new = Sighting("measured", "GitLab 19.3 · MLflow 3.17.2", ("mlflow.fly:basic",), "ValueError: to the moon")
    problem = wrong(ROOT, [*seen, new])
    assert "no entry claims" in problem.what
    assert "ValueError: to the moon" in problem.what
    assert "mlflow.fly:basic" in problem.what


def test_an_answer_that_nobody_claims(seen: list[Sighting]) -> None:
    new = Sighting("asked", "GitLab 19.3 · plain HTTP", ("runs.fly", "pat:guest:api", "private"), "", 418, None)
    assert "(an empty answer 418)" in wrong(ROOT, [*seen, new]).what


def test_an_entry_without_evidence(seen: list[Sighting]) -> None:
    problem = wrong(ROOT, [one for one in seen if "PG::CheckViolation" not in one.text])
    assert "check-violation: nothing that was recorded or measured" in problem.what
    assert (ROOT / REGISTRY).read_text("utf-8").splitlines()[(problem.line or 0) - 1].endswith("id: check-violation")


def test_two_entries_that_claim_one_message(project: Path, seen: list[Sighting]) -> None:
    edited(project, "claims: ['UPDATE_FAILED']", "claims: ['UPDATE_FAILED', 'order_by']")
    problem = wrong(project, seen)
    assert "order-by and update-failed both claim" in problem.what
    assert "order_by is invalid" in problem.what


def test_an_example_that_ends_in_another_way(project: Path, seen: list[Sighting]) -> None:
    edited(project, "errors/no_token: ", "errors/outsider: ")
    problem = wrong(project, seen)
    assert "unauthorized: errors/outsider does not end with this error" in problem.what
    assert problem.line


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id: forbidden\n", "id: unauthorized\n", "two entries of this id"),
        ("id: forbidden\n", "id: Forbidden Things\n", "entries/5/id"),
        ("id: forbidden\n", "id: forbidden\n        colour: red\n", "entries/5/colour"),
        ("claims: ['UPDATE_FAILED']", "claims: ['(']", "not a regular expression"),
        ("claims: ['UPDATE_FAILED']", "claims: []", "claims"),
        ("        title: UPDATE_FAILED\n", "", "title: field required"),
        ("groups:\n", "sets:\n", "groups: field required"),
    ],
)
def test_a_registry_that_is_wrong(project: Path, old: str, new: str, message: str) -> None:
    edited(project, old, new)
    with pytest.raises(Problem) as caught:
        load_registry(project)
    assert message in caught.value.what
    assert (caught.value.kind, caught.value.path) == ("registry", project / REGISTRY)


def test_a_registry_that_is_not_yaml(project: Path) -> None:
    line = edited(project, "title: UPDATE_FAILED", "title: 'UPDATE_FAILED' x")
    with pytest.raises(Problem, match="not YAML") as caught:
        load_registry(project)
    assert caught.value.line == line


@pytest.mark.parametrize("text", ["", "[]", "groups: 3\n", "groups:\n- 3\n"])
def test_a_registry_of_another_kind(project: Path, text: str) -> None:
    rewrite(project / REGISTRY, text)
    with pytest.raises(Problem) as caught:
        load_registry(project)
    assert caught.value.kind == "registry"


def test_without_an_entry_no_page_is_published(project: Path, evidence: Evidence) -> None:
    edited(project, "claims: ['UPDATE_FAILED']", "claims: ['UPDATE_DONE']")
    problem = refused(project, evidence)
    assert problem.kind == "registry"
    assert "UPDATE_FAILED" in problem.what


def test_data_that_changes_changes_the_page(seen: list[Sighting]) -> None:
    def page(sightings: list[Sighting]) -> str:
        return Failures(ROOT, sightings, Explained(ROOT)).page("../", lambda name: f"(the card of {name})")

    changed = [replace(one, status=418) if one.status == 415 else one for one in seen]
    assert "GitLab answers 415" in page(seen)
    assert "GitLab answers 418" not in page(seen)
    assert "GitLab answers 418" in page(changed)
    elsewhere = [replace(one, lane="GitLab 20.1 · plain HTTP") if one.kind == "asked" else one for one in seen]
    assert "GitLab 20.1" in page(elsewhere)
    assert "(the card of errors/wrong_uri)" in page(seen)


def test_what_only_a_measurement_saw_says_so(pages: Path) -> None:
    for name, section in sections(pages).items():
        assert ("*Measured, no example.*" in section) == ("- *recorded*: " not in section), name


def test_a_long_text_is_quoted_whole(seen: list[Sighting]) -> None:
    text = "ValueError: not enough values to unpack\n" + "\n".join(f"line ``` {n}" for n in range(9))
    new = Sighting("measured", "GitLab 19.3 · MLflow 3.17.2", ("mlflow.fly:basic",), text)
    page = Failures(ROOT, [*seen, new], Explained(ROOT)).page("../", str)
    assert "    line ``` 8\n    ````\n" in page
