.venv/bin/python record.py project/read_visibility
make import FROM=raw EX=project/read_visibility
