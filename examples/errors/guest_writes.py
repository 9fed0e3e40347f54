# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Write as a Guest"
# role = "Guest"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "401 Unauthorized" }
# ///
"""A first write with the token of a Guest."""

from mlflow import MlflowClient

MlflowClient().create_experiment("wine-classifier")
