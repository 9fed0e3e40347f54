make record LANE=gitlab-20.1/mlflow-3
