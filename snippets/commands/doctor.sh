mlflow-gitlab doctor
