python scripts/setup-gitlab-mlflow.py --dry-run
