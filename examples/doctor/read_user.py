# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow-on-gitlab-verified"]
#
# [tool.verified]
# title = "Ask the doctor about a token with another scope"
# role = "Developer"
# scope = "read_user"
# tokens = { MLFLOW_TRACKING_TOKEN = "pat:developer:read_user" }
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-3" = '''
# scope-too-small - GET …/experiments/get-by-name?experiment_name=no-such-experiment: 403 {"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api read_api"}
# registry-unreadable - GET /metadata: 200 {"version":"18.9.0-pre"}
# '''
# ///
"""A scope that has nothing to do with projects."""

from mlflow_gitlab.doctor import examine
from mlflow_gitlab.settings import load_settings

for finding in examine(load_settings()).findings:
    print(finding.id, "-", finding.evidence)
    #> scope-too-small - GET …/experiments/get-by-name?experiment_name=no-such-experiment: 403 {"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api read_api"}
