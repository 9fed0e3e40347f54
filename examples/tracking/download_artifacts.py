# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Download all files of a run"
# role = "Developer"
# scope = "api"
# ///
"""An empty artifact path stands for every file of the run."""

from pathlib import Path

import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="to-download") as run:
    mlflow.log_text("a\n", "a.txt")
    mlflow.log_text("b\n", "b.txt")

folder = Path(
    mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="")
)
for file in sorted(folder.iterdir()):
    print(file.name, "holds", file.read_text().strip())
    #> a.txt holds a
    #> b.txt holds b
