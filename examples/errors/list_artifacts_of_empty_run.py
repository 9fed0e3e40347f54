# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "List the files of a run that has none"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "ValueError", match = "not enough values to unpack" }
# ///
"""Before its first file, a run has no address that MLflow could list."""

import mlflow
from mlflow import MlflowClient

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="empty") as run:
    pass

MlflowClient().list_artifacts(run.info.run_id)
