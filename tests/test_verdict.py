"""Asks who can use which lane, and whether the answers and the banner follow from the measured calls."""

from __future__ import annotations

import re

import pytest

from conftest import LANES, ROOT
from handbook.measured import Coverage, load_coverage
from handbook.table import Unmeasured
from handbook.uses import USES, Need
from handbook.verdict import Verdicts

MEASURED = load_coverage(ROOT)
VERDICTS = Verdicts(MEASURED)
OLD_WITH_NEW = MEASURED[1]


def changed(lane: Coverage, probe: str, status: str) -> Coverage:
    """A lane in which one call went otherwise."""
    row = lane.probes[probe].model_copy(update={"status": status, "exception": ("x.Error", "no | <b> `c` *d*\nmore")})
    return lane.model_copy(update={"probes": lane.probes | {probe: row}})


def table(markdown: str) -> dict[str, list[str]]:
    plain = re.sub(r"<[^>]+>|\*\*|\]\([^)]*\)|\[", " ", markdown)
    lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in plain.splitlines()]
    return {row[0]: row[1:] for row in lines if "---" not in row[0]}


def test_lanes_are_those_of_the_examples() -> None:
    assert [VERDICTS.name(lane) for lane in MEASURED] == [f"{lane.server} · {lane.client}" for lane in LANES]
    for lane in MEASURED:
        assert (ROOT / "measured" / VERDICTS.file(lane)).is_file()


def test_every_need_was_measured_in_every_lane() -> None:
    for use in USES:
        for need in use.needs:
            for lane in MEASURED:
                assert VERDICTS.worst(lane, need)


def test_the_lane_that_loses_the_registry() -> None:
    verdicts = table(VERDICTS.summary())
    assert [cell.split()[0:2] for cell in verdicts["Deployer"]] == [
        ["✓", "Yes"],
        ["✕", "No"],
        ["✓", "Yes"],
        ["✓", "Yes"],
    ]
    assert "load one version from the registry" in verdicts["Deployer"][1]
    assert all(cell.startswith("✕ No") for cell in verdicts["GenAI team"])
    assert verdicts["Maintainer of the registry"][1].startswith("✕ No")
    assert all(cell.startswith("✓ Yes") for cell in verdicts["Data scientist"])


def test_a_verdict_follows_from_the_worst_call() -> None:
    good, use = MEASURED[3], USES[0]
    assert not VERDICTS.blocking(good, use)
    bad = changed(good, "MlflowClient.get_run:basic", "fails")
    assert [need.words for need in VERDICTS.blocking(bad, use)] == ["open an experiment and a run"]
    ignored = changed(good, "mlflow.search_runs:basic", "ignored")
    assert [need.words for need in VERDICTS.blocking(ignored, USES[1])] == ["search runs"]
    limited = changed(good, "MlflowClient.get_metric_history:basic", "fails")
    assert not VERDICTS.blocking(limited, use)
    assert "read the history of a metric" in table(Verdicts([limited]).summary())["Reader"][0]


def test_a_filter_that_is_ignored_is_no_success() -> None:
    verdicts = table(VERDICTS.summary())
    assert all("filter runs on the server" in cell for cell in verdicts["Analyst"])
    trap = VERDICTS.table({"x": ["mlflow.pyfunc.load_model:models:/ semantic version as stage"]})
    assert "✓" not in trap
    assert "answers with the latest version" in trap


def test_messages_cannot_break_a_table_or_a_page() -> None:
    bad = changed(MEASURED[3], "MlflowClient.get_run:basic", "fails")
    details = Verdicts([bad]).details("../")
    literal = "no &#124; &lt;b&gt; &#96;c&#96; &#42;d&#42;"
    assert f"{literal} …" in details
    row = Verdicts([bad]).outcomes({"x": ["MlflowClient.get_run:basic"]}, "y").splitlines()[-1]
    assert row.count("|") == 4
    assert literal in row


def test_a_cell_tells_the_caveats_of_all_its_calls() -> None:
    (need,) = [need for use in USES for need in use.needs if need.words.startswith("register a version")]
    for lane in MEASURED:
        told = VERDICTS.table({"x": need.probes})
        for probe in need.probes:
            caveat = VERDICTS.probe(lane, probe).caveat
            assert caveat is None or lane.caveats[caveat].replace("[", "&#91;").replace("]", "&#93;") in told


def test_banner_names_the_lane_and_goes_when_it_is_mended() -> None:
    banner = VERDICTS.banner("More.")
    assert banner.startswith('!!! danger "GitLab 18.9 with MLflow 3.17.2 cannot load from the model registry"')
    assert "`ParseError`" in banner
    assert Verdicts([lane for lane in MEASURED if lane is not OLD_WITH_NEW]).banner("More.") == ""
    # Where nothing works there is nothing to move to.
    assert Verdicts([OLD_WITH_NEW]).banner("More.") == ""


def test_what_was_not_measured_cannot_be_claimed() -> None:
    with pytest.raises(Unmeasured, match="no probe 'x:y'"):
        VERDICTS.table({"x": ["x:y"]})
    with pytest.raises(Unmeasured, match="no probe"):
        VERDICTS.worst(MEASURED[0], Need("x", ("x:y",)))
    doctor = "cli: mlflow doctor:without --mask-envs"
    assert VERDICTS.seen(doctor, "prints the value of MLFLOW_TRACKING_TOKEN")
    with pytest.raises(Unmeasured, match="did not note 'hides the token'"):
        VERDICTS.seen(doctor, "hides the token")


def test_outcomes_that_lanes_do_not_share_are_told_apart() -> None:
    line = VERDICTS.outcomes({"plus": ["MlflowClient.log_artifact:plus in the name"]}, "y").splitlines()[-1]
    assert line.count("with GitLab 18.9") == 1
    assert line.count("with GitLab 19.3") == 1
    same = VERDICTS.outcomes({"nan": ["MlflowClient.log_metric:NaN"]}, "y").splitlines()[-1]
    assert "with GitLab" not in same
