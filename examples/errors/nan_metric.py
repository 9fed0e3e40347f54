# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Log NaN as a metric"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "value is invalid" }
# ///
"""A loss that is not a number any more ends the run."""

import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="nan"):
    mlflow.log_metric("loss", float("nan"))
