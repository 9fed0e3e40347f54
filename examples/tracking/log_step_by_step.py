# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Log value by value"
# role = "Developer"
# scope = "api"
# ///
"""Every single-value call, for notebooks and long scripts."""

import mlflow

mlflow.set_experiment("wine-classifier")
run = mlflow.start_run(run_name="step-by-step", tags={"team": "cellar"})

mlflow.log_param("solver", "lbfgs")
mlflow.log_metric("loss", 0.52)
mlflow.log_metric("loss", 0.31)
mlflow.log_metrics({"accuracy": 0.9, "f1": 0.88}, step=1)
mlflow.set_tag("reviewed", "no")

# In a notebook the run stays RUNNING until this line.
mlflow.end_run()

finished = mlflow.get_run(run.info.run_id)
print(finished.info.status)
#> FINISHED
print("last loss:", finished.data.metrics["loss"])
#> last loss: 0.31
print("team:", finished.data.tags["team"])
#> team: cellar
