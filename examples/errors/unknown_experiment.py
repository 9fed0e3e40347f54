# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Get an experiment that does not exist"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "RESOURCE_DOES_NOT_EXIST" }
# ///
"""Each project counts its experiments from 1: this id is from somewhere else."""

from mlflow import MlflowClient

MlflowClient().get_experiment("4711")
