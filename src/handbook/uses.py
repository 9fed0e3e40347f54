"""Lists who uses GitLab as an MLflow server, and what each of them has to be able to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """Something that somebody has to be able to do.

    Attributes:
        words: What it is, as a reader says it.
        probes: The measured calls that it takes, as `<api>:<variant>`.
        instead: What to do where it fails, in Markdown; `{up}` is the way to the top of the site.
        vital: Whether there is no use without it.
    """

    words: str
    probes: tuple[str, ...]
    instead: str = ""
    vital: bool = True


@dataclass(frozen=True)
class Use:
    """A way to use GitLab as an MLflow server.

    Attributes:
        name: Who uses it.
        needs: What this takes, what is vital first.
    """

    name: str
    needs: tuple[Need, ...]


LOAD_REGISTERED = Need(
    "load one version from the registry",
    ("mlflow.pyfunc.load_model:models:/ name@semver", "mlflow.sklearn.load_model:models:/ name@semver"),
    "use MLflow 2.22.5, or load from a run that was not promoted: "
    "[Save and load models]({up}how-to/save-and-load-models.md)",
)
_MODELS_3 = "[Save and load models]({up}how-to/save-and-load-models.md)"
USES = (
    Use(
        "Reader",
        (
            Need("open an experiment and a run", ("MlflowClient.get_experiment:basic", "MlflowClient.get_run:basic")),
            Need(
                "list and download files",
                ("MlflowClient.list_artifacts:basic", "MlflowClient.download_artifacts:everything"),
            ),
            Need(
                "read the history of a metric",
                ("MlflowClient.get_metric_history:basic",),
                "GitLab's Performance tab shows it: [See it in GitLab]({up}mlflow/gitlab-setup.md#see-it-in-gitlab)",
                vital=False,
            ),
        ),
    ),
    Use(
        "Analyst",
        (
            Need("search runs", ("mlflow.search_runs:basic",)),
            Need("search experiments", ("mlflow.search_experiments:basic",)),
            Need(
                "filter runs on the server",
                ("mlflow.search_runs:filter_string",),
                "**all** runs come back: filter in pandas, [Search and page]({up}how-to/search-runs.md)",
                vital=False,
            ),
            Need(
                "sort runs on the server",
                ("mlflow.search_runs:order_by",),
                "sort in pandas: [Search and page]({up}how-to/search-runs.md)",
                vital=False,
            ),
        ),
    ),
    Use(
        "Data scientist",
        (
            Need(
                "log runs, parameters, metrics, tags",
                (
                    "mlflow.set_experiment:basic",
                    "mlflow.start_run:basic",
                    "mlflow.log_params:basic",
                    "mlflow.log_metrics:basic",
                    "mlflow.set_tag:basic",
                ),
            ),
            Need("store files", ("MlflowClient.log_artifact:basic", "MlflowClient.log_artifacts:basic")),
            Need("search runs", ("mlflow.search_runs:basic",)),
            Need(
                "load a model that was stored with a run",
                ("mlflow.sklearn.load_model:logged at the root", "mlflow.pyfunc.load_model:logged at the root"),
            ),
            Need(
                "autolog, models and data sets off",
                ("mlflow.autolog:log_models=False, log_datasets=False",),
            ),
            Need(
                "log_model", ("mlflow.sklearn.log_model:basic", "mlflow.pyfunc.log_model:basic"), _MODELS_3, vital=False
            ),
            Need("log a data set", ("mlflow.log_input:basic",), "log its name and hash as tags", vital=False),
            Need(
                "overwrite a tag",
                ("MlflowClient.set_tag:overwrite",),
                "use a new key for each value; `set_tags` keeps the first value and raises nothing",
                vital=False,
            ),
        ),
    ),
    Use(
        "CI job",
        (
            Need("log runs", ("mlflow.start_run:basic", "mlflow.log_metrics:basic", "mlflow.set_tag:basic")),
            Need(
                "register a version under a semantic version",
                ("MlflowClient.create_registered_model:basic", "MlflowClient.create_model_version:gitlab.version"),
            ),
            Need("give the version its files", ("MlflowClient.log_artifact:run of a model version",)),
            Need("find the version by its semantic version", ("MlflowClient.get_model_version:semantic version",)),
            Need("turn a run into a version", ("mlflow.register_model:gitlab.version",), vital=False),
            Need(
                "add files to a run from a second job",
                ("MlflowClient.log_artifact:second process",),
                "[Store files]({up}how-to/store-files.md)",
                vital=False,
            ),
        ),
    ),
    Use(
        "Deployer",
        (
            LOAD_REGISTERED,
            Need("find a version by its semantic version", ("MlflowClient.get_model_version_by_alias:basic",)),
            Need(
                "load the latest version",
                ("mlflow.pyfunc.load_model:models:/ latest",),
                "use MLflow 2.22.5",
                vital=False,
            ),
        ),
    ),
    Use(
        "Maintainer of the registry",
        (
            Need(
                "read a model with its versions",
                ("MlflowClient.get_registered_model:basic",),
                "[GraphQL]({up}mlflow/data-topology.md#graphql)",
            ),
            Need("describe a version", ("MlflowClient.update_model_version:semantic version",), "use MLflow 2.22.5"),
            Need(
                "delete a model and its versions, as Maintainer",
                ("MlflowClient.delete_registered_model:as Maintainer",),
                "use MLflow 2.22.5",
            ),
            Need(
                "delete one version",
                ("MlflowClient.delete_model_version:basic",),
                "[GraphQL]({up}how-to/delete-safely.md#delete-one-version)",
                vital=False,
            ),
            Need(
                "search models and versions",
                ("MlflowClient.search_registered_models:basic", "MlflowClient.search_model_versions:basic"),
                "[GraphQL]({up}mlflow/data-topology.md#graphql)",
                vital=False,
            ),
            Need(
                "stages and aliases",
                ("MlflowClient.transition_model_version_stage:basic", "MlflowClient.set_registered_model_alias:basic"),
                "semantic versions: [Choose a version]({up}how-to/choose-a-version.md)",
                vital=False,
            ),
        ),
    ),
    Use(
        "GenAI team",
        (
            Need("log traces", ("mlflow.trace:basic",), "another server for traces"),
            Need("search traces", ("mlflow.search_traces:basic",), "another server for traces"),
            Need("evaluate", ("mlflow.evaluate:basic",), "evaluate locally, log the numbers as metrics"),
            Need(
                "load a prompt", ("MlflowClient.load_prompt:basic", "mlflow.load_prompt:basic"), "keep prompts in Git"
            ),
        ),
    ),
)
