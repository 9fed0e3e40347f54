# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Keep long values in a file"
# role = "Developer"
# scope = "api"
# ///
"""A long configuration goes into a JSON file of the run; a tag says where it is."""

import mlflow

config = {"layers": [64] * 60, "note": "x" * 300}

mlflow.set_experiment("wine-classifier")
with mlflow.start_run(run_name="long-config") as run:
    mlflow.log_dict(config, "config.json")
    mlflow.set_tag("config_file", "config.json")

restored = mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/config.json")
print("same as before:", restored == config)
#> same as before: True
