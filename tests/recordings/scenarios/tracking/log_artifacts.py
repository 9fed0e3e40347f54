# does: upload text, dict, figure-free file, directory; list; download one and all
import pathlib, tempfile
import mlflow

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="with-artifacts") as run:
    mlflow.log_text("Tuned on the 2024 vintage.\n", "notes.txt")
    mlflow.log_dict({"features": ["alcohol", "hue"]}, "features.json")
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "confusion.csv").write_text("13,1\n0,17\n")
    (folder / "labels.csv").write_text("0,class_0\n")
    mlflow.log_artifacts(str(folder))
files = mlflow.artifacts.list_artifacts(artifact_uri=f"runs:/{run.info.run_id}/")
print([(f.path, f.file_size) for f in sorted(files, key=lambda f: f.path)])
local = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="features.json")
print(pathlib.Path(local).read_text())
