# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Delete an empty model"
# role = "Maintainer"
# scope = "api"
# ///
"""A model without versions: created, deleted, not found."""

from mlflow import MlflowClient
from mlflow.exceptions import RestException

client = MlflowClient()
client.create_registered_model("wine-classifier")

client.delete_registered_model("wine-classifier")
try:
    client.get_registered_model("wine-classifier")
except RestException as error:
    print(error.error_code)
    #> RESOURCE_DOES_NOT_EXIST
