"""Finds the rule of a call, also of one that was measured under another name or not at all."""

from __future__ import annotations

import re

from mlflow_gitlab.doctor.scan_form import Rule
from mlflow_gitlab.doctor.scan_models import MODELS
from mlflow_gitlab.doctor.scan_tracking import TRACKING

RULES: dict[str, Rule] = {**TRACKING, **MODELS}

# Flavors whose `log_model` ends in the same `Model.log` of MLflow as the two that were measured.
FLAVORS = frozenset(
    {
        "catboost",
        "dspy",
        "h2o",
        "keras",
        "langchain",
        "lightgbm",
        "llama_index",
        "onnx",
        "openai",
        "paddle",
        "pmdarima",
        "prophet",
        "pytorch",
        "sentence_transformers",
        "spacy",
        "spark",
        "statsmodels",
        "tensorflow",
        "transformers",
        "xgboost",
    }
)
# Those whose `autolog` logs models and data sets, as the measured one of scikit-learn does.
AUTOLOG = frozenset({"keras", "lightgbm", "pytorch", "statsmodels", "tensorflow", "xgboost"})


def rule_of(call: str) -> Rule:
    """The rule of a measured call; most have none but to be `basic`."""
    return RULES.get(call, Rule())


def measured_as(call: str) -> tuple[str, bool]:
    """The call that stands for one that has no row of its own.

    Returns:
        Its name, or an empty text where none does; and whether it is the very same: `mlflow.sklearn.autolog` is what
        was measured as `mlflow.autolog`.
    """
    match = re.fullmatch(r"mlflow\.(\w+)\.(log_model|load_model|autolog)", call)
    if match is None:
        return "", False
    flavor, name = match.groups()
    if name == "autolog":
        return ("mlflow.autolog", flavor == "sklearn") if flavor in AUTOLOG | {"sklearn"} else ("", False)
    return (f"mlflow.sklearn.{name}", False) if flavor in FLAVORS else ("", False)
