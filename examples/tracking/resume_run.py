# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Continue a run by its id"
# role = "Developer"
# scope = "api"
# ///
"""A second block adds a metric to a run that had already ended."""

import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="long-training") as run:
    mlflow.log_metric("loss", 0.9, step=0)

with mlflow.start_run(run_id=run.info.run_id):
    mlflow.log_metric("loss", 0.4, step=1)

print(mlflow.get_run(run.info.run_id).data.metrics)
#> {'loss': 0.4}
