pip install ".[keyring]"
mlflow-gitlab --help
