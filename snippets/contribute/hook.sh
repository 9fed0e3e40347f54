pip install pre-commit
pre-commit install
