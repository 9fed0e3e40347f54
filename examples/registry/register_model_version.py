# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "scikit-learn>=1.9"]
#
# [tool.verified]
# title = "Register a model version and load it"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "gitlab-18.9/mlflow-3" = { type = "google.protobuf.json_format.ParseError", match = "latest_versions" }
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-3" = "semantic version: 1.0.0\nversion is the semantic version: False"
# ///
"""A model, a version with a number of your choice, its files, and the way back."""

import tempfile

import mlflow
import mlflow.sklearn
from mlflow import MlflowClient
from sklearn.datasets import load_wine
from sklearn.tree import DecisionTreeClassifier

X, y = load_wine(return_X_y=True)
tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)

# --8<-- [start:register]
client = MlflowClient()
client.create_registered_model(
    "wine-classifier", description="Which cultivar a wine comes from"
)

# The tag chooses the semantic version. `source` is required, and GitLab puts an
# address of its own in its place.
version = client.create_model_version(
    "wine-classifier",
    source="",
    tags={"gitlab.version": "1.0.0"},
    description="First release",
)
print("semantic version:", version.aliases[0])
#> semantic version: 1.0.0
print("version is the semantic version:", version.version == "1.0.0")
#> version is the semantic version: False
# --8<-- [end:register]

# --8<-- [start:upload]
with tempfile.TemporaryDirectory() as folder:
    mlflow.sklearn.save_model(
        tree,
        f"{folder}/model",
        pip_requirements=["scikit-learn"],
        serialization_format="cloudpickle",
    )
    client.log_artifacts(version.run_id, f"{folder}/model", artifact_path="")
client.log_metric(version.run_id, "accuracy", 0.97)
client.set_terminated(version.run_id)
# --8<-- [end:upload]

# --8<-- [start:load]
loaded = mlflow.sklearn.load_model("models:/wine-classifier@1.0.0")
print(loaded.predict(X[:3]).tolist())
#> [0, 0, 0]
# --8<-- [end:load]
