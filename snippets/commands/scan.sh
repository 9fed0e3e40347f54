mlflow-gitlab doctor scan first_run.py
