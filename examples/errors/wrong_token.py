# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "See what a token that GitLab never made answers"
# role = "Nobody"
# scope = "none"
# tokens = { MLFLOW_TRACKING_TOKEN = "unknown" }
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "401 Unauthorized" }
# ///
"""A first write with a token that has a typing error."""

from mlflow import MlflowClient

MlflowClient().create_experiment("wine-classifier")
