# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Search model versions"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "404 Not Found" }
# ///
"""The versions of a model cannot be searched."""

from mlflow import MlflowClient

MlflowClient().search_model_versions("name='wine-classifier'")
