#!/usr/bin/env python3
"""Runs `mlflow-gitlab setup`, with the same options, for whoever has a clone and not the command on their path."""

import shlex
import sys
from pathlib import Path

CLONE = Path(__file__).resolve().parent.parent

try:
    from mlflow_gitlab.cli import main
except ImportError as error:
    install = shlex.join([sys.executable or "python3", "-m", "pip", "install", str(CLONE)])
    print(f"setup-gitlab-mlflow: {error.name or error} cannot be imported; install it with: {install}", file=sys.stderr)
    sys.exit(2)

if __name__ == "__main__":
    sys.argv[:1] = ["mlflow-gitlab", "setup"]
    main()
