# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Start a run without an experiment"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "RESOURCE_DOES_NOT_EXIST" }
# ///
"""MLflow takes experiment 0 by default, and GitLab has none."""

import mlflow

with mlflow.start_run(run_name="no-experiment"):
    mlflow.log_metric("accuracy", 0.9)
