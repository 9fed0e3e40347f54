# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow-on-gitlab-verified"]
#
# [tool.verified]
# title = "Ask the doctor about a Maintainer's token"
# role = "Maintainer"
# scope = "api"
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-3" = "['registry-unreadable']"
# ///
"""A token that may do more than logging takes."""

from mlflow_gitlab.doctor import examine
from mlflow_gitlab.settings import load_settings

print([finding.id for finding in examine(load_settings()).findings])
#> []
