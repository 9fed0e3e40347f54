# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Hand a run from one CI job to the next"
# role = "Developer"
# scope = "api"
# ///
"""Job one writes the id of its run; job two evaluates that run and registers it."""

import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient

handover = Path(tempfile.mkdtemp(), "run.env")

# --8<-- [start:train]
# Job one leaves a file with the id.
mlflow.set_experiment("wine-pipeline")
with mlflow.start_run(run_name="train") as run:
    mlflow.log_metric("train_accuracy", 0.99)
    mlflow.log_text("weights\n", "weights.txt")
handover.write_text(f"MLFLOW_RUN_ID={run.info.run_id}\n")
# --8<-- [end:train]

# --8<-- [start:evaluate]
# Job two reads it and goes on with the same run.
run_id = handover.read_text().strip().removeprefix("MLFLOW_RUN_ID=")
client = MlflowClient()
client.log_metric(run_id, "test_accuracy", 0.96)
client.create_registered_model("wine-pipeline")
version = client.create_model_version(
    "wine-pipeline", source="", run_id=run_id, tags={"gitlab.version": "1.0.0"}
)
# --8<-- [end:evaluate]

metrics = client.get_run(run_id).data.metrics
print("version", version.aliases[0], "with", dict(sorted(metrics.items())))
#> version 1.0.0 with {'test_accuracy': 0.96, 'train_accuracy': 0.99}
