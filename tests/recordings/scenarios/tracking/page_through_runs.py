# does: explicit paging with page_token
from mlflow import MlflowClient

client = MlflowClient()
experiment_id = client.create_experiment("paging")
for n in range(5):
    client.set_terminated(client.create_run(experiment_id, run_name=f"run-{n}").info.run_id)
names, token = [], None
while True:
    page = client.search_runs([experiment_id], max_results=2, page_token=token)
    names += [run.info.run_name for run in page]
    token = page.token
    if not token:
        break
print(names)
