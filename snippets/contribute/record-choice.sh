.venv/mlflow-3/bin/verified-docs record --only tracking --lane gitlab-19.3/mlflow-3
