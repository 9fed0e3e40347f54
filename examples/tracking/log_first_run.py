# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Log your first run"
# role = "Developer"
# scope = "api"
# ///
"""One run with parameters, a metric, tags and a text file, read back from GitLab."""

import mlflow

# --8<-- [start:log]
mlflow.set_experiment("wine-classifier")

with mlflow.start_run(run_name="first-run") as run:
    mlflow.log_params({"n_estimators": 100, "max_depth": 5})
    for step, accuracy in enumerate([0.71, 0.84, 0.93]):
        mlflow.log_metric("accuracy", accuracy, step=step)
    mlflow.set_tags({"stage": "baseline", "dataset": "wine-2024"})
    mlflow.log_text("Baseline with default features.\n", "notes.txt")
# --8<-- [end:log]

# --8<-- [start:read]
logged = mlflow.get_run(run.info.run_id)
print(logged.info.run_name, logged.info.status)
#> first-run FINISHED
print("parameters:", logged.data.params)
#> parameters: {'n_estimators': '100', 'max_depth': '5'}
print("metrics:", logged.data.metrics)
#> metrics: {'accuracy': 0.93}
# --8<-- [end:read]
