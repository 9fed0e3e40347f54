# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "scikit-learn>=1.9"]
#
# [tool.verified]
# title = "Log a model with log_model"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "gitlab-18.9/mlflow-3" = { type = "mlflow.exceptions.RestException", match = "404 Not Found" }
# "gitlab-19.3/mlflow-3" = { type = "mlflow.exceptions.RestException", match = "404 Not Found" }
# ///
"""MLflow 2 uploads the model and warns. MLflow 3 asks for an API that GitLab lacks."""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_wine
from sklearn.tree import DecisionTreeClassifier

X, y = load_wine(return_X_y=True)
tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="log-model"):
    info = mlflow.sklearn.log_model(
        tree, artifact_path="", pip_requirements=["scikit-learn"]
    )

print("flavors:", sorted(info.flavors))
#> flavors: ['python_function', 'sklearn']
