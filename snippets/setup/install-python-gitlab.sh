pip install "python-gitlab==8.6.0"
