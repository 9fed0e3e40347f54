"""The process that records and replays examples in the environment of a lane; see `verified_docs.workers`."""

from __future__ import annotations

import os
import sys

from verified_docs.gitlab_mlflow import GitLabMLflow
from verified_docs.recorded_run import serve


def main() -> None:
    """Serves the process that started this one; what examples print goes nowhere."""
    # Before anything imports MLflow: it would look up its maker's host for usage statistics.
    os.environ.update(GitLabMLflow.settings)
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as replies:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        serve(sys.stdin, replies, GitLabMLflow())


if __name__ == "__main__":
    main()
