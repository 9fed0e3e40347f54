# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow-on-gitlab-verified"]
#
# [tool.verified]
# title = "Ask the doctor about a revoked token"
# role = "Developer"
# scope = "api"
# tokens = { MLFLOW_TRACKING_TOKEN = "pat:developer:revoked" }
# ///
"""A token that somebody has revoked."""

from mlflow_gitlab.doctor import examine
from mlflow_gitlab.settings import load_settings

for finding in examine(load_settings()).findings:
    print(finding.id, "-", finding.evidence)
    #> token-revoked - GET /user: 401 {"error":"invalid_token","error_description":"Token was revoked. You have to re-authorize from the user."}
