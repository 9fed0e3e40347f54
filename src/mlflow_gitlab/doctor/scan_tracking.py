"""Says which measured form a call about experiments, runs and files has."""

from __future__ import annotations

import re
from collections.abc import Callable

from mlflow_gitlab.doctor import scan_addresses as addresses
from mlflow_gitlab.doctor.scan_arguments import Arguments
from mlflow_gitlab.doctor.scan_form import Form, Rule, Test, address, filled, form, one_of

# A function of `mlflow` that hands its arguments on to the client's method of the same name takes that one's forms,
# where it was not measured in them itself.
_CLIENT = "MlflowClient"
_RUNS = "MlflowClient.search_runs"
_SEARCH = ("experiment_ids", "filter_string", "run_view_type", "max_results", "order_by")


def _deleted_only(name: str) -> Test:
    return lambda a: a.symbol(name).endswith("ViewType.DELETED_ONLY")


def _filter(kind: str) -> Test:
    """A filter on attributes is any that names no other kind: that is MLflow's own rule."""
    kinds = {"metric": r"\bmetrics?\.", "param": r"\bparam(eter)?s?\.", "tag": r"\btags?\."}

    def holds(a: Arguments) -> bool:
        found = a.text("filter_string")
        if found is None or not a.filled("filter_string"):
            return False
        return kind == next((name for name, pattern in kinds.items() if re.search(pattern, found.known)), "attribute")

    return holds


def _file_names(parameter: str) -> tuple[Form, ...]:
    """Names of files that GitLab does not take or give back, measured with `log_artifact`."""

    def has(test: Callable[[str], bool]) -> Test:
        return lambda a: test(a.file_name(parameter))

    return (
        form("MlflowClient.log_artifact:parentheses in the name", has(lambda name: "(" in name or ")" in name)),
        form("MlflowClient.log_artifact:non-ASCII name", has(lambda name: not name.isascii())),
        form("MlflowClient.log_artifact:plus in the name", has(lambda name: "+" in name)),
        form("MlflowClient.log_artifact:space in the name", has(lambda name: " " in name)),
    )


def _no_ending(path: str | None) -> bool:
    """A path without an ending may be a folder."""
    return path is not None and path != "" and "\0" not in path and "." not in path.rpartition("/")[2]


def _unnamed(*parameters: str) -> Test:
    return lambda a: a.absent(*parameters) and "mlflow.runName" not in a.keys("tags")


_VALUES = (
    form("MlflowClient.log_metric:NaN", lambda a: a.is_nan("value")),
    form("MlflowClient.log_metric:Infinity", lambda a: a.is_infinite("value")),
    form("MlflowClient.log_metric:step above 2147483647", lambda a: a.number("step") > 2147483647),
)
_PARAMS = (
    form("MlflowClient.log_param:251 characters", lambda a: a.length("value") > 250),
    form("MlflowClient.log_param:empty value", lambda a: a.whole("value") == ""),
)
_TAGS = (
    form("MlflowClient.set_tag:5001 characters", lambda a: a.length("value") > 5000),
    form("MlflowClient.set_tag:empty value", lambda a: a.whole("value") == ""),
    form("MlflowClient.set_tag:rename through the tag", lambda a: a.whole("key") == "mlflow.runName"),
)
_FILES = ("log_text", "text"), ("log_dict", "dictionary"), ("log_figure", "figure")

TRACKING: dict[str, Rule] = {
    **{
        f"{on}.search_experiments": Rule(
            ("view_type", "max_results", "filter_string", "order_by"),
            (
                form(f"{on}.search_experiments:filter_string", filled("filter_string")),
                form(f"{on}.search_experiments:order_by", filled("order_by")),
                form("MlflowClient.search_experiments:view_type", _deleted_only("view_type")),
            ),
        )
        for on in (_CLIENT, "mlflow")
    },
    **{
        f"{on}.create_experiment": Rule(
            ("name", "artifact_location"),
            (form("MlflowClient.create_experiment:artifact_location", filled("artifact_location")),),
        )
        for on in (_CLIENT, "mlflow")
    },
    _RUNS: Rule(
        (*_SEARCH, "page_token"),
        (
            *(
                form(f"{_RUNS}:filter_string ({kind})", _filter(kind))
                for kind in ("metric", "param", "tag", "attribute")
            ),
            form(f"{_RUNS}:order_by", filled("order_by")),
            form(f"{_RUNS}:run_view_type", _deleted_only("run_view_type")),
            form(f"{_RUNS}:two experiments", lambda a: (a.items("experiment_ids") or 0) > 1),
            form(f"{_RUNS}:no experiment", lambda a: a.items("experiment_ids") == 0),
            form(f"{_RUNS}:1005 runs", lambda a: a.number("max_results") > 1000),
        ),
    ),
    "mlflow.search_runs": Rule(
        (*_SEARCH, "output_format", "search_all_experiments", "experiment_names"),
        (
            form("mlflow.search_runs:filter_string", filled("filter_string")),
            form("mlflow.search_runs:order_by", filled("order_by")),
            form(f"{_RUNS}:run_view_type", _deleted_only("run_view_type")),
            form("mlflow.search_runs:search_all_experiments", lambda a: a.is_constant("search_all_experiments", True)),
            form(
                f"{_RUNS}:two experiments",
                lambda a: max(a.items("experiment_ids") or 0, a.items("experiment_names") or 0) > 1,
            ),
        ),
    ),
    "MlflowClient.create_run": Rule(
        ("experiment_id", "start_time", "tags", "run_name"),
        (
            form("MlflowClient.create_run:default experiment 0", lambda a: a.whole("experiment_id") == "0"),
            form("MlflowClient.create_run:no run_name, no start_time", _unnamed("run_name", "start_time")),
        ),
    ),
    "MlflowClient.update_run": Rule(
        ("run_id", "status", "name"), (form("MlflowClient.update_run:name", lambda a: a.given("name")),), usual=()
    ),
    "mlflow.start_run": Rule(
        ("run_id", "experiment_id", "run_name", "nested", "parent_run_id", "tags", "description"),
        (
            form("mlflow.start_run:no run_name", _unnamed("run_name", "run_id")),
            form("mlflow.start_run:nested", lambda a: a.is_constant("nested", True)),
            form("mlflow.start_run:parent_run_id", lambda a: a.given("parent_run_id")),
            form("mlflow.start_run:tags, description", filled("description")),
        ),
    ),
    **{
        f"{_CLIENT}.{name}": Rule(usual=one_of(f"{_CLIENT}.{name}", "basic", other))
        for name, other in (("delete_run", "promoted run"), ("delete_experiment", "experiment of a model"))
    },
    "MlflowClient.log_metric": Rule(("run_id", "key", "value", "timestamp", "step"), _VALUES),
    "mlflow.log_metric": Rule(("key", "value", "step"), _VALUES),
    "MlflowClient.log_param": Rule(("run_id", "key", "value"), _PARAMS),
    "mlflow.log_param": Rule(("key", "value"), _PARAMS),
    "mlflow.log_params": Rule(
        ("params",), (form("MlflowClient.log_batch:not atomic", lambda a: a.longest_value("params") > 250),)
    ),
    "MlflowClient.set_tag": Rule(("run_id", "key", "value"), _TAGS),
    "mlflow.set_tag": Rule(("key", "value"), _TAGS),
    "MlflowClient.log_artifact": Rule(("run_id", "local_path"), _file_names("local_path")),
    "mlflow.log_artifact": Rule(("local_path",), _file_names("local_path")),
    **{
        f"{on}.{name}": Rule((*first, thing, "artifact_file"), _file_names("artifact_file"))
        for on, first in ((_CLIENT, ("run_id",)), ("mlflow", ()))
        for name, thing in _FILES
    },
    "MlflowClient.log_image": Rule(
        ("run_id", "image", "artifact_file", "key", "step", "timestamp", "synchronous"),
        (
            *_file_names("artifact_file"),
            form(
                "MlflowClient.log_image:asynchronous",
                lambda a: a.filled("key") and a.is_constant("synchronous", False),
            ),
            form(
                "MlflowClient.log_image:key, step",
                lambda a: a.filled("key") and not a.is_constant("synchronous", False),
            ),
        ),
    ),
    "mlflow.log_image": Rule(
        ("image", "artifact_file", "key", "step"),
        (*_file_names("artifact_file"), form("mlflow.log_image:key, step", filled("key"))),
    ),
    "MlflowClient.log_table": Rule(
        usual=one_of(
            "MlflowClient.log_table", "basic", "run with artifacts, other process", "run with artifacts, same process"
        )
    ),
    "mlflow.log_table": Rule(usual=one_of("mlflow.log_table", "basic", "after another artifact")),
    "MlflowClient.list_artifacts": Rule(
        ("run_id", "path"),
        (form("MlflowClient.list_artifacts:sub-directory", filled("path")),),
        usual=one_of("MlflowClient.list_artifacts", "basic", "empty run", "same client that uploaded"),
    ),
    "mlflow.artifacts.list_artifacts": Rule(
        ("artifact_uri", "run_id", "artifact_path"),
        (
            form("mlflow.artifacts.list_artifacts:sub-directory", filled("artifact_path")),
            form("mlflow.artifacts.list_artifacts:sub-directory", address("artifact_uri", addresses.BELOW_ROOT)),
            form("mlflow.artifacts.list_artifacts:runs:/ uri", address("artifact_uri", addresses.RUN_WITHOUT_SLASH)),
            form("mlflow.artifacts.list_artifacts:mlflow-artifacts:/ uri", address("artifact_uri", addresses.PROXY)),
        ),
    ),
    "MlflowClient.download_artifacts": Rule(
        ("run_id", "path"),
        usual=one_of("MlflowClient.download_artifacts", "a directory", "one nested file"),
        unless=lambda a: not _no_ending(a.whole("path")),
    ),
    "mlflow.artifacts.download_artifacts": Rule(
        ("artifact_uri", "run_id", "artifact_path"),
        tuple(form(f"mlflow.pyfunc.load_model:{kind}", address("artifact_uri", kind)) for kind in addresses.VERSIONS),
        usual=one_of("mlflow.artifacts.download_artifacts", "a directory", "one file"),
        unless=lambda a: (
            not (_no_ending(a.whole("artifact_path")) or _no_ending(addresses.path_below_run(a.text("artifact_uri"))))
        ),
    ),
}
