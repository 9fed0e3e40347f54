# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow-on-gitlab-verified"]
#
# [tool.verified]
# title = "Ask the doctor about an Owner's token"
# role = "Owner"
# scope = "api"
# tokens = { MLFLOW_TRACKING_TOKEN = "pat:owner:api" }
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-3" = "['registry-unreadable']"
# ///
"""The personal token of the project's Owner."""

from mlflow_gitlab.doctor import examine
from mlflow_gitlab.settings import load_settings

print([finding.id for finding in examine(load_settings()).findings])
#> []
