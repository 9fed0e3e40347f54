# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Log many metrics in one request"
# role = "Developer"
# scope = "api"
# ///
"""A hundred metric points, a parameter and a tag in a single request."""

import time

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

client = MlflowClient()
experiment_id = client.create_experiment("wine-classifier")
run = client.create_run(experiment_id, run_name="batch")

now = int(time.time() * 1000)
client.log_batch(
    run.info.run_id,
    metrics=[Metric("loss", 1 / (step + 1), now, step) for step in range(100)],
    params=[Param("lr", "0.01")],
    tags=[RunTag("kind", "batch")],
)
client.set_terminated(run.info.run_id)

print(client.get_run(run.info.run_id).data.metrics)
#> {'loss': 0.01}
