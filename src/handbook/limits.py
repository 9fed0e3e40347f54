"""Lists the limits of GitLab as an MLflow server, each with the evidence that it must agree with."""

from __future__ import annotations

from handbook.claims import Asked, Call, Claim, Guide, Proofs, Recorded, subjects
from handbook.measured import Status
from handbook.table import Unmeasured, table

# The lane whose client cannot read a model that has versions.
BROKEN = "GitLab 18.9 · MLflow 3.17.2"
MLFLOW_CLIENT = "user/project/ml/experiment_tracking/mlflow_client/"
MODEL_REGISTRY = "user/project/ml/model_registry/"
_NOT_FOUND = ("404 Not Found",)


def of_model(probe: str, status: Status, caveat: str | None = None, words: tuple[str, ...] = ()) -> tuple[Call, Call]:
    """A call that first reads a model with versions, which one lane cannot."""
    return (
        Call(probe, status, caveat, words=words, but=BROKEN),
        Call(probe, "fails", words=("Failed to parse model_id field",), only=BROKEN),
    )


LENGTHS = (
    Claim(
        "Value of a parameter",
        "250 characters. One of 251 is refused.",
        (
            Call("MlflowClient.log_param:251 characters", "fails", words=("maximum is 250 characters", "* 251")),
            Recorded("errors/param_too_long", "fails_as_shown", words=("maximum is 250 characters",)),
        ),
    ),
    Claim(
        "Value of a parameter, in a batch",
        "Too long is refused here too, by the database: the message is `PG::CheckViolation`. It names no limit.",
        (
            Call("MlflowClient.log_batch:not atomic", "fails", words=("PG::CheckViolation", "251 characters")),
            Recorded("errors/param_too_long_batch", "fails_as_shown", words=("PG::CheckViolation",)),
        ),
    ),
    Claim(
        "Value of a tag",
        "5000 characters. One of 5001 is refused.",
        (Call("MlflowClient.set_tag:5001 characters", "fails", words=("maximum is 5000 characters",)),),
    ),
    Claim(
        "Longer text",
        "Store it as a file. It comes back as it was.",
        (Recorded("tracking/log_long_values", "passes", words=("same as before: True",)),),
    ),
    Claim(
        "Points of a metric in one batch",
        "1000 in one request arrive. More were not tried.",
        (Call("MlflowClient.log_batch:1000 metrics", "works"),),
    ),
    Claim(
        "Empty file",
        "A file of 0 bytes is stored.",
        (Call("MlflowClient.log_artifact:empty file", "works", words=("of 0 bytes",)),),
    ),
    Claim(
        "Size of a file of a run",
        "",
        guide=Guide("MLflow client compatibility", MLFLOW_CLIENT, "5 GB for each file"),
    ),
    Claim(
        "Size of a file of a version",
        "",
        guide=Guide("Model registry", MODEL_REGISTRY, "5 GB for each file"),
    ),
)

CHARACTERS = (
    Claim(
        "Model with a space",
        "Refused with `RESOURCE_ALREADY_EXISTS`, although there is none. An experiment `[model]…` stays behind.",
        (
            Call(
                "MlflowClient.create_registered_model:space in the name",
                "fails",
                words=('orphan experiment "[model]my model-', "afterwards: 200", "RESOURCE_ALREADY_EXISTS"),
            ),
            Recorded("errors/model_name_with_space", "fails_as_shown", words=("RESOURCE_ALREADY_EXISTS",)),
        ),
    ),
    Claim(
        "Model with a space, with `register_model`",
        "The refusal is swallowed. The call ends with `RESOURCE_DOES_NOT_EXIST`.",
        (
            Call(
                "mlflow.register_model:space in the name",
                "fails",
                words=("RESOURCE_DOES_NOT_EXIST",),
                wire=("registered-models/create .* -> 400 .*RESOURCE_ALREADY_EXISTS",),
            ),
        ),
    ),
    Claim(
        "File with parentheses",
        "Refused: `file_name is invalid`.",
        (
            Call("MlflowClient.log_artifact:parentheses in the name", "fails", words=("file_name is invalid",)),
            Recorded("errors/bad_file_name", "fails_as_shown", words=("400 Client Error",)),
        ),
    ),
    Claim(
        "File with letters outside ASCII",
        "Refused: `file_name is invalid`.",
        (Call("MlflowClient.log_artifact:non-ASCII name", "fails", words=("file_name is invalid",)),),
    ),
    Claim(
        "File with a space",
        "Stored, and listed. MLflow cannot download it.",
        (
            Call(
                "MlflowClient.log_artifact:space in the name",
                "works-with-caveat",
                "spaces-encoded",
                words=("client lists ['my notes.txt']", "package endpoint 200"),
            ),
            Recorded("errors/file_name_with_space", "fails_as_shown", words=("files: ['my notes.txt']",)),
        ),
    ),
    Claim(
        "File with `+`",
        "GitLab 18.9 stores it, and answers a download with 500. GitLab 19.3 does not store it.",
        (
            Call(
                "MlflowClient.log_artifact:plus in the name",
                "works-with-caveat",
                "plus-in-name",
                words=("files ['a+b.txt']", "package endpoint 500"),
                only="GitLab 18.9",
            ),
            Call(
                "MlflowClient.log_artifact:plus in the name",
                "fails",
                wire=("a%2Bb.txt.* -> 500 |a[+]b.txt.* -> 500 ",),
                only="GitLab 19.3",
            ),
        ),
    ),
    Claim(
        "Image logged with a key",
        "MLflow makes the file name: MLflow 2.22.5 with `%`, which is refused, MLflow 3.17.2 with `+`.",
        (
            Call(
                "MlflowClient.log_image:key, step",
                "fails",
                words=("file_name is invalid",),
                wire=(r"files/images/dog%25step.* -> 400 ",),
                only="MLflow 2.22.5",
            ),
            Call(
                "MlflowClient.log_image:key, step",
                "works-with-caveat",
                "plus-in-name",
                wire=(r"files/images/dog\+step.* -> 201 ",),
                only=BROKEN,
            ),
            Call(
                "MlflowClient.log_image:key, step",
                "fails",
                wire=(r"files/images/dog\+step.* -> 500 ",),
                only="GitLab 19.3 · MLflow 3.17.2",
            ),
        ),
    ),
    Claim(
        "File in folders",
        "Its path may have folders. A file in one is downloaded by its whole path.",
        (
            Call("MlflowClient.log_artifact:artifact_path", "works", words=("artifact_path='sub/dir'",)),
            Call("MlflowClient.download_artifacts:one nested file", "works"),
        ),
    ),
    Claim(
        "Number of a version",
        "A semantic version. Anything else is refused.",
        (
            Call(
                "MlflowClient.create_model_version:invalid version",
                "fails",
                words=("Version must be semantic version",),
            ),
            Recorded("errors/version_not_semver", "fails_as_shown", words=("Version must be semantic version",)),
        ),
    ),
    Claim(
        "Number of a pre-release",
        "`1.1.0-rc1` is a number of its own.",
        (Recorded("registry/release_candidate", "passes", words=("1.1.0-rc1",)),),
    ),
)

WRITE_ONCE = (
    Claim(
        "Parameter, the same value again",
        "Refused. An MLflow server takes it.",
        (
            Call("MlflowClient.log_param:same key, same value", "fails", words=("Name has already been taken",)),
            Recorded("errors/param_twice", "fails_as_shown", words=("Name has already been taken",)),
        ),
    ),
    Claim(
        "Parameter, another value",
        "Refused, as by an MLflow server.",
        (
            Call(
                "MlflowClient.log_param:same key, other value",
                "works",
                words=("raises, as with an MLflow server", "Name has already been taken"),
            ),
        ),
    ),
    Claim(
        "Parameters again, with `log_params`",
        "The first value stays, without a message.",
        (
            Call("mlflow.log_params:overwrite", "ignored", "first-value-stays"),
            Recorded("errors/params_twice_batch", "passes", words=("parameters: {'C': '1'}",)),
        ),
    ),
    Claim(
        "Tag again",
        "Refused.",
        (
            Call("MlflowClient.set_tag:overwrite", "fails", words=("already taken",)),
            Recorded("errors/tag_twice", "fails_as_shown", words=("already taken",)),
        ),
    ),
    Claim(
        "Tags again, with `set_tags`",
        "The first value stays, without a message.",
        (Call("mlflow.set_tags:overwrite", "ignored", "first-value-stays"),),
    ),
    Claim(
        "Parameters and tags again, with `log_batch`",
        "The first values stay, without a message.",
        (
            Call(
                "MlflowClient.log_batch:overwrite",
                "ignored",
                "first-value-stays",
                words=("{'alpha': '0.5'} {'team': 'lab'}",),
            ),
        ),
    ),
    Claim(
        "Tag of an experiment again",
        "Refused.",
        (Call("MlflowClient.set_experiment_tag:overwrite", "fails", words=("already taken",)),),
    ),
    Claim(
        "Tag of a run, deleted",
        "There is no such call: `404 Not Found`.",
        (Call("MlflowClient.delete_tag:basic", "fails", words=_NOT_FOUND),),
    ),
    Claim(
        "Name of a run",
        "It stays, without a message. The tag `mlflow.runName` is stored, and changes nothing.",
        (
            Call("MlflowClient.update_run:name", "ignored", words=("run_name stays 'run'",)),
            Call(
                "MlflowClient.set_tag:rename through the tag",
                "ignored",
                words=("the tag is stored, run_name stays 'run'", "mlflow.runName"),
            ),
            Recorded("errors/rename_run", "passes", words=("name: old-name",)),
        ),
    ),
    Claim(
        "Status of a run",
        "It can be changed.",
        (Call("MlflowClient.update_run:status", "works"),),
    ),
    Claim(
        "Name of an experiment",
        "There is no such call: `404 Not Found`.",
        (
            Call("MlflowClient.rename_experiment:basic", "fails", words=_NOT_FOUND),
            Recorded("errors/rename_experiment", "fails_as_shown", words=_NOT_FOUND),
        ),
    ),
    Claim(
        "Number of a version, taken",
        "Refused.",
        (
            Call("MlflowClient.create_model_version:taken version", "works", words=("Version has already been taken",)),
            Recorded("errors/version_taken", "fails_as_shown", words=("Version has already been taken",)),
        ),
    ),
    Claim(
        "Description of a version",
        "It can be changed.",
        (
            *of_model("MlflowClient.update_model_version:semantic version", "works-with-caveat", "wants-semver"),
            Recorded("registry/update_version", "passes", words=("Validated",), but=BROKEN),
            Recorded("registry/update_version", "fails_as_shown", only=BROKEN),
        ),
    ),
    Claim(
        "Run that became a version",
        "It becomes no second one.",
        (
            Recorded("errors/promote_twice", "fails_as_shown", words=("Run has already a model version",)),
            Call(
                "mlflow.register_model:same run again",
                "fails",
                words=("Run has already a model version",),
                only="MLflow 2.22.5",
            ),
            Call("mlflow.register_model:same run again", "fails", words=("not enough values",), only="MLflow 3.17.2"),
        ),
    ),
    Claim(
        "File of the same name again",
        "Stored, and listed twice. The newest is read.",
        (
            Call(
                "MlflowClient.log_artifact:overwrite",
                "works-with-caveat",
                "duplicate-listed",
                words=("['a.txt', 'a.txt']; the newest is read",),
            ),
        ),
    ),
    Claim(
        "Second table in a run, with `log_table`",
        "The call fails. With MLflow 3.17.2 the file arrives, and the tag that lists tables cannot be written again.",
        (
            Call(
                "MlflowClient.log_table:second table file",
                "fails",
                words=("not enough values to unpack", "no request was sent"),
                only="MLflow 2.22.5",
            ),
            Call(
                "MlflowClient.log_table:second table file",
                "fails",
                words=("'t.json', 'u.json'", "'mlflow.loggedArtifacts' already taken"),
                only="MLflow 3.17.2",
            ),
        ),
    ),
)

EMPTY = (
    Claim(
        "Empty parameter",
        "Refused: `Value can't be blank`.",
        (
            Call("MlflowClient.log_param:empty value", "fails", words=("Value can't be blank",)),
            Recorded("errors/empty_param", "fails_as_shown", words=("Value can't be blank",)),
        ),
    ),
    Claim(
        "Empty tag",
        "Refused: `Value can't be blank`.",
        (Call("MlflowClient.set_tag:empty value", "fails", words=("Value can't be blank",)),),
    ),
    Claim(
        "Run without a name",
        "GitLab invents one: three animals and a number.",
        (Call("MlflowClient.create_run:no run_name, no start_time", "works-with-caveat", "random-name"),),
    ),
    Claim(
        "Run without an experiment",
        "Refused. MLflow asks for the experiment `0`, and there is none.",
        (
            Call(
                "mlflow.start_run:no experiment set",
                "fails",
                words=("RESOURCE_DOES_NOT_EXIST",),
                wire=("'experiment_id': '0'.* -> 404 ",),
            ),
            Recorded("errors/no_experiment", "fails_as_shown", words=("RESOURCE_DOES_NOT_EXIST",)),
        ),
    ),
    Claim(
        "Search without an experiment",
        "Refused: `experiment_ids is missing`.",
        (Call("MlflowClient.search_runs:no experiment", "fails", words=("experiment_ids is missing",)),),
    ),
    Claim(
        "Run without files, listed",
        "The client ends with a `ValueError`.",
        (
            Call("MlflowClient.list_artifacts:empty run", "fails", words=("ValueError", "not enough values to unpack")),
            Recorded("errors/list_artifacts_of_empty_run", "fails_as_shown", words=("ValueError",)),
        ),
    ),
    Claim(
        "Model without versions, asked for its latest",
        "GitLab answers with `null`, which the client cannot read.",
        (
            Call(
                "MlflowClient.get_latest_versions:no version",
                "fails",
                words=("null is not allowed",),
                wire=(r'\{"model_versions":\[null\]\}',),
            ),
            Recorded("errors/latest_versions_of_empty_model", "fails_as_shown", words=("null is not allowed",)),
        ),
    ),
    Claim(
        "Version without a number",
        "It gets the next one: `1.0.0`, then `1.0.1`.",
        (
            Call(
                "MlflowClient.create_model_version:auto increment",
                "works-with-caveat",
                "version-is-database-id",
                words=("['1.0.0'] then ['1.0.1']",),
            ),
            Recorded("registry/register_version_metadata", "passes", words=("['1.0.0', '1.0.1', '2.0.0']",)),
        ),
    ),
    Claim(
        "Version without a run",
        "It gets a run, which is `RUNNING` and began at 0.",
        (Call("MlflowClient.log_metric:run of a model version", "works", words=("status RUNNING start_time 0",)),),
    ),
)

NUMBERS = (
    Claim(
        "Not a number",
        "Refused: `value is invalid`.",
        (
            Call("MlflowClient.log_metric:NaN", "fails", words=("value is invalid",)),
            Recorded("errors/nan_metric", "fails_as_shown", words=("value is invalid",)),
        ),
    ),
    Claim(
        "Infinity",
        "Refused: `value is invalid`.",
        (Call("MlflowClient.log_metric:Infinity", "fails", words=("value is invalid",)),),
    ),
    Claim(
        "Highest step",
        "2147483647. One more is answered with 500, and the client tries again and again.",
        (
            Call(
                "MlflowClient.log_metric:step above 2147483647",
                "fails",
                words=("Max retries exceeded",),
                wire=("'step': 2147483648.* -> 500 ",),
            ),
        ),
    ),
    Claim("Negative step", "Stored.", (Call("MlflowClient.log_metric:negative step", "works", words=("step=-1",)),)),
    Claim(
        "Value that a run shows",
        "The one that was inserted last, not the one with the highest step.",
        (
            Call(
                "MlflowClient.log_metric:latest value",
                "works-with-caveat",
                "last-inserted-wins",
                words=("shown: the value of step 2",),
            ),
        ),
    ),
    Claim(
        "All values of a metric",
        "Read with `get_metric_history`, from GitLab 19.3 only.",
        (
            Call("MlflowClient.get_metric_history:basic", "fails", words=_NOT_FOUND, only="GitLab 18.9"),
            Call("MlflowClient.get_metric_history:basic", "works", only="GitLab 19.3"),
            Recorded("tracking/metric_history", "not_recorded", only="GitLab 18.9"),
            Recorded("tracking/metric_history", "passes", words=("step 2: 0.3",), only="GitLab 19.3"),
            Recorded("errors/metric_history_18_9", "fails_as_shown", words=_NOT_FOUND, only="GitLab 18.9"),
            Recorded("errors/metric_history_18_9", "not_recorded", only="GitLab 19.3"),
        ),
    ),
)

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
            Call("MlflowClient.get_metric_history:1500 points", "fails", words=_NOT_FOUND, only="GitLab 18.9"),
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
            Call("MlflowClient.list_artifacts:sub-directory", "fails", words=_NOT_FOUND, only="MLflow 3.17.2"),
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
            Call("MlflowClient.search_registered_models:basic", "fails", words=("Invalid attribute key specified",)),
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
            Call("MlflowClient.search_model_versions:basic", "fails", words=_NOT_FOUND),
            Recorded("errors/search_model_versions", "fails_as_shown", words=_NOT_FOUND),
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
            Call("MlflowClient.get_metric_history:1500 points", "fails", words=_NOT_FOUND, only="GitLab 18.9"),
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
        (
            Call(
                "MlflowClient.log_metric:run of a model version",
                "works",
                words=("start_time 0",),
            ),
        ),
    ),
    Claim(
        "Experiment",
        "None.",
        (Call("MlflowClient.search_experiments:basic", "works", words=("creation_time=None",)),),
    ),
)

IDS = (
    Claim(
        "Experiment id",
        "A number that counts in the project: the first is `1`.",
        (
            Call("MlflowClient.create_experiment:basic", "works", wire=(r'"experiment_id":"1"\}',)),
            Recorded("tracking/manage_experiments", "passes", words=("id 1 ",)),
        ),
    ),
    Claim(
        "Run id",
        "36 characters with dashes, random.",
        (Call("MlflowClient.create_run:basic", "works", words=("(36 characters with dashes)",)),),
    ),
    Claim(
        "Run number",
        "Counts in the project. Addresses of files have it: `candidate:1`.",
        (
            Call("MlflowClient.get_run:basic", "works", words=("packages/ml_models/candidate:",)),
            Recorded("tracking/upload_from_second_job", "passes", words=("mlflow-artifacts:/candidate:1",)),
        ),
    ),
    Claim(
        "`version` of a version",
        "A database id. The semantic version stands in `aliases`.",
        (
            Call(
                "MlflowClient.create_model_version:gitlab.version",
                "works-with-caveat",
                "version-is-database-id",
                words=("aliases=['3.1.4']",),
            ),
        ),
    ),
    Claim(
        "`get_model_version`",
        "Wants the semantic version.",
        (Call("MlflowClient.get_model_version:semantic version", "works-with-caveat", "wants-semver"),),
    ),
    Claim(
        "`get_model_version` with `version.version`",
        "Finds nothing.",
        (
            Call(
                "MlflowClient.get_model_version:round trip with mv.version",
                "fails",
                words=("RESOURCE_DOES_NOT_EXIST",),
            ),
            Recorded("errors/version_by_id", "fails_as_shown", words=("RESOURCE_DOES_NOT_EXIST",)),
        ),
    ),
    Claim(
        "`update_model_version` with `version.version`",
        "Fails.",
        of_model("MlflowClient.update_model_version:round trip with mv.version", "fails", words=("UPDATE_FAILED",)),
    ),
    Claim(
        "`get_model_version_download_uri`",
        "Wants the database id.",
        of_model("MlflowClient.get_model_version_download_uri:basic", "works-with-caveat", "wants-id"),
    ),
    Claim(
        "`get_model_version_download_uri` with a semantic version",
        "Refused: `version is invalid`.",
        of_model(
            "MlflowClient.get_model_version_download_uri:semantic version", "fails", words=("version is invalid",)
        ),
    ),
    Claim(
        "`get_model_version_download_uri` with an id of nothing",
        "Answered: `mlflow-artifacts:/999999`.",
        (
            Call(
                "MlflowClient.get_model_version_download_uri:unknown id",
                "works-with-caveat",
                "any-number",
                words=("mlflow-artifacts:/999999",),
            ),
        ),
    ),
    Claim(
        "`models:/name/<id>`",
        "Loads the version with this database id, also where it is of another model.",
        of_model("mlflow.pyfunc.load_model:models:/ id of another model", "works-with-caveat", "not-checked"),
    ),
    Claim(
        "`models:/name/1.0.0`",
        "Loads the latest version, not `1.0.0`.",
        (
            *of_model(
                "mlflow.pyfunc.load_model:models:/ semantic version as stage",
                "works-with-caveat",
                "wrong-version-silently",
                ("loaded version 2.0.0", "1.0.0"),
            ),
        ),
    ),
    Claim(
        "`models:/name@1.0.0`",
        "Loads this version.",
        (
            *of_model("mlflow.pyfunc.load_model:models:/ name@semver", "works", words=("@1.0.0",)),
            Recorded("registry/load_model_by_version", "passes", words=("weights of 1.0.0",), but=BROKEN),
            Recorded("registry/load_model_by_version", "fails_as_shown", only=BROKEN),
        ),
    ),
)

DELETES = (
    Claim(
        "Run",
        "Gone for good, and its file with it: both answer 404. Its package stays in the list.",
        (
            Call(
                "MlflowClient.delete_run:basic",
                "works-with-caveat",
                "physical-delete",
                words=("run: 404; its file through packages/ml_models: 404; package still listed: True",),
            ),
            Recorded("tracking/delete_runs", "passes", words=("the run: RESOURCE_DOES_NOT_EXIST",)),
            Recorded("setup/clean_up_packages", "passes", words=("delete ml_experiment_1 candidate_1",)),
        ),
    ),
    Claim(
        "Run, restored",
        "There is no such call: `404 Not Found`.",
        (Call("MlflowClient.restore_run:basic", "fails", words=_NOT_FOUND),),
    ),
    Claim(
        "Experiment",
        "Gone for good, and its run with it: both answer 404.",
        (
            Call(
                "MlflowClient.delete_experiment:basic",
                "works-with-caveat",
                "physical-delete",
                words=("experiment: 404, its run: 404",),
            ),
            Recorded("tracking/delete_runs", "passes", words=("the experiment: None",)),
        ),
    ),
    Claim(
        "Experiment, restored",
        "There is no such call: `404 Not Found`.",
        (Call("MlflowClient.restore_experiment:basic", "fails", words=_NOT_FOUND),),
    ),
    Claim(
        "Run that became a version",
        "Refused.",
        (
            Call(
                "MlflowClient.delete_run:promoted run",
                "fails",
                words=("Cannot delete a candidate associated to a model version",),
            ),
            Recorded("errors/delete_promoted_run", "fails_as_shown", words=("Cannot delete a candidate",)),
        ),
    ),
    Claim(
        "Experiment of a model",
        "Refused.",
        (
            Call(
                "MlflowClient.delete_experiment:experiment of a model",
                "fails",
                words=("Cannot delete an experiment associated to a model",),
            ),
            Recorded("errors/delete_experiment_of_model", "fails_as_shown", words=("Cannot delete an experiment",)),
        ),
    ),
    Claim(
        "Model without versions",
        "Gone for good.",
        (
            Call("MlflowClient.delete_registered_model:no version", "works-with-caveat", "physical-delete"),
            Recorded("registry/delete_model", "passes", words=("RESOURCE_DOES_NOT_EXIST",)),
        ),
    ),
    Claim(
        "Model with a version, by a Developer",
        "Refused: `Model could not be deleted`.",
        (
            *of_model("MlflowClient.delete_registered_model:basic", "fails", words=("Model could not be deleted",)),
            Asked(
                "registered-models.delete-with-version",
                "pat:developer:api",
                400,
                ok=False,
                words=("Model could not be deleted",),
            ),
        ),
    ),
    Claim(
        "Model with a version, by a Maintainer",
        "Gone for good.",
        (
            *of_model("MlflowClient.delete_registered_model:as Maintainer", "works-with-caveat", "physical-delete"),
            Asked("registered-models.delete-with-version", "pat:maintainer:api", 200),
            Recorded("registry/delete_model_with_versions", "passes", words=("RESOURCE_DOES_NOT_EXIST",), but=BROKEN),
            Recorded("registry/delete_model_with_versions", "fails_as_shown", only=BROKEN),
        ),
    ),
    Claim(
        "One version, with MLflow",
        "There is no such call: `404 Not Found`.",
        of_model("MlflowClient.delete_model_version:basic", "fails", words=_NOT_FOUND),
    ),
    Claim(
        "One version, with GraphQL",
        "Gone: asked for it, GitLab answers `RESOURCE_DOES_NOT_EXIST`.",
        (
            Recorded(
                "setup/delete_model_version",
                "passes",
                words=("{'mlModelVersionDelete': {'errors': []}}", "RESOURCE_DOES_NOT_EXIST"),
            ),
        ),
    ),
    Claim(
        "`mlflow gc`",
        "The command refuses before it asks GitLab.",
        (
            Call(
                "cli: mlflow gc:basic",
                "fails",
                words=("no request was sent", "backend that allows hard-deleting runs"),
            ),
        ),
    ),
)

RACES = (
    Claim(
        "Files of one run from two processes",
        "The second upload is refused: 415. One through GitLab's package address is taken.",
        (
            Call(
                "MlflowClient.log_artifact:second process",
                "fails",
                words=("415 Client Error",),
                wire=("-> 415 ",),
            ),
            Recorded("tracking/upload_from_second_job", "passes", words=("['first.txt', 'second.txt']",)),
        ),
    ),
    Claim(
        "Upload, then list with the same client",
        "MLflow 2.22.5 sends no request, and fails.",
        (
            Call(
                "MlflowClient.list_artifacts:same client that uploaded",
                "fails",
                words=("no request was sent",),
                only="MLflow 2.22.5",
            ),
            Call("MlflowClient.list_artifacts:same client that uploaded", "works", only="MLflow 3.17.2"),
            Recorded("errors/list_after_upload", "fails_as_shown", words=("ValueError",), only="MLflow 2.22.5"),
            Recorded("errors/list_after_upload", "not_recorded", only="MLflow 3.17.2"),
        ),
    ),
    Claim(
        "Batch that fails half-way",
        "What was written stays: a metric is there, the parameter that was refused is not.",
        (
            Call(
                "MlflowClient.log_batch:not atomic",
                "fails",
                words=("after the call: metrics {'rmse': 0.7}, params {}, tags {}",),
            ),
        ),
    ),
    Claim(
        "Experiment made a second time",
        "Refused with `RESOURCE_ALREADY_EXISTS`, as by an MLflow server.",
        (Call("MlflowClient.create_experiment:duplicate name", "works", words=("RESOURCE_ALREADY_EXISTS",)),),
    ),
    Claim(
        "Model or version made a second time",
        "Refused, as by an MLflow server. A script can take that as done.",
        (
            Call("MlflowClient.create_registered_model:duplicate", "works", words=("RESOURCE_ALREADY_EXISTS",)),
            Call("MlflowClient.create_model_version:taken version", "works", words=("Version has already been taken",)),
            Recorded("registry/register_idempotently", "passes", words=("one version: True",)),
        ),
    ),
    Claim(
        "Run continued by another process",
        "It goes on, and keeps its values.",
        (
            Call("mlflow.start_run:resume", "works"),
            Recorded("tracking/resume_run", "passes", words=("{'loss': 0.4}",)),
        ),
    ),
)

ASYNCHRONOUS = (
    Claim(
        "One value with `synchronous=False`",
        "It arrives.",
        (
            Call("MlflowClient.log_metric:asynchronous", "works", words=("synchronous=False",)),
            Call("mlflow.log_metric:asynchronous", "works", words=("synchronous=False",)),
        ),
    ),
    Claim(
        "Many values of a metric",
        "They can be inserted in another order. With MLflow 2.22.5, after the steps 0…4 the run shows the value 2.0.",
        (
            Call(
                "mlflow.flush_async_logging:basic",
                "works-with-caveat",
                "async-order",
                words=("at steps 0…4, get_run shows {'m': 2.0}",),
                only="MLflow 2.22.5",
            ),
            Call(
                "mlflow.flush_async_logging:basic",
                "works-with-caveat",
                "async-order",
                words=("this time the last step was also inserted last",),
                only="MLflow 3.17.2",
            ),
        ),
    ),
    Claim(
        "Images with a key",
        "Lost, in part or in full, and the call succeeds: MLflow only writes to its log.",
        (Call("MlflowClient.log_image:asynchronous", "ignored", "data-lost", words=("Failed to log artifact",)),),
    ),
    Claim(
        "Traces",
        "Lost, and the call succeeds: GitLab answers 404.",
        (Call("mlflow.flush_trace_async_logging:basic", "ignored", "data-lost", words=("mlflow/traces 404",)),),
    ),
)

LIMITS: dict[str, tuple[Claim, ...]] = {
    "lengths": LENGTHS,
    "characters": CHARACTERS,
    "write-once": WRITE_ONCE,
    "empty": EMPTY,
    "numbers": NUMBERS,
    "paging": PAGING,
    "order": ORDER,
    "filters": FILTERS,
    "timestamps": TIMESTAMPS,
    "ids": IDS,
    "deletes": DELETES,
    "races": RACES,
    "asynchronous": ASYNCHRONOUS,
}


def limits(proofs: Proofs, topic: str, up: str) -> str:
    """A table of the limits of one topic.

    Args:
        proofs: What they have to agree with.
        topic: The topic.
        up: The way from the page to the top of the site.

    Raises:
        Unmeasured: There is no such topic, or a limit is not shown by its evidence.
    """
    if topic not in LIMITS:
        raise Unmeasured(f"there is no topic {topic!r} of limits")
    return table(
        ["Rule", "Value", *(lane.replace(" · ", "<br>") for lane in proofs.lanes), "Evidence"],
        [_row(proofs, proofs.check(claim), up) for claim in LIMITS[topic]],
    )


def _row(proofs: Proofs, claim: Claim, up: str) -> list[str]:
    text, shown = claim.text, [proofs.link(one, up) for one in subjects(claim)]
    if claim.guide:
        text = f"{text} *Documented, not verified:* {claim.guide.says}.".strip()
        shown.append(claim.guide.link())
    return [claim.name, text, *proofs.cells(claim), "<br>".join(shown)]
