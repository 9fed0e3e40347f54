"""The command `mlflow-gitlab doctor scan`: its options, and what it tells."""

from __future__ import annotations


def scan() -> None:
    """Find calls in Python files that GitLab does not answer."""
    raise NotImplementedError
