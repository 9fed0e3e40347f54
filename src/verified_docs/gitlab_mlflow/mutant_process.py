"""The process that tries mutants in the environment of a lane; see `verified_docs.workers` and `mutants.lab`."""

from __future__ import annotations

import os
import sys

from verified_docs.gitlab_mlflow import GitLabMLflow


def main() -> None:
    """Serves the process that started this one; what examples print goes nowhere."""
    # Before anything imports MLflow: it would look up its maker's host for usage statistics.
    os.environ.update(GitLabMLflow.settings)
    # Libraries that compute keep threads, which a copy of the process would wait for in vain.
    os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"})
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as replies:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        from verified_docs.mutants.lab import serve

        serve(sys.stdin, replies, GitLabMLflow())


if __name__ == "__main__":
    main()
