# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow-on-gitlab-verified"]
#
# [tool.verified]
# title = "Ask the doctor about a token that may log"
# role = "Developer"
# scope = "api"
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-3" = "['registry-unreadable']"
# ///
"""A project access token with the role and the scope that logging takes."""

from mlflow_gitlab.doctor import examine
from mlflow_gitlab.settings import load_settings

print([finding.id for finding in examine(load_settings()).findings])
#> []
