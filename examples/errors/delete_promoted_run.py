# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Delete a run that is a model version"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "Cannot delete a candidate associated to a model version" }
# ///
"""A run that was turned into a version stays as long as the version."""

import mlflow
from mlflow import MlflowClient

mlflow.set_experiment("wine-search")
with mlflow.start_run(run_name="winner") as run:
    mlflow.log_metric("accuracy", 0.97)

client = MlflowClient()
client.create_registered_model("wine-classifier")
client.create_model_version("wine-classifier", source="", run_id=run.info.run_id)

client.delete_run(run.info.run_id)
