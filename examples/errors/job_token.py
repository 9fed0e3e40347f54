# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Log with the token that GitLab gives a CI job"
# role = "Developer"
# scope = "api"
# tokens = { CI_JOB_TOKEN = "job:developer", MLFLOW_TRACKING_TOKEN = "job:developer" }
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "401 Unauthorized" }
# ///
"""A job token in place of the project's token."""

import os

from mlflow import MlflowClient

os.environ["MLFLOW_TRACKING_TOKEN"] = os.environ["CI_JOB_TOKEN"]
MlflowClient().create_experiment("wine-classifier")
