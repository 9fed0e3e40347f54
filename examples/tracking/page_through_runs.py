# /// script
# requires-python = ">=3.12"
# dependencies = ["mlflow>=2.22,<4"]
#
# [tool.verified]
# title = "Page through many runs"
# role = "Developer"
# scope = "api"
# ///
"""Two runs per request, until GitLab sends no page token any more."""

from mlflow import MlflowClient

client = MlflowClient()
experiment_id = client.create_experiment("paging")
for number in range(5):
    run = client.create_run(experiment_id, run_name=f"run-{number}")
    client.set_terminated(run.info.run_id)

names = []
token = None
while True:
    page = client.search_runs([experiment_id], max_results=2, page_token=token)
    names.extend(run.info.run_name for run in page)
    token = page.token
    if not token:
        break

print(names)
#> ['run-4', 'run-3', 'run-2', 'run-1', 'run-0']
