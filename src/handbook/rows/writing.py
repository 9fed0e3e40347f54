"""Lists what can be written once, by several processes, and later."""

from __future__ import annotations

from handbook.claims import Call, Claim, Recorded
from handbook.rows.common import BROKEN, NOT_FOUND, of_model

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
        (Call("MlflowClient.delete_tag:basic", "fails", words=NOT_FOUND),),
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
    Claim("Status of a run", "It can be changed.", (Call("MlflowClient.update_run:status", "works"),)),
    Claim(
        "Name of an experiment",
        "There is no such call: `404 Not Found`.",
        (
            Call("MlflowClient.rename_experiment:basic", "fails", words=NOT_FOUND),
            Recorded("errors/rename_experiment", "fails_as_shown", words=NOT_FOUND),
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
        "It can be changed. The call wants the semantic version.",
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

RACES = (
    Claim(
        "Files of one run from two processes",
        "The second upload is refused: 415. One through GitLab's package address is taken.",
        (
            Call("MlflowClient.log_artifact:second process", "fails", words=("415 Client Error",), wire=("-> 415 ",)),
            Recorded("tracking/upload_from_second_job", "passes", words=("201 Created", "['first.txt', 'second.txt']")),
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
        "A run that had ended takes another value, and shows it.",
        (Call("mlflow.start_run:resume", "works"), Recorded("tracking/resume_run", "passes", words=("{'loss': 0.4}",))),
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
