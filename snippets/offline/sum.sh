sha256sum mlflow-on-gitlab-verified-*.zip
