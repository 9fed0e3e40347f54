# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Move a version to a stage"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "404 Not Found" }
# ///
"""GitLab has no stages such as Production."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")

client.transition_model_version_stage(
    "wine-classifier", version="1.0.0", stage="Production"
)
