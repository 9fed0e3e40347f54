# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "Switch model experiments off and write"
# role = "Developer"
# scope = "api"
# tokens = { GITLAB_TOKEN = "project:maintainer:api" }
#
# [tool.verified.raises]
# "*" = { type = "mlflow.exceptions.RestException", match = "404 Not Found" }
# ///
"""A Maintainer switches the feature off; the next write of a Developer fails."""

import os

import gitlab
from mlflow import MlflowClient

gl = gitlab.Gitlab(os.environ["GITLAB_URL"], private_token=os.environ["GITLAB_TOKEN"])
project = gl.projects.get(os.environ["GITLAB_PROJECT_ID"], lazy=True)
project.model_experiments_access_level = "disabled"
project.save()

MlflowClient().create_experiment("wine-classifier")
