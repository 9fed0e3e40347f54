# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "scikit-learn>=1.9", "matplotlib>=3.10"]
#
# [tool.verified]
# title = "Autolog scikit-learn"
# role = "Developer"
# scope = "api"
# ///
"""Autolog without models and datasets: parameters and metrics arrive."""

import mlflow
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression

X, y = load_wine(return_X_y=True)

mlflow.autolog(log_models=False, log_datasets=False, silent=True)
mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="autologged") as run:
    LogisticRegression(C=0.5, max_iter=5000).fit(X, y)

logged = mlflow.get_run(run.info.run_id)
print(logged.info.status, "with C =", logged.data.params["C"])
#> FINISHED with C = 0.5
for name in sorted(logged.data.metrics):
    print(name)
    #> training_accuracy_score
    #> training_f1_score
    #> training_log_loss
    #> training_precision_score
    #> training_recall_score
    #> training_roc_auc
    #> training_score
