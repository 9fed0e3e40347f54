# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "scikit-learn>=1.9"]
#
# [tool.verified]
# title = "Save a model to a run and load it"
# role = "Developer"
# scope = "api"
# ///
"""Saves a model to disk, uploads it to the root of a run, and loads it back."""

import tempfile

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_wine
from sklearn.tree import DecisionTreeClassifier

X, y = load_wine(return_X_y=True)
tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)

# --8<-- [start:save]
mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="tree") as run, tempfile.TemporaryDirectory() as folder:
    mlflow.sklearn.save_model(
        tree,
        f"{folder}/model",
        pip_requirements=["scikit-learn"],
        serialization_format="cloudpickle",
    )
    mlflow.log_artifacts(f"{folder}/model")
# --8<-- [end:save]

# --8<-- [start:load]
loaded = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/")
print(loaded.predict(X[:3]).tolist())
#> [0, 0, 0]
# --8<-- [end:load]
