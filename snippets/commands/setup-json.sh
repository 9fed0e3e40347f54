mlflow-gitlab setup --dry-run --json > plan.json
