# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Save and load a Python model"
# role = "Developer"
# scope = "api"
# ///
"""A model that is nothing but Python code."""

import tempfile

import mlflow
import mlflow.pyfunc


class Doubler(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[int]) -> list[int]:
        return [2 * value for value in model_input]


mlflow.set_experiment("flavors")
with (
    mlflow.start_run(run_name="pyfunc") as run,
    tempfile.TemporaryDirectory() as folder,
):
    mlflow.pyfunc.save_model(
        f"{folder}/model", python_model=Doubler(), pip_requirements=["mlflow"]
    )
    mlflow.log_artifacts(f"{folder}/model")

loaded = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/")
print(loaded.predict([1, 2, 3]))
#> [2, 4, 6]
