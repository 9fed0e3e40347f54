# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Change a tag"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "Name 'status' already taken" }
# ///
"""A tag keeps its first value, and a second one is an error."""

import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="twice"):
    mlflow.set_tag("status", "draft")
    mlflow.set_tag("status", "final")
