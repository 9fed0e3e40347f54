tools/bin/verified-docs init handbook --name "Handbook of our team"
sed -i.bak "s|^mlflow-on-gitlab-verified|../dist/mlflow_on_gitlab_verified-0.3.0-py3-none-any.whl|" handbook/requirements.txt
