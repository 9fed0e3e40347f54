python -m venv .venv
. .venv/bin/activate
pip install "mlflow==3.17.2"
