# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Search runs as a Reporter"
# role = "Developer"
# scope = "api"
# tokens = { TOKEN_REPORTER = "project:reporter:api" }
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "401 Unauthorized" }
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-2" = "experiment: wine-classifier"
# "gitlab-18.9/mlflow-3" = "experiment: wine-classifier"
# "gitlab-19.3/mlflow-2" = "experiment: wine-classifier"
# "gitlab-19.3/mlflow-3" = "experiment: wine-classifier"
# ///
"""A Reporter reads an experiment; a search is a POST, which needs a Developer."""

import os

from mlflow import MlflowClient

experiment_id = MlflowClient().create_experiment("wine-classifier")

os.environ["MLFLOW_TRACKING_TOKEN"] = os.environ["TOKEN_REPORTER"]
client = MlflowClient()
print("experiment:", client.get_experiment(experiment_id).name)

client.search_runs([experiment_id])
