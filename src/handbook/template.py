"""Turns the addresses of requests into templates, so that requests for different things count as one route."""

from __future__ import annotations

import re
from functools import lru_cache

MLFLOW = "/api/v4/projects/{project}/ml/mlflow/api/2.0/mlflow/"
# What follows such a word in a path is a value, if it is none of the words that are addresses themselves.
_VALUES: dict[str, tuple[str, frozenset[str]]] = {
    word: (value, frozenset(others.split()))
    for word, value, others in (
        ("groups", "group", ""),
        ("access_tokens", "token_id", ""),
        ("members", "user_id", "all"),
        ("all", "user_id", ""),
        ("variables", "key", ""),
        ("packages", "package_id", "ml_models"),
        ("ml_models", "version_id", ""),
        ("logged-models", "model_id", "search"),
        ("traces", "trace_id", "delete-traces link-to-run search"),
        ("assessments", "assessment_id", ""),
        ("tags", "key", ""),
        ("webhooks", "webhook_id", ""),
        ("datasets", "dataset_id", "create search"),
        ("mcp-servers", "name", "endpoints"),
        ("aliases", "alias", ""),
        ("endpoints", "endpoint_id", ""),
        ("versions", "version", ""),
        ("workspaces", "workspace", ""),
    )
}
_FILE = re.compile(r"(/ml_models/[^/]+/files/|/mlflow-artifacts/artifacts/(?:candidate:)?[^/]+/).+")
_PROJECT = re.compile(r"(/api/v4/projects)/([^/]+)(?=/|$)")
_UNENCODED = re.compile(r"/api/v4/projects/[^/]+/[^/]+/ml/mlflow/")
_NO_API = re.compile(r"/(?!api/)[^/]+/[^/]+/ml/mlflow/")
_CANDIDATE = re.compile(r"/candidate:[^/]+")
_ARTIFACT = re.compile(r"(/mlflow-artifacts/artifacts)/(?!candidate:)[^/]+")


# Some hundred addresses are asked about some ten thousand times.
@lru_cache(maxsize=4096)
def template(path: str) -> str:
    """A path in which every value is a placeholder.

    Args:
        path: The path, as it was sent, without a query.
    """
    if _UNENCODED.match(path):
        path = re.sub(r"/projects/[^/]+/[^/]+/", "/projects/{namespace}/{name}/", path, count=1)
    elif _NO_API.match(path):
        path = _NO_API.sub("/{namespace}/{name}/ml/mlflow/", path)
    else:
        path = _PROJECT.sub(r"\1/{project}", path)
    path = _FILE.sub(r"\1{file}", path, count=1)
    path = _ARTIFACT.sub(r"\1/{version_id}", _CANDIDATE.sub("/candidate:{run}", path))
    parts = path.split("/")
    for place in range(1, len(parts)):
        name, others = _VALUES.get(parts[place - 1], ("", frozenset[str]()))
        if name and parts[place] not in others and not parts[place].startswith(("candidate:", "{")):
            parts[place] = f"{{{name}}}"
    return "/".join(parts)


def short(path: str) -> str:
    """A template without what most have in common."""
    return path.replace(MLFLOW, "…/", 1)
