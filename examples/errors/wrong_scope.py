# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Write with a token that may not use the API"
# role = "Developer"
# scope = "read_user"
# tokens = { MLFLOW_TRACKING_TOKEN = "pat:developer:read_user" }
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "insufficient_scope" }
# ///
"""A first write with a token for something else."""

from mlflow import MlflowClient

MlflowClient().create_experiment("wine-classifier")
