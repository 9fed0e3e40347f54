# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Register without duplicates"
# role = "Developer"
# scope = "api"
# ///
"""Looks before it creates, so that a version is registered once."""

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import RestException

client = MlflowClient()


def ensure_model(name: str) -> RegisteredModel:
    try:
        return client.get_registered_model(name)
    except RestException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return client.create_registered_model(name)


def ensure_version(name: str, number: str) -> ModelVersion:
    try:
        return client.get_model_version(name, number)
    except RestException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return client.create_model_version(
            name, source="", tags={"gitlab.version": number}
        )


ensure_model("wine-classifier")
first = ensure_version("wine-classifier", "1.0.0")
again = ensure_version("wine-classifier", "1.0.0")
print("one version:", first.version == again.version)
#> one version: True
