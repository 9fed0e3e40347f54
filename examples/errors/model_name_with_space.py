# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Register a model with a space in its name"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "RESOURCE_ALREADY_EXISTS" }
# ///
"""GitLab says that the model exists already; it means that the name is not allowed."""

from mlflow import MlflowClient

MlflowClient().create_registered_model("wine classifier")
