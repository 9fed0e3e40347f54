# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Read the history of a metric from GitLab 18.9"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "404 Not Found" }
# ///
"""GitLab 18.9 keeps every value of a metric, but cannot be asked for them."""

from mlflow import MlflowClient

client = MlflowClient()
experiment_id = client.create_experiment("wine-classifier")
run = client.create_run(experiment_id, run_name="r")
client.log_metric(run.info.run_id, "loss", 0.5)

client.get_metric_history(run.info.run_id, "loss")
