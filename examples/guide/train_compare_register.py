# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "scikit-learn>=1.9"]
#
# [tool.verified]
# title = "Compare algorithms and register the best"
# role = "Developer"
# scope = "api"
# ///
"""Three algorithms, a run each; the best one becomes version 1.0.0."""

# --8<-- [start:data]
import tempfile

import mlflow
import mlflow.sklearn
from mlflow import MlflowClient
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
models = {
    "tree": DecisionTreeClassifier(max_depth=3, random_state=0),
    "neighbours": KNeighborsClassifier(5),
    "logistic": LogisticRegression(max_iter=5000),
}
# --8<-- [end:data]

# --8<-- [start:train]
experiment = mlflow.set_experiment("wine-comparison")
for name, model in models.items():
    with mlflow.start_run(run_name=name):
        model.fit(X_train, y_train)
        mlflow.log_param("algorithm", name)
        mlflow.log_metric("accuracy", round(model.score(X_test, y_test), 4))
# --8<-- [end:train]

# --8<-- [start:compare]
runs = mlflow.search_runs([experiment.experiment_id])
table = runs[["params.algorithm", "metrics.accuracy"]].sort_values(
    "metrics.accuracy", ascending=False
)
print(table.to_string(index=False))
'''
params.algorithm  metrics.accuracy
        logistic            0.9556
            tree            0.8222
      neighbours            0.6667
'''
best = table.iloc[0]["params.algorithm"]
# --8<-- [end:compare]

# --8<-- [start:register]
client = MlflowClient()
client.create_registered_model("wine-comparison")
version = client.create_model_version(
    "wine-comparison", source="", tags={"gitlab.version": "1.0.0", "algorithm": best}
)
with tempfile.TemporaryDirectory() as folder:
    mlflow.sklearn.save_model(
        models[best],
        f"{folder}/model",
        pip_requirements=["scikit-learn"],
        serialization_format="cloudpickle",
    )
    client.log_artifacts(version.run_id, f"{folder}/model", artifact_path="")
print(best, "is version", version.aliases[0])
#> logistic is version 1.0.0
# --8<-- [end:register]
