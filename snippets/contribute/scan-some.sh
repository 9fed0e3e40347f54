.venv/mlflow-3/bin/verified-docs scan docs cassettes/gitlab-19.3
.venv/mlflow-3/bin/verified-docs scan --staged
.venv/mlflow-3/bin/verified-docs scan --json
