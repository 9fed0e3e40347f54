# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Write with a token that only reads"
# role = "Developer"
# scope = "read_api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "insufficient_scope" }
# ///
"""A first write as a Developer whose token has the scope read_api."""

from mlflow import MlflowClient

MlflowClient().create_experiment("wine-classifier")
