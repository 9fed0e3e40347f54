# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "List the files of a sub-folder"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "gitlab-18.9/mlflow-2" = { type = "ValueError", match = "not enough values to unpack" }
# "gitlab-19.3/mlflow-2" = { type = "ValueError", match = "not enough values to unpack" }
# "gitlab-18.9/mlflow-3" = { type = "mlflow.exceptions.RestException", match = "404 Not Found" }
# "gitlab-19.3/mlflow-3" = { type = "mlflow.exceptions.RestException", match = "404 Not Found" }
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-2" = "files: ['reports/summary.txt']\ntext: x"
# "gitlab-18.9/mlflow-3" = "files: ['reports/summary.txt']\ntext: x"
# "gitlab-19.3/mlflow-2" = "files: ['reports/summary.txt']\ntext: x"
# "gitlab-19.3/mlflow-3" = "files: ['reports/summary.txt']\ntext: x"
# ///
"""A file in a sub-folder is listed and read, but its folder is not listed."""

import mlflow
from mlflow import MlflowClient

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="folders") as run:
    mlflow.log_text("x\n", "reports/summary.txt")

uri = f"runs:/{run.info.run_id}"
files = mlflow.artifacts.list_artifacts(artifact_uri=f"{uri}/")
print("files:", [file.path for file in files])
text = mlflow.artifacts.load_text(f"{uri}/reports/summary.txt")
print("text:", text.strip())

MlflowClient().list_artifacts(run.info.run_id, "reports")
