.venv/mlflow-3/bin/verified-docs record --again --into build/scratch
.venv/mlflow-3/bin/verified-docs drift cassettes build/scratch --only gitlab-19.3/mlflow-3 --markdown drift.md
