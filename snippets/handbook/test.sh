make test
.venv/bin/pytest --verified-docs examples/project/read_visibility.py
