mlflow-gitlab teardown --dry-run
