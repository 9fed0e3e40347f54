# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "Delete the packages of runs, and keep those of versions"
# role = "Developer"
# scope = "api"
# tokens = { GITLAB_TOKEN = "project:maintainer:api" }
# ///
"""A deleted run, whose package is found and deleted with a Maintainer's token."""

# --8<-- [start:leave]
import mlflow
from mlflow import MlflowClient

mlflow.set_experiment("scratch")
with mlflow.start_run(run_name="mistake") as run:
    mlflow.log_text("x\n", "x.txt")
MlflowClient().delete_run(run.info.run_id)
# --8<-- [end:leave]

# --8<-- [start:clean]
import os
from datetime import UTC, datetime, timedelta

import gitlab

keep = timedelta(days=int(os.environ.get("KEEP_DAYS", "0")))
gl = gitlab.Gitlab(os.environ["GITLAB_URL"], private_token=os.environ["GITLAB_TOKEN"])
project = gl.projects.get(os.environ["GITLAB_PROJECT_ID"])
for package in project.packages.list(package_type="ml_model", get_all=True):
    age = datetime.now(UTC) - datetime.fromisoformat(package.created_at)
    # The package of a version has the name of its model, and stays.
    if package.name.startswith("ml_experiment_") and age > keep:
        print("delete", package.name, package.version)
        #> delete ml_experiment_1 candidate_1
        package.delete()
# --8<-- [end:clean]

print(len(project.packages.list(package_type="ml_model", get_all=True)), "packages")
#> 0 packages
