# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Delete a model and its versions"
# role = "Maintainer"
# scope = "api"
#
# [tool.verified.raises]
# "gitlab-18.9/mlflow-3" = { type = "google.protobuf.json_format.ParseError", match = "latest_versions" }
# ///
"""A model that has a version goes in one call, with a Maintainer's token."""

from mlflow import MlflowClient
from mlflow.exceptions import RestException

client = MlflowClient()
client.create_registered_model("wine-classifier")
client.create_model_version(
    "wine-classifier", source="", tags={"gitlab.version": "1.0.0"}
)

client.delete_registered_model("wine-classifier")
try:
    client.get_registered_model("wine-classifier")
except RestException as error:
    print(error.error_code)
    #> RESOURCE_DOES_NOT_EXIST
