# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Upload files and read one back"
# role = "Developer"
# scope = "api"
# ///
"""A text, a dictionary and a folder of files become artifacts of one run."""

import tempfile
from pathlib import Path

import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="with-artifacts") as run:
    mlflow.log_text("Tuned on the 2024 vintage.\n", "notes.txt")
    mlflow.log_dict({"features": ["alcohol", "hue"]}, "features.json")

    folder = Path(tempfile.mkdtemp())
    (folder / "confusion.csv").write_text("13,1\n0,17\n")
    (folder / "labels.csv").write_text("0,class_0\n")
    mlflow.log_artifacts(str(folder))

# The slash at the end matters: it asks for the run's root.
files = mlflow.artifacts.list_artifacts(f"runs:/{run.info.run_id}/")
for file in sorted(files, key=lambda file: file.path):
    print(file.path, file.file_size)
    #> confusion.csv 10
    #> features.json 48
    #> labels.csv 10
    #> notes.txt 27

local = mlflow.artifacts.download_artifacts(
    run_id=run.info.run_id, artifact_path="features.json"
)
print(Path(local).read_text())
'''
{
  "features": [
    "alcohol",
    "hue"
  ]
}
'''
