# /// script
# requires-python = ">=3.12"
# dependencies = ["python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "Rotate and revoke a project access token"
# role = "Owner"
# scope = "api"
# tokens = { GITLAB_TOKEN = "pat:owner:api" }
# ///
"""A token with few days left, replaced by one with more, then revoked."""

import os
from datetime import date, timedelta

import gitlab
from gitlab.const import AccessLevel

gl = gitlab.Gitlab(os.environ["GITLAB_URL"], private_token=os.environ["GITLAB_TOKEN"])
project = gl.projects.get(os.environ["GITLAB_PROJECT_ID"])
today = date.today()

token = project.access_tokens.create(
    {
        "name": "mlflow",
        "scopes": ["api"],
        "access_level": AccessLevel.DEVELOPER,
        "expires_at": (today + timedelta(days=9)).isoformat(),
    }
)

token.rotate(expires_at=(today + timedelta(days=28)).isoformat())
print("days left:", (date.fromisoformat(token.expires_at) - today).days)
#> days left: 28

tokens = project.access_tokens.list(get_all=True)
valid = [one.name for one in tokens if not one.revoked]
print("valid tokens of that name:", valid.count("mlflow"))
#> valid tokens of that name: 1

token.delete()
