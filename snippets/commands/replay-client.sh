eval "$(mlflow-gitlab replay --env)"
python first_run.py
