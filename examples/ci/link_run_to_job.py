# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Link a run to the CI job that trains it"
# role = "Developer"
# scope = "api"
# ///
"""The training job of a pipeline: a run, its job, a metric, and a file that names the run for the next job."""

# --8<-- [start:train]
import os
from pathlib import Path

import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="pipeline-run") as run:
    # Outside of GitLab CI there is no job to link to.
    if job := os.getenv("CI_JOB_ID"):
        mlflow.set_tag("gitlab.CI_JOB_ID", job)
    mlflow.log_metric("accuracy", 0.94)

# The files of your model, and the run's id for the jobs that follow.
Path("weights.txt").write_text("release weights\n")
Path("train.env").write_text(f"RUN_ID={run.info.run_id}\n")
# --8<-- [end:train]

tags = mlflow.get_run(run.info.run_id).data.tags
print("linked to job", tags["gitlab.CI_JOB_ID"])
#> linked to job 451
