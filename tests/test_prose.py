"""Changes facts in the prose of real pages, each kind in many ways, and sees every change found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT, rewrite
from verified_docs.backing import FACTS, Backing, load_reasoned
from verified_docs.evidence import Evidence
from verified_docs.example import load_examples
from verified_docs.exchange import NotThere
from verified_docs.origin import Rows
from verified_docs.pages import Pages
from verified_docs.problem import Problem, Problems
from verified_docs.prose import GIVEN, Fact, find_facts, in_words, prose_of, sections
from verified_docs.publish import publish_pages

SOFTWARE = ("GitLab", "MLflow")
COUNTED = ("lanes", "requests", "questions")


@dataclass(frozen=True)
class Rendered:
    """All pages, rendered once: their prose can be changed without doing so again."""

    backing: Backing
    rows: dict[str, Rows]

    def source(self, page: str) -> str:
        return (ROOT / "docs" / page).read_text("utf-8")

    def check(self, page: str, source: str) -> list[Problem]:
        """What is wrong with a page that has another source."""
        return self.backing.faults(page, ROOT / "docs" / page, source, self.rows[page])


@pytest.fixture(scope="module")
def rendered(evidence: Evidence) -> Rendered:
    pages = Pages(ROOT, evidence, {one.id: one for one in load_examples(ROOT)})
    rows: dict[str, Rows] = {}
    faults = pages.backing.faults

    def keep(page: str, path: Path, source: str, found: Rows) -> list[Problem]:
        rows[page] = found
        return faults(page, path, source, found)

    setattr(pages.backing, "faults", keep)  # noqa: B010
    for name, _ in pages.render_all():
        assert name in rows
    setattr(pages.backing, "faults", faults)  # noqa: B010
    pages.check_facts()
    return Rendered(pages.backing, rows)


MUTANTS = [
    # Statuses.
    ("explanation/gitlab-as-mlflow-server.md", "`404 Not Found`, as for", "`403 Not Found`, as for"),
    ("how-to/check-connection.md", "GitLab answers 404 with", "GitLab answers 400 with"),
    ("how-to/check-connection.md", "| `401 Unauthorized` |", "| `403 Unauthorized` |"),
    ("how-to/check-connection.md", "`404 Project Not Found`", "`404 Project Was Not Found`"),
    ("ci/cookbook.md", "`too many 500 error responses`", "`too many 502 error responses`"),
    ("mlflow/authentication.md", "So a plain `401 Unauthorized`", "So a plain `402 Unauthorized`"),
    ("how-to/teardown.md", "`revoke: 204`", "`revoke: 200`"),
    ("how-to/teardown.md", "`delete a project: 202`", "`delete a project: 204`"),
    ("mlflow/permissions.md", "### 401: no token", "### 402: no token"),
    ("mlflow/permissions.md", "### 400: a model", "### 409: a model"),
    ("commands/doctor.md", "experiments/get-by-name` | 404 |", "experiments/get-by-name` | 403 |"),
    ("reference/permission-matrix.md", "| `✓ 200` | The", "| `✓ 201` | The"),
    # Versions.
    ("how-to/install.md", "| 18.9 | the model registry", "| 18.8 | the model registry"),
    ("how-to/install.md", "MLflow 2.22.5 on Python", "MLflow 2.22.4 on Python"),
    ("how-to/install.md", "MLflow 3.17.2 has\n", "MLflow 3.17.3 has\n"),
    ("commands/doctor.md", "answers of GitLab 19.3:", "answers of GitLab 19.4:"),
    ("explanation/two-version-numbers.md", "lists on GitLab 18.9", "lists on GitLab 17.9"),
    ("mlflow/permissions.md", "`enabled` on 18.9 and", "`enabled` on 18.10 and"),
    ("reference/environment.md", "of MLflow 2.22.5 and 3.17.2.", "of MLflow 2.22.5 and 3.18.0."),
    ("tutorials/first-run.md", "On GitLab 18.9 take MLflow 2", "On GitLab 18.9 take MLflow 4"),
    ("explanation/logged-models.md", "| the newest MLflow | 3.17.2,", "| the newest MLflow | 3.19.2,"),
    # Numbers.
    ("ci/cookbook.md", "ran in all four lanes", "ran in all five lanes"),
    ("explanation/model-uris.md", "works in all four lanes", "works in all 3 lanes"),
    ("reference/compatibility.md", "tried in four lanes", "tried in six lanes"),
    ("tutorials/first-run.md", "the two clients that", "the three clients that"),
    ("mlflow/permissions.md", "between the two GitLabs", "between the three GitLabs"),
    ("how-to/nested-runs-and-sweeps.md", "costs four requests here", "costs five requests here"),
    ("how-to/search-runs.md", "take three requests", "take four requests"),
    # Messages: recorded, measured, printed by the programs of this project.
    ("ci/cookbook.md", "`Version has already been taken`", "`Version was already taken`"),
    ("commands/run.md", "`token is not set`", "`token is not given`"),
    ("commands/setup.md", "`Git keeps this file`", "`Git tracks this file`"),
    (
        "commands/setup.md",
        "`the certificate of the server is not trusted`",
        "`the certificate of the server is trusted`",
    ),
    ("commands/setup.md", "`… has no TLS`", "`… has some TLS`"),
    ("commands/replay.md", "`port 8042 cannot be used`", "`port 8042 must not be used`"),
    ("commands/teardown.md", "`that was not …; nothing was changed`", "`that was not …; everything was changed`"),
    ("contribute/re-record.md", "`another recording is running in this folder`", "`another recording runs here`"),
    ("ci/gate-and-register.md", "`accuracy is 0.96`", "`accuracy is 0.97`"),
    ("how-to/check-connection.md", "`connection-check is active`", "`connection-check is deleted`"),
]


@pytest.mark.parametrize(("page", "old", "new"), MUTANTS, ids=[f"{page}: {new}" for page, _, new in MUTANTS])
def test_a_changed_fact_is_found_at_its_row(page: str, old: str, new: str, rendered: Rendered) -> None:
    source = rendered.source(page)
    assert old in source
    found = rendered.check(page, source.replace(old, new, 1))
    row = source[: source.index(old)].count("\n") + 1
    assert row in {problem.line for problem in found}, found
    for problem in found:
        assert problem.path == ROOT / "docs" / page
        assert "no evidence backs" in problem.what
        assert "write " in problem.fix


def test_the_pages_as_they_are_have_nothing_to_find(rendered: Rendered) -> None:
    assert {page: rendered.check(page, rendered.source(page)) for page in rendered.rows if rendered.rows[page]} == {
        page: [] for page in rendered.rows
    }


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("All 135 examples ran.", False),
        ("All 134 examples ran.", True),
        ("The two examples below differ.", False),
        ("There are 540 results.", True),
        ("It ran in four lanes, with two clients and two GitLabs.", False),
        ("It ran in 4 lanes of two servers.", False),
        ("It ran in eleven lanes.", True),
    ],
)
def test_numbers_of_the_whole_site(row: str, wrong: bool, rendered: Rendered) -> None:
    assert len(rendered.backing.known.numbers) > 5
    row = row.replace("135", str(rendered.backing.known.numbers["examples"]))
    row = row.replace("134", str(rendered.backing.known.numbers["examples"] - 1))
    row = row.replace("540", str(rendered.backing.known.numbers["results"] + 1))
    assert bool(rendered.check("index.md", f"# A\n\n{row}\n")) == wrong


def facts(rendered: Rendered) -> list[tuple[str, list[str], Fact]]:
    found = []
    for page in rendered.rows:
        rows = prose_of(ROOT / "docs" / page, rendered.source(page))
        found += [(page, rows, fact) for fact in find_facts(rows, SOFTWARE, COUNTED)]
    return found


def test_no_quoted_message_can_change_a_word(rendered: Rendered) -> None:
    reasoned = {one.text for one in rendered.backing.reasoned}
    messages = {fact.text for _, _, fact in facts(rendered) if fact.kind == "message"} - reasoned
    recorded = {text for text in messages if rendered.backing.was_said(text)}
    assert len(recorded) > 40
    assert all(map(rendered.backing.says, messages))
    for text in recorded:
        for word in re.findall(r"[a-z]{4,}", text)[:2]:
            changed = text.replace(word, f"un{word}ed")
            assert not rendered.backing.says(changed), changed


def test_no_version_of_a_server_or_client_can_change_its_last_part(rendered: Rendered) -> None:
    named = {(fact.about, fact.text) for *_, fact in facts(rendered) if fact.about in SOFTWARE and "." in fact.text}
    assert {("GitLab", "18.9"), ("GitLab", "19.3"), ("MLflow", "2.22.5"), ("MLflow", "3.17.2")} <= named
    for software, version in named:
        head, _, last = version.rpartition(".")
        for other in (f"{head}.{int(last) + 1}", f"{head}.{last}1", f"{version}.1"):
            row = [f"With {software} {other} it fails."]
            (fact,) = find_facts(row, SOFTWARE, ())
            assert rendered.check("index.md", f"# A\n\n{row[0]}\n"), fact


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("GitLab answers 404.", [("status", "404")]),
        (
            "It is a 200, and `403` or `401 Unauthorized`",
            [("status", "200"), ("status", "403"), ("message", "401 Unauthorized")],
        ),
        ("| 200 |", [("status", "200")]),
        ("up to 500 characters, 200 rows, 404 runs, port 500, job 451, #200, 200% and 1,200", []),
        (
            "With GitLab 18.9, MLflow 3 and MLflow's 2.22.5",
            [("version", "18.9"), ("version", "3"), ("version", "2.22.5")],
        ),
        ("GitLab 3 times", [("version", "3")]),
        ("on 18.9 and 19.3.", [("version", "18.9"), ("version", "19.3")]),
        ("`models:/name@1.0.0` and 127.0.0.1 and 0.96%", []),
        ("in four lanes, 12 requests and one of the lanes", [("number", "four"), ("number", "12")]),
        ("in all four recorded lanes", [("number", "four")]),
        ("`Version has already been taken`", [("message", "Version has already been taken")]),
        ("`pip install mlflow` and `GET /api/v4/user` and `mlflow.log_param(a, b c)` and `x = 1`", []),
        ("`mlflow runs list --experiment-id 1`, `--all of it`, `scope: api`, `experiment`", []),
        ("it says “there is no such thing here”", [("message", "there is no such thing here")]),
        (f"`{GIVEN} is not set` and {GIVEN} runs", []),
    ],
)
def test_what_is_a_fact_and_what_is_not(row: str, expected: list[tuple[str, str]]) -> None:
    assert [(fact.kind, fact.text) for fact in find_facts([row], SOFTWARE, COUNTED)] == expected


def test_code_expressions_and_links_are_no_prose() -> None:
    source = (
        "# A\n\n```text\n404\n```\n\n{{ f({\n  'x': 404,\n}) }} says 200\n<!-- 403 -->\n"
        "[a](b.md#404) <td class='404'>x</td> ## H { #401 }\n{% if x == 404 %}409{% endif %}\n"
    )
    rows = prose_of(Path("a.md"), source)
    assert len(rows) == len(source.split("\n"))
    assert [(fact.text, fact.line) for fact in find_facts(rows, SOFTWARE, COUNTED)] == [("200", 9), ("409", 12)]


@given(st.lists(st.sampled_from(["a 404", "", "# H", "```text", "```", "{{ x }}", "- b", "`c d e`", "<b>", "| 200 |"])))
def test_rows_stay_rows(pieces: list[str]) -> None:
    source = "\n".join(pieces)
    try:
        rows = prose_of(Path("a.md"), source)
    except Problem:
        return
    assert len(rows) == len(pieces or [""])
    covered = [row for part in sections(rows) for row in part]
    assert covered == list(range(1, len(rows) + 1))


def test_references_write_what_was_recorded(rendered: Rendered) -> None:
    backing = rendered.backing
    assert backing.status("errors/no_token") == 401
    assert backing.status("doctor/developer", "GET experiments/get-by-name") == 404
    assert backing.status("setup/rest_gallery", "POST members", 2) == 409
    assert backing.requests("doctor/developer") == 9
    assert backing.quote("errors/version_taken", "Version has already been taken") == "Version has already been taken"
    assert [in_words(number) for number in (0, 4, 12, 13)] == ["no", "four", "twelve", "13"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('status("errors/moon")', "no example 'errors/moon'"),
        ('status("tracking/log_first_run", "GET moon")', "0 times, not 1"),
        ('status("tracking/search_runs_client_side", "POST runs/search", 99)', "not 99"),
        ('status("guide/sweep")', "no one status"),
        ('status("errors/no_token", lane="gitlab-1/x")', "not recorded in gitlab-1/x"),
        ('requests("errors/sub_folder")', "the lanes disagree"),
        ('requests("moon")', "no example 'moon'"),
        ('quote("errors/no_token", "403 Forbidden")', "never says '403 Forbidden'"),
        ('quote("moon", "x")', "no example 'moon'"),
    ],
)
def test_a_reference_to_what_is_not_there(call: str, message: str, rendered: Rendered) -> None:
    with pytest.raises(NotThere, match=re.escape(message)):
        eval(f"backing.{call}", {"backing": rendered.backing})


def test_the_measured_references(evidence: Evidence, rendered: Rendered) -> None:
    given = rendered.rows["how-to/resume-runs.md"].text
    assert "Any other one gets 415 from `log_artifact`" in given
    assert "the list of packages answers 200." in rendered.rows["reference/findings.md"].text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "no reasoned facts"),
        ("- page: index.md\n  text: x\n  reason: short\n", "reason: string should have at least 10"),
        ("- 1\n", "no reasoned facts"),
        ("7\n", "no reasoned facts"),
    ],
)
def test_a_broken_list_of_reasons(text: str, message: str, project: Path) -> None:
    rewrite(project / FACTS, text)
    with pytest.raises(Problem, match=re.escape(message)):
        load_reasoned(project)


def test_a_reason_for_nothing_is_told(rendered: Rendered, evidence: Evidence) -> None:
    assert rendered.backing.unused_reasons() == []
    fresh = Backing(ROOT, evidence)
    found = fresh.unused_reasons()
    assert len(found) == len(fresh.reasoned) > 10
    assert all(problem.line and problem.fix == "take the entry out, then make site" for problem in found)


def test_all_pages_are_told_at_once(project: Path, evidence: Evidence) -> None:
    for name, old, new in (MUTANTS[0], MUTANTS[12], MUTANTS[-1]):
        page = project / "docs" / name
        rewrite(page, page.read_text("utf-8").replace(old, new))
    with pytest.raises(Problems) as caught:
        publish_pages(project, evidence, Path("build/docs"))
    names = {problem.path.relative_to(project / "docs").as_posix() for problem in caught.value.found}
    assert names == {MUTANTS[0][0], MUTANTS[12][0], MUTANTS[-1][0]}
    assert not (project / "build/docs").exists()
