# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "scikit-learn>=1.9"]
#
# [tool.verified]
# title = "Track, register and load a model"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "gitlab-18.9/mlflow-3" = { type = "google.protobuf.json_format.ParseError", match = "latest_versions" }
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-3" = "FINISHED {'n_estimators': '20', 'max_depth': '4'}\n{'accuracy': 1.0, 'f1': 1.0}\nregistered wine-classifier 1.0.0"
# ///
"""The whole story: an experiment, a run, a registered version, the loaded model."""

import tempfile

import mlflow
import mlflow.sklearn
from mlflow import MlflowClient
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split

X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)

# --8<-- [start:track]
mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="forest") as run:
    mlflow.log_params({"n_estimators": 20, "max_depth": 4})
    mlflow.set_tags({"dataset": "wine", "owner": "cellar"})

    forest = RandomForestClassifier(
        n_estimators=0, max_depth=4, random_state=0, warm_start=True
    )
    for step in range(1, 5):
        forest.n_estimators = 5 * step
        forest.fit(X_train, y_train)
        accuracy = accuracy_score(y_test, forest.predict(X_test))
        mlflow.log_metric("accuracy", round(accuracy, 4), step=step)
    f1 = f1_score(y_test, forest.predict(X_test), average="macro")
    mlflow.log_metric("f1", round(f1, 4))

    mlflow.log_text("Trained on 133 wines, tested on 45.\n", "notes.txt")

finished = mlflow.get_run(run.info.run_id)
print(finished.info.status, finished.data.params)
#> FINISHED {'n_estimators': '20', 'max_depth': '4'}
print(finished.data.metrics)
#> {'accuracy': 1.0, 'f1': 1.0}
# --8<-- [end:track]

# --8<-- [start:register]
client = MlflowClient()
client.create_registered_model(
    "wine-classifier", description="Which cultivar a wine comes from"
)
version = client.create_model_version(
    "wine-classifier",
    source="",
    description="First release",
    tags={"gitlab.version": "1.0.0"},
)

# A version has a run of its own: its files, metrics and tags go there.
with tempfile.TemporaryDirectory() as folder:
    mlflow.sklearn.save_model(
        forest,
        f"{folder}/model",
        pip_requirements=["scikit-learn"],
        serialization_format="cloudpickle",
    )
    client.log_artifacts(version.run_id, f"{folder}/model", artifact_path="")
client.log_metric(version.run_id, "accuracy", finished.data.metrics["accuracy"])
client.set_tag(version.run_id, "trained_by", run.info.run_id)
client.set_terminated(version.run_id)
print("registered", version.name, version.aliases[0])
#> registered wine-classifier 1.0.0
# --8<-- [end:register]

# --8<-- [start:load]
loaded = mlflow.sklearn.load_model("models:/wine-classifier@1.0.0")
print("predicted:", loaded.predict(X_test[:5]).tolist())
#> predicted: [2, 0, 1, 0, 2]
print("actual:   ", y_test[:5].tolist())
#> actual:    [2, 0, 1, 0, 2]
# --8<-- [end:load]
