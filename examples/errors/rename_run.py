# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Rename a run"
# role = "Developer"
# scope = "api"
# ///
"""GitLab accepts a new name for a run, and keeps the old one."""

from mlflow import MlflowClient

client = MlflowClient()
experiment_id = client.create_experiment("wine-classifier")
run = client.create_run(experiment_id, run_name="old-name")

client.update_run(run.info.run_id, name="new-name")
print("name:", client.get_run(run.info.run_id).info.run_name)
#> name: old-name
