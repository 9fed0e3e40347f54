# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Rename an experiment"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "404 Not Found" }
# ///
"""An experiment keeps the name that it was created with."""

from mlflow import MlflowClient

client = MlflowClient()
experiment_id = client.create_experiment("old")

client.rename_experiment(experiment_id, "new")
