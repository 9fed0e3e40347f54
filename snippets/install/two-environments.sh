python3.12 -m venv .venv-mlflow-2
.venv-mlflow-2/bin/pip install "mlflow==2.22.5"
python3.13 -m venv .venv-mlflow-3
.venv-mlflow-3/bin/pip install "mlflow==3.17.2"
