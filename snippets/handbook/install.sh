python3 -m pip wheel --no-deps --wheel-dir ../dist .
cd ..
python3 -m venv tools
tools/bin/pip install "./dist/mlflow_on_gitlab_verified-0.3.0-py3-none-any.whl[verify]"
