"""Compares folders of real recordings, whole and broken, and reads the reports as their readers do."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from conftest import ADAPTER, ROOT, rewrite
from verified_docs.cassette import file_sha256
from verified_docs.cli import app
from verified_docs.drift_markdown import LONGEST, WORDS, markdown
from verified_docs.drift_report import SCHEMA, Drift, compare_folders, json_schema
from verified_docs.finding import Tier, tier_of
from verified_docs.leaks import find_leaks
from verified_docs.problem import Problem

RUN = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb"})
LANE = "gitlab-19.3/mlflow-3"
ONE = f"{LANE}/tracking/log_first_run"
TWO = f"{LANE}/errors/no_token"
SECRET = "glpat-" + "z9" * 10

Folders = tuple[Path, Path]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Two folders with the same two recordings, and what their programs print."""
    for name in ("old", "new"):
        for key in (ONE, TWO):
            path = tmp_path / name / "cassettes" / f"{key}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "cassettes" / f"{key}.yaml", path)
        rewrite(tmp_path / name / "outputs.json", json.dumps({key: {"output": "printed\n"} for key in (ONE, TWO)}))
    return tmp_path / "old", tmp_path / "new"


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory: pytest.TempPathFactory) -> Drift:
    """What differs between the recordings of two servers, compared as if they were one that was upgraded."""
    folder = tmp_path_factory.mktemp("upgrade")
    for name, server in (("old", "gitlab-18.9"), ("new", "gitlab-19.3")):
        shutil.copytree(ROOT / "cassettes" / server / "mlflow-3", folder / name / "cassettes/gitlab/mlflow-3")
    return compare_folders(folder / "old", folder / "new", ADAPTER)


def edit(folder: Path, key: str, *replacements: tuple[str, str]) -> Path:
    path = folder / "cassettes" / f"{key}.yaml"
    text = path.read_text("utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    rewrite(path, text)
    return path


def drift(folders: Folders, *arguments: str) -> Any:
    return RUN.invoke(app, ["drift", *map(str, folders), *arguments])


# --- Two folders ------------------------------------------------------------------------------------------------------


def test_nothing_differs(folders: Folders) -> None:
    report = compare_folders(*folders, ADAPTER)
    assert (report.tier, report.examples, report.changes, report.outputs_compared) == (None, (), (), 2)
    assert not report.fails(strict=True)
    lane = report.lanes[LANE]
    assert (lane.recordings, lane.unchanged) == (2, 2)
    assert lane.after == ("GitLab 19.3.0-pre, MLflow 3.17.2, 2026-11-22",)


def test_every_committed_recording_is_like_itself() -> None:
    report = compare_folders(ROOT / "cassettes", ROOT, ADAPTER)
    assert (report.tier, report.recordings) == (None, len(list((ROOT / "cassettes").rglob("*.yaml"))))


def test_recordings_of_one_folder_only(folders: Folders) -> None:
    (folders[1] / "cassettes" / f"{ONE}.yaml").unlink()
    for places, kind, tier in ((folders, "removed-cassette", Tier.ERROR), (folders[::-1], "new-cassette", Tier.INFO)):
        (one,) = compare_folders(*places, ADAPTER).examples
        assert (one.lane, one.example, one.tier) == (LANE, "tracking/log_first_run", tier)
        assert [each.kind for each in one.findings] == [kind]
    # What was not to be recorded is not missed.
    assert compare_folders(*folders, ADAPTER, only=["errors"]).tier is None


@pytest.mark.parametrize("only", [LANE, "tracking", "tracking/log_first_run", ONE])
def test_a_part_is_compared(only: str, folders: Folders) -> None:
    edit(folders[1], ONE, ("code: 200", "code: 201"))
    report = compare_folders(*folders, ADAPTER, only=[only])
    assert report.tier is Tier.ERROR
    assert report.recordings == (2 if only == LANE else 1)


def test_printed_output_of_both_sides(folders: Folders) -> None:
    rewrite(folders[1] / "outputs.json", json.dumps({ONE: {"output": "printed\nmore\n", "exception": None}}))
    report = compare_folders(*folders, ADAPTER)
    ((found,),) = (one.findings for one in report.examples)
    assert (found.kind, found.before, found.after) == ("output", "", "more")
    assert report.outputs_compared == 1
    assert "**Printed output was not compared in 1 of 2 recordings:**" in markdown(report)
    # Strict, what nobody compared is no success.
    (folders[1] / "outputs.json").unlink()
    report = compare_folders(*folders, ADAPTER)
    assert (report.tier, report.fails(strict=False), report.fails(strict=True)) == (None, False, True)


def evidence_of(folder: Path, key: str, output: str, sha256: str) -> None:
    server, client, example = key.split("/", 2)
    result = {"verdict": "passes", "output": output, "cassette_sha256": sha256}
    proof: dict[str, Any] = {"title": "T", "role": "R", "scope": "S", "tokens": {}, "path": "p", "sha256": "0"}
    proof["results"] = {f"{server}/{client}": result}
    document = {"version": 1, "lanes": {}, "examples": {example: proof}}
    rewrite(folder / "build/evidence/mlflow-3.json", json.dumps(document))


def test_what_was_proven_says_what_is_printed(folders: Folders) -> None:
    (folders[0] / "outputs.json").unlink()
    sha256 = file_sha256(folders[0] / "cassettes" / f"{ONE}.yaml")
    evidence_of(folders[0], ONE, "printed otherwise\n", sha256)
    report = compare_folders(*folders, ADAPTER)
    assert (report.outputs_compared, [one.kind for one in report.changes]) == (1, ["output"])
    # Evidence of another recording says nothing.
    evidence_of(folders[0], ONE, "printed otherwise\n", "0" * 64)
    assert compare_folders(*folders, ADAPTER).outputs_compared == 0


@pytest.mark.parametrize("text", ["[]", "{", '{"a": 1}', '{"a": {"output": "x", "surprise": 1}}', "\udcff"])
def test_a_file_of_outputs_that_is_none(text: str, folders: Folders) -> None:
    (folders[1] / "outputs.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    done = drift(folders)
    assert done.exit_code in {1, 2}
    assert "outputs.json" in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("place", [0, 1])
def test_a_folder_without_recordings_is_a_mistake_of_whoever_asks(place: int, folders: Folders, tmp_path: Path) -> None:
    wrong = [*folders]
    wrong[place] = tmp_path / "nowhere"
    done = RUN.invoke(app, ["drift", *map(str, wrong)])
    assert done.exit_code == 2
    assert "nowhere: there is no recording here" in done.output
    assert drift(folders, "--only", "moon").exit_code == 2


# --- Recordings that are none -----------------------------------------------------------------------------------------

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.dates(),
    st.binary(max_size=5),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just({1: 2}),
    st.just("http://["),
    st.just(SECRET),
)


def replaced(value: Any, odd: Any, choice: random.Random) -> Any:
    """A document with something odd at some place."""
    if isinstance(value, (dict, list)) and value and choice.random() < 0.85:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = choice.choice(keys)
        value[key] = replaced(value[key], odd, choice)
        return value
    return odd


@settings(max_examples=200)
@given(odd=ODD, seed=st.integers(0, 2**32), side=st.sampled_from([0, 1]), cut=st.booleans())
def test_whatever_a_recording_holds_is_reported(
    odd: Any, seed: int, side: int, cut: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    choice = random.Random(seed)
    text = (ROOT / "cassettes" / f"{TWO}.yaml").read_text("utf-8")
    whole = yaml.safe_dump(replaced(yaml.safe_load(text), odd, choice))
    broken = text[: choice.randrange(len(text))] if cut else whole
    folders = tmp_path_factory.getbasetemp() / "old", tmp_path_factory.getbasetemp() / "new"
    for number, folder in enumerate(folders):
        rewrite(folder / "cassettes" / f"{TWO}.yaml", broken if number == side else text)
    report = compare_folders(*folders, ADAPTER)
    assert report.tier is not Tier.ERROR or report.examples[0].findings
    assert SECRET not in report.to_json() + markdown(report)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("code: 401", "code: .inf"),
        ("uri: https://gitlab.example.com", "uri: http://["),
        ("- application/json", "- 3"),
        ("- application/json", "- [x]"),
        ("Content-Type:", "1:"),
    ],
)
def test_a_recording_with_a_field_of_another_type(old: str, new: str, folders: Folders) -> None:
    edit(folders[1], TWO, (old, new))
    (one,) = compare_folders(*folders, ADAPTER).examples
    assert [found.kind for found in one.findings] == ["unreadable"]
    assert "no_token.yaml:" in (one.findings[0].before or one.findings[0].after or "")


def test_a_recording_that_cannot_be_read_does_not_hide_the_others(folders: Folders) -> None:
    rewrite(folders[1] / "cassettes" / f"{ONE}.yaml", "version: 1\nmetadata: [")
    edit(folders[1], TWO, ("code: 401", "code: 403"))
    report = compare_folders(*folders, ADAPTER)
    assert {one.example: one.findings[0].kind for one in report.examples} == {
        "tracking/log_first_run": "unreadable",
        "errors/no_token": "status",
    }


# --- A newer server ---------------------------------------------------------------------------------------------------


def test_an_upgrade_is_told_as_it_was(upgrade: Drift) -> None:
    """Each of these is on the page of what changes when, too; it was found there by other means."""
    found = {(one.kind, (one.route or "").rpartition("/")[2], one.pointer) for one in upgrade.changes}
    versions = "/registered_model/latest_versions/*"
    assert ("type", "get", f"{versions}/description") in found
    assert ("new-field", "get", f"{versions}/aliases") in found
    assert ("removed-field", "get", f"{versions}/semver_major") in found
    assert ("value", "get", f"{versions}/version") in found
    assert ("exception", "", "/type") in found
    assert ("request-added", "get-download-uri", "") in found
    ended = next(one for one in upgrade.changes if one.kind == "exception")
    assert ended.before == '"google.protobuf.json_format.ParseError"'
    only = {(one.example, one.findings[0].kind) for one in upgrade.examples if one.findings[0].part == "cassette"}
    assert only == {("errors/metric_history_18_9", "removed-cassette"), ("tracking/metric_history", "new-cassette")}
    # Most recordings are not touched by it.
    assert upgrade.lanes["gitlab/mlflow-3"].unchanged > upgrade.recordings / 2


def test_the_gravest_comes_first(upgrade: Drift) -> None:
    for rows in (upgrade.changes, upgrade.examples):
        ranks = [one.tier.rank for one in rows]
        assert ranks == sorted(ranks, reverse=True)


def test_the_report_keeps_to_its_schema(upgrade: Drift) -> None:
    schema = (ROOT / SCHEMA).read_text("utf-8")
    assert schema == json_schema(), f"verified-docs drift --schema > {SCHEMA}"
    jsonschema.Draft202012Validator.check_schema(json.loads(schema))
    jsonschema.validate(json.loads(upgrade.to_json()), json.loads(schema))
    assert Drift.model_validate_json(upgrade.to_json()) == upgrade


def test_the_summary_is_short_enough_and_counts_what_is_left_out(upgrade: Drift) -> None:
    text = markdown(upgrade)
    assert len(text.encode()) <= LONGEST
    # The gravest is there in any case.
    errors = [one for one in upgrade.changes if one.tier is Tier.ERROR]
    assert all((one.route or "") in text for one in errors)
    whole = markdown(upgrade, 10**9)
    assert "did not fit" not in whole
    short = markdown(upgrade, 5000)
    assert len(short.encode()) <= 5000
    left = re.search(r"^(\d+) more rows and examples did not fit", short, re.M)
    rows = sum(
        row.startswith(("| error", "| warning", "| info", "| `gitlab", "<details>")) for row in whole.split("\n")
    )
    kept = sum(
        row.startswith(("| error", "| warning", "| info", "| `gitlab", "<details>")) for row in short.split("\n")
    )
    assert left is not None
    assert int(left[1]) == rows - kept


def test_nothing_of_it_is_secret(upgrade: Drift) -> None:
    assert not list(find_leaks(markdown(upgrade, 10**9)))
    assert not list(find_leaks(upgrade.to_json()))


def test_every_kind_has_words_and_a_place_on_the_page_of_tiers() -> None:
    page = (ROOT / "docs/reference/drift.md").read_text("utf-8")
    _, *sections = re.split(r"^### (?=Info|Warning|Error)", page, flags=re.M)
    assert [section.partition("\n")[0] for section in sections] == ["Info", "Warning", "Error"]
    for section, tier in zip(sections, Tier, strict=True):
        kinds = set(re.findall(r"^\| `([a-z-]+)` \|", section.partition("\n## ")[0], re.M))
        assert kinds == {kind for kind in WORDS if tier_of(kind) is tier}


# --- As a comment of GitLab -------------------------------------------------------------------------------------------

NASTY = [
    "| a | b |",
    "`x`",
    "``",
    "\\|",
    "a\n/close\n/merge",
    "@all #1 !2",
    "<img src=x onerror=y>",
    "</details>",
    "[x](y)",
]


@pytest.mark.parametrize("text", NASTY)
def test_what_a_recording_says_is_told_and_not_done(text: str, folders: Folders) -> None:
    path = folders[1] / "cassettes" / f"{TWO}.yaml"
    document = yaml.safe_load(path.read_text("utf-8"))
    document["interactions"][0]["response"]["body"]["string"] = json.dumps({text: text, "message": text})
    rewrite(path, yaml.safe_dump(document))
    rewrite(folders[1] / "outputs.json", json.dumps({TWO: {"output": f"printed\n{text}\nmore\n{text}\n"}}))
    report = compare_folders(*folders, ADAPTER)
    made = markdown(report)
    assert not re.search(r"^\s*/", made, re.M)
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(made)
    inline = [child for token in tokens for child in token.children or ()]
    plain = "".join(child.content for child in inline if child.type == "text")
    assert not re.search(r"[<@#!]|/close|\]\(", plain)
    assert not [child for child in inline if child.type in {"link_open", "image"}]
    html = {child.content for child in inline if child.type == "html_inline"} | {
        row for token in tokens if token.type == "html_block" for row in re.findall(r"<[^>]*>", token.content)
    }
    assert html <= {"<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>", "<br>"}
    # It is all there, in one piece: in a cell of the table, and below it.
    for part in made.split("<details>", 1):
        tokens = MarkdownIt("commonmark").enable("table").parse(part.rpartition("</summary>")[2])
        code = [one.content for token in tokens for one in token.children or () if one.type == "code_inline"]
        assert json.dumps(text) in code or json.dumps(text).replace("\\|", "\\¦") in code
        told = text.replace("\n", "⏎")
        assert any(told in one or told.replace("\\|", "\\¦") in one for one in code)


# --- The command ------------------------------------------------------------------------------------------------------


def unchanged(folder: Path) -> None:
    """Changes nothing."""


def new_header(folder: Path) -> None:
    edit(folder, TWO, ("message: Unauthorized", "message: Nobody"))


def other_text(folder: Path) -> None:
    edit(folder, ONE, ('"lifecycle_stage": "active"', '"lifecycle_stage": "young"'))


def other_status(folder: Path) -> None:
    edit(folder, ONE, ("code: 200", "code: 201"))


@pytest.mark.parametrize(
    ("change", "code", "strict"),
    [(unchanged, 0, 0), (new_header, 0, 0), (other_text, 0, 1), (other_status, 1, 1)],
)
def test_the_exit_code_says_how_grave_it_is(
    change: Callable[[Path], None], code: int, strict: int, folders: Folders
) -> None:
    change(folders[1])
    done = drift(folders)
    assert done.exit_code == code, done.output
    assert drift(folders, "--strict").exit_code == strict


def test_the_command_writes_both_reports(folders: Folders, tmp_path: Path) -> None:
    other_status(folders[1])
    paths = tmp_path / "r" / "drift.md", tmp_path / "r" / "drift.json"
    done = drift(folders, "--markdown", str(paths[0]), "--json", str(paths[1]))
    assert done.exit_code == 1
    assert "1 error in 1 of 2 recordings compared" in done.output
    assert re.search(r"error\s+other status: ", done.output)
    assert paths[0].read_text("utf-8").startswith("## Drift: 1 error in 1 of 2 recordings compared\n")
    assert Drift.model_validate_json(paths[1].read_text("utf-8")).examples[0].findings[0].kind == "status"


def test_the_command_prints_its_schema() -> None:
    done = RUN.invoke(app, ["drift", "--schema"])
    assert (done.exit_code, done.output) == (0, json_schema())


def test_the_report_refuses_to_hold_a_secret(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    other_status(folders[1])
    monkeypatch.setitem(WORDS, "status", SECRET)
    with pytest.raises(Problem) as caught:
        markdown(compare_folders(*folders, ADAPTER))
    assert SECRET not in str(caught.value)
