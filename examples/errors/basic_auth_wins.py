# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "See user name and password win over a good token"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "401 Unauthorized" }
# ///
"""A good token, which is not sent: two other variables are set as well."""

import os

from mlflow import MlflowClient

os.environ["MLFLOW_TRACKING_USERNAME"] = "developer"
os.environ["MLFLOW_TRACKING_PASSWORD"] = os.environ["MLFLOW_TRACKING_TOKEN"]

MlflowClient().create_experiment("wine-classifier")
