# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Explore a grid of runs in pandas"
# role = "Developer"
# scope = "api"
# ///
"""Six runs of a grid, pivoted into a table of accuracy by depth and number of trees."""

# --8<-- [start:grid]
import mlflow

experiment = mlflow.set_experiment("wine-grid")
for depth in (2, 3, 5):
    for trees in (5, 20):
        with mlflow.start_run(run_name=f"d{depth}-t{trees}"):
            mlflow.log_params({"max_depth": depth, "n_estimators": trees})
            mlflow.log_metrics(
                {
                    "accuracy": round(0.8 + 0.02 * depth + 0.001 * trees, 4),
                    "seconds": round(0.01 * depth * trees, 3),
                }
            )
# --8<-- [end:grid]

# --8<-- [start:pivot]
runs = mlflow.search_runs([experiment.experiment_id])
table = runs.pivot(
    index="params.max_depth", columns="params.n_estimators", values="metrics.accuracy"
)
print(table.to_string())
'''
params.n_estimators    20      5
params.max_depth
2                    0.86  0.845
3                    0.88  0.865
5                    0.92  0.905
'''
print(runs["status"].value_counts().to_dict())
#> {'FINISHED': 6}
# --8<-- [end:pivot]
