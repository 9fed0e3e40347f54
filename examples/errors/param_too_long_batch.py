# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Log a long parameter with log_params"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "PG::CheckViolation" }
# ///
"""The same long value in a batch: here the database refuses it."""

import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="long-param"):
    mlflow.log_params({"config": "x" * 251})
