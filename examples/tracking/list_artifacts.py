# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "List the files of a run"
# role = "Developer"
# scope = "api"
# ///
"""Names and sizes of everything a run has stored."""

import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="with-artifacts") as run:
    mlflow.log_text("a\n", "a.txt")
    mlflow.log_dict({"b": 1}, "b.json")

files = mlflow.artifacts.list_artifacts(artifact_uri=f"runs:/{run.info.run_id}/")
for file in sorted(files, key=lambda file: file.path):
    print(f"{file.path}: {file.file_size} bytes")
    #> a.txt: 2 bytes
    #> b.json: 12 bytes
