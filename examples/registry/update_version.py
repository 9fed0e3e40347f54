# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Describe a version"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "gitlab-18.9/mlflow-3" = { type = "google.protobuf.json_format.ParseError", match = "latest_versions" }
# ///
"""A description is written after the fact, when the version has passed its checks."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")
client.create_model_version(
    "wine-classifier", source="", tags={"gitlab.version": "1.0.0"}
)

client.update_model_version(
    "wine-classifier", "1.0.0", description="Validated on the 2024 vintage"
)
print(client.get_model_version("wine-classifier", "1.0.0").description)
#> Validated on the 2024 vintage
