# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Download a file with a space in its name"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "gitlab-18.9/mlflow-2" = { type = "mlflow.exceptions.MlflowException", match = "404 Client Error: Not Found" }
# "gitlab-19.3/mlflow-2" = { type = "mlflow.exceptions.MlflowException", match = "404 Client Error: Not Found" }
# "gitlab-18.9/mlflow-3" = { type = "mlflow.exceptions.MlflowException", match = "Failed to download artifacts from path 'my notes.txt'" }
# "gitlab-19.3/mlflow-3" = { type = "mlflow.exceptions.MlflowException", match = "Failed to download artifacts from path 'my notes.txt'" }
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-2" = "files: ['my notes.txt']"
# "gitlab-18.9/mlflow-3" = "files: ['my notes.txt']"
# "gitlab-19.3/mlflow-2" = "files: ['my notes.txt']"
# "gitlab-19.3/mlflow-3" = "files: ['my notes.txt']"
# ///
"""A name with a space goes up and is listed, but does not come back."""

import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="space") as run:
    mlflow.log_text("x\n", "my notes.txt")

run_id = run.info.run_id
files = mlflow.artifacts.list_artifacts(artifact_uri=f"runs:/{run_id}/")
print("files:", [file.path for file in files])

mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="my notes.txt")
