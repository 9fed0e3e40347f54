# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Send a model as one archive"
# role = "Developer"
# scope = "api"
# ///
"""One zip file up, one zip file down."""

import shutil
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
    mlflow.start_run(run_name="archived-model") as run,
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
    mlflow.log_artifact(
        shutil.make_archive(f"{folder}/model", "zip", f"{folder}/model")
    )

archive = mlflow.artifacts.download_artifacts(
    run_id=run.info.run_id, artifact_path="model.zip"
)
target = tempfile.mkdtemp()
shutil.unpack_archive(archive, target)
print(mlflow.pyfunc.load_model(target).predict([1.0, 2.0, 3.0]))
#> [3.0, 6.0, 9.0]
