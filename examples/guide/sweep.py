# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Run a sweep and find its best trial"
# role = "Developer"
# scope = "api"
# ///
"""Every trial is a run of its own, and a tag holds the sweep together."""

from mlflow import MlflowClient

client = MlflowClient()
experiment_id = client.create_experiment("wine-sweep")

for trial, rate in enumerate((0.01, 0.03, 0.1, 0.3)):
    run = client.create_run(
        experiment_id, run_name=f"trial-{trial}", tags={"sweep": "lr-2024"}
    )
    client.log_param(run.info.run_id, "learning_rate", rate)
    client.log_metric(run.info.run_id, "accuracy", round(0.95 - abs(rate - 0.1), 4))
    client.set_terminated(run.info.run_id)

trials = [
    run
    for run in client.search_runs([experiment_id])
    if run.data.tags.get("sweep") == "lr-2024"
]
best = max(trials, key=lambda run: run.data.metrics["accuracy"])
print("best of", len(trials), "is", best.info.run_name, best.data.params)
#> best of 4 is trial-2 {'learning_rate': '0.1'}
