# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "scikit-learn>=1.9"]
#
# [tool.verified]
# title = "Publish a model in one call"
# role = "Developer"
# scope = "api"
# ///
"""Use `publish` where you would write `log_model(registered_model_name=...)`."""

import tempfile

import mlflow
import mlflow.sklearn
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import RestException
from sklearn.base import BaseEstimator
from sklearn.datasets import load_wine
from sklearn.tree import DecisionTreeClassifier


# --8<-- [start:publish]
def publish(
    model: BaseEstimator, name: str, number: str, metrics: dict[str, float]
) -> ModelVersion:
    """Registers a scikit-learn model under a semantic version."""
    client = MlflowClient()
    try:
        client.create_registered_model(name)
    except RestException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    version = client.create_model_version(
        name, source="", tags={"gitlab.version": number}
    )
    with tempfile.TemporaryDirectory() as folder:
        mlflow.sklearn.save_model(
            model,
            f"{folder}/model",
            pip_requirements=["scikit-learn"],
            serialization_format="cloudpickle",
        )
        client.log_artifacts(version.run_id, f"{folder}/model", artifact_path="")
    for key, value in metrics.items():
        client.log_metric(version.run_id, key, value)
    client.set_terminated(version.run_id)
    return version


# --8<-- [end:publish]


X, y = load_wine(return_X_y=True)
for number, depth in (("1.0.0", 2), ("1.1.0", 4)):
    tree = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(X, y)
    version = publish(
        tree, "wine-classifier", number, {"accuracy": round(tree.score(X, y), 4)}
    )
    print("published", version.aliases[0])
    #> published 1.0.0
    #> published 1.1.0
