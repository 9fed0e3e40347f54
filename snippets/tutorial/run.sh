python first_run.py
