"""Checks which measured form a call is taken for, and that the tables agree with the matrix and with MLflow."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlflow_gitlab.doctor.compatibility import choose, load_matrix
from mlflow_gitlab.doctor.scan import scan_source
from mlflow_gitlab.doctor.scan_findings import Severity
from mlflow_gitlab.doctor.scan_repeats import _ONCE
from mlflow_gitlab.doctor.scan_variants import AUTOLOG, FLAVORS, RULES, rule_of

MATRIX = load_matrix()
HEAD = (
    "import math, mlflow, mlflow.sklearn, numpy as np\nfrom mlflow.entities import ViewType\n"
    "from pathlib import Path\nclient = mlflow.MlflowClient()\nmv = client.get_model_version_by_alias('m', 'x')\n"
)


def checks(code: str, lane: str = "gitlab-19.3/mlflow-3") -> list[str]:
    """The checks that a piece of code is found by, without those of the lines above it."""
    found = scan_source(f"{HEAD}{code}\n", "a.py", MATRIX, choose(MATRIX, lane=lane)).findings
    return [one.check for one in found if one.line > HEAD.count("\n")]


C, M = "MlflowClient", "mlflow"
CASES: dict[str, list[str]] = {
    # Searching.
    "client.search_runs(['1'])": [],
    "client.search_runs(['1'], order_by=['a'])": [f"{C}.search_runs:order_by"],
    "client.search_runs(['1'], '', ViewType.ACTIVE_ONLY, 5, ['a'])": [f"{C}.search_runs:order_by"],
    "client.search_runs(['1'], order_by=[])": [],
    "client.search_runs(['1'], order_by=None)": [],
    "client.search_runs(['1'], order_by=order)": [],
    "order = ['a']\nclient.search_runs(['1'], order_by=order)": [f"{C}.search_runs:order_by"],
    "def f(order):\n    client.search_runs(['1'], order_by=order)": [],
    "client.search_runs(['1'], **options)": [],
    "client.search_runs(*arguments, order_by=['a'])": [f"{C}.search_runs:order_by"],
    "client.search_runs(['1'], 'metrics.a > 1')": [f"{C}.search_runs:filter_string (metric)"],
    "client.search_runs(['1'], f'params.a = {x}')": [f"{C}.search_runs:filter_string (param)"],
    "client.search_runs(['1'], filter_string='tags.a = ' + x)": [f"{C}.search_runs:filter_string (tag)"],
    "client.search_runs(['1'], 'run_name = \"a\"')": [f"{C}.search_runs:filter_string (attribute)"],
    "client.search_runs(['1'], '')": [],
    "client.search_runs(['1'], run_view_type=ViewType.DELETED_ONLY)": [f"{C}.search_runs:run_view_type"],
    "client.search_runs(['1'], run_view_type=ViewType.ALL)": [],
    "client.search_runs(['1', '2'])": [f"{C}.search_runs:two experiments"],
    "client.search_runs([])": [f"{C}.search_runs:no experiment"],
    "client.search_runs([*ids])": [],
    "client.search_runs(['1'], max_results=2000)": [f"{C}.search_runs:1005 runs"],
    "client.search_runs(['1'], max_results=1000)": [],
    "mlflow.search_runs(experiment_names=['a', 'b'])": [f"{C}.search_runs:two experiments"],
    "mlflow.search_runs(search_all_experiments=True)": [f"{M}.search_runs:search_all_experiments"],
    "mlflow.search_runs(['1'], 'metrics.a > 1', order_by=['a'])": [
        f"{M}.search_runs:filter_string",
        f"{M}.search_runs:order_by",
    ],
    "client.search_experiments(ViewType.DELETED_ONLY)": [f"{C}.search_experiments:view_type"],
    "mlflow.search_experiments(order_by=['name'])": [f"{M}.search_experiments:order_by"],
    # Runs.
    "client.create_run('1', run_name='a')": [],
    "client.create_run('1')": [f"{C}.create_run:no run_name, no start_time"],
    "client.create_run('1', **options)": [],
    "client.create_run('1', tags={'mlflow.runName': 'a'})": [],
    "client.create_run('0', run_name='a')": [f"{C}.create_run:default experiment 0"],
    "client.update_run('r', status='FINISHED')": [],
    "client.update_run('r', name='a')": [f"{C}.update_run:name"],
    "client.update_run('r', None, 'a')": [f"{C}.update_run:name"],
    "mlflow.start_run(run_name='a')": [],
    "mlflow.start_run()": [f"{M}.start_run:no run_name"],
    "mlflow.start_run(run.info.run_id)": [],
    "mlflow.start_run(run_name='a', nested=True)": [f"{M}.start_run:nested"],
    "mlflow.start_run(run_name='a', nested=False)": [],
    # Values.
    "mlflow.log_metric('a', 1.0, 2)": [],
    "mlflow.log_metric('a', float('nan'))": [f"{C}.log_metric:NaN"],
    "mlflow.log_metric('a', np.nan)": [f"{C}.log_metric:NaN"],
    "client.log_metric('r', 'a', math.inf)": [f"{C}.log_metric:Infinity"],
    "client.log_metric('r', 'a', 1.0, step=2**31)": [f"{C}.log_metric:step above 2147483647"],
    "client.log_metric('r', 'a', 1.0, step=2**31 - 1)": [],
    "client.log_metric('r', 'a', 1.0, 2**31)": [],
    "mlflow.log_param('a', 'x' * 251)": [f"{C}.log_param:251 characters"],
    "mlflow.log_param('a', 'x' * 250)": [],
    "mlflow.log_param('a', '')": [f"{C}.log_param:empty value"],
    "mlflow.log_params({'a': 'x' * 251})": [f"{C}.log_batch:not atomic"],
    "mlflow.set_tag('a', 'x' * 5001)": [f"{C}.set_tag:5001 characters"],
    "mlflow.set_tag('mlflow.runName', 'a')": [f"{C}.set_tag:rename through the tag"],
    # Written twice.
    "mlflow.set_tag('a', 1)\nmlflow.set_tag('a', 2)": [f"{C}.set_tag:overwrite"],
    "mlflow.set_tag('a', 1)\nmlflow.set_tag('b', 2)": [],
    "mlflow.set_tag('a', 1)\nmlflow.end_run()\nmlflow.set_tag('a', 2)": [],
    "if x:\n    mlflow.set_tag('a', 1)\nelse:\n    mlflow.set_tag('a', 2)": [],
    "if x: mlflow.set_tag('a', 1)\nmlflow.set_tag('a', 2)": [],
    "client.set_tag(r, 'a', 1)\nclient.set_tag(s, 'a', 2)": [],
    "client.set_tag(r, 'a', 1)\nr = s\nclient.set_tag(r, 'a', 2)": [],
    "client.set_tag(r, 'a', 1)\nfor r in s: pass\nclient.set_tag(r, 'a', 2)": [],
    "client.set_tag(r, 'a', 1)\nprint(2)\nclient.set_tag(r, 'a', 2)": [f"{C}.set_tag:overwrite"],
    "mlflow.log_param('a', 1)\nmlflow.log_param('a', 1)": [f"{M}.log_param:same key, same value"],
    "mlflow.log_param('a', 1)\nmlflow.log_param('a', 2)": [],
    "mlflow.log_params({'a': 1})\nmlflow.log_params({'a': 2, 'b': 3})": [f"{M}.log_params:overwrite"],
    "mlflow.log_params({'a': 1})\nmlflow.log_params({'a': 1})": [],
    "mlflow.set_tags({'a': 1})\nmlflow.set_tags({'a': 2})": [f"{M}.set_tags:overwrite"],
    "mlflow.set_experiment_tag('a', 1)\nmlflow.set_experiment_tag('a', 1)": [f"{C}.set_experiment_tag:overwrite"],
    # Files.
    "mlflow.log_artifact('a/b.txt')": [],
    "mlflow.log_artifact('a(1).txt')": [f"{C}.log_artifact:parentheses in the name"],
    "mlflow.log_artifact('a (1)/b.txt')": [],
    "mlflow.log_artifact(str(Path('naïve.txt')))": [f"{C}.log_artifact:non-ASCII name"],
    "mlflow.log_text('x', f'{a}+b.txt')": [f"{C}.log_artifact:plus in the name"],
    "mlflow.log_dict({}, 'my notes.json')": [f"{C}.log_artifact:space in the name"],
    "mlflow.log_image(i, key='a')": [f"{M}.log_image:key, step"],
    "client.log_image('r', i, key='a', synchronous=False)": [f"{C}.log_image:asynchronous"],
    "client.list_artifacts('r', 'sub')": [f"{C}.list_artifacts:sub-directory"],
    "mlflow.artifacts.list_artifacts(f'runs:/{run_id}/')": [f"{M}.artifacts.list_artifacts:basic"],
    "mlflow.artifacts.list_artifacts(f'runs:/{run_id}')": [f"{M}.artifacts.list_artifacts:runs:/ uri"],
    "mlflow.artifacts.list_artifacts(f'runs:/{run_id}/sub')": [f"{M}.artifacts.list_artifacts:sub-directory"],
    "mlflow.artifacts.download_artifacts(run_id='r', artifact_path='a.txt')": [],
    "mlflow.artifacts.download_artifacts(run_id='r', artifact_path='')": [],
    "mlflow.artifacts.download_artifacts(run_id='r', artifact_path=p)": [],
    "mlflow.artifacts.download_artifacts(run_id='r', artifact_path='sub')": [
        f"{M}.artifacts.download_artifacts:a directory"
    ],
    "client.download_artifacts('r', 'a/b.txt')": [],
    # Models.
    "mlflow.sklearn.load_model('folder')": [],
    "mlflow.sklearn.load_model(f'runs:/{r}/')": [],
    "mlflow.sklearn.load_model(f'runs:/{r}/{name}')": [],
    "mlflow.pyfunc.load_model(f'runs:/{r}/model')": [f"{M}.sklearn.load_model:logged under model/"],
    "mlflow.pyfunc.load_model('models:/m@1.0.0')": [],
    "mlflow.pyfunc.load_model(f'models:/{m}/{v}')": [],
    "mlflow.pyfunc.load_model('models:/m@champion')": [f"{C}.get_model_version_by_alias:basic"],
    "mlflow.pyfunc.load_model('models:/m/Production')": [f"{C}.get_latest_versions:stages"],
    "mlflow.pyfunc.load_model('models:/m/1.0.0')": [f"{M}.pyfunc.load_model:models:/ semantic version as stage"],
    "mlflow.pyfunc.load_model('models:/m')": [f"{M}.pyfunc.load_model:models:/ no version"],
    "mlflow.pyfunc.load_model(f'models:/{m}')": [],
    f"mlflow.pyfunc.load_model('models:/m-{'0' * 32}')": [],
    "mlflow.xgboost.load_model('models:/m')": [f"{M}.sklearn.load_model:models:/ no version"],
    "mlflow.sklearn.log_model(x, 'model')": [f"{M}.sklearn.log_model:artifact_path in 3.x"],
    "mlflow.sklearn.log_model(x, artifact_path='')": [f"{M}.sklearn.log_model:at the root"],
    "mlflow.sklearn.save_model(x, 'folder')": [],
    "mlflow.autolog()": [f"{M}.autolog:basic"],
    "mlflow.sklearn.autolog(log_models=False)": [f"{M}.autolog:log_models=False"],
    "mlflow.autolog(log_models=False, log_datasets=False)": [],
    "mlflow.autolog(disable=True)": [],
    "mlflow.autolog(disable=off)": [],
    "mlflow.autolog(disable=True, log_models=False)": [],
    "mlflow.autolog(**options)": [],
    "mlflow.xgboost.autolog()": [f"{M}.autolog:basic"],
    "mlflow.openai.autolog()": [],
    # The registry.
    "client.create_registered_model('my model')": [f"{C}.create_registered_model:space in the name"],
    "mlflow.register_model(f'runs:/{r}/model', 'm')": [f"{M}.register_model:model in a sub-directory"],
    "client.create_model_version('m', '', tags={'gitlab.version': 'v1'})": [
        f"{C}.create_model_version:invalid version"
    ],
    "client.create_model_version('m', '', tags={'gitlab.version': x})": [f"{C}.create_model_version:gitlab.version"],
    "client.create_model_version('m', 'runs:/a/')": [f"{C}.create_model_version:source without run_id"],
    "client.get_model_version('m', '1.0.0')": [f"{C}.get_model_version:semantic version"],
    "client.get_model_version('m', mv.version)": [f"{C}.get_model_version:round trip with mv.version"],
    "client.get_model_version('m', 7)": [f"{C}.get_model_version:round trip with mv.version"],
    "client.get_model_version('m', settings.version)": [f"{C}.get_model_version:semantic version"],
    "client.get_model_version_download_uri('m', '1.0.0')": [f"{C}.get_model_version_download_uri:semantic version"],
    "client.get_latest_versions('m', stages=['Production'])": [f"{C}.get_latest_versions:stages"],
    "client.search_registered_models()": [f"{C}.search_registered_models:basic"],
    "client.search_registered_models(f)": [],
    "client.search_registered_models(\"name='a'\")": [f"{C}.search_registered_models:filter_string name="],
    "client.search_registered_models(\"name LIKE 'a%'\")": [f"{C}.search_registered_models:filter_string LIKE"],
    "client.load_prompt('p', version='1.0.0')": [f"{C}.load_prompt:version='1.0.0'"],
    "client.load_prompt('prompts:/p@1.0.0')": [f"{C}.load_prompt:prompts:/p@1.0.0"],
    "client.load_prompt(name)": [],
    # Addresses.
    "mlflow.set_tracking_uri('https://gitlab.com/api/v4/projects/acme/wine/ml/mlflow')": [
        "uri: unencoded project path:tracking"
    ],
    "mlflow.set_tracking_uri('https://gitlab.com/api/v4/projects/acme%2Fwine/ml/mlflow')": [],
    "mlflow.set_tracking_uri(f'{host}/api/v4/projects/{id}/ml/mlflow')": [],
    "mlflow.set_tracking_uri(f'{host}/api/v4/projects/acme/{name}/ml/mlflow')": [
        "uri: unencoded project path:tracking"
    ],
    "mlflow.MlflowClient('https://gitlab.com/api/v4/projects/acme/wine/ml/mlflow/')": [
        "uri: unencoded project path:tracking"
    ],
    "import os\nos.environ['MLFLOW_TRACKING_URI'] = 'https://x/api/v4/projects/a/b/ml/mlflow'": [
        "uri: unencoded project path:tracking"
    ],
}


@pytest.mark.parametrize("code", CASES)
def test_the_form_of_a_call(code: str) -> None:
    assert checks(code) == CASES[code]


@pytest.mark.parametrize(
    "code",
    [
        "mlflow.pyfunc.load_model('models:/m@1.0.0')",
        "mlflow.pyfunc.load_model('models:/m/latest')",
        "mlflow.pyfunc.load_model('models:/m/12')",
        "mlflow.pyfunc.load_model(f'models:/{m}/{v}')",
        "mlflow.pyfunc.load_model(f'models:/{m}@{v}')",
        "mlflow.artifacts.download_artifacts('models:/m/latest')",
        "mlflow.models.predict('models:/m@1.0.0', data)",
        "mlflow.models.get_model_info('models:/m@1.0.0')",
    ],
)
def test_every_form_fails_where_the_registry_cannot_be_read(code: str) -> None:
    assert len(checks(code, "gitlab-18.9/mlflow-3")) == 1
    assert checks(code, "gitlab-19.3/mlflow-3") == []


def severity(code: str, lane: str) -> Severity:
    found = scan_source(f"{HEAD}{code}\n", "a.py", MATRIX, choose(MATRIX, lane=lane)).findings
    return next(one.severity for one in found if one.line > HEAD.count("\n"))


@pytest.mark.parametrize(
    ("code", "lane", "expected"),
    [
        # What the server decides is an error only if it fails either way.
        ("mlflow.log_table({}, 't.json')", "gitlab-19.3/mlflow-2", Severity.ERROR),
        ("mlflow.log_table({}, 't.json')", "gitlab-19.3/mlflow-3", Severity.WARNING),
        ("client.get_registered_model('m')", "gitlab-18.9/mlflow-3", Severity.WARNING),
        ("client.delete_registered_model('m')", "gitlab-18.9/mlflow-3", Severity.WARNING),
        # What was not measured itself is no error.
        ("mlflow.sklearn.log_model(m, name='m')", "gitlab-19.3/mlflow-3", Severity.ERROR),
        ("mlflow.lightgbm.log_model(m, name='m')", "gitlab-19.3/mlflow-3", Severity.WARNING),
        # Accepted and ignored, works with a caveat, not in the client.
        ("client.update_run('r', name='a')", "gitlab-19.3/mlflow-3", Severity.WARNING),
        ("client.delete_run('r')", "gitlab-19.3/mlflow-3", Severity.WARNING),
        ("mlflow.restore_run('r')", "gitlab-19.3/mlflow-2", Severity.WARNING),
        ("mlflow.restore_run('r')", "gitlab-19.3/mlflow-3", Severity.ERROR),
    ],
)
def test_how_much_it_matters(code: str, lane: str, expected: Severity) -> None:
    assert severity(code, lane) is expected


def _variants() -> Iterator[str]:
    for rule in RULES.values():
        yield from rule.usual or ()
        yield from (variant for form in rule.forms for variant in form.variants)
    yield from (once.variant for once in _ONCE.values())


def test_every_form_of_the_tables_was_measured() -> None:
    assert [variant for variant in _variants() if variant not in MATRIX.variants] == []
    assert [call for call in (*RULES, *_ONCE) if not MATRIX.has(call)] == []
    # A call without a variant `basic` says what it usually is, or that nothing is usual.
    for call in MATRIX.calls:
        if f"{call}:basic" not in MATRIX.variants and not call.startswith("uri:"):
            assert rule_of(call).usual is not None, call


@pytest.mark.filterwarnings("ignore")  # of MLflow, while it is imported
@pytest.mark.parametrize("call", sorted({*RULES, *_ONCE}))
def test_parameters_stand_where_mlflow_has_them(call: str) -> None:
    module, _, name = call.rpartition(".")
    owner = importlib.import_module("mlflow").MlflowClient if module == C else importlib.import_module(module)
    parameters = [one for one in inspect.signature(getattr(owner, name)).parameters if one != "self"]
    for said in (rule_of(call).parameters, _ONCE[call].parameters if call in _ONCE else ()):
        assert parameters[: len(said)] == list(said)


def test_every_flavor_logs_its_model_through_the_measured_call() -> None:
    folder = Path(str(importlib.import_module("mlflow").__file__)).parent
    for flavor in FLAVORS:
        source = "".join(path.read_text("utf-8") for path in (folder / flavor).glob("*.py"))
        assert "Model.log(" in source, flavor
    for flavor in AUTOLOG:
        source = "".join(path.read_text("utf-8") for path in (folder / flavor).rglob("*.py"))
        functions = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
        (autolog,) = (node for node in functions if node.name == "autolog")
        arguments = {one.arg for one in (*autolog.args.args, *autolog.args.kwonlyargs)}
        assert {"log_models", "log_datasets", "disable"} <= arguments, flavor
