# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow-on-gitlab-verified"]
#
# [tool.verified]
# title = "Ask the doctor about an OAuth token"
# role = "Developer"
# scope = "api"
# tokens = { MLFLOW_TRACKING_TOKEN = "oauth:developer:api" }
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-3" = '''
# oauth-token - GET /personal_access_tokens/self: 400 {"message":"400 Bad request - This endpoint requires token type to be a personal access token"}
# project-not-found - GET /projects/42: 404 {"message":"404 Project Not Found"}
# registry-unreadable - GET /metadata: 200 {"version":"18.9.0-pre"}
# '''
# ///
"""An OAuth token of somebody who is not a member of this project."""

from mlflow_gitlab.doctor import examine
from mlflow_gitlab.settings import load_settings

for finding in examine(load_settings()).findings:
    print(finding.id, "-", finding.evidence)
    #> oauth-token - GET /personal_access_tokens/self: 400 {"message":"400 Bad request - This endpoint requires token type to be a personal access token"}
    #> project-not-found - GET /projects/42: 404 {"message":"404 Project Not Found"}
