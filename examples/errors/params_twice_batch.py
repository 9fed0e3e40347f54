# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Log a parameter twice with log_params"
# role = "Developer"
# scope = "api"
# ///
"""In a batch the first value stays, and nothing says so."""

import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="twice") as run:
    mlflow.log_params({"C": 1})
    mlflow.log_params({"C": 2})

logged = mlflow.get_run(run.info.run_id)
print("parameters:", logged.data.params)
#> parameters: {'C': '1'}
