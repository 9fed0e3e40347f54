# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Delete a run and an experiment"
# role = "Developer"
# scope = "api"
# ///
"""After the delete, GitLab answers as if run and experiment had never been."""

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

client = MlflowClient()
experiment_id = client.create_experiment("scratch")
run = client.create_run(experiment_id, run_name="mistake")

client.delete_run(run.info.run_id)
try:
    client.get_run(run.info.run_id)
except MlflowException as error:
    print("the run:", error.error_code)
    #> the run: RESOURCE_DOES_NOT_EXIST

client.delete_experiment(experiment_id)
print("the experiment:", client.get_experiment_by_name("scratch"))
#> the experiment: None
