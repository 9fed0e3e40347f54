# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Number a version v1.0"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "Version must be semantic version" }
# ///
"""Three numbers and no letter in front: that is a version in GitLab."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")

client.create_model_version(
    "wine-classifier", source="", tags={"gitlab.version": "v1.0"}
)
