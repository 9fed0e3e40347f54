# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Send requests to a project's page"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.MlflowException", match = "error code 422" }
# ///
"""An address with the project's path, where /api/v4/projects/ and its number belong."""

import os

from mlflow import MlflowClient

project = f"{os.environ['GITLAB_URL']}/{os.environ['GITLAB_PROJECT']}"
os.environ["MLFLOW_TRACKING_URI"] = f"{project}/ml/mlflow"
MlflowClient().create_experiment("wine-classifier")
