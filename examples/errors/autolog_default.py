# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "scikit-learn>=1.9", "matplotlib>=3.10"]
#
# [tool.verified]
# title = "Autolog with the default settings, which lose the data set"
# role = "Developer"
# scope = "api"
# ///
"""Autolog wants to log the data set too: GitLab refuses that, and the rest arrives."""

import mlflow
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression

X, y = load_wine(return_X_y=True)

mlflow.autolog(log_models=False)
mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="autologged") as run:
    LogisticRegression(max_iter=5000).fit(X, y)

logged = mlflow.get_run(run.info.run_id)
print("status:", logged.info.status)
#> status: FINISHED
print("data sets:", len(logged.inputs.dataset_inputs))
#> data sets: 0
