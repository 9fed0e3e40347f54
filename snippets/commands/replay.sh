mlflow-gitlab replay
