# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Upload a checkpoint with an equals sign in its name"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "requests.exceptions.HTTPError", match = "file_name is invalid" }
# ///
"""The name that Lightning gives a checkpoint by default, and GitLab does not take."""

import tempfile
from pathlib import Path

import mlflow

mlflow.set_experiment("wine-classifier")
with (
    mlflow.start_run(run_name="checkpoint"),
    tempfile.TemporaryDirectory() as folder,
):
    checkpoint = Path(folder, "epoch=0-step=100.ckpt")
    checkpoint.write_text("x")
    mlflow.log_artifact(str(checkpoint))
