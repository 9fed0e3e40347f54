"""The command `mlflow-gitlab doctor`: its options, and what it tells."""

from __future__ import annotations


def doctor() -> None:
    """Find out why MLflow does not work with your GitLab."""
    raise NotImplementedError
