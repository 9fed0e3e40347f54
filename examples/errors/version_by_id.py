# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Get a version by the number that MLflow shows"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "RESOURCE_DOES_NOT_EXIST" }
# ///
"""What MLflow shows as version is a database id, and GitLab finds nothing under it."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")
version = client.create_model_version(
    "wine-classifier", source="", tags={"gitlab.version": "1.0.0"}
)

client.get_model_version("wine-classifier", version.version)
