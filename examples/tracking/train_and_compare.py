# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "scikit-learn>=1.9"]
#
# [tool.verified]
# title = "Train three models and compare them"
# role = "Developer"
# scope = "api"
# ///
"""Three forests of different depth, one run each, compared in a table."""

import mlflow
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)

experiment = mlflow.set_experiment("wine-classifier")
for depth in (1, 2, 4):
    with mlflow.start_run(run_name=f"forest-depth-{depth}"):
        forest = RandomForestClassifier(
            n_estimators=10, max_depth=depth, random_state=0
        )
        forest.fit(X_train, y_train)
        mlflow.log_params({"n_estimators": 10, "max_depth": depth})
        mlflow.log_metric("accuracy", round(forest.score(X_test, y_test), 4))

# One row a run, newest first.
runs = mlflow.search_runs([experiment.experiment_id])
print(
    runs[["tags.mlflow.runName", "params.max_depth", "metrics.accuracy"]].to_string(
        index=False
    )
)
'''
tags.mlflow.runName params.max_depth  metrics.accuracy
     forest-depth-4                4            1.0000
     forest-depth-2                2            0.9556
     forest-depth-1                1            0.8889
'''
