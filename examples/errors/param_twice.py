# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Log a parameter twice"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.MlflowException", match = "Name has already been taken" }
# ///
"""GitLab refuses the second time, even with the same value."""

import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="twice"):
    mlflow.log_param("C", 1)
    mlflow.log_param("C", 1)
