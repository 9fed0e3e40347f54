uv run --python 3.13 --env-file .env --with mlflow==3.17.2 first_run.py
