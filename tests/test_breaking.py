"""Breaks examples and cassettes on purpose: each fault gives one message with file, line and the way to fix it."""

from __future__ import annotations

import importlib
import random
from dataclasses import replace

import pytest

from conftest import ADAPTER, LANES_HERE, ROOT, Edit, Recorded, fault, line_of, renumbered
from verified_docs.verify import verify

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
    assert "swallowed" not in problem.what
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
    assert "make import FROM=FOLDER" in problem.fix


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
    problem = fault(edited(example_id), replace(cassette, interactions=renumbered(cassette, without)))
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
    assert problem.kind == "credential"
    assert "project:developer:api was sent, and the header does not name it" in problem.what


def test_another_credential_on_the_way(edited: Edit) -> None:
    change = 'import os\nos.environ["MLFLOW_TRACKING_TOKEN"] = "<project:maintainer:api>"\nclient = MlflowClient()'
    problem = fault(edited("tracking/check_connection", ("client = MlflowClient()", change)))
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
