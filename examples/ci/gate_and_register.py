# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Register a model only if its run is good enough"
# role = "Developer"
# scope = "api"
# ///
"""What three jobs of a pipeline do to one run: train, look at the result, register."""

# --8<-- [start:train]
import os

from mlflow import MlflowClient

client = MlflowClient()
experiment_id = client.create_experiment("wine-classifier-ci")
run = client.create_run(experiment_id, run_name="candidate")
client.log_metric(run.info.run_id, "accuracy", 0.96)
client.set_terminated(run.info.run_id)
# --8<-- [end:train]

# In a pipeline, a dotenv report hands the id over, and the tag of the release is v1.0.0.
os.environ["RUN_ID"] = run.info.run_id
os.environ["CI_COMMIT_TAG"] = "v1.0.0"

# --8<-- [start:gate]
import os

from mlflow import MlflowClient

metric = os.environ.get("GATE_METRIC", "accuracy")
minimum = float(os.environ.get("GATE_MINIMUM", "0.95"))
value = MlflowClient().get_run(os.environ["RUN_ID"]).data.metrics[metric]
if value < minimum:
    raise SystemExit(f"{metric} is {value}, less than {minimum}: not registered")
print(metric, "is", value)
#> accuracy is 0.96
# --8<-- [end:gate]

# --8<-- [start:register]
import os
from pathlib import Path

from mlflow import MlflowClient
from mlflow.exceptions import RestException

client = MlflowClient()
try:
    client.create_registered_model("wine-classifier")
except RestException as error:
    # The model is there from the second release on.
    if error.error_code != "RESOURCE_ALREADY_EXISTS":
        raise

version = client.create_model_version(
    "wine-classifier",
    source="",
    tags={
        "gitlab.version": os.environ["CI_COMMIT_TAG"].removeprefix("v"),
        "gitlab.CI_JOB_ID": os.environ["CI_JOB_ID"],
    },
)
Path("register.env").write_text(
    f"VERSION_ID={version.version}\nVERSION_RUN_ID={version.run_id}\n"
)
print("version", version.aliases[0], "by job", version.tags["gitlab.CI_JOB_ID"])
#> version 1.0.0 by job 451
# --8<-- [end:register]
