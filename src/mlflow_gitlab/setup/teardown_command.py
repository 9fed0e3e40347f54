"""The command `mlflow-gitlab teardown`: its options, and what it tells."""

from __future__ import annotations


def teardown() -> None:
    """Take back what `mlflow-gitlab setup` made."""
    raise NotImplementedError
