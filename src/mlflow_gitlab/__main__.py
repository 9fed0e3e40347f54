"""Makes `python -m mlflow_gitlab` the program `mlflow-gitlab`."""

from mlflow_gitlab.cli import main

main()
