# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow-on-gitlab-verified"]
#
# [tool.verified]
# title = "Ask the doctor about an expired token"
# role = "Developer"
# scope = "api"
# tokens = { MLFLOW_TRACKING_TOKEN = "pat:developer:expired" }
# ///
"""A token whose last day is over."""

from mlflow_gitlab.doctor import examine
from mlflow_gitlab.settings import load_settings

for finding in examine(load_settings()).findings:
    print(finding.id, "-", finding.evidence)
    #> token-expired - GET /user: 401 {"error":"invalid_token","error_description":"Token is expired. You can either do re-authorization or token refresh."}
