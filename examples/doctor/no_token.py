# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow-on-gitlab-verified"]
#
# [tool.verified]
# title = "Ask the doctor where no token is set"
# role = "Nobody"
# scope = "none"
# ///
"""A shell in which nobody has set a token."""

from mlflow_gitlab.doctor import examine
from mlflow_gitlab.settings import load_settings

for finding in examine(load_settings()).findings:
    print(finding.id, "-", finding.evidence)
    #> token-missing - GET /user: 401 {"message":"401 Unauthorized"}
