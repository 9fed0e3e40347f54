# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "Delete one version of a model"
# role = "Maintainer"
# scope = "api"
# ///
"""One version, deleted with a GraphQL mutation: GitLab has no MLflow route for it."""

import os

import gitlab
from mlflow import MlflowClient
from mlflow.exceptions import RestException

client = MlflowClient()
client.create_registered_model("wine-classifier")
version = client.create_model_version(
    "wine-classifier", source="", tags={"gitlab.version": "1.0.0"}
)

# --8<-- [start:delete]
DELETE = """
mutation remove($id: MlModelVersionID!) {
  mlModelVersionDelete(input: {id: $id}) { errors }
}
"""
url, token = os.environ["GITLAB_URL"], os.environ["MLFLOW_TRACKING_TOKEN"]
answer = gitlab.Gitlab(url, private_token=token).http_post(
    f"{url}/api/graphql",
    post_data={
        "query": DELETE,
        "variables": {"id": f"gid://gitlab/Ml::ModelVersion/{version.version}"},
    },
)
print(answer["data"])
#> {'mlModelVersionDelete': {'errors': []}}
# --8<-- [end:delete]

try:
    client.get_model_version("wine-classifier", "1.0.0")
except RestException as error:
    print(error.error_code)
    #> RESOURCE_DOES_NOT_EXIST
