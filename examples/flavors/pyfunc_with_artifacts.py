# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Save and load a Python model with files"
# role = "Developer"
# scope = "api"
# ///
"""The model brings a file in a sub-folder, and finds it again after loading."""

import tempfile
from pathlib import Path

import mlflow
import mlflow.pyfunc


class Scaler(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.factor = float(Path(context.artifacts["factor"]).read_text())

    def predict(self, context, model_input: list[float]) -> list[float]:
        return [self.factor * value for value in model_input]


mlflow.set_experiment("flavors")
with (
    mlflow.start_run(run_name="pyfunc-artifacts") as run,
    tempfile.TemporaryDirectory() as folder,
):
    factor = Path(folder, "factor.txt")
    factor.write_text("3")
    mlflow.pyfunc.save_model(
        f"{folder}/model",
        python_model=Scaler(),
        artifacts={"factor": str(factor)},
        pip_requirements=["mlflow"],
    )
    mlflow.log_artifacts(f"{folder}/model")

files = mlflow.artifacts.list_artifacts(artifact_uri=f"runs:/{run.info.run_id}/")
for path in sorted(file.path for file in files):
    print(path)
    #> MLmodel
    #> artifacts/factor.txt
    #> conda.yaml
    #> python_env.yaml
    #> python_model.pkl
    #> requirements.txt

loaded = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/")
print(loaded.predict([1.0, 2.0, 3.0]))
#> [3.0, 6.0, 9.0]
