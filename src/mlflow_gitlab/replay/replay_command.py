"""The command `mlflow-gitlab replay`: its options, and what it tells."""

from __future__ import annotations


def replay() -> None:
    """Answer as a recorded GitLab did, on this machine only."""
    raise NotImplementedError
