# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "List the versions of a model through GraphQL"
# role = "Developer"
# scope = "api"
# ///
"""Three versions of a model, read without MLflow: for clients that cannot."""

import os

import gitlab
from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")
for number in ("1.0.0", "1.1.0", "2.0.0"):
    client.create_model_version(
        "wine-classifier", source="", tags={"gitlab.version": number}
    )

# --8<-- [start:list]
QUERY = """
query versions($path: ID!, $name: String!) {
  project(fullPath: $path) {
    mlModels(name: $name) {
      nodes {
        name
        versions { nodes { id version createdAt } }
      }
    }
  }
}
"""
url, token = os.environ["GITLAB_URL"], os.environ["MLFLOW_TRACKING_TOKEN"]
answer = gitlab.Gitlab(url, private_token=token).http_post(
    f"{url}/api/graphql",
    post_data={
        "query": QUERY,
        "variables": {"path": os.environ["GITLAB_PROJECT"], "name": "wine-classifier"},
    },
)
(model,) = answer["data"]["project"]["mlModels"]["nodes"]
print(sorted(version["version"] for version in model["versions"]["nodes"]))
#> ['1.0.0', '1.1.0', '2.0.0']
# --8<-- [end:list]
