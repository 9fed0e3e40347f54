mlflow-gitlab teardown
unset GITLAB_TOKEN
