mlflow-gitlab settings --schema > config/mlflow-gitlab.schema.json
