python -c "import mlflow; print(mlflow.__version__)"
mlflow --version
pip list | grep -i mlflow
