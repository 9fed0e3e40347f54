# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow-on-gitlab-verified"]
#
# [tool.verified]
# title = "Ask the doctor about a deploy token"
# role = "Nobody"
# scope = "none"
# tokens = { MLFLOW_TRACKING_TOKEN = "deploy" }
# ///
"""A deploy token in place of the project's token."""

from mlflow_gitlab.doctor import examine
from mlflow_gitlab.settings import load_settings

for finding in examine(load_settings()).findings:
    print(finding.id, "-", finding.evidence)
    #> token-unknown - GET /user: 401 {"message":"401 Unauthorized"}
