"""Lists what comes back: in which order, on how many pages, filtered by what, with which times."""

from __future__ import annotations

from handbook.claims import Call, Claim, Recorded
from handbook.rows.common import BROKEN, NOT_FOUND, of_model

PAGING = (
    Claim(
        "Runs on one page",
        "1000, also when 2000 are asked for. A token leads to the next page.",
        (
            Call(
                "MlflowClient.search_runs:1005 runs",
                "works-with-caveat",
                "page-cap-1000",
                words=("1000 runs and a page token", "max_results=2000"),
            ),
            Recorded("tracking/page_through_runs", "passes"),
        ),
    ),
    Claim(
        "Runs with `mlflow.search_runs`",
        "The client turns the pages itself: 1005 rows in 2 requests.",
        (Call("mlflow.search_runs:1005 runs", "works", words=("1005 rows in 2 requests",)),),
    ),
    Claim(
        "Experiments on pages",
        "`max_results` and `page_token` are followed.",
        (Call("MlflowClient.search_experiments:max_results, page_token", "works"),),
    ),
    Claim(
        "Points of a metric's history",
        "GitLab 19.3 gives 1500 in 2 requests.",
        (
            Call("MlflowClient.get_metric_history:1500 points", "fails", words=NOT_FOUND, only="GitLab 18.9"),
            Call(
                "MlflowClient.get_metric_history:1500 points",
                "works",
                words=("1500 points in 2 requests",),
                only="GitLab 19.3",
            ),
        ),
    ),
)

ORDER = (
    Claim(
        "Runs",
        "Newest first.",
        (
            Call("MlflowClient.search_runs:basic", "works", words=("order: newest first",)),
            Recorded("tracking/page_through_runs", "passes", words=("['run-4', 'run-3', 'run-2', 'run-1', 'run-0']",)),
        ),
    ),
    Claim(
        "Experiments",
        "Newest first.",
        (
            Call("MlflowClient.search_experiments:basic", "works", words=("(newest first)",)),
            Recorded("tracking/manage_experiments", "passes", words=("['wine-regressor', 'wine-classifier']",)),
        ),
    ),
    Claim(
        "Another order of runs",
        "Refused: `order_by is invalid`.",
        (
            Call("MlflowClient.search_runs:order_by", "fails", words=("order_by is invalid",)),
            Call("mlflow.search_runs:order_by", "fails", words=("order_by is invalid",)),
            Recorded("errors/order_by_list", "fails_as_shown", words=("order_by is invalid",)),
        ),
    ),
    Claim(
        "Another order of experiments",
        "Refused: `order_by is invalid`.",
        (Call("MlflowClient.search_experiments:order_by", "fails", words=("order_by is invalid",)),),
    ),
    Claim(
        "Latest version",
        "The one with the highest number, whichever came last: of `1.10.0`, `1.2.0` and `1.9.0` it is `1.10.0`.",
        (
            *of_model("MlflowClient.get_latest_versions:basic", "works-with-caveat", "stages-ignored", ("['2.0.0']",)),
            Recorded(
                "registry/newest_version",
                "passes",
                words=("1.10.0",),
                wire=("1[.]10[.]0", "1.2.0", "1.9.0"),
                but=BROKEN,
            ),
            Recorded("registry/newest_version", "fails_as_shown", only=BROKEN),
        ),
    ),
    Claim(
        "`latest_versions` of a model",
        "Every version. GitLab 18.9 puts the semantic version in `version`, GitLab 19.3 the database id.",
        (
            Call(
                "MlflowClient.get_registered_model:basic",
                "works-with-caveat",
                "latest-is-raw",
                words=("('2.0.0', []), ('1.0.0', [])",),
                only="GitLab 18.9 · MLflow 2.22.5",
            ),
            Call("MlflowClient.get_registered_model:basic", "fails", words=("model_id",), only=BROKEN),
            Call(
                "MlflowClient.get_registered_model:basic",
                "works-with-caveat",
                "latest-is-all",
                words=("['2.0.0']), (", "['1.0.0'])"),
                only="GitLab 19.3",
            ),
            Recorded(
                "registry/list_versions",
                "passes",
                words=("version 1.0.0 aliases []",),
                only="GitLab 18.9 · MLflow 2.22.5",
            ),
            Recorded("registry/list_versions", "fails_as_shown", only=BROKEN),
            Recorded("registry/list_versions", "passes", words=("version 1001 aliases ['1.0.0']",), only="GitLab 19.3"),
        ),
    ),
    Claim(
        "Files of a run",
        "One flat list of all files. Folders do not appear.",
        (Call("MlflowClient.list_artifacts:basic", "works-with-caveat", "flat-list", words=("'sub/deep/c.txt'",)),),
    ),
    Claim(
        "Files in one folder",
        "They cannot be listed: MLflow 2.22.5 gets an empty list, MLflow 3.17.2 an error.",
        (
            Call("MlflowClient.list_artifacts:sub-directory", "ignored", words=("empty list",), only="MLflow 2.22.5"),
            Call("MlflowClient.list_artifacts:sub-directory", "fails", words=NOT_FOUND, only="MLflow 3.17.2"),
            Recorded("errors/sub_folder", "fails_as_shown", words=("files: ['reports/summary.txt']",)),
        ),
    ),
)

FILTERS = (
    Claim(
        "Runs by metric, parameter, tag or attribute",
        "Not looked at: everything comes back.",
        (
            *(
                Call(f"MlflowClient.search_runs:filter_string ({kind})", "works-with-caveat", "filter-ignored")
                for kind in ("metric", "param", "tag", "attribute")
            ),
            Recorded("errors/filter_ignored", "passes", words=("runs found: 2",)),
        ),
    ),
    Claim(
        "Filter that cannot be read",
        "No error: it is not even parsed.",
        (
            Call(
                "MlflowClient.search_runs:invalid filter_string",
                "works-with-caveat",
                "filter-ignored",
                words=("not even parsed",),
            ),
        ),
    ),
    Claim(
        "Deleted runs only",
        "The active ones come back.",
        (Call("MlflowClient.search_runs:run_view_type", "works-with-caveat", "view-type-ignored"),),
    ),
    Claim(
        "Experiments",
        "Not looked at: everything comes back.",
        (
            Call("MlflowClient.search_experiments:filter_string", "works-with-caveat", "filter-ignored"),
            Call("MlflowClient.search_experiments:view_type", "works-with-caveat", "view-type-ignored"),
        ),
    ),
    Claim(
        "Runs of several experiments",
        "Those of the first one only.",
        (
            Call("MlflowClient.search_runs:two experiments", "works-with-caveat", "first-experiment-only"),
            Call("mlflow.search_runs:search_all_experiments", "works-with-caveat", "first-experiment-only"),
        ),
    ),
    Claim(
        "All models",
        "Refused: the client sends a condition that GitLab does not know.",
        (
            Call(
                "MlflowClient.search_registered_models:basic",
                "fails",
                words=("Invalid attribute key specified",),
                wire=("filter=tag.*is_prompt",),
            ),
            Recorded("errors/search_registered_models", "fails_as_shown", words=("Invalid attribute key specified",)),
        ),
    ),
    Claim(
        "Models by name",
        "Nothing is found, without a message.",
        (
            Call(
                "MlflowClient.search_registered_models:filter_string name=",
                "works-with-caveat",
                "empty-because-of-prompt-filter",
            ),
            Recorded("errors/search_registered_models_by_name", "passes", words=("models found: 0",)),
        ),
    ),
    Claim(
        "Versions",
        "There is no such call: `404 Not Found`.",
        (
            Call("MlflowClient.search_model_versions:basic", "fails", words=NOT_FOUND),
            Recorded("errors/search_model_versions", "fails_as_shown", words=NOT_FOUND),
        ),
    ),
    Claim(
        "Latest version of a stage",
        "Stages are not looked at.",
        of_model("MlflowClient.get_latest_versions:stages", "works-with-caveat", "stages-ignored"),
    ),
)

TIMESTAMPS = (
    Claim(
        "Model: created, changed",
        "Seconds. MLflow takes them for milliseconds.",
        (
            Call(
                "MlflowClient.create_registered_model:basic",
                "works-with-caveat",
                "timestamps-seconds",
                wire=(r'"creation_timestamp":\d{10},"last_updated_timestamp":\d{10},',),
            ),
            Call("MlflowClient.get_registered_model:no version", "works-with-caveat", "timestamps-seconds"),
        ),
    ),
    Claim(
        "Version: created, changed",
        "Seconds.",
        (
            Call(
                "MlflowClient.create_model_version:basic",
                "works-with-caveat",
                "version-is-database-id",
                wire=(r'"creation_timestamp":\d{10},"last_updated_timestamp":\d{10},',),
            ),
        ),
    ),
    Claim(
        "Run: start",
        "Milliseconds: GitLab keeps the number that the client sends.",
        (
            Call(
                "MlflowClient.create_run:basic",
                "works",
                wire=(r"'start_time': 1700000000000\b.*\"start_time\":1700000000000\b",),
            ),
        ),
    ),
    Claim(
        "Metric: time of a value",
        "Milliseconds: GitLab 19.3 gives back the number that the client sent.",
        (
            Call("MlflowClient.get_metric_history:1500 points", "fails", words=NOT_FOUND, only="GitLab 18.9"),
            Call(
                "MlflowClient.get_metric_history:1500 points",
                "works",
                wire=(r'"timestamp":1700000000000\b',),
                only="GitLab 19.3",
            ),
        ),
    ),
    Claim(
        "Run without a start",
        "The client sends the present time.",
        (
            Call(
                "MlflowClient.create_run:no run_name, no start_time",
                "works-with-caveat",
                "random-name",
                words=("start_time now (sent by the client)",),
            ),
        ),
    ),
    Claim(
        "Run that GitLab makes for a version: start",
        "0.",
        (Call("MlflowClient.log_metric:run of a model version", "works", words=("start_time 0",)),),
    ),
    Claim(
        "Experiment",
        "None: the client has `creation_time=None`.",
        (Call("MlflowClient.search_experiments:basic", "works", words=("creation_time=None",)),),
    ),
)
