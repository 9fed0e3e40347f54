"""The command `mlflow-gitlab setup`: its options, and what it tells."""

from __future__ import annotations


def setup() -> None:
    """Make a project ready for MLflow: features, token, variables, members, experiment."""
    raise NotImplementedError
