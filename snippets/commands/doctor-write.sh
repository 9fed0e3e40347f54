mlflow-gitlab doctor --write
