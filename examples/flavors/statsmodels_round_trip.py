# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "numpy>=2", "statsmodels>=0.14"]
#
# [tool.verified]
# title = "Save and load a statsmodels model"
# role = "Developer"
# scope = "api"
# ///
"""A fitted regression, its results object included."""

import tempfile

import mlflow
import mlflow.statsmodels
import numpy
import statsmodels.api as sm

x = sm.add_constant(numpy.arange(10.0))
fitted = sm.OLS(2 * numpy.arange(10.0) + 1, x).fit()

mlflow.set_experiment("flavors")
with (
    mlflow.start_run(run_name="statsmodels") as run,
    tempfile.TemporaryDirectory() as folder,
):
    mlflow.statsmodels.save_model(
        fitted, f"{folder}/model", pip_requirements=["statsmodels"]
    )
    mlflow.log_artifacts(f"{folder}/model")

loaded = mlflow.statsmodels.load_model(f"runs:/{run.info.run_id}/")
print("same predictions:", numpy.allclose(fitted.predict(x), loaded.predict(x)))
#> same predictions: True
