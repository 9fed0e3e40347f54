# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Create, tag, list and delete experiments"
# role = "Developer"
# scope = "api"
# ///
"""The life of an experiment: created with a tag, tagged again, listed, deleted."""

from mlflow import MlflowClient

client = MlflowClient()

experiment_id = client.create_experiment("wine-classifier", tags={"team": "cellar"})
client.set_experiment_tag(experiment_id, "dataset", "wine-2024")
client.create_experiment("wine-regressor")

experiment = client.get_experiment_by_name("wine-classifier")
print("id", experiment_id, experiment.tags)
#> id 1 {'team': 'cellar', 'dataset': 'wine-2024'}
print([experiment.name for experiment in client.search_experiments()])
#> ['wine-regressor', 'wine-classifier']

mistake = client.get_experiment_by_name("wine-regressor")
client.delete_experiment(mistake.experiment_id)
print([experiment.name for experiment in client.search_experiments()])
#> ['wine-classifier']
