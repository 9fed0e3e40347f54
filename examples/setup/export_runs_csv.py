# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Write the runs of an experiment as CSV"
# role = "Developer"
# scope = "api"
# ///
"""Two runs as comma-separated rows, made with the API instead of a browser."""

import mlflow

experiment = mlflow.set_experiment("wine-classifier")
for depth, accuracy in ((2, 0.91), (4, 0.95)):
    with mlflow.start_run(run_name=f"depth-{depth}"):
        mlflow.log_param("max_depth", depth)
        mlflow.log_metric("accuracy", accuracy)

runs = mlflow.search_runs([experiment.experiment_id])
columns = ["status", "params.max_depth", "metrics.accuracy"]
print(runs[columns].to_csv(index=False).strip())
'''
status,params.max_depth,metrics.accuracy
FINISHED,4,0.95
FINISHED,2,0.91
'''
