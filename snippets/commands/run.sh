mlflow-gitlab run -- python first_run.py
