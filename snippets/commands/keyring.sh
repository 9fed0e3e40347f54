keyring set mlflow-gitlab "$GITLAB_URL"
