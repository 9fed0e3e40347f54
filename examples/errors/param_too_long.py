# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Log a parameter of more than 250 characters"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.MlflowException", match = "Value is too long \\(maximum is 250 characters\\)" }
# ///
"""One character more than GitLab stores."""

import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="long-param"):
    mlflow.log_param("config", "x" * 251)
