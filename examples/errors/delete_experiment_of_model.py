# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Delete the experiment that belongs to a model"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "Cannot delete an experiment associated to a model" }
# ///
"""Every model has an experiment of its own, which goes only with the model."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")
experiment = client.get_experiment_by_name("[model]wine-classifier")

client.delete_experiment(experiment.experiment_id)
