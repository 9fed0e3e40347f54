# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "scikit-learn>=1.9"]
#
# [tool.verified]
# title = "See why a sub-folder does not load"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "gitlab-18.9/mlflow-2" = { type = "mlflow.exceptions.MlflowException", match = "404 Client Error: Not Found" }
# "gitlab-19.3/mlflow-2" = { type = "mlflow.exceptions.MlflowException", match = "404 Client Error: Not Found" }
# "gitlab-18.9/mlflow-3" = { type = "mlflow.exceptions.MlflowException", match = "Failed to download artifacts from path 'model'" }
# "gitlab-19.3/mlflow-3" = { type = "mlflow.exceptions.MlflowException", match = "Failed to download artifacts from path 'model'" }
# ///
"""The usual artifact path `model` uploads well, and cannot be loaded again."""

import tempfile

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_wine
from sklearn.tree import DecisionTreeClassifier

X, y = load_wine(return_X_y=True)
tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)

mlflow.set_experiment("flavors")
with (
    mlflow.start_run(run_name="sub-folder") as run,
    tempfile.TemporaryDirectory() as folder,
):
    mlflow.sklearn.save_model(
        tree,
        f"{folder}/model",
        pip_requirements=["scikit-learn"],
        serialization_format="cloudpickle",
    )
    mlflow.log_artifacts(f"{folder}/model", artifact_path="model")

mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
