# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "requests>=2.32"]
#
# [tool.verified]
# title = "Add a file from a later job"
# role = "Developer"
# scope = "api"
# ///
"""Adds a file to a run through GitLab's package endpoint."""

import os

import mlflow
import requests
from mlflow import MlflowClient

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="two-jobs") as run:
    mlflow.log_text("from the first job\n", "first.txt")

# --8<-- [start:later]
# In the later job: MLFLOW_TRACKING_URI ends in /ml/mlflow, the files live beside it.
artifact_uri = MlflowClient().get_run(run.info.run_id).info.artifact_uri
print(artifact_uri)
#> mlflow-artifacts:/candidate:1

tracking_uri = os.environ["MLFLOW_TRACKING_URI"].rstrip("/")
project = tracking_uri.removesuffix("/ml/mlflow")
candidate = artifact_uri.removeprefix("mlflow-artifacts:/")
response = requests.put(
    f"{project}/packages/ml_models/{candidate}/files/second.txt",
    data=b"from the second job\n",
    headers={"Authorization": f"Bearer {os.environ['MLFLOW_TRACKING_TOKEN']}"},
    timeout=30,
)
response.raise_for_status()
print(response.status_code, response.json()["message"])
#> 201 201 Created
# --8<-- [end:later]

files = mlflow.artifacts.list_artifacts(artifact_uri=f"runs:/{run.info.run_id}/")
print(sorted(file.path for file in files))
#> ['first.txt', 'second.txt']
