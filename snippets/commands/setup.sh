mlflow-gitlab setup
unset GITLAB_TOKEN
