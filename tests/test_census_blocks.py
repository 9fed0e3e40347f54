"""Takes the census of the real pages, and smuggles code onto them that nothing proves."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from conftest import PARTS, ROOT, rewrite
from test_quarantine_pages import put
from verified_docs.blocks import (
    CENSUS_FILE,
    CENSUS_SCHEMA_FILE,
    Block,
    Census,
    CensusDocument,
    load_ceiling,
)
from verified_docs.census import find_fences
from verified_docs.cli import app
from verified_docs.durations import Durations, beside, load_durations, without_durations, write_durations
from verified_docs.evidence import Evidence
from verified_docs.example import load_examples
from verified_docs.pages import Pages
from verified_docs.problem import Problem, Problems

PAGE = "how-to/manage-experiments.md"
SETUP = "mlflow/gitlab-setup.md"
NAME = "tracking/check_connection"
RUN = CliRunner()


@pytest.fixture(scope="module")
def census(pages: Path) -> list[Block]:
    document = json.loads((pages / CENSUS_FILE).read_text("utf-8"))
    jsonschema.validate(document, json.loads((pages / CENSUS_SCHEMA_FILE).read_text("utf-8")))
    return [Block.model_validate(one) for one in document["blocks"]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project, of which a test may break pages and files; examples and recordings are the real ones."""
    copy = tmp_path / "project"
    for name in ("docs", "snippets", "config"):
        shutil.copytree(ROOT / name, copy / name)
    for name in ("examples", "cassettes", "measured", "mutants", "bench"):
        (copy / name).symlink_to(ROOT / name)
    for name in ("pyproject.toml", ".env.template"):
        shutil.copy2(ROOT / name, copy / name)
    return copy


def taken(root: Path, evidence: Evidence, name: str = PAGE, durations: Durations | None = None) -> list[Block]:
    """The census of one page."""
    examples = {one.id: one for one in load_examples(root)}
    pages = Pages(root, evidence, examples, durations or Durations())
    pages.render(name)
    return pages.blocks


def add(root: Path, text: str, name: str = PAGE) -> int:
    """Adds to a page, and gives the row at which that begins."""
    page = root / "docs" / name
    before = page.read_text("utf-8")
    rewrite(page, before + text)
    return before.count("\n") + 1


def fault(root: Path, evidence: Evidence, name: str = PAGE) -> Problem:
    with pytest.raises((Problem, Problems)) as caught:
        taken(root, evidence, name)
    (problem, *_) = caught.value.found if isinstance(caught.value, Problems) else [caught.value]
    assert isinstance(problem, Problem)
    return problem


def test_every_block_of_every_published_page_has_a_row(pages: Path, census: list[Block]) -> None:
    for page in sorted(pages.rglob("*.md")):
        name = page.relative_to(pages).as_posix()
        text = page.read_text("utf-8")
        rows = [one for one in census if one.page == name]
        requests = [one for one in rows if one.verdict.endswith("with answers and commands")]
        shown = [fence.language for fence in find_fences(page, text)]
        assert [one.language for one in rows if one not in requests] == shown, name
        assert len(requests) == text.count('<details class="wire wire--panel"'), name
    assert len(census) > 650


def test_every_row_names_the_row_of_its_page(census: list[Block]) -> None:
    for one in census:
        if one.page.endswith(".ipynb"):
            continue
        row = (ROOT / "docs" / one.page).read_text("utf-8").splitlines()[one.line - 1]
        assert "{{" in row or row.lstrip().startswith("```"), one


def test_every_source_is_there(census: list[Block]) -> None:
    files = {one.source for one in census if one.source and re.search(r"\.\w+:\d+$", one.source)}
    assert len(files) > 100
    for source in files:
        name, _, line = source.rpartition(":")
        assert len((ROOT / name).read_text("utf-8").splitlines()) >= int(line), source


def test_what_the_rows_say(census: list[Block]) -> None:
    languages = {kind: {one.language for one in census if one.kind == kind} for kind in ("executed", "checked")}
    assert languages["executed"] == {"python", "text"}
    assert {"bash", "yaml", "toml", "json", "http", "dotenv", "text"} <= languages["checked"]
    by = {one.by for one in census}
    assert {"replay", "run without a server", "the recording", "Bash, ShellCheck", "yamllint, JSON Schema"} <= by
    assert "Bash, ShellCheck, recorded requests" in by
    assert all(one.kind == "executed" for one in census if one.language == "python")
    assert {one.page for one in census if one.kind == "illustration"} == {
        "commands/doctor.md",
        "contribute/re-record.md",
    }


def test_the_comments_are_not_published(pages: Path) -> None:
    for name in ("commands/doctor.md", "contribute/re-record.md"):
        assert "<!-- illustration" in (ROOT / "docs" / name).read_text("utf-8")
        assert "<!--" not in (pages / name).read_text("utf-8")


def test_the_page_counts_and_is_small(pages: Path, census: list[Block]) -> None:
    page = (pages / "reference/census.md").read_text("utf-8")
    assert f"{len(census)} blocks of code stand on {len({one.page for one in census})} pages." in page
    assert page.count("<tr data-class=") == len(census)
    sums = re.search(r"^\| \*\*all\*\* \| (.*) \| \*\*(\d+)\*\* \| \|$", page, re.M)
    assert sums
    assert sum(map(int, sums[1].split(" | "))) == int(sums[2]) == len(census)
    # 300 KB with the frame of the site around it.
    assert len(page.encode()) < 250_000


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("\n```text\nGitLab says yes\n```\n", 1, "nothing proves this block of text"),
        ("\n<!-- illustration: because -->\n\nBetween.\n", 1, "stands before none"),
        ("\n<!-- illustration: -->\n```text\nx\n```\n", 1, "gives no reason"),
        ("\n<!-- skipped: why -->\n```python\nx = 1\n```\n", 2, "Python that never ran"),
        ("\n```powershell\nls\n```\n", 1, "neither run nor checked"),
        ('\n<!-- illustration: why -->\n```json\n{"a": 1}\n```\n', 1, "is checked by json"),
        ('\n{{ example("tracking/check_connection") }}\n\n<!-- skipped: why -->\n```bash\nif x\n```\n', 0, ""),
        ('\n```yaml title=".gitlab-ci.yml"\ntrain:\n  script: 1\n```\n', 3, "does not fit its schema"),
        ("\n```bash\ncurl --silent https://gitlab.example.com/api/v4/moon\n```\n", 2, "sends no recorded request"),
        (
            "\n```yaml\ntrain:\n  script:\n    - curl https://gitlab.example.com/api/v4/moon\n```\n",
            1,
            "sends no recorded",
        ),
        ("\n```graphql\nquery { a( }\n```\n", 2, "not valid GraphQL"),
    ],
)
def test_code_that_nothing_proves(text: str, line: int, message: str, project: Path, evidence: Evidence) -> None:
    start = add(project, text)
    if not message:
        assert taken(project, evidence)[-1].kind == "skipped"
        return
    problem = fault(project, evidence)
    assert message in problem.what
    assert problem.path == project / "docs" / PAGE
    assert problem.line == start + line
    assert problem.fix


def test_an_illustration_has_its_reason_in_the_census(project: Path, evidence: Evidence) -> None:
    start = add(project, '\n=== "Tab"\n\n    <!-- illustration: a sketch of it -->\n    ```text\n    a → b\n    ```\n')
    found = taken(project, evidence)[-1]
    assert (found.kind, found.reason, found.line) == ("illustration", "a sketch of it", start + 4)


def test_a_language_without_a_checker_may_be_skipped(project: Path, evidence: Evidence) -> None:
    add(project, "\n<!-- skipped: no checker reads it here -->\n```powershell\nls\n```\n")
    found = taken(project, evidence)[-1]
    assert (found.kind, found.language, found.reason) == ("skipped", "powershell", "no checker reads it here")


def test_output_proves_nothing_on_another_page(project: Path, evidence: Evidence) -> None:
    output = evidence.examples[NAME].results["gitlab-19.3/mlflow-3"].output
    block = f"\n```text\n{output}```\n"
    add(project, f'\n{{{{ example("{NAME}") }}}}\n{block}')
    assert taken(project, evidence)[-1].kind == "executed"
    add(project, block, "how-to/autolog.md")
    assert "nothing proves this block" in fault(project, evidence, "how-to/autolog.md").what


def test_a_broken_snippet_is_named_with_its_own_row(project: Path, evidence: Evidence) -> None:
    rewrite(project / "snippets/setup/train.gitlab-ci.yml", "train:\n  script: a\n  retry: 9\n")
    problem = fault(project, evidence, "mlflow/authentication.md")
    assert (problem.path, problem.line) == (project / "snippets/setup/train.gitlab-ci.yml", 3)


def test_the_settings_of_a_team_are_held_to_their_schema(project: Path, evidence: Evidence) -> None:
    path = project / "config/mlflow-gitlab.yaml"
    rewrite(path, path.read_text("utf-8") + "moon: 1\n")
    # Reading them finds it first; without that, the schema does.
    with pytest.raises((Problem, Problems), match="moon"):
        taken(project, evidence, SETUP)


def test_without_a_list_of_requests_no_curl_is_shown(project: Path, evidence: Evidence) -> None:
    (project / "cassettes").unlink()
    assert "nothing was recorded" in fault(project, evidence, "commands/replay.md").what


def test_quarantine_shows_in_the_census(project: Path, evidence: Evidence) -> None:
    held = taken(project, put(project, evidence, NAME), "index.md")
    assert {(one.kind, one.verdict) for one in held} == {("quarantined", "nothing is proven")}
    assert "until 2026-12-24" in str(held[0].reason)
    some = taken(project, put(project, evidence, NAME, lane="gitlab-19.3/mlflow-3"), "index.md")
    (requests,) = (one for one in some if one.language == "http")
    assert (requests.kind, requests.verdict) == ("checked", "4 requests with answers and commands")
    # What is in quarantine proves nothing, and shows no requests.
    assert requests.source == f"cassettes/gitlab-19.3/mlflow-2/{NAME}.yaml:1"
    assert {(one.kind, one.verdict) for one in some if one != requests} == {("executed", "ran as shown in 3")}


def test_seconds_are_those_of_the_runs(project: Path, evidence: Evidence, tmp_path: Path) -> None:
    sha256 = evidence.examples[NAME].sha256
    parts = [tmp_path / "mlflow-2.json", tmp_path / "mlflow-3.json"]
    write_durations(parts[0], Durations(examples={sha256: {"a": 1.25}}, fences={"f": 1.0}))
    assert load_durations(parts).of_example(sha256) == 1.25
    rewrite(parts[0], "{}")
    assert without_durations(sorted(tmp_path.glob("*.json"))) == parts[:1], "the times of runs are no evidence"
    write_durations(parts[1], Durations(examples={sha256: {"b": 0.5}}, fences={"f": 0.5}))
    found = load_durations(parts)
    assert found.fences == {"f": 1.5}
    ran = [one for one in taken(project, evidence, "index.md", found) if one.kind == "executed"]
    assert [one.seconds for one in ran] == [1.75] * 2
    assert {one.seconds for one in taken(project, evidence, "index.md")} == {None}
    rewrite(beside(parts[0]), "{}x")
    with pytest.raises(Problem, match="no times of runs"):
        load_durations(parts)


def test_the_command_counts_and_lowers(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["census", *map(str, PARTS), "--root", str(project)]
    config = project / "pyproject.toml"
    before = config.read_text("utf-8")
    done = RUN.invoke(app, [*arguments, "--json", str(tmp_path / "census.json")])
    assert done.exit_code == 0, done.output
    assert re.search(r"^ +\d+ executed: \d+ text, \d+ python$", done.output, re.M)
    assert "each accounted for; 0." in done.output
    document = json.loads((tmp_path / "census.json").read_text("utf-8"))
    assert document["totals"]["illustration"] == 2
    # The pages do not change below; only what is committed does.
    blocks = CensusDocument.model_validate(document).blocks
    more: tuple[Block, ...] = ()

    def again(*_: object) -> Census:
        return Census(blocks=(*blocks, *more), ceiling=load_ceiling(project))

    monkeypatch.setattr("verified_docs.publish.take_page_census", again)
    rewrite(config, re.sub("unproven_ceiling = .*", "unproven_ceiling = 0.25", before))
    done = RUN.invoke(app, arguments)
    assert done.exit_code == 1
    assert "would let new ones in unseen" in done.output
    assert "fix: verified-docs census --lower" in done.output
    done = RUN.invoke(app, ["census", "--lower", *arguments[1:]])
    assert done.exit_code == 0
    assert "it was 0.25" in done.output
    assert config.read_text("utf-8") == before
    more = tuple(one for one in blocks if one.kind == "illustration") * 2
    done = RUN.invoke(app, ["census", "--lower", *arguments[1:]])
    assert done.exit_code == 1
    assert "the ceiling is not raised" in done.output
    assert "docs/commands/doctor.md:" in done.output
    assert config.read_text("utf-8") == before


def test_the_command_needs_evidence(project: Path) -> None:
    done = RUN.invoke(app, ["census", "--root", str(project)])
    assert done.exit_code == 1
    assert "nothing has been verified yet" in done.output
    assert "fix: make verify" in done.output
