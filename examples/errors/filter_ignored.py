# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Filter runs on the server and get all of them"
# role = "Developer"
# scope = "api"
# ///
"""GitLab takes a filter and ignores it: the weak run is found as well."""

import mlflow

experiment = mlflow.set_experiment("wine-classifier")
for name, accuracy in {"weak": 0.5, "strong": 0.9}.items():
    with mlflow.start_run(run_name=name):
        mlflow.log_metric("accuracy", accuracy)

runs = mlflow.search_runs(
    [experiment.experiment_id], filter_string="metrics.accuracy > 0.8"
)
print("runs found:", len(runs))
#> runs found: 2
