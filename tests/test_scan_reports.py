"""Runs the command, and checks every form of its report against what its readers expect."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from conftest import ROOT
from mlflow_gitlab.doctor.scan_command import scan

SCHEMA = json.loads((ROOT / "tests/schemas/sarif-2.1.0.json").read_text("utf-8"))
SOURCE = """import mlflow
client = mlflow.MlflowClient()
client.search_runs(['1'], order_by=['a'])
client.update_run('r', name='b')
client.delete_run('r')
mlflow.get_tracking_uri()
mlflow.brand_new_thing()
"""
app = typer.Typer(pretty_exceptions_enable=False)
app.command()(scan)
LANE = ("--lane", "gitlab-19.3/mlflow-3")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(SOURCE, "utf-8")
    return tmp_path


def run(*arguments: str, stdin: str | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments, input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def data(*arguments: str) -> Any:
    return json.loads(run("train.py", *LANE, *arguments)[1])


def test_text_says_where_what_and_what_to_do(here: Path) -> None:
    code, out, err = run("train.py", *LANE)
    assert code == 1
    assert err == ""
    assert out.splitlines() == [
        "train.py:3:1: error: MlflowClient.search_runs (order_by): fails, 400: RestException: INTERNAL_ERROR: "
        "Response: {'error': 'order_by is invalid'}",
        "    instead: sort on your side: how-to/search-runs/#sorting-is-refused",
        "    measured: reference/calls/runs/#mlflowclient-search-runs-order-by",
        "train.py:4:1: warning: MlflowClient.update_run (name): accepted and ignored: run_name stays 'run'; tags {}",
        "    instead: name it when it starts: how-to/manage-experiments/#a-run-cannot-be-renamed",
        "    measured: reference/calls/runs/#mlflowclient-update-run-name",
        "train.py:5:1: warning: MlflowClient.delete_run: as a rule: works, but: deletion is physical and final; there "
        "is no trash and no restore; promoted run: fails, 400: RestException: INTERNAL_ERROR: Cannot delete a "
        "candidate associated to a model version",
        "    instead: promoted run: delete the version: how-to/promote-runs/#a-promoted-run-cannot-be-deleted",
        "    measured: reference/calls/runs/#mlflowclient-delete-run",
        "1 file, GitLab 19.3 with MLflow 3.17.2: 1 error, 2 warnings",
    ]


def test_paths_in_text_are_those_of_the_working_directory(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / ".git").mkdir()
    (here / "src").mkdir()
    (here / "train.py").rename(here / "src/train.py")
    monkeypatch.chdir(here / "src")
    assert run("train.py", *LANE)[1].startswith("train.py:3:1: error")
    assert {one["path"] for one in data("--json")["findings"]} == {"src/train.py"}
    (here / "src/bad.py").write_text("(", "utf-8")
    assert run("bad.py")[2].startswith("bad.py:1: this is not Python")


def test_the_site_gives_links_their_address(here: Path) -> None:
    out = run("train.py", *LANE, "--site-url", "https://docs.example.com/mlflow/")[1]
    assert "measured: https://docs.example.com/mlflow/reference/calls/runs/#mlflowclient-search-runs-order-by" in out
    assert "side: https://docs.example.com/mlflow/how-to/search-runs/#sorting-is-refused" in out


def test_json_has_everything(here: Path) -> None:
    document = data("--json")
    assert document == data("--format", "json")
    assert document["verified"] is True
    assert document["summary"] == {"errors": 1, "warnings": 2, "notes": 0, "suppressed": 0, "problems": 0}
    assert [lane["id"] for lane in document["lanes"]] == ["gitlab-19.3/mlflow-3"]
    first = document["findings"][0]
    assert first["check"] == "MlflowClient.search_runs:order_by"
    assert (first["line"], first["column"], first["end_line"], first["end_column"]) == (3, 1, 3, 42)
    assert first["lanes"] == ["gitlab-19.3/mlflow-3"]


def test_notes_are_told_when_they_are_asked_for(here: Path) -> None:
    found = {one["call"]: one["severity"] for one in data("--json", "--notes")["findings"]}
    assert found["mlflow.get_tracking_uri"] == "note"
    assert found["mlflow.brand_new_thing"] == "note"
    assert data("--json", "--notes")["summary"]["notes"] == 2


def test_code_quality_has_what_gitlab_asks_for(here: Path) -> None:
    rows = data("--format", "codequality")
    assert [row["severity"] for row in rows] == ["critical", "major", "minor"]
    for row in rows:
        assert set(row) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert all(isinstance(row[name], str) and row[name] for name in set(row) - {"location"})
        assert row["location"]["path"] == "train.py"
        assert isinstance(row["location"]["lines"]["begin"], int)
    assert len({row["fingerprint"] for row in rows}) == len(rows)
    assert rows[0]["description"].endswith("Measured: reference/calls/runs/#mlflowclient-search-runs-order-by")
    notes = data("--format", "codequality", "--notes")
    assert {row["severity"] for row in notes} == {"critical", "major", "minor", "info"}


def test_an_empty_report_is_an_empty_list(here: Path) -> None:
    (here / "train.py").write_text("", "utf-8")
    code, out, _ = run("train.py", "--format", "codequality")
    assert (code, out) == (0, "[]\n")
    # GitLab's parser takes no byte order mark.
    run("train.py", "--format", "codequality", "--output", "report.json")
    assert (here / "report.json").read_bytes() == b"[]\n"


@pytest.mark.parametrize("arguments", [(), ("--notes",), ("--site-url", "https://docs.example.com"), ("--every-lane",)])
def test_sarif_keeps_to_the_schema_of_oasis(here: Path, arguments: tuple[str, ...]) -> None:
    (here / "a b.py").write_text(SOURCE.replace("'r'", "'ü'"), "utf-8")
    (here / "broken.py").write_text("(", "utf-8")
    cells = [{"cell_type": "code", "source": SOURCE}]
    (here / "n.ipynb").write_text(json.dumps({"cells": cells}), "utf-8")
    document = json.loads(run(".", *arguments, "--format", "sarif")[1])
    jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(document)
    (sarif,) = document["runs"]
    rules = sarif["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted({rule["id"] for rule in rules})
    assert len(sarif["results"]) >= 9
    for result in sarif["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri in {"train.py", "a%20b.py", "n.ipynb"}
    (invocation,) = sarif["invocations"]
    assert invocation["executionSuccessful"] is False
    (told,) = invocation["toolExecutionNotifications"]
    assert told["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "broken.py"


def test_the_schema_would_refuse_a_fault(here: Path) -> None:
    document = data("--format", "sarif")
    validator = jsonschema.Draft4Validator(SCHEMA)
    faults: tuple[Callable[[dict[str, Any]], object], ...] = (
        lambda run: run["results"][0].pop("message"),
        lambda run: run["results"][0].update(level="fatal"),
        lambda run: run["results"][0]["locations"][0]["physicalLocation"]["region"].update(startLine=0),
        lambda run: run["tool"].pop("driver"),
    )
    for spoil in faults:
        copy = json.loads(json.dumps(document))
        spoil(copy["runs"][0])
        assert not validator.is_valid(copy)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 1),
        (("--fail-on", "error"), 1),
        (("--fail-on", "warning"), 1),
        (("--fail-on", "never"), 0),
        (("--fail-on", "sometimes"), 2),
        (("--exclude", "train.py"), 0),
        (("nowhere.py",), 2),
        (("nowhere.py", "--fail-on", "never"), 2),
        (("--lane", "gitlab-1/mlflow-3"), 2),
        (("--gitlab", "19.3"), 2),
        (("--json", "--format", "sarif"), 2),
        (("--site-url", "docs"), 2),
        (("--output", "train.py"), 2),
        (("--output", "train.py/x.json"), 2),
    ],
)
def test_the_exit_code(here: Path, arguments: tuple[str, ...], code: int) -> None:
    got, _, err = run("train.py", *([] if "--lane" in arguments else LANE), *arguments)
    assert got == code
    assert bool(err) == (code == 2)
    assert "Traceback" not in err
    assert (here / "train.py").read_text("utf-8") == SOURCE


def test_a_warning_is_enough_where_it_is_asked_for(here: Path) -> None:
    (here / "train.py").write_text(SOURCE.replace("order_by=['a']", ""), "utf-8")
    assert run("train.py", *LANE)[0] == 0
    assert run("train.py", *LANE, "--fail-on", "warning")[0] == 1


def test_a_report_in_a_file_is_whole(here: Path) -> None:
    code, out, err = run("train.py", *LANE, "--format", "sarif", "--output", "deep/er/report.sarif")
    assert (code, out) == (1, "")
    assert err == "1 file, GitLab 19.3 with MLflow 3.17.2: 1 error, 2 warnings\n"
    assert json.loads((here / "deep/er/report.sarif").read_text("utf-8"))["version"] == "2.1.0"
    assert [path.name for path in (here / "deep/er").iterdir()] == ["report.sarif"]


def test_standard_input(here: Path) -> None:
    code, out, _ = run("-", *LANE, stdin=SOURCE)
    assert code == 1
    assert out.startswith("<stdin>:3:1: error")


def test_every_lane_names_those_that_differ(here: Path) -> None:
    (here / "train.py").write_text("import mlflow\nmlflow.MlflowClient().get_metric_history('r', 'a')\n", "utf-8")
    assert run("train.py", *LANE)[0] == 0
    code, out, _ = run("train.py", "--every-lane")
    assert code == 1
    assert "gitlab-18.9/mlflow-2, gitlab-18.9/mlflow-3: fails, 404" in out
    assert "gitlab-19.3" not in out


def test_a_version_that_was_not_measured_is_said(here: Path) -> None:
    out = run("train.py", "--gitlab", "19.9", "--mlflow", "3.17.2")[1]
    assert (
        "not verified: GitLab 19.9 with MLflow 3.17.2 was not measured; this is what GitLab 19.3 with MLflow 3.17.2"
        in out
    )
    document = json.loads(run("train.py", "--gitlab", "19.9", "--json")[1])
    assert document["verified"] is False
    assert "19.9" in document["unverified"]


def test_another_server_is_said(here: Path) -> None:
    (here / "train.py").write_text(
        "import mlflow\nmlflow.set_tracking_uri('mlruns')\nmlflow.delete_tag('a')\n", "utf-8"
    )
    code, out, _ = run("train.py", *LANE)
    assert code == 0
    assert "not checked: train.py:2 sends MLflow to another server" in out
    assert data("--json")["elsewhere"] == [{"path": "train.py", "line": 2}]


def test_a_comment_keeps_a_line_quiet(here: Path) -> None:
    quiet = {
        "order_by=['a'])": "order_by=['a'])  # mlflow-gitlab: ignore",
        "name='b')": "name='b')  # mlflow-gitlab: ignore[update_run]",
        "delete_run('r')": "delete_run(\n    'r'\n)  # mlflow-gitlab: ignore[MlflowClient.delete_run, search_runs]",
    }
    text = SOURCE
    for old, new in quiet.items():
        text = text.replace(old, new)
    (here / "train.py").write_text(text, "utf-8")
    code, out, _ = run("train.py", *LANE, "--fail-on", "warning")
    assert code == 0
    assert out == "1 file, GitLab 19.3 with MLflow 3.17.2: 0 errors, 0 warnings, 3 kept quiet by a comment\n"


@pytest.mark.parametrize(
    "comment",
    ["# mlflow-gitlab: ignore[delete_run]", "# mlflow-gitlab ignore", "# ignore", "'# mlflow-gitlab: ignore'"],
)
def test_other_comments_keep_nothing_quiet(here: Path, comment: str) -> None:
    line = f"client.search_runs(['1'], order_by=['a']); {comment}" if comment[0] == "'" else None
    text = SOURCE.replace("order_by=['a'])", f"order_by=['a'])  {comment}") if line is None else SOURCE + line
    (here / "train.py").write_text(text, "utf-8")
    assert run("train.py", *LANE)[0] == 1


def test_an_unknown_name_in_a_comment_is_told(here: Path) -> None:
    (here / "train.py").write_text("import mlflow\nx = 1  # mlflow-gitlab: ignore[serch_runs, search_runs]\n", "utf-8")
    (one,) = data("--json")["findings"]
    assert (one["line"], one["column"], one["severity"]) == (2, 8, "warning")
    assert one["says"] == "there is no call 'serch_runs' to ignore"


def test_a_token_in_a_path_is_not_shown(here: Path) -> None:
    folder = here / f"glpat-{'a' * 20}"
    folder.mkdir()
    (folder / "a.py").write_text(SOURCE, "utf-8")
    for form in ("text", "json", "codequality", "sarif"):
        _, out, err = run(".", "--format", form)
        assert "aaaaaaaaaaaaaaaaaaaa" not in out + err
        if form != "text":
            json.loads(out)
