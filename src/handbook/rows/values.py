"""Lists what happens to values: too long, empty, of other characters, no numbers."""

from __future__ import annotations

from handbook.claims import Call, Claim, Guide, Recorded
from handbook.rows.common import BROKEN, MLFLOW_CLIENT, MODEL_REGISTRY, NOT_FOUND

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
        "Size of a file of a run", "", guide=Guide("MLflow client compatibility", MLFLOW_CLIENT, "5 GB for each file")
    ),
    Claim("Size of a file of a version", "", guide=Guide("Model registry", MODEL_REGISTRY, "5 GB for each file")),
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
        "Step above 2147483647",
        "2147483648 is answered with 500, and the client tries again until it gives up.",
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
            Call("MlflowClient.get_metric_history:basic", "fails", words=NOT_FOUND, only="GitLab 18.9"),
            Call("MlflowClient.get_metric_history:basic", "works", only="GitLab 19.3"),
            Recorded("tracking/metric_history", "not_recorded", only="GitLab 18.9"),
            Recorded("tracking/metric_history", "passes", words=("step 2: 0.3",), only="GitLab 19.3"),
            Recorded("errors/metric_history_18_9", "fails_as_shown", words=NOT_FOUND, only="GitLab 18.9"),
            Recorded("errors/metric_history_18_9", "not_recorded", only="GitLab 19.3"),
        ),
    ),
)
