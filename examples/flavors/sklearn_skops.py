# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=3.17,<4", "scikit-learn>=1.9", "skops>=0.13"]
#
# [tool.verified]
# title = "Save scikit-learn in MLflow 3's own format"
# role = "Developer"
# scope = "api"
# ///
"""MLflow 3.17 saves scikit-learn with skops, which asks which types you trust."""

import tempfile

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_wine
from sklearn.tree import DecisionTreeClassifier

X, y = load_wine(return_X_y=True)
tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)

mlflow.set_experiment("flavors")
with mlflow.start_run(run_name="skops") as run, tempfile.TemporaryDirectory() as folder:
    mlflow.sklearn.save_model(
        tree,
        f"{folder}/model",
        pip_requirements=["scikit-learn", "skops"],
        skops_trusted_types=["sklearn.tree._tree.Tree", "numpy.dtype"],
    )
    mlflow.log_artifacts(f"{folder}/model")

loaded = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/")
print(loaded.predict(X[:3]).tolist())
#> [0, 0, 0]
