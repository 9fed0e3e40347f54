# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Load exactly one version"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "gitlab-18.9/mlflow-3" = { type = "google.protobuf.json_format.ParseError", match = "latest_versions" }
# ///
"""Three ways to write a model's address. The third does not load what it says."""

from pathlib import Path

import mlflow.artifacts
from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")
for number in ("1.0.0", "1.2.0"):
    version = client.create_model_version(
        "wine-classifier", source="", tags={"gitlab.version": number}
    )
    client.log_text(version.run_id, f"weights of {number}\n", "weights.txt")


def weights(uri: str) -> str:
    folder = mlflow.artifacts.download_artifacts(artifact_uri=uri)
    return Path(folder, "weights.txt").read_text().strip()


# --8<-- [start:uris]
print(weights("models:/wine-classifier@1.0.0"))
#> weights of 1.0.0
print(weights("models:/wine-classifier/latest"))
#> weights of 1.2.0

# MLflow reads `1.0.0` as a stage here, and GitLab answers with the newest version.
print(weights("models:/wine-classifier/1.0.0"))
#> weights of 1.2.0
# --8<-- [end:uris]
