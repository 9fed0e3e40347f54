# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Publish a release candidate"
# role = "Developer"
# scope = "api"
# ///
"""A pre-release has a number of its own, beside the release that follows it."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")
for number in ("1.0.0", "1.1.0-rc1", "1.1.0"):
    client.create_model_version(
        "wine-classifier", source="", tags={"gitlab.version": number}
    )

candidate = client.get_model_version("wine-classifier", "1.1.0-rc1")
print(candidate.aliases[0])
#> 1.1.0-rc1
