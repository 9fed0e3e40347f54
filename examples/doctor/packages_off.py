# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow-on-gitlab-verified", "python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "Ask the doctor about a project without packages"
# role = "Developer"
# scope = "api"
# tokens = { GITLAB_TOKEN = "project:maintainer:api" }
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-3" = '''
# packages-off - GET /projects/42/packages?package_type=ml_model: 403 {"message":"403 Forbidden"}
# registry-unreadable - GET /metadata: 200 {"version":"18.9.0-pre"}
# '''
# ///
"""A project whose package registry was just switched off."""

import os

import gitlab

from mlflow_gitlab.doctor import examine
from mlflow_gitlab.settings import load_settings

gl = gitlab.Gitlab(os.environ["GITLAB_URL"], private_token=os.environ["GITLAB_TOKEN"])
project = gl.projects.get(os.environ["GITLAB_PROJECT_ID"], lazy=True)
project.package_registry_access_level = "disabled"
project.packages_enabled = False
project.save()

for finding in examine(load_settings()).findings:
    print(finding.id, "-", finding.evidence)
    #> packages-off - GET /projects/42/packages?package_type=ml_model: 403 {"message":"403 Forbidden"}
