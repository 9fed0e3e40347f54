"""Holds what several rows name: the lane that loses the registry, addresses, messages."""

from __future__ import annotations

from handbook.claims import Call
from handbook.measured import Status

BROKEN = "GitLab 18.9 · MLflow 3.17.2"
MLFLOW_CLIENT = "user/project/ml/experiment_tracking/mlflow_client/"
MODEL_REGISTRY = "user/project/ml/model_registry/"
NOT_FOUND = ("404 Not Found",)


def of_model(probe: str, status: Status, caveat: str | None = None, words: tuple[str, ...] = ()) -> tuple[Call, Call]:
    """A call that first reads a model with versions, which one lane cannot."""
    return (
        Call(probe, status, caveat, words=words, but=BROKEN),
        Call(probe, "fails", words=("Failed to parse model_id field",), only=BROKEN),
    )
