# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow-on-gitlab-verified"]
#
# [tool.verified]
# title = "Ask the doctor about a token of an outsider"
# role = "Outsider"
# scope = "api"
# tokens = { MLFLOW_TRACKING_TOKEN = "pat:outsider:api" }
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-3" = '''
# project-not-found - GET /projects/42: 404 {"message":"404 Project Not Found"}
# registry-unreadable - GET /metadata: 200 {"version":"18.9.0-pre"}
# '''
# ///
"""A good token of somebody who is not a member."""

from mlflow_gitlab.doctor import examine
from mlflow_gitlab.settings import load_settings

for finding in examine(load_settings()).findings:
    print(finding.id, "-", finding.evidence)
    #> project-not-found - GET /projects/42: 404 {"message":"404 Project Not Found"}
