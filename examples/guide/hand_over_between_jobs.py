# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Hand a run from one CI job to the next"
# role = "Developer"
# scope = "api"
# ///
"""Three jobs and one run: train makes it, evaluate adds a metric, promote turns it into a version."""

# --8<-- [start:train]
from pathlib import Path

import mlflow

mlflow.set_experiment("wine-pipeline")
with mlflow.start_run(run_name="train") as run:
    mlflow.log_metric("train_accuracy", 0.99)
    mlflow.log_text("weights\n", "weights.txt")
Path("train.env").write_text(f"RUN_ID={run.info.run_id}\n")
# --8<-- [end:train]

# In a pipeline, GitLab reads the report of one job into the environment of the next.
import os

name, _, value = Path("train.env").read_text().strip().partition("=")
os.environ[name] = value

# --8<-- [start:evaluate]
import os

from mlflow import MlflowClient

MlflowClient().log_metric(os.environ["RUN_ID"], "test_accuracy", 0.96)
# --8<-- [end:evaluate]

# --8<-- [start:promote]
import os

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-pipeline")
version = client.create_model_version(
    "wine-pipeline",
    source="",
    run_id=os.environ["RUN_ID"],
    tags={"gitlab.version": "1.0.0"},
)
metrics = client.get_run(version.run_id).data.metrics
print("version", version.aliases[0], "with", dict(sorted(metrics.items())))
#> version 1.0.0 with {'test_accuracy': 0.96, 'train_accuracy': 0.99}
# --8<-- [end:promote]
