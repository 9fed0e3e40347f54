"""Finds out why MLflow does not work with a GitLab, with the answers that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow_gitlab.doctor.diagnosis import diagnose as diagnose
    from mlflow_gitlab.doctor.examination import examine as examine

__all__ = ["diagnose", "examine"]


def __getattr__(name: str) -> Any:
    """The two names, from modules that are imported only when they are needed: `--help` is not worth a second."""
    from importlib import import_module

    places = {"examine": "examination", "diagnose": "diagnosis"}
    if name not in places:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{places[name]}"), name)
