# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Ask for the latest version of an empty model"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "google.protobuf.json_format.ParseError", match = "null is not allowed" }
# ///
"""A model without versions answers `[null]`, which MLflow cannot read."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")

client.get_latest_versions("wine-classifier")
