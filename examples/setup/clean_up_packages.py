# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "Delete the files that a deleted run leaves behind"
# role = "Developer"
# scope = "api"
# tokens = { GITLAB_TOKEN = "project:maintainer:api" }
# ///
"""A deleted run, whose package is found and deleted with a Maintainer's token."""

import os

import gitlab
import mlflow
from mlflow import MlflowClient

mlflow.set_experiment("scratch")
with mlflow.start_run(run_name="mistake") as run:
    mlflow.log_text("x\n", "x.txt")
MlflowClient().delete_run(run.info.run_id)

gl = gitlab.Gitlab(os.environ["GITLAB_URL"], private_token=os.environ["GITLAB_TOKEN"])
project = gl.projects.get(os.environ["GITLAB_PROJECT_ID"])
for package in project.packages.list(package_type="ml_model", get_all=True):
    print("left behind:", package.name, package.version)
    #> left behind: ml_experiment_1 candidate_1
    package.delete()

print(len(project.packages.list(package_type="ml_model", get_all=True)), "packages")
#> 0 packages
