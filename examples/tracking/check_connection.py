# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Check the connection"
# role = "Developer"
# scope = "api"
# ///
"""Proves that address and token work: an experiment created, read, deleted."""

from mlflow import MlflowClient

client = MlflowClient()

experiment_id = client.create_experiment("connection-check")
experiment = client.get_experiment(experiment_id)
print(f"{experiment.name} is {experiment.lifecycle_stage}")
#> connection-check is active

client.delete_experiment(experiment_id)
print("left behind:", client.get_experiment_by_name("connection-check"))
#> left behind: None
