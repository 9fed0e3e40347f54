# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow-on-gitlab-verified", "requests>=2.32"]
#
# [tool.verified]
# title = "Ask the doctor about an archived project"
# role = "Developer"
# scope = "api"
# tokens = { GITLAB_TOKEN = "pat:owner:api" }
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-3" = '''
# project-archived - GET /projects/42: 200 {"archived":true}
# registry-unreadable - GET /metadata: 200 {"version":"18.9.0-pre"}
# '''
# ///
"""A project that an Owner has archived."""

import os

import requests

from mlflow_gitlab.doctor import examine
from mlflow_gitlab.settings import load_settings

project = f"{os.environ['CI_API_V4_URL']}/projects/{os.environ['CI_PROJECT_ID']}"
owner = {"PRIVATE-TOKEN": os.environ["GITLAB_TOKEN"]}
requests.post(f"{project}/archive", headers=owner, timeout=30).raise_for_status()

for finding in examine(load_settings()).findings:
    print(finding.id, "-", finding.evidence)
    #> project-archived - GET /projects/42: 200 {"archived":true}
