"""Checks the matrix that ships against what was measured, and which lane a version is compared with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import LANES, ROOT
from handbook.__main__ import app
from handbook.compatibility import Compatibility, outcome
from handbook.measured import load_coverage
from handbook.shipped import SHIPPED, WRITE, compatibility_json
from handbook.verdict import Verdicts
from mlflow_gitlab.doctor import compatibility
from mlflow_gitlab.doctor.compatibility import choose, load_matrix, split
from verified_docs.problem import Problem

MEASURED = load_coverage(ROOT)
MATRIX = load_matrix()


def test_the_file_that_ships_is_the_one_that_the_measurement_makes() -> None:
    made = compatibility_json(MEASURED)
    assert (ROOT / SHIPPED).read_text("utf-8") == made, f"run: {WRITE}"
    assert len(made.encode()) < 150_000
    assert (ROOT / SHIPPED).parent == Path(compatibility.__file__).parent


def test_the_command_writes_it(project: Path) -> None:
    path = project / SHIPPED
    path.unlink(missing_ok=True)
    result = CliRunner().invoke(app, ["compatibility", "--root", str(project)])
    assert result.exit_code == 0, result.output
    assert path.read_text("utf-8") == compatibility_json(MEASURED)


def test_every_call_of_python_says_what_was_measured() -> None:
    expected = {probe_id for probe_id in MEASURED[0].probes if not probe_id.startswith("cli:")}
    assert set(MATRIX.variants) == expected
    for lane, measured in zip(MATRIX.lanes, MEASURED, strict=True):
        for probe_id in expected:
            probe = measured.probes[probe_id]
            ours = MATRIX.variants[probe_id].outcomes[lane.id]
            site = outcome(measured, probe)
            assert (ours.status, ours.kind, ours.words) == (probe.status, site.kind, site.name)
            assert site.detail.startswith(ours.detail.removesuffix("…")[:40]) or not site.detail
            if probe.status == "fails" and probe.exception:
                assert ours.raises == probe.exception[0]
            assert split(probe_id) == (probe.api, probe.variant)


def test_the_lanes_are_those_of_the_site() -> None:
    assert [lane.id for lane in MATRIX.lanes] == [lane.id for lane in LANES]
    assert [lane.mlflow for lane in MATRIX.lanes] == [lane.client_version for lane in LANES]


def test_every_link_leads_to_an_anchor_of_the_site() -> None:
    site = Compatibility(Verdicts(MEASURED))
    anchors = {
        f"reference/calls/{name}/#{line.rpartition('{ #')[2].removesuffix(' }')}"
        for name in site.families
        for line in site.calls(name, "").splitlines()
        if line.startswith("## ")
    }
    assert {variant.page for variant in MATRIX.variants.values()} <= anchors
    for variant in MATRIX.variants.values():
        fails = any(one.kind == "no" for one in variant.outcomes.values())
        assert bool(variant.instead) is fails, variant.id
        if variant.more:
            page = variant.more.partition("#")[0].rstrip("/")
            assert (ROOT / "docs" / f"{page}.md").exists(), variant.more
            assert "[" not in variant.instead


@pytest.mark.parametrize(
    ("gitlab", "mlflow", "installed", "expected", "verified"),
    [
        (None, None, None, "gitlab-19.3/mlflow-3", True),
        (None, None, "2.22.5", "gitlab-19.3/mlflow-2", True),
        (None, None, "3.17.2", "gitlab-19.3/mlflow-3", True),
        (None, None, "3.9.0", "gitlab-19.3/mlflow-3", False),
        (None, None, "2.0.1", "gitlab-19.3/mlflow-2", False),
        (None, None, "4.0", "gitlab-19.3/mlflow-3", False),
        (None, None, "1.30", "gitlab-19.3/mlflow-2", False),
        (None, "3", "2.22.5", "gitlab-19.3/mlflow-3", True),
        ("19.3", "2", None, "gitlab-19.3/mlflow-2", True),
        ("19.3.1-ee", "2.22", None, "gitlab-19.3/mlflow-2", True),
        ("18", "3", None, "gitlab-18.9/mlflow-3", True),
        ("19", "3", None, "gitlab-19.3/mlflow-3", True),
        ("19.1", "3", None, "gitlab-18.9/mlflow-3", False),
        ("20.0", "3", None, "gitlab-19.3/mlflow-3", False),
        ("17.11", "3", None, "gitlab-18.9/mlflow-3", False),
        ("18.10", "3", None, "gitlab-18.9/mlflow-3", False),
    ],
)
def test_a_version_takes_the_nearest_older_lane(
    gitlab: str | None, mlflow: str | None, installed: str | None, expected: str, verified: bool
) -> None:
    choice = choose(MATRIX, gitlab, mlflow, installed=installed)
    assert [lane.id for lane in choice.lanes] == [expected]
    assert (choice.unverified == "") is verified
    if not verified:
        asked = gitlab or mlflow or installed
        assert asked is not None and asked in choice.unverified and "was not measured" in choice.unverified


def test_every_lane_and_one_by_name() -> None:
    assert choose(MATRIX, every=True).lanes == MATRIX.lanes
    (lane,) = choose(MATRIX, lane="gitlab-18.9/mlflow-2").lanes
    assert (lane.gitlab, lane.mlflow) == ("18.9", "2.22.5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lane": "gitlab-1.0/mlflow-3"}, "there is no lane 'gitlab-1.0/mlflow-3'"),
        ({"lane": "gitlab-19.3/mlflow-3", "every": True}, "exclude each other"),
        ({"gitlab": "19.3", "lane": "gitlab-19.3/mlflow-3"}, "exclude each other"),
        ({"gitlab": "newest"}, "--gitlab 'newest' is no version"),
        ({"mlflow": ""}, "--mlflow '' is no version"),
        ({"mlflow": "v3"}, "--mlflow 'v3' is no version"),
    ],
)
def test_arguments_that_name_no_lane(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(Problem) as caught:
        choose(MATRIX, **arguments)  # type: ignore[arg-type]
    assert message in caught.value.what
    assert caught.value.fix


def test_the_matrix_needs_neither_mlflow_nor_the_network() -> None:
    code = (
        "import sys; from mlflow_gitlab.doctor.compatibility import load_matrix, installed_mlflow\n"
        "from mlflow_gitlab.doctor.scan_command import scan\nload_matrix(); print(installed_mlflow())\n"
        "print(sorted({'mlflow', 'gitlab', 'requests', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "[]"
    assert done.stdout.splitlines()[0] in {lane.client_version for lane in LANES}
