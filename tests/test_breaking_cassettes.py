"""Breaks cassettes, what belongs together, and updates on purpose: one message each, and nothing is lost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import ADAPTER, LANES, LANES_HERE, ROOT, Edit, Recorded, fault, line_of, rewrite
from verified_docs.cassette import Fingerprint, load_cassette
from verified_docs.evidence import Result
from verified_docs.example import load_example, load_examples
from verified_docs.inventory import check_inventory
from verified_docs.problem import Problem, Problems
from verified_docs.verify import verify, verify_lanes


def test_other_client_version(edited: Edit) -> None:
    other = next(lane for lane in LANES if lane not in LANES_HERE)
    problem = fault(edited("tracking/check_connection"), lane=other)
    assert problem.kind == "client"
    assert problem.path.name == f"{other.environment}.txt"
    assert problem.fix == "make setup"


def test_cassette_of_another_lane(edited: Edit, recorded: Recorded) -> None:
    problem = fault(edited("tracking/check_connection"), recorded("tracking/check_connection"), lane=LANES_HERE[0])
    assert problem.kind == "provenance"


@pytest.mark.parametrize("status", [404, 500])
def test_changed_status(edited: Edit, recorded: Recorded, status: int) -> None:
    cassette = recorded("tracking/check_connection")
    first = replace(cassette.interactions[0], status=status)
    assert fault(
        edited("tracking/check_connection"), replace(cassette, interactions=(first, *cassette.interactions[1:]))
    )


def test_removed_and_added_interactions(edited: Edit, recorded: Recorded) -> None:
    cassette = recorded("tracking/check_connection")
    example = edited("tracking/check_connection")
    for number in range(len(cassette.interactions)):
        rest = tuple(one for n, one in enumerate(cassette.interactions) if n != number)
        assert fault(example, replace(cassette, interactions=rest)).kind == "unrecorded"
        twice = (*cassette.interactions, cassette.interactions[number])
        assert fault(example, replace(cassette, interactions=twice)).kind == "unplayed"


def test_upload_of_other_bytes_than_recorded(edited: Edit, recorded: Recorded) -> None:
    cassette = recorded("tracking/log_artifacts")
    places = [n for n, one in enumerate(cassette.interactions) if one.method == "PUT"]
    changed = list(cassette.interactions)
    changed[places[0]] = replace(changed[places[0]], body=Fingerprint.of(b"other", exact=True))
    problem = fault(edited("tracking/log_artifacts"), replace(cassette, interactions=tuple(changed)))
    assert problem.kind == "unrecorded"
    assert "sha256" in problem.detail


def test_replay_leaves_the_cassette_as_it_was(edited: Edit) -> None:
    path = ROOT / "cassettes" / LANES_HERE[-1].id / "tracking/check_connection.yaml"
    before = path.read_bytes(), path.stat().st_mtime_ns
    verify(edited("tracking/check_connection"), LANES_HERE[-1], ROOT, ADAPTER)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_example_that_writes_its_cassette(project: Path) -> None:
    path = project / "examples/tracking/check_connection.py"
    cassette = project / "cassettes" / LANES_HERE[-1].id / "tracking/check_connection.yaml"
    rewrite(cassette, cassette.read_text("utf-8"))
    rewrite(path, path.read_text("utf-8") + f'\nopen({str(cassette)!r}, "a").write("# mine\\n")\n')
    with pytest.raises(Problem, match="changed its cassette") as caught:
        verify(load_example(path, project), LANES_HERE[-1], project, ADAPTER)
    assert caught.value.kind == "written"


def inventory_faults(project: Path) -> list[Problem]:
    with pytest.raises(Problems) as caught:
        check_inventory(project, load_examples(project), LANES)
    return caught.value.found


def test_truncated_cassette(project: Path) -> None:
    path = project / "cassettes" / LANES_HERE[-1].id / "tracking/check_connection.yaml"
    text = path.read_text("utf-8")
    rewrite(path, text[: len(text) // 2])
    (problem,) = inventory_faults(project)
    assert problem.kind == "edited-cassette"
    assert problem.path == path
    assert problem.fix.startswith("git checkout -- ")


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.77, 0.999])
def test_truncated_cassette_when_it_is_read(share: float, edited: Edit, recorded: Recorded) -> None:
    cassette = recorded("tracking/log_artifacts")
    text = cassette.path.read_text("utf-8")
    try:
        cut = load_cassette(cassette.path, text[: int(len(text) * share)])
    except Problem as problem:
        assert problem.kind == "cassette"
        assert problem.line is not None
        assert "git checkout" in problem.fix
    else:
        # Cut at a place where YAML is still whole: the replay finds out.
        assert fault(edited("tracking/log_artifacts"), cut).kind in {"unrecorded", "exception", "output"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "interactions: [",
        "- a\n- b\n",
        "version: 1\n",
        "\tx",
        "version: 2\nmetadata: {}\n",
        "a: !!python/name:os.system ''",
    ],
)
def test_file_that_is_no_cassette(text: str, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        load_cassette(tmp_path / "x.yaml", text)
    assert caught.value.kind == "cassette"
    assert caught.value.line is not None


def test_orphan_cassette(project: Path) -> None:
    (project / "examples/tracking/check_connection.py").unlink()
    found = inventory_faults(project)
    assert {problem.kind for problem in found} == {"orphan-cassette"}
    assert len(found) == len(LANES)
    assert all("rm " in problem.fix for problem in found)


def test_cassette_that_no_import_wrote(project: Path) -> None:
    path = project / "cassettes" / LANES_HERE[-1].id / "tracking/check_connection.yaml"
    rewrite(path.with_name("mine.yaml"), path.read_text("utf-8"))
    (problem,) = inventory_faults(project)
    assert problem.kind == "unlisted-cassette"


def test_cassette_outside_every_lane(project: Path) -> None:
    rewrite(project / "cassettes/gitlab-1.0/mlflow-1/tracking/x.yaml", "x")
    (problem,) = inventory_faults(project)
    assert problem.kind == "unknown-lane"


def test_recordings_that_wait_for_nothing(project: Path) -> None:
    config, manifest = project / "pyproject.toml", project / "cassettes/manifest.json"
    text = config.read_text("utf-8")
    listed = json.loads(manifest.read_text("utf-8"))
    listed["waiting"] = {"gitlab-19.3/mlflow-3/moon/landing": "0" * 64}
    rewrite(manifest, json.dumps(listed, indent=1))
    (problem,) = inventory_faults(project)
    assert (problem.kind, problem.path.name) == ("waiting", "manifest.json")
    assert "of area 'moon' have no example" in problem.what
    assert "/moon/" in problem.path.read_text("utf-8").splitlines()[(problem.line or 0) - 1]
    rewrite(config, text.replace("[tool.verified_docs]", '[tool.verified_docs]\ndue = { moon = "a rocket" }'))
    check_inventory(project, load_examples(project), LANES)
    both = '[tool.verified_docs]\ndue = { registry = "nothing", moon = "a rocket" }'
    rewrite(config, text.replace("[tool.verified_docs]", both))
    (problem,) = inventory_faults(project)
    assert (problem.kind, problem.path) == ("waiting", config)
    assert "area 'registry'" in problem.what


def test_missing_cassette(project: Path) -> None:
    path = project / "cassettes" / LANES_HERE[-1].id / "tracking/check_connection.yaml"
    path.unlink()
    (problem,) = inventory_faults(project)
    assert problem.kind == "missing-cassette"
    assert problem.path.name == "manifest.json"
    assert problem.path.read_text("utf-8").splitlines()[(problem.line or 0) - 1].strip().startswith('"gitlab-')
    assert path.name in problem.fix
    with pytest.raises(Problem) as caught:
        verify(load_examples(project, "check_connection")[0], LANES_HERE[-1], project, ADAPTER)
    assert caught.value.kind == "missing-cassette"


def test_example_without_any_cassette(project: Path) -> None:
    text = (project / "examples/tracking/check_connection.py").read_text("utf-8")
    rewrite(project / "examples/tracking/fresh.py", text)
    (problem,) = inventory_faults(project)
    assert problem.kind == "no-cassette"
    assert problem.path.name == "fresh.py"
    assert problem.fix == "make import FROM=FOLDER EX=tracking/fresh, or make record EX=tracking/fresh"


def test_metadata_for_a_lane_that_is_not_there(project: Path) -> None:
    path = project / "examples/registry/newest_version.py"
    rewrite(path, path.read_text("utf-8").replace('"gitlab-18.9/mlflow-3"', '"gitlab-18.8/mlflow-3"'))
    (problem,) = inventory_faults(project)
    assert problem.kind == "metadata"
    assert problem.line == line_of(load_example(path, project), "gitlab-18.8")


@pytest.mark.parametrize(
    "code",
    [
        'try:\n    pass\nfinally:\n    print("x\\ny")\n    z = 1\n',
        'for x in ():\n    pass\nelse:\n    print("x")\n',
        "print(\n    'a',\n    {1: 2}\n)\n",
        'print("\'" * 3 + "\\nx")\n',
        'print("a")\n"""x"""',
    ],
)
def test_update_never_breaks_an_example(project: Path, code: str) -> None:
    path = project / "examples/tracking/check_connection.py"
    source = path.read_text("utf-8") + code
    rewrite(path, source)
    try:
        verify(load_example(path, project), LANES_HERE[-1], project, ADAPTER, update=True)
    except Problem as problem:
        assert problem.kind in {"update", "output"}
        assert path.read_text("utf-8") == source
    else:
        verify(load_example(path, project), LANES_HERE[-1], project, ADAPTER)


def test_update_where_lanes_disagree(project: Path) -> None:
    path = project / "examples/tracking/check_connection.py"
    client = "client = MlflowClient()\n"
    rewrite(path, path.read_text("utf-8").replace(client, f"import time\nprint(time.perf_counter_ns())\n{client}"))
    examples = [load_example(path, project)]
    outcomes = [outcome for *_, outcome in verify_lanes(examples, LANES_HERE, project, ADAPTER, update=True)]
    assert all(isinstance(outcome, Problem) for outcome in outcomes)


def with_output(project: Path, rows: str) -> Problem:
    path = project / "examples/tracking/check_connection.py"
    scope = '# scope = "api"\n'
    rewrite(path, path.read_text("utf-8").replace(scope, f"{scope}# [tool.verified.output]\n{rows}"))
    (problem,) = inventory_faults(project)
    return problem


def test_output_that_no_lane_checks(project: Path) -> None:
    problem = with_output(project, "".join(f'# "{lane.id}" = "x"\n' for lane in LANES))
    assert problem.kind == "output"
    assert "no lane checks" in problem.what


@pytest.mark.parametrize("key", ['"*"', "'gitlab-1.0/mlflow-3'", "bare"])
def test_output_for_what_is_no_lane(project: Path, key: str) -> None:
    problem = with_output(project, f'# {key} = "x"\n')
    assert problem.kind == "metadata"
    assert problem.line


def test_update_writes_what_was_printed(project: Path) -> None:
    path = project / "examples/tracking/check_connection.py"
    original = path.read_text("utf-8")
    rewrite(path, original.replace("#> left behind: None", "#> left behind: something"))
    verify(load_example(path, project), LANES_HERE[-1], project, ADAPTER, update=True)
    assert path.read_text("utf-8") == original


def test_a_good_example_is_not_refused(edited: Edit) -> None:
    result: Result = verify(edited("tracking/check_connection"), LANES_HERE[-1], ROOT, ADAPTER)
    assert result.verdict == "passes"
    assert result.output == "connection-check is active\nleft behind: None\n"
