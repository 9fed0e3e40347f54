# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "See one run and one model version from every side"
# role = "Developer"
# scope = "api"
# ///
"""A run and a model version, written with MLflow, read with REST and GraphQL."""

import os

import gitlab
import mlflow
from mlflow import MlflowClient

# --8<-- [start:write]
mlflow.set_experiment("wine-search")
with mlflow.start_run(run_name="trial"):
    mlflow.log_param("max_depth", 3)
    mlflow.log_metric("accuracy", 0.95)
    mlflow.log_text("trial weights\n", "weights.txt")

client = MlflowClient()
client.create_registered_model("wine-classifier")
version = client.create_model_version(
    "wine-classifier", source="", tags={"gitlab.version": "1.0.0"}
)
client.log_text(version.run_id, "release weights\n", "weights.txt")
# --8<-- [end:write]

# --8<-- [start:packages]
url, token = os.environ["GITLAB_URL"], os.environ["MLFLOW_TRACKING_TOKEN"]
gl = gitlab.Gitlab(url, private_token=token)
project = gl.projects.get(os.environ["GITLAB_PROJECT_ID"])
for package in project.packages.list(
    package_type="ml_model", order_by="created_at", sort="asc", get_all=True
):
    files = [file.file_name for file in package.package_files.list(get_all=True)]
    print(f"package {package.name} {package.version}: {files}")
    #> package ml_experiment_1 candidate_1: ['weights.txt']
    #> package wine-classifier 1.0.0: ['weights.txt']
# --8<-- [end:packages]

# --8<-- [start:graphql]
QUERY = """
query topology($path: ID!) {
  project(fullPath: $path) {
    mlModels {
      nodes {
        name
        versionCount
        defaultExperimentPath
        latestVersion { version packageId candidate { eid } }
      }
    }
    mlExperiments {
      nodes {
        id
        name
        candidateCount
        modelId
        candidates {
          nodes {
            iid
            eid
            name
            status
            params { nodes { name value } }
            metrics { nodes { name value step } }
            metadata { nodes { name value } }
          }
        }
      }
    }
  }
}
"""
answer = gl.http_post(
    f"{url}/api/graphql",
    post_data={
        "query": QUERY,
        "variables": {"path": os.environ["GITLAB_PROJECT"]},
    },
)
seen = answer["data"]["project"]
for experiment in seen["mlExperiments"]["nodes"]:
    kind = "of a model" if experiment["modelId"] else "plain"
    for run in experiment["candidates"]["nodes"]:
        print(f"{experiment['name']} ({kind}): run {run['iid']} is {run['status']}")
        #> [model]wine-classifier (of a model): run 2 is running
        #> wine-search (plain): run 1 is finished
(model,) = seen["mlModels"]["nodes"]
latest = model["latestVersion"]
print(latest["version"], "is a run too:", latest["candidate"]["eid"] == version.run_id)
#> 1.0.0 is a run too: True
# --8<-- [end:graphql]
