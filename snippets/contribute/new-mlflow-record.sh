make record LANE=gitlab-19.3/mlflow-4
