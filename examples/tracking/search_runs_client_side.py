# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Filter and sort runs in pandas"
# role = "Developer"
# scope = "api"
# ///
"""Fetches every run and filters on the client, which works alike in every lane."""

import mlflow

experiment = mlflow.set_experiment("wine-classifier")
for name, accuracy, model in [
    ("a", 0.91, "forest"),
    ("b", 0.95, "forest"),
    ("c", 0.89, "logistic"),
]:
    with mlflow.start_run(run_name=name):
        mlflow.log_param("model", model)
        mlflow.log_metric("accuracy", accuracy)

runs = mlflow.search_runs([experiment.experiment_id])
forests = runs[runs["params.model"] == "forest"].sort_values(
    "metrics.accuracy", ascending=False
)

print(len(runs), "runs, of them forests:", len(forests))
#> 3 runs, of them forests: 2
print("best first:", forests["metrics.accuracy"].tolist())
#> best first: [0.95, 0.91]
