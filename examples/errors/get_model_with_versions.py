# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Get a model that has a version"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "gitlab-18.9/mlflow-3" = { type = "google.protobuf.json_format.ParseError", match = "Failed to parse model_id field" }
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-2" = "aliases: []"
# ///
"""The combination of MLflow 3 and GitLab 18.9 cannot read a model with versions."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")
client.create_model_version(
    "wine-classifier", source="", tags={"gitlab.version": "1.0.0"}
)

model = client.get_registered_model("wine-classifier")
print("aliases:", model.latest_versions[0].aliases)
#> aliases: ['1.0.0']
