# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Register a run with register_model"
# role = "Developer"
# scope = "api"
# ///
"""MLflow's own shortcut: one call makes the registered model and its first version."""

import mlflow

mlflow.set_experiment("wine-classifier-search")
with mlflow.start_run(run_name="winner") as run:
    mlflow.log_text("flavors: {}\n", "MLmodel")

version = mlflow.register_model(f"runs:/{run.info.run_id}/", "wine-classifier")
print(version.name, version.aliases)
#> wine-classifier ['1.0.0']
