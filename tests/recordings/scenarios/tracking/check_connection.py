# does: cheapest end-to-end check: write access, read access
from mlflow import MlflowClient

client = MlflowClient()
experiment_id = client.create_experiment("connection-check")
experiment = client.get_experiment(experiment_id)
print(experiment.name, experiment.lifecycle_stage)
client.delete_experiment(experiment_id)
print(client.get_experiment_by_name("connection-check"))
