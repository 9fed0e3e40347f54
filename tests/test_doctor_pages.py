"""Compares the pages of the doctor with the program, and every link of a finding with the page that it leads to."""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import Path

import pytest
import typer
from markdown.extensions.toc import slugify  # type: ignore[import-untyped]

from conftest import ROOT
from doctor_recorded import STATES, nine, replay
from mlflow_gitlab.cli import app
from mlflow_gitlab.doctor.examination import NINE
from mlflow_gitlab.doctor.finding import Kind
from mlflow_gitlab.doctor.findings import REGISTRY
from mlflow_gitlab.terminal import Exit
from test_doctor_client_side import home as home
from test_doctor_command import at, data, run
from test_doctor_command import elsewhere as elsewhere
from test_doctor_wire import no_proxy as no_proxy

FINDINGS = (ROOT / "docs/reference/findings.md").read_text("utf-8")
COMMAND = (ROOT / "docs/commands/doctor.md").read_text("utf-8")


@cache
def anchors(page: str) -> set[str]:
    """The anchors of a page, as MkDocs makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", (ROOT / "docs" / page).read_text("utf-8"), re.M):
        given = re.search(r"\{ *#([\w-]+) *\}$", heading)
        found.add(given[1] if given else slugify(re.sub(r"`", "", heading), "-"))
    return found


def section(kind: str) -> str:
    return FINDINGS.partition(f"\n### {kind}\n")[2].partition("\n#")[0]


@pytest.mark.parametrize("kind", REGISTRY.values(), ids=lambda one: one.id)
def test_a_finding_leads_to_a_page_that_is_there(kind: Kind) -> None:
    page, _, anchor = kind.page.partition("#")
    assert (ROOT / "docs" / page).is_file()
    assert not anchor or anchor in anchors(page)


def test_the_page_has_every_finding_in_the_same_order() -> None:
    assert re.findall(r"^### (.+)$", FINDINGS, re.M) == list(REGISTRY)


@pytest.mark.parametrize("kind", REGISTRY.values(), ids=lambda one: one.id)
def test_the_page_says_what_the_program_says(kind: Kind) -> None:
    what, fix = (html.escape(words, quote=False) for words in kind.words)
    rows = section(kind.id).split("\n\n")
    assert rows[0].strip() == f"*{kind.severity.value.capitalize()}.* {what}"
    assert rows[1] == f"**Do:** {fix}"
    link = kind.page.removeprefix("reference/") if kind.page.startswith("reference/") else f"../{kind.page}"
    assert rows[2] == f"[Read on]({link})"
    assert len(rows) > 3, "nothing explains it"


@pytest.mark.parametrize("kind", REGISTRY.values(), ids=lambda one: one.id)
def test_the_words_of_a_finding(kind: Kind) -> None:
    what, fix = kind.words
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.id)
    assert what.endswith(".")
    assert what[0].isupper()
    assert fix and not fix.endswith(".")
    assert not re.search(r"[{}]", what + fix)


def test_every_recorded_state_stands_on_the_page() -> None:
    shown = re.findall(r'example\("doctor/(\w+)"\)', FINDINGS)
    assert sorted(shown) == STATES


def test_a_finding_shows_the_recording_that_has_it() -> None:
    from doctor_recorded import recorded

    for kind in REGISTRY:
        for state in re.findall(r'example\("doctor/(\w+)"\)', section(kind)):
            assert kind in [one.id for one in recorded(state).findings], (kind, state)


def test_the_page_of_the_command_has_the_nine_requests() -> None:
    table = re.findall(r"^\| (.+?) \| `([A-Z]+ \S+)` \| (.+) \|$", COMMAND, re.M)
    common = "/projects/42/ml/mlflow/api/2.0/mlflow"
    sent = [f"{one.method} {one.path.format(project='42').replace(common, '…')}" for one in NINE]
    assert [(does, request) for does, request, _ in table] == [
        (one.does, request) for one, request in zip(NINE, sent, strict=True)
    ]
    good = [str(one.status) for one in nine("developer")]
    assert [status for *_, status in table] == good


def test_the_page_of_the_command_shows_what_it_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(replay("guest"), monkeypatch) as server:
        said = run().output.replace(server.url, "https://gitlab.example.com")
    shown = COMMAND.partition("```text\n")[2].partition("```")[0]
    assert said == shown


def test_the_page_of_the_command_lists_the_keys_of_the_json(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(replay("guest"), monkeypatch):
        found = data()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", COMMAND.partition("## For a program")[2], re.M))
    assert list(rows) == list(found)
    for key in ("gitlab", "mlflow"):
        assert re.findall(r"`(\w+)`", rows[key]) == list(found[key])
    assert re.findall(r"`(\w+)`", rows["answers"])[:-1] == list(found["answers"][0])
    assert {*found["findings"][0], *found["findings"][0]["evidence"]} <= set(re.findall(r"`(\w+)`", rows["findings"]))
    assert rows["version"] == f"`{found['version']}`"


def test_the_page_of_the_command_has_every_option_and_exit_code() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", COMMAND, re.M)}
    assert codes == {int(one) for one in Exit}
    command = typer.main.get_command(app).commands["doctor"]  # type: ignore[attr-defined]
    assert {one.name for one in command.params} == {"write", "strict", "experiment", "config", "env_file", "as_json"}


def test_the_pages_name_no_finding_that_is_not_there() -> None:
    for text in (FINDINGS, COMMAND, *(path.read_text("utf-8") for path in Path(ROOT / "docs/commands").glob("*.md"))):
        named = re.findall(r"findings\.md#([\w-]+)", text)
        assert set(named) <= set(REGISTRY)
