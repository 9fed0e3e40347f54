# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4", "requests>=2.32,<3"]
#
# [tool.verified]
# title = "Give a version its files, and deploy them with a job token"
# role = "Developer"
# scope = "api"
# tokens = { CI_JOB_TOKEN = "job:developer" }
# ///
"""A version with a file, which a later job downloads with the token that GitLab gives it."""

# --8<-- [start:make]
import os
from pathlib import Path

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")
version = client.create_model_version(
    "wine-classifier", source="", tags={"gitlab.version": "1.0.0"}
)
# --8<-- [end:make]

# In a pipeline, dotenv reports hand these over, and an artifact has the file.
os.environ["VERSION_RUN_ID"] = version.run_id
os.environ["VERSION_ID"] = version.version
Path("weights.txt").write_text("release weights\n")

# --8<-- [start:upload]
import os

from mlflow import MlflowClient

MlflowClient().log_artifact(os.environ["VERSION_RUN_ID"], "weights.txt")
# --8<-- [end:upload]

# --8<-- [start:deploy]
import os
from pathlib import Path

import requests

api, project = os.environ["CI_API_V4_URL"], os.environ["CI_PROJECT_ID"]
files = f"{api}/projects/{project}/packages/ml_models/{os.environ['VERSION_ID']}/files"
response = requests.get(
    f"{files}/weights.txt",
    headers={"Authorization": f"Bearer {os.environ['CI_JOB_TOKEN']}"},
    timeout=30,
)
response.raise_for_status()
Path("weights.txt").write_bytes(response.content)
print("deployed:", response.text.strip())
#> deployed: release weights
# --8<-- [end:deploy]
