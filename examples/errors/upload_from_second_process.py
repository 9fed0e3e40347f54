# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Upload a second file, with another client of the same process"
# role = "Developer"
# scope = "api"
# ///
"""The process that made the first upload goes on uploading, also after the run."""

import mlflow
from mlflow import MlflowClient

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="two-jobs") as run:
    mlflow.log_text("first\n", "first.txt")

MlflowClient().log_text(run.info.run_id, "second\n", "second.txt")
print("uploaded after the end of the run")
#> uploaded after the end of the run
