"""Lists where GitLab's public documentation and the recordings differ."""

from __future__ import annotations

from handbook.claims import Asked, Call, Claim, Guide, Recorded
from handbook.rows.common import BROKEN, MLFLOW_CLIENT, MODEL_REGISTRY, NOT_FOUND, of_model


def _client(says: str) -> Guide:
    return Guide("MLflow client compatibility", MLFLOW_CLIENT, says)


def _registry(says: str) -> Guide:
    return Guide("Model registry", MODEL_REGISTRY, says)


def _permissions(says: str) -> Guide:
    return Guide("Roles and permissions", "user/permissions/", says)


TRACKING = (
    Claim(
        "Ordering runs",
        "the client sends a list, and GitLab refuses it: `order_by is invalid`.",
        (
            Call("mlflow.search_runs:order_by", "fails", words=("order_by is invalid",)),
            Recorded("errors/order_by_list", "fails_as_shown", words=("order_by is invalid",)),
        ),
        _client("that `search_runs` orders by a column or a metric"),
    ),
    Claim(
        "Changing a run",
        "a new name is accepted, and the old one stays. The status is changed.",
        (
            Call("MlflowClient.update_run:name", "ignored", words=("run_name stays 'run'",)),
            Call("MlflowClient.update_run:status", "works"),
            Recorded("errors/rename_run", "passes", words=("name: old-name",)),
        ),
        _client("that `update_run` is supported, without a limit"),
    ),
    Claim(
        "Calls that the table leaves out",
        "`search_experiments`, `set_experiment_tag`, `get_model_version_by_alias`, `get_model_version_download_uri`"
        " and `register_model` are answered, and `get_metric_history` from GitLab 19.3.",
        (
            Call("MlflowClient.search_experiments:basic", "works"),
            Call("MlflowClient.set_experiment_tag:basic", "works"),
            Call("MlflowClient.get_model_version_by_alias:basic", "works-with-caveat", "alias-is-semver"),
            *of_model("MlflowClient.get_model_version_download_uri:basic", "works-with-caveat", "wants-id"),
            Call("mlflow.register_model:basic", "works-with-caveat", "run-promoted"),
            Call("MlflowClient.get_metric_history:basic", "fails", words=NOT_FOUND, only="GitLab 18.9"),
            Call("MlflowClient.get_metric_history:basic", "works", only="GitLab 19.3"),
        ),
        _client("in its table which methods are supported, and does not name these"),
    ),
)

FILES = (
    Claim(
        "Folders",
        "files in folders are stored, and each is read by its whole path. A folder cannot be listed or downloaded.",
        (
            Call("MlflowClient.log_artifact:artifact_path", "works", words=("artifact_path='sub/dir'",)),
            Call("MlflowClient.log_text:sub-directory", "works"),
            Call("MlflowClient.download_artifacts:one nested file", "works"),
            Call("MlflowClient.download_artifacts:a directory", "fails"),
            Call("MlflowClient.list_artifacts:sub-directory", "ignored", words=("empty list",), only="MLflow 2.22.5"),
            Call("MlflowClient.list_artifacts:sub-directory", "fails", words=NOT_FOUND, only="MLflow 3.17.2"),
            Recorded("errors/sub_folder", "fails_as_shown", words=("files: ['reports/summary.txt']",)),
        ),
        _client("that `artifact_path` has to be empty, and that directories are not supported"),
    ),
    Claim(
        "The package of a run",
        "its version is `candidate_1`, after the number of the run, and its name is `ml_experiment_1`.",
        (
            Recorded("setup/clean_up_packages", "passes", words=("delete ml_experiment_1 candidate_1",)),
            Recorded("setup/inspect_topology", "passes", words=("package ml_experiment_1 candidate_1",)),
        ),
        Guide(
            "Model experiments",
            "user/project/ml/experiment_tracking/",
            "that the version of a run's package is the run's internal id",
        ),
    ),
    Claim(
        "The address of a run's files",
        "it takes the number of the run in the project, `candidate:1`. MLflow's run id has 36 characters with dashes.",
        (
            Call("MlflowClient.create_run:basic", "works", words=("(36 characters with dashes)",)),
            Call("MlflowClient.get_run:basic", "works", words=("packages/ml_models/candidate:",)),
            Recorded("tracking/upload_from_second_job", "passes", words=("mlflow-artifacts:/candidate:1",)),
        ),
        Guide("Model registry API", "api/model_registry/", "that the address takes the run id of a candidate"),
    ),
)

MODELS = (
    Claim(
        "Logging a model",
        "with MLflow 3.17.2 `log_model` fails, with `artifact_path` too. With MLflow 2.22.5 it stores the files and"
        " warns; a model at the root can be loaded.",
        (
            Call(
                "mlflow.sklearn.log_model:at the root",
                "works-with-caveat",
                "model-only-warned",
                words=("loads as runs:/<run_id>/",),
                only="MLflow 2.22.5",
            ),
            Call("mlflow.sklearn.log_model:at the root", "fails", words=NOT_FOUND, only="MLflow 3.17.2"),
            Call(
                "mlflow.sklearn.log_model:artifact_path in 3.x",
                "works-with-caveat",
                "root-path-only",
                only="MLflow 2.22.5",
            ),
            Call("mlflow.sklearn.log_model:artifact_path in 3.x", "fails", words=NOT_FOUND, only="MLflow 3.17.2"),
            Recorded("errors/log_model", "passes", words=("flavors:",), only="MLflow 2.22.5"),
            Recorded("errors/log_model", "fails_as_shown", words=NOT_FOUND, only="MLflow 3.17.2"),
        ),
        _client("that `log_model` is supported in part, and names no client"),
    ),
    Claim(
        "Loading a model",
        "MLflow 3.17.2 cannot load a registered model from GitLab 18.9. The other three lanes can.",
        (
            *of_model("mlflow.pyfunc.load_model:models:/ name@semver", "works"),
            Recorded("registry/load_model_by_version", "passes", words=("weights of 1.0.0",), but=BROKEN),
            Recorded("registry/load_model_by_version", "fails_as_shown", words=("ParseError",), only=BROKEN),
        ),
        _client("that `load_model` is supported, and names no client"),
    ),
    Claim(
        "Methods of the registry",
        "with MLflow 3.17.2, reading, changing and deleting a model that has versions fails on GitLab 18.9.",
        (
            Call("MlflowClient.get_registered_model:basic", "fails", words=("model_id",), only=BROKEN),
            Call(
                "MlflowClient.get_registered_model:basic",
                "works-with-caveat",
                "latest-is-raw",
                only="GitLab 18.9 · MLflow 2.22.5",
            ),
            Call("MlflowClient.get_registered_model:basic", "works-with-caveat", "latest-is-all", only="GitLab 19.3"),
            *of_model("MlflowClient.update_registered_model:basic", "works"),
            *of_model("MlflowClient.delete_registered_model:as Maintainer", "works-with-caveat", "physical-delete"),
        ),
        _client("from which GitLab on each method is supported, and names no client"),
    ),
    Claim(
        "Tags of a model",
        "they are stored, and come back.",
        (
            Call(
                "MlflowClient.create_registered_model:basic",
                "works-with-caveat",
                "timestamps-seconds",
                wire=(r'registered-models/get.* -> 200 .*"tags":\[\{"key":"team","value":"lab"\}\]',),
            ),
        ),
        _client("that `tags` of `create_registered_model` are ignored"),
    ),
    Claim(
        "Name of a model",
        "in the measured project of each GitLab, an experiment and a model had the same name. GitLab gives the"
        " model an experiment of its own, whose name begins with `[model]`.",
        (
            Asked(
                "experiments.get", "pat:developer:api", 200, words=('"name":"perm-5346815-base"',), only="GitLab 18.9"
            ),
            Asked(
                "registered-models.get",
                "pat:developer:api",
                200,
                words=('"name":"perm-5346815-base"',),
                only="GitLab 18.9",
            ),
            Asked(
                "experiments.get", "pat:developer:api", 200, words=('"name":"perm-5347319-base"',), only="GitLab 19.3"
            ),
            Asked(
                "registered-models.get",
                "pat:developer:api",
                200,
                words=('"name":"perm-5347319-base"',),
                only="GitLab 19.3",
            ),
            Recorded("setup/inspect_topology", "passes", words=("[model]wine-classifier (of a model)",)),
        ),
        _client("that a model cannot have the name of an experiment"),
    ),
    Claim(
        "A version from a run",
        "the run becomes the version. It moves to the experiment of the model, and its files become the version's.",
        (
            Call(
                "MlflowClient.create_model_version:run_id",
                "works-with-caveat",
                "run-promoted",
                words=("run moved from",),
            ),
            Recorded(
                "registry/promote_run", "passes", words=("is the run itself: True", "moved to another experiment")
            ),
        ),
        _client("that `run_id` of `create_model_version` is ignored"),
    ),
    Claim(
        "Latest versions",
        "one version comes back, the highest. For a model without versions the answer is `null`, which the client"
        " cannot read.",
        (
            *of_model("MlflowClient.get_latest_versions:basic", "works-with-caveat", "stages-ignored", ("['2.0.0']",)),
            Call(
                "MlflowClient.get_latest_versions:no version",
                "fails",
                words=("null is not allowed",),
                wire=(r'\{"model_versions":\[null\]\}',),
            ),
            Recorded("registry/newest_version", "passes", words=("1.10.0\n",), but=BROKEN),
            Recorded("registry/newest_version", "fails_as_shown", only=BROKEN),
        ),
        _client("that `get_latest_versions` gives versions in the order of their numbers"),
    ),
)

PERMISSIONS = (
    Claim(
        "Changing models as a Reporter",
        "a Reporter is refused: changing or deleting a model and changing a version answer 401.",
        tuple(
            Asked(operation, "pat:reporter:api", 401, ok=False, words=("401 Unauthorized",))
            for operation in ("registered-models.update", "registered-models.delete-empty", "model-versions.update")
        ),
        _registry("that a Reporter may modify or delete models and versions"),
    ),
    Claim(
        "Deleting models as a Developer",
        "a Developer deletes a model without versions. With a version, the answer is 400. GraphQL names an error"
        " for the model, and for the version. A Maintainer deletes it.",
        (
            Asked("registered-models.delete-empty", "pat:developer:api", 200),
            Asked(
                "registered-models.delete-with-version",
                "pat:developer:api",
                400,
                ok=False,
                words=("Model could not be deleted",),
            ),
            Asked(
                "graphql.mlModelDelete-with-version", "pat:developer:api", 200, ok=False, words=('"errors":["You don',)
            ),
            Asked(
                "graphql.mlModelVersionDelete",
                "pat:developer:api",
                200,
                ok=False,
                words=("You don't have access to this package",),
            ),
            Asked("registered-models.delete-with-version", "pat:maintainer:api", 200),
            Recorded(
                "errors/developer_deletes_model", "fails_as_shown", words=("Model could not be deleted",), but=BROKEN
            ),
            Recorded("errors/developer_deletes_model", "fails_as_shown", words=("ParseError",), only=BROKEN),
        ),
        _permissions("that a Developer may delete models, their versions and files"),
    ),
    Claim(
        "What switches the registry off",
        "a model is read while packages are off, and only the upload of its files is refused, with 403. With the model"
        " registry off, the answer is 404.",
        (
            Asked("registered-models.get", "pat:developer:api", 200, "packages-really-off"),
            Asked("packages.upload-version", "pat:developer:api", 403, "packages-really-off", ok=False, words=("403",)),
            Asked(
                "registered-models.get", "pat:developer:api", 404, "registry-off", ok=False, words=("404 Not Found",)
            ),
        ),
        _registry("that access to it follows the setting of the package registry"),
    ),
    Claim(
        "Public projects, without a token",
        "MLflow's calls answer 401 without a token. GraphQL and the CSV of an experiment are given. Somebody signed in"
        " who is no member may read.",
        (
            Asked(
                "experiments.get", "anonymous", 401, "public-features-enabled", ok=False, words=("401 Unauthorized",)
            ),
            Asked("registered-models.get", "anonymous", 401, "public-features-enabled", ok=False, words=("401",)),
            Asked("graphql.mlModels", "anonymous", 200, "public-features-enabled"),
            Asked("web.experiment-csv", "anonymous", 200, "public-features-enabled"),
            Asked("experiments.get", "pat:outsider:api", 200, "public-features-enabled"),
        ),
        _permissions("that non-members may view experiments and models of public projects open to everyone"),
    ),
    Claim(
        "What a token needs",
        "a Guest with `read_api` reads runs. A search is refused to it and to a Developer with `read_api`, with 403,"
        " and to a Reporter with `api`, with 401.",
        (
            Asked("runs.get", "pat:guest:read_api", 200),
            Asked("runs.search", "pat:guest:read_api", 403, ok=False, words=("insufficient_scope",)),
            Asked("runs.search", "pat:developer:read_api", 403, ok=False, words=("insufficient_scope",)),
            Asked("runs.search", "pat:reporter:api", 401, ok=False, words=("401 Unauthorized",)),
            Asked("runs.search", "pat:developer:api", 200),
            Recorded("errors/read_scope_searches", "fails_as_shown", words=("insufficient_scope",)),
            Recorded("errors/reporter_searches", "fails_as_shown", words=("401 Unauthorized",)),
        ),
        _client("which kinds of tokens can be used, and does not tell reading from searching"),
    ),
)

SNIPPETS = (
    Claim(
        "Loading one version",
        "`models:/name/1.0.0` loads the latest version. `models:/name@1.0.0` loads that version.",
        (
            *of_model(
                "mlflow.pyfunc.load_model:models:/ semantic version as stage",
                "works-with-caveat",
                "wrong-version-silently",
                ("loaded version 2.0.0",),
            ),
            *of_model("mlflow.pyfunc.load_model:models:/ name@semver", "works", words=("@1.0.0",)),
            Recorded(
                "registry/load_model_by_version", "passes", words=("weights of 1.0.0\nweights of 1.2.0",), but=BROKEN
            ),
            Recorded("registry/load_model_by_version", "fails_as_shown", only=BROKEN),
        ),
        _client("in a snippet to load a version by an address that ends in its number"),
    ),
    Claim(
        "Finding a model by its name",
        "nothing is found, without a message.",
        (
            Call(
                "MlflowClient.search_registered_models:filter_string name=",
                "works-with-caveat",
                "empty-because-of-prompt-filter",
            ),
            Recorded("errors/search_registered_models_by_name", "passes", words=("models found: 0",)),
        ),
        _client("in a snippet to search models with a filter on the name"),
    ),
    Claim(
        "Reading the latest version from a model",
        "the list holds every version. On GitLab 18.9 `version` is the semantic version, on GitLab 19.3 the database"
        " id.",
        (
            Recorded(
                "registry/list_versions",
                "passes",
                words=("version 1.0.0 aliases []\nversion 1.1.0",),
                only="GitLab 18.9 · MLflow 2.22.5",
            ),
            Recorded("registry/list_versions", "fails_as_shown", only=BROKEN),
            Recorded(
                "registry/list_versions",
                "passes",
                words=("version 1001 aliases ['1.0.0']\nversion 1002",),
                only="GitLab 19.3",
            ),
        ),
        _client("in a snippet to take the first of `latest_versions`"),
    ),
    Claim(
        "Giving a version its number",
        "the second argument is `source`, and has no effect. The tag `gitlab.version` sets the number: `3.1.4`.",
        (
            Call("MlflowClient.create_model_version:source without run_id", "works-with-caveat", "source-ignored"),
            Call(
                "MlflowClient.create_model_version:gitlab.version",
                "works-with-caveat",
                "version-is-database-id",
                words=("aliases=['3.1.4']",),
            ),
        ),
        _client("in a snippet to pass the number as second argument of `create_model_version`, beside the tag"),
    ),
)
