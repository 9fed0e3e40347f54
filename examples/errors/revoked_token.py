# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "See what a token that was revoked answers"
# role = "Developer"
# scope = "api"
# tokens = { MLFLOW_TRACKING_TOKEN = "pat:developer:revoked" }
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "Token was revoked" }
# ///
"""A first write with a token that was good once."""

from mlflow import MlflowClient

MlflowClient().create_experiment("wine-classifier")
