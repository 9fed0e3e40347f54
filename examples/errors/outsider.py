# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Write to a project that you are no member of"
# role = "Outsider"
# scope = "api"
# tokens = { MLFLOW_TRACKING_TOKEN = "pat:outsider:api" }
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "404 Project Not Found" }
# ///
"""A good token of somebody who is not a member of this private project."""

from mlflow import MlflowClient

MlflowClient().create_experiment("wine-classifier")
