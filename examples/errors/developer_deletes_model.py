# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "See a Developer refused to delete a model with a version"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "Model could not be deleted" }
# "gitlab-18.9/mlflow-3" = { type = "google.protobuf.json_format.ParseError", match = "latest_versions" }
# ///
"""A model and its version, made and not to be deleted with the same token."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")
client.create_model_version(
    "wine-classifier", source="", tags={"gitlab.version": "1.0.0"}
)

client.delete_registered_model("wine-classifier")
