"""Breaks examples and cassettes on purpose: each fault gives one message with file, line and the way to fix it."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import ADAPTER, LANES, LANES_HERE, ROOT, rewrite
from verified_docs.cassette import Cassette, Echo, Fingerprint, load_cassette
from verified_docs.evidence import Result
from verified_docs.example import Example, load_example, load_examples
from verified_docs.inventory import check_inventory
from verified_docs.lane import Lane
from verified_docs.problem import Problem, Problems
from verified_docs.verify import verify, verify_lanes

Edit = Callable[..., Example]
Recorded = Callable[[str], Cassette]


def fault(example: Example, cassette: Cassette | None = None, lane: Lane | None = None) -> Problem:
    """The problem that verifying ends with; a test fails if there is none."""
    with pytest.raises(Problem) as caught:
        verify(example, lane or LANES_HERE[-1], ROOT, ADAPTER, cassette=cassette)
    return caught.value


def line_of(example: Example, text: str) -> int:
    return next(n for n, row in enumerate(example.source.splitlines(), 1) if text in row)


# --- The example was changed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("example_id", "old", "new"),
    [
        ("tracking/log_first_run", '"max_depth": 5', '"max_depth": 6'),
        ("tracking/log_first_run", '"accuracy", accuracy', '"acc", accuracy'),
        ("tracking/log_first_run", "step=step", "step=step + 1"),
        ("tracking/log_first_run", "0.84", "0.85"),
        ("tracking/log_first_run", "wine-2024", "wine-2025"),
        ("tracking/log_first_run", 'run_name="first-run"', 'run_name="second-run"'),
        ("tracking/log_first_run", "Baseline with", "Baseline without"),
        ("tracking/log_artifacts", "13,1", "13,2"),
        ("tracking/log_artifacts", "alcohol", "ethanol"),
        ("tracking/log_batch_metrics", "range(100)", "range(99)"),
        ("tracking/page_through_runs", "max_results=2", "max_results=3"),
        ("tracking/autolog_sklearn", "C=0.5", "C=0.6"),
        ("tracking/upload_from_second_job", "from the second job", "from a later job"),
        ("registry/promote_run", '"gitlab.version": "1.0.0"', '"gitlab.version": "1.0.1"'),
        ("registry/newest_version", "get_latest_versions(", "search_model_versions("),
    ],
)
def test_changed_argument(edited: Edit, example_id: str, old: str, new: str) -> None:
    example = edited(example_id, (old, new))
    problem = fault(example)
    assert problem.kind == "unrecorded"
    assert problem.path == example.path
    assert problem.line is not None
    assert f"make check EX={example_id}" in problem.fix


def test_changed_argument_shows_the_line_and_the_difference(edited: Edit) -> None:
    example = edited("tracking/log_first_run", ('"max_depth": 5', '"max_depth": 6'))
    problem = fault(example)
    assert problem.line == line_of(example, "max_depth")
    assert '-   "value": "5"' in problem.detail
    assert '+   "value": "6"' in problem.detail
    assert str(problem).startswith(f"examples/tracking/log_first_run.py:{problem.line}: POST ")


@pytest.mark.parametrize(
    ("example_id", "call"),
    [
        ("tracking/log_first_run", '    mlflow.set_tags({"stage": "baseline", "dataset": "wine-2024"})\n'),
        ("tracking/log_first_run", '    mlflow.log_text("Baseline with default features.\\n", "notes.txt")\n'),
        ("tracking/log_step_by_step", 'mlflow.log_param("solver", "lbfgs")\n'),
        ("tracking/log_batch_metrics", "client.set_terminated(run.info.run_id)\n"),
        ("tracking/manage_experiments", 'client.set_experiment_tag(experiment_id, "dataset", "wine-2024")\n'),
    ],
)
def test_removed_call(edited: Edit, example_id: str, call: str) -> None:
    problem = fault(edited(example_id, (call, "")))
    # What is printed comes from the recording, so only the request that was never sent gives it away.
    if problem.kind == "unrecorded":
        assert "has to come before it" in problem.detail
        assert problem.line
    else:
        assert problem.kind == "unplayed"
        assert problem.path.read_text("utf-8").splitlines()[(problem.line or 0) - 1] == "- request:"
        assert f"examples/{example_id}.py never sends" in problem.what
    assert "verified-docs import FOLDER" in problem.fix


def test_last_call_removed(edited: Edit) -> None:
    read = "print(mlflow.get_run(run.info.run_id).data.metrics)\n#> {'loss': 0.4}\n"
    problem = fault(edited("tracking/resume_run", (read, "")))
    assert problem.kind == "unplayed"
    assert problem.path.suffix == ".yaml"
    assert "runs/get" in problem.what


def test_calls_to_different_paths_keep_their_order(edited: Edit) -> None:
    # On a server the experiment would be gone before it is read; the recorded answers alone would hide that.
    delete, read = "client.delete_experiment(experiment_id)\n", "experiment = client.get_experiment(experiment_id)\n"
    example = edited("tracking/check_connection", (delete, ""), (read, delete + read))
    problem = fault(example)
    assert problem.kind == "unrecorded"
    assert "experiments/get" in problem.detail
    assert problem.line == line_of(example, delete.strip())


LAST = 'print("left behind:", client.get_experiment_by_name("connection-check"))\n#> left behind: None\n'


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("raise ValueError('in a thread')", "exception"),
        ("client.get_run('x')", "unrecorded"),
        ("threading.Event().wait(0.2); client.get_run('x')", "unrecorded"),
    ],
)
def test_a_thread_of_the_example_is_watched(edited: Edit, body: str, kind: str) -> None:
    thread = f"import threading\ndef work():\n    {body}\nthreading.Thread(target=work).start()\n"
    assert fault(edited("tracking/check_connection", (LAST, LAST + thread))).kind == kind


@pytest.mark.parametrize(
    "call",
    [
        "os.fork()",
        "os._exit(0)",
        "os.system('sh -c true')",
        "subprocess.run('true', shell=True)",
        "subprocess.run(['git', 'push'])",
    ],
)
def test_an_example_stays_in_its_process(edited: Edit, call: str) -> None:
    client = "client = MlflowClient()"
    example = edited("tracking/check_connection", (client, f"import os, subprocess\n{call}\n{client}"))
    assert fault(example).kind in {"network", "exception"}


def test_random_output_is_not_frozen(edited: Edit) -> None:
    client = "client = MlflowClient()"
    example = edited("tracking/check_connection", (client, f"import random\nprint(random.getrandbits(64))\n{client}"))
    seen = set()
    for _ in range(2):
        random.seed()
        seen.add(fault(example).detail)
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("change", "ask"),
    [
        ("pandas.set_option('display.max_rows', 3)", "pandas.get_option('display.max_rows')"),
        ("numpy.set_printoptions(precision=1)", "numpy.get_printoptions()['precision']"),
        ("socket.setdefaulttimeout(0.5)", "socket.getdefaulttimeout()"),
        ("logging.disable(50)", "logging.root.manager.disable"),
    ],
)
def test_options_do_not_reach_the_next_run(edited: Edit, change: str, ask: str) -> None:
    name = change.partition(".")[0]
    module = {name: importlib.import_module(name)}
    before = eval(ask, module)
    client = "client = MlflowClient()"
    example = edited("tracking/check_connection", (client, f"import {name}\n{change}\n{client}"))
    verify(example, LANES_HERE[-1], ROOT, ADAPTER)
    assert eval(ask, module) == before


def test_reordered_calls(edited: Edit) -> None:
    first, second = 'mlflow.log_metric("loss", 0.52)\n', 'mlflow.log_metric("loss", 0.31)\n'
    problem = fault(edited("tracking/log_step_by_step", (first + second, second + first)))
    assert problem.kind == "unrecorded"
    assert '-"value": 0.52' in problem.detail.replace("- ", "-").replace('"value": ', '"value": ')


def test_extra_call_inside_try(edited: Edit) -> None:
    example = edited(
        "tracking/check_connection",
        (
            "client.delete_experiment(experiment_id)\n",
            'client.delete_experiment(experiment_id)\ntry:\n    client.get_run("x")\nexcept Exception:\n    pass\n',
        ),
    )
    problem = fault(example)
    assert problem.kind == "unrecorded"
    assert "swallowed" in problem.what
    assert problem.line == line_of(example, 'client.get_run("x")')


def test_same_call_twice(edited: Edit) -> None:
    call = 'mlflow.log_param("solver", "lbfgs")\n'
    problem = fault(edited("tracking/log_step_by_step", (call, call + call)))
    assert problem.kind == "unrecorded"
    assert "all answered already" in problem.detail


def test_swallowed_probe_of_the_client(edited: Edit, recorded: Recorded) -> None:
    # MLflow 3 asks for logged models when it downloads, and goes on when it is refused.
    probe = "logged-models/search" if ADAPTER.client_version().startswith("3") else "registered-models/get"
    example_id = "tracking/log_artifacts" if probe.startswith("logged") else "registry/newest_version"
    cassette = recorded(example_id)
    without = tuple(one for one in cassette.interactions if probe not in one.uri)
    assert len(without) < len(cassette.interactions)
    problem = fault(edited(example_id), replace(cassette, interactions=_renumbered(cassette, without)))
    assert problem.kind == "unrecorded"
    assert probe in problem.what


def test_changed_output_comment(edited: Edit) -> None:
    example = edited("tracking/log_first_run", ("#> first-run FINISHED", "#> first-run RUNNING"))
    problem = fault(example)
    assert problem.kind == "output"
    assert problem.line == line_of(example, "print(logged.info.run_name")
    assert "-first-run RUNNING" in problem.detail
    assert "+first-run FINISHED" in problem.detail
    assert problem.fix.startswith("make update EX=tracking/log_first_run")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("#> first-run FINISHED\n", ""),
        ("#> first-run FINISHED\n", "#> first-run FINISHED\n#> and more\n"),
        (
            "logged = mlflow.get_run(run.info.run_id)\n",
            "logged = mlflow.get_run(run.info.run_id)\n#> nobody prints this\n",
        ),
        ('print("metrics:", logged.data.metrics)\n', "logged.data.metrics\n"),
        ('print("metrics:"', 'if False:\n    print("metrics:"'),
        ('print("metrics:", logged', 'print("metric:", logged'),
    ],
)
def test_promise_and_print_do_not_agree(edited: Edit, old: str, new: str) -> None:
    problem = fault(edited("tracking/log_first_run", (old, new)))
    assert problem.kind == "output"
    assert problem.line


def test_promise_under_the_wrong_print(edited: Edit) -> None:
    both = '#> first-run FINISHED\nprint("parameters:", logged.data.params)\n'
    moved = 'print("parameters:", logged.data.params)\n#> first-run FINISHED\n'
    assert fault(edited("tracking/log_first_run", (both, moved))).kind == "output"


def test_changed_table_output(edited: Edit) -> None:
    assert fault(edited("guide/train_compare_register", ("0.9556", "0.9557"))).kind == "output"


def test_new_exception(edited: Edit) -> None:
    example = edited(
        "tracking/check_connection", ('print("left behind:"', 'raise ValueError("no")\nprint("left behind:"')
    )
    problem = fault(example)
    assert problem.kind == "exception"
    assert problem.line == line_of(example, "raise ValueError")
    assert "[tool.verified.raises]" in problem.fix


def test_interrupt_is_not_swallowed(edited: Edit) -> None:
    example = edited("tracking/check_connection", ("client = MlflowClient()", "raise KeyboardInterrupt"))
    with pytest.raises(KeyboardInterrupt):
        verify(example, LANES_HERE[-1], ROOT, ADAPTER)


def test_exit_is_a_failure(edited: Edit) -> None:
    example = edited("tracking/check_connection", ("client = MlflowClient()", "raise SystemExit(0)"))
    problem = fault(example)
    assert problem.kind == "exception"
    assert "SystemExit" in problem.what


def test_leaving_the_machine_is_refused(edited: Edit) -> None:
    example = edited(
        "tracking/check_connection",
        (
            "client = MlflowClient()",
            "import socket\n"
            "try:\n    socket.create_connection(('192.0.2.1', 80), 0.1)\nexcept OSError:\n    pass\n"
            "client = MlflowClient()",
        ),
    )
    problem = fault(example)
    assert problem.kind == "network"
    assert "192.0.2.1" in problem.what


# --- Expected failures -----------------------------------------------------------------------------------------------

SUB_FOLDER = "flavors/sklearn_in_sub_folder"


def test_expected_exception_of_another_type(edited: Edit) -> None:
    problem = fault(edited(SUB_FOLDER, ("mlflow.exceptions.MlflowException", "builtins.OSError")))
    assert problem.kind == "exception"
    assert "OSError" in problem.what


def test_expected_exception_with_another_message(edited: Edit) -> None:
    example = edited(SUB_FOLDER, ("404 Client Error", "403 Client Error"), ("Failed to download", "Failed to find"))
    problem = fault(example)
    assert problem.kind == "message"
    assert problem.line


def test_expected_exception_not_raised(edited: Edit) -> None:
    name = f'"{LANES_HERE[-1].id}" = {{ type = "builtins.OSError", match = "x" }}'
    example = edited(
        "tracking/check_connection", ('# scope = "api"\n', f'# scope = "api"\n# [tool.verified.raises]\n# {name}\n')
    )
    problem = fault(example)
    assert problem.kind == "no-exception"
    assert problem.line == line_of(example, "[tool.verified.raises]")


def test_message_that_differs_from_the_recorded_one(edited: Edit, recorded: Recorded) -> None:
    cassette = recorded(SUB_FOLDER)
    ended = cassette.provenance.exception
    assert ended
    other = cassette.provenance.model_copy(
        update={"exception": ended.model_copy(update={"message": ended.message + "!"})}
    )
    problem = fault(edited(SUB_FOLDER), replace(cassette, provenance=other))
    assert problem.kind == "message"
    assert "otherwise than its recording" in problem.what


def test_output_before_an_expected_exception(edited: Edit) -> None:
    example = edited(SUB_FOLDER, ("mlflow.sklearn.load_model(", 'print("loading")\nmlflow.sklearn.load_model('))
    problem = fault(example)
    assert problem.kind == "output"
    assert "loading" in problem.fix


# --- Credentials -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"), [('role = "Developer"', 'role = "Maintainer"'), ('scope = "api"', 'scope = "read_api"')]
)
def test_wrong_credential(edited: Edit, old: str, new: str) -> None:
    problem = fault(edited("tracking/check_connection", (old, new)))
    assert problem.kind == "unrecorded"
    assert "credential" in problem.detail
    assert "-authorization: Bearer <project:developer:api>" in problem.detail


def test_dropped_credential(edited: Edit) -> None:
    example = edited(
        "tracking/check_connection",
        ("client = MlflowClient()", 'import os\ndel os.environ["MLFLOW_TRACKING_TOKEN"]\nclient = MlflowClient()'),
    )
    problem = fault(example)
    assert problem.kind == "unrecorded"
    assert "-authorization: Bearer <project:developer:api>" in problem.detail
    assert "+authorization" not in problem.detail


def test_credential_under_another_header(edited: Edit) -> None:
    example = edited("tracking/upload_from_second_job", ('"Authorization": f"Bearer {', '"PRIVATE-TOKEN": f"{'))
    problem = fault(example)
    assert problem.kind == "unrecorded"
    assert "+private-token: <project:developer:api>" in problem.detail


def test_unknown_role(edited: Edit) -> None:
    problem = fault(edited("tracking/check_connection", ('role = "Developer"', 'role = "Developper"')))
    assert problem.kind == "metadata"
    assert "developper" in problem.what


# --- Cassettes -------------------------------------------------------------------------------------------------------


def _renumbered(cassette: Cassette, kept: tuple) -> tuple:  # type: ignore[type-arg]
    """Keeps echoes pointing at their uploads after interactions were taken out."""
    places = {id(one): number for number, one in enumerate(kept)}
    return tuple(
        replace(one, answer=replace(one.answer, index=places[id(cassette.interactions[one.answer.index])]))
        if isinstance(one.answer, Echo)
        else one
        for one in kept
    )


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
    assert problem.fix == "verified-docs import FOLDER --only tracking/fresh"


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
