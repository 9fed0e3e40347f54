# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Sort runs on the server"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "order_by is invalid" }
# ///
"""MLflow sends a list of columns, and GitLab does not take a list."""

import mlflow

experiment = mlflow.set_experiment("wine-classifier")

mlflow.search_runs([experiment.experiment_id], order_by=["metrics.accuracy DESC"])
