# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Search a model by its name"
# role = "Developer"
# scope = "api"
# ///
"""The model exists, and the search does not find it."""

from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model("wine-classifier")

models = client.search_registered_models(filter_string="name='wine-classifier'")
print("models found:", len(models))
#> models found: 0
