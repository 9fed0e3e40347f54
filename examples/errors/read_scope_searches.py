# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Search runs with a token that only reads"
# role = "Developer"
# scope = "api"
# tokens = { TOKEN_READ_API = "project:developer:read_api" }
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "insufficient_scope" }
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-2" = "experiment: wine-classifier"
# "gitlab-18.9/mlflow-3" = "experiment: wine-classifier"
# "gitlab-19.3/mlflow-2" = "experiment: wine-classifier"
# "gitlab-19.3/mlflow-3" = "experiment: wine-classifier"
# ///
"""The scope read_api is enough to read an experiment, and not to search it."""

import os

from mlflow import MlflowClient

experiment_id = MlflowClient().create_experiment("wine-classifier")

os.environ["MLFLOW_TRACKING_TOKEN"] = os.environ["TOKEN_READ_API"]
client = MlflowClient()
print("experiment:", client.get_experiment(experiment_id).name)

client.search_runs([experiment_id])
