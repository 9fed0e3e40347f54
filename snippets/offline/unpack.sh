python3 -m zipfile --extract mlflow-on-gitlab-verified-*.zip .
