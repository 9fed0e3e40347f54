# /// script
# requires-python = ">=3.12"
# dependencies = ["python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "See what a Developer is refused in setting up a project"
# role = "Developer"
# scope = "api"
# ///
"""Every call of a project set-up, sent with a Developer's token."""

import os
from datetime import date, timedelta
from typing import Any

import gitlab

gl = gitlab.Gitlab(
    os.environ["GITLAB_URL"], private_token=os.environ["MLFLOW_TRACKING_TOKEN"]
)
project = f"/projects/{os.environ['GITLAB_PROJECT_ID']}"
soon = (date.today() + timedelta(days=28)).isoformat()
rows = []


def call(what: str, verb: str, path: str, /, **body: Any) -> Any:
    try:
        answer = gl.http_request(verb, path, post_data=body or None)
    except gitlab.GitlabError as error:
        rows.append(f"{what}: {error.response_code} {error.error_message}")
    else:
        rows.append(f"{what}: {answer.status_code}")
        return answer.json()


call("read the version", "get", "/metadata")
me = call("read who I am", "get", "/user")
call("read the token", "get", "/personal_access_tokens/self")
call("read the project", "get", project)
call("switch a feature", "put", project, model_experiments_access_level="private")
call("list tokens", "get", f"{project}/access_tokens")
call(
    "make a token",
    "post",
    f"{project}/access_tokens",
    name="mlflow",
    scopes=["api"],
    access_level=30,
    expires_at=soon,
)
call("list CI variables", "get", f"{project}/variables")
call(
    "make a CI variable",
    "post",
    f"{project}/variables",
    key="A_KEY",
    value="some-long-value-here",
)
call("add a member", "post", f"{project}/members", user_id=2, access_level=10)
call("read my role", "get", f"{project}/members/all/{me['id']}")
print("\n".join(rows))
'''
read the version: 200
read who I am: 200
read the token: 200
read the project: 200
switch a feature: 403 403 Forbidden
list tokens: 401 401 Unauthorized
make a token: 400 400 Bad request - User does not have permission to create project access token
list CI variables: 403 403 Forbidden
make a CI variable: 403 403 Forbidden
add a member: 403 403 Forbidden
read my role: 200
'''
