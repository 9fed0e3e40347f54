python -m venv .venv
. .venv/bin/activate
pip install "mlflow==2.22.5"
