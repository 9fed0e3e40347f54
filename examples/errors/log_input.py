# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "pandas>=2.3"]
#
# [tool.verified]
# title = "Log a data set"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "404 Not Found" }
# ///
"""GitLab has no place for data sets, and the run ends as FAILED."""

import mlflow
import pandas as pd

wine = pd.DataFrame({"alcohol": [13.2]})

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="dataset"):
    mlflow.log_input(mlflow.data.from_pandas(wine, name="wine"))
