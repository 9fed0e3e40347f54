"""The process of a notebook's kernel in the environment of a lane; see `verified_docs.notebooks.kernel`."""

from __future__ import annotations

import os

from verified_docs.gitlab_mlflow import GitLabMLflow
from verified_docs.notebooks.kernel import main

if __name__ == "__main__":
    # Before anything imports MLflow: it would look up its maker's host for usage statistics.
    os.environ.update(GitLabMLflow.settings)
    main(GitLabMLflow())
