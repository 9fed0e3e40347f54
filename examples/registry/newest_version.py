# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Find the newest version"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "gitlab-18.9/mlflow-3" = { type = "google.protobuf.json_format.ParseError", match = "latest_versions" }
# ///
"""Newest means the highest semantic version, whatever was created last."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")
for number in ("1.10.0", "1.2.0", "1.9.0"):
    client.create_model_version(
        "wine-classifier", source="", tags={"gitlab.version": number}
    )

for newest in client.get_latest_versions("wine-classifier"):
    print(newest.aliases[0])
    #> 1.10.0
