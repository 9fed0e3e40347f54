# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "List all models"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "Invalid attribute key specified" }
# ///
"""MLflow adds a condition to every such search that GitLab does not know."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")

client.search_registered_models()
