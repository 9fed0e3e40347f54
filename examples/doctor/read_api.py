# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow-on-gitlab-verified"]
#
# [tool.verified]
# title = "Ask the doctor about a token that only reads"
# role = "Developer"
# scope = "read_api"
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-3" = '''
# scope-too-small - POST …/experiments/search: 403 {"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api read_api"}
# registry-unreadable - GET /metadata: 200 {"version":"18.9.0-pre"}
# '''
# ///
"""The right role, and a scope that only reads."""

from mlflow_gitlab.doctor import examine
from mlflow_gitlab.settings import load_settings

for finding in examine(load_settings()).findings:
    print(finding.id, "-", finding.evidence)
    #> scope-too-small - POST …/experiments/search: 403 {"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api read_api"}
