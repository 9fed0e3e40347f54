# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Group runs under a parent"
# role = "Developer"
# scope = "api"
# ///
"""MLflow marks a child with a tag, and you find the children by it."""

import mlflow

experiment = mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="sweep") as parent:
    for c in (0.1, 1.0):
        with mlflow.start_run(run_name=f"C-{c}", nested=True):
            mlflow.log_param("C", c)

runs = mlflow.search_runs([experiment.experiment_id], output_format="list")
children = [
    run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id
]
print(sorted(child.info.run_name for child in children))
#> ['C-0.1', 'C-1.0']
