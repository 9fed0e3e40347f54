# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "scikit-learn>=1.9"]
#
# [tool.verified]
# title = "Log a model under a name"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "404 Not Found" }
# ///
"""The spelling of MLflow 3 needs logged models, which GitLab does not have."""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_wine
from sklearn.tree import DecisionTreeClassifier

X, y = load_wine(return_X_y=True)
tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="log-model"):
    mlflow.sklearn.log_model(
        tree, name="model", pip_requirements=["scikit-learn"]
    )
