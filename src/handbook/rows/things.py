"""Lists by which ids things are named, and what deleting them takes away."""

from __future__ import annotations

from handbook.claims import Asked, Call, Claim, Recorded
from handbook.rows.common import BROKEN, NOT_FOUND, of_model

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
        "36 characters with dashes.",
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
                "MlflowClient.get_model_version:round trip with mv.version", "fails", words=("RESOURCE_DOES_NOT_EXIST",)
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
        of_model(
            "mlflow.pyfunc.load_model:models:/ id of another model",
            "works-with-caveat",
            "not-checked",
            ("the other model is loaded",),
        ),
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
        (Call("MlflowClient.restore_run:basic", "fails", words=NOT_FOUND),),
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
        (Call("MlflowClient.restore_experiment:basic", "fails", words=NOT_FOUND),),
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
        of_model("MlflowClient.delete_model_version:basic", "fails", words=NOT_FOUND),
    ),
    Claim(
        "One version, with GraphQL, by a Maintainer",
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
        "One version, with GraphQL, by a Developer",
        "Refused. The status is 200, and the answer names an error about the package.",
        (
            Asked(
                "graphql.mlModelVersionDelete",
                "pat:developer:api",
                200,
                ok=False,
                words=("You don't have access to this package",),
            ),
            Asked("graphql.mlModelVersionDelete", "pat:maintainer:api", 200),
        ),
    ),
    Claim(
        "`mlflow gc`",
        "The command refuses before it asks GitLab.",
        (
            Call(
                "cli: mlflow gc:basic", "fails", words=("no request was sent", "backend that allows hard-deleting runs")
            ),
        ),
    ),
)
