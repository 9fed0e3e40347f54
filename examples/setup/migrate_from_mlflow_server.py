# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=3.1,<4"]
#
# [tool.verified]
# title = "Copy runs from another MLflow store"
# role = "Developer"
# scope = "api"
# ///
"""One run of a local store, copied to GitLab with its history and its file."""

import tempfile
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Param

# --8<-- [start:old]
folder = Path(tempfile.mkdtemp())
source = MlflowClient(f"sqlite:///{folder}/mlflow.db")
old = source.create_experiment("legacy", artifact_location=f"file://{folder}/artifacts")
run = source.create_run(old, run_name="old-run")
source.log_param(run.info.run_id, "C", "0.5")
for step in range(3):
    source.log_metric(run.info.run_id, "loss", 1 / (step + 1), step=step)
source.log_text(run.info.run_id, "kept\n", "notes.txt")
source.set_terminated(run.info.run_id)
# --8<-- [end:old]

# --8<-- [start:copy]
target = MlflowClient()
new = target.create_experiment("legacy")
for run in source.search_runs([old]):
    copy = target.create_run(
        new, start_time=run.info.start_time, run_name=run.info.run_name
    )
    target.log_batch(
        copy.info.run_id,
        metrics=[
            point
            for name in run.data.metrics
            for point in source.get_metric_history(run.info.run_id, name)
        ],
        params=[Param(name, value) for name, value in run.data.params.items()],
    )
    for file in source.list_artifacts(run.info.run_id):
        path = source.download_artifacts(run.info.run_id, file.path, folder)
        target.log_artifact(copy.info.run_id, path)
    target.set_terminated(copy.info.run_id, run.info.status, run.info.end_time)

for copied in target.search_runs([new]):
    print(copied.info.run_name, copied.data.params, copied.data.metrics)
    #> old-run {'C': '0.5'} {'loss': 0.3333333333333333}
# --8<-- [end:copy]
