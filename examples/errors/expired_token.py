# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "See what a token that is expired answers"
# role = "Developer"
# scope = "api"
# tokens = { MLFLOW_TRACKING_TOKEN = "pat:developer:expired" }
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "Token is expired" }
# ///
"""A first write with a token that was good once."""

from mlflow import MlflowClient

MlflowClient().create_experiment("wine-classifier")
