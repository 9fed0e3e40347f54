# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Log with a deploy token"
# role = "Nobody"
# scope = "none"
# tokens = { MLFLOW_TRACKING_TOKEN = "deploy" }
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "401 Unauthorized" }
# ///
"""A deploy token in place of the project's token."""

from mlflow import MlflowClient

MlflowClient().create_experiment("wine-classifier")
