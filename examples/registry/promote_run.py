# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Turn a run into a model version"
# role = "Developer"
# scope = "api"
# ///
"""A finished run becomes a version of a model, and leaves its experiment."""

import mlflow
from mlflow import MlflowClient

experiment = mlflow.set_experiment("wine-classifier-search")
with mlflow.start_run(run_name="winner") as run:
    mlflow.log_metric("accuracy", 0.97)
    mlflow.log_text("weights\n", "model.txt")

# --8<-- [start:promote]
client = MlflowClient()
client.create_registered_model("wine-classifier")
version = client.create_model_version(
    "wine-classifier",
    source="",
    run_id=run.info.run_id,
    tags={"gitlab.version": "1.0.0"},
)
print(version.aliases[0], "is the run itself:", version.run_id == run.info.run_id)
#> 1.0.0 is the run itself: True
# --8<-- [end:promote]

promoted = client.get_run(run.info.run_id)
moved = promoted.info.experiment_id != experiment.experiment_id
print("moved to another experiment:", moved)
#> moved to another experiment: True
print("runs left there:", len(client.search_runs([experiment.experiment_id])))
#> runs left there: 0
