mlflow-gitlab teardown --yes --json > result.json
