# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Number versions, or let GitLab count"
# role = "Developer"
# scope = "api"
# ///
"""Versions without a number of yours count up; a tag sets the number."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier", tags={"team": "cellar"})

first = client.create_model_version("wine-classifier", source="")
second = client.create_model_version("wine-classifier", source="")
third = client.create_model_version(
    "wine-classifier", source="", tags={"gitlab.version": "2.0.0"}
)
print([version.aliases[0] for version in (first, second, third)])
#> ['1.0.0', '1.0.1', '2.0.0']

# Ask by semantic version, not by `version.version`.
print(client.get_model_version("wine-classifier", "1.0.1").aliases[0])
#> 1.0.1

by_alias = client.get_model_version_by_alias("wine-classifier", "2.0.0")
print("the alias finds the third:", by_alias.version == third.version)
#> the alias finds the third: True
