# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "List the files of a run in the process that uploaded them"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "ValueError", match = "not enough values to unpack" }
# ///
"""MLflow 2 remembers the address for uploads, and cannot list files there."""

import mlflow
from mlflow import MlflowClient

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="listing") as run:
    mlflow.log_text("a\n", "a.txt")

MlflowClient().list_artifacts(run.info.run_id)
