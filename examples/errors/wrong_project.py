# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Write to a project that is not there"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "404 Project Not Found" }
# ///
"""An address with the number of no project."""

import os

from mlflow import MlflowClient

os.environ["MLFLOW_TRACKING_URI"] = (
    f"{os.environ['CI_API_V4_URL']}/projects/999999/ml/mlflow"
)
MlflowClient().create_experiment("wine-classifier")
