mlflow-gitlab replay tracking/log_first_run -- python first_run.py
