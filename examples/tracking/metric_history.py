# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Read a learning curve"
# role = "Developer"
# scope = "api"
# ///
"""Every point of a metric, with its step."""

import mlflow
from mlflow import MlflowClient

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="learning-curve") as run:
    for step, loss in enumerate([0.9, 0.5, 0.3]):
        mlflow.log_metric("loss", loss, step=step)

for point in MlflowClient().get_metric_history(run.info.run_id, "loss"):
    print(f"step {point.step}: {point.value}")
    #> step 0: 0.9
    #> step 1: 0.5
    #> step 2: 0.3
