# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Give a version an alias"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.MlflowException", match = "'version' must be an integer" }
# ///
"""MLflow wants a whole number as version, and a version in GitLab is none."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")

client.set_registered_model_alias("wine-classifier", "champion", "1.0.0")
