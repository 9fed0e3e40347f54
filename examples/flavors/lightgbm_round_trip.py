# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "lightgbm>=4.6", "numpy>=2", "scikit-learn>=1.9"]
#
# [tool.verified]
# title = "Save and load a LightGBM model"
# role = "Developer"
# scope = "api"
# ///
"""The loaded booster predicts what the trained one predicted."""

import tempfile

import lightgbm
import mlflow
import mlflow.lightgbm
import numpy
from sklearn.datasets import load_wine

X, y = load_wine(return_X_y=True)
settings = {"objective": "multiclass", "num_class": 3, "num_leaves": 4, "verbose": -1}
booster = lightgbm.train(settings, lightgbm.Dataset(X, y), num_boost_round=3)

mlflow.set_experiment("flavors")
with (
    mlflow.start_run(run_name="lightgbm") as run,
    tempfile.TemporaryDirectory() as folder,
):
    mlflow.lightgbm.save_model(
        booster, f"{folder}/model", pip_requirements=["lightgbm"]
    )
    mlflow.log_artifacts(f"{folder}/model")

loaded = mlflow.lightgbm.load_model(f"runs:/{run.info.run_id}/")
print(
    "same predictions:", numpy.allclose(booster.predict(X[:5]), loaded.predict(X[:5]))
)
#> same predictions: True
