mlflow-gitlab setup --dry-run
