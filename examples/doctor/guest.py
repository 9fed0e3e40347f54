# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow-on-gitlab-verified"]
#
# [tool.verified]
# title = "Ask the doctor about a Guest's token"
# role = "Guest"
# scope = "api"
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-3" = '''
# role-too-low - POST …/experiments/search: 401 {"message":"401 Unauthorized"}
# registry-unreadable - GET /metadata: 200 {"version":"18.9.0-pre"}
# '''
# ///
"""A token whose role opens an experiment and no more."""

from mlflow_gitlab.doctor import examine
from mlflow_gitlab.settings import load_settings

for finding in examine(load_settings()).findings:
    print(finding.id, "-", finding.evidence)
    #> role-too-low - POST …/experiments/search: 401 {"message":"401 Unauthorized"}
