# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Use a version number twice"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "Version has already been taken" }
# ///
"""A version number is taken once and for all."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")
client.create_model_version(
    "wine-classifier", source="", tags={"gitlab.version": "1.0.0"}
)

client.create_model_version(
    "wine-classifier", source="", tags={"gitlab.version": "1.0.0"}
)
