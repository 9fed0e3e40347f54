# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Write without a token"
# role = "Nobody"
# scope = "none"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "401 Unauthorized" }
# ///
"""A first write without the one variable that holds the token."""

import os

from mlflow import MlflowClient

os.environ.pop("MLFLOW_TRACKING_TOKEN", None)
MlflowClient().create_experiment("wine-classifier")
