# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Log a parameter without a value"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.MlflowException", match = "Value can't be blank" }
# ///
"""An empty text is no value to GitLab."""

import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="empty"):
    mlflow.log_param("note", "")
