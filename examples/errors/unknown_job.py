# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Link a run to a job of another GitLab"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.MlflowException", match = "too many 500 error responses" }
# ///
"""A tag with the number of a job that this GitLab does not have."""

import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="foreign-job"):
    mlflow.set_tag("gitlab.CI_JOB_ID", "999999999")
