# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "List all versions of a model"
# role = "Developer"
# scope = "api"
#
# [tool.verified.raises]
# "gitlab-18.9/mlflow-3" = { type = "google.protobuf.json_format.ParseError", match = "latest_versions" }
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-2" = "version 1.0.0 aliases []\nversion 1.1.0 aliases []\nversion 2.0.0 aliases []"
# ///
"""`latest_versions` of a model holds every version in GitLab, not just the newest."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")
for number in ("1.0.0", "1.1.0", "2.0.0"):
    client.create_model_version(
        "wine-classifier", source="", tags={"gitlab.version": number}
    )

model = client.get_registered_model("wine-classifier")
for version in model.latest_versions:
    print("version", version.version, "aliases", version.aliases)
    #> version 1001 aliases ['1.0.0']
    #> version 1002 aliases ['1.1.0']
    #> version 1003 aliases ['2.0.0']
