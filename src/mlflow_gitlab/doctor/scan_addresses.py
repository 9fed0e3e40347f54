"""Tells the forms of `models:/`, `runs:/` and tracking addresses apart, as they were measured."""

from __future__ import annotations

import re

from mlflow_gitlab.doctor.scan_arguments import SEMVER
from mlflow_gitlab.doctor.scan_literals import Text

# A part that only the running program knows.
_OPEN = "\0"
_PATH = re.compile(r"/api/v4/projects/[^/?#]+/[^?#]*/ml/mlflow/?$")

NAME_AT_VERSION = "models:/ name@semver"
LATEST = "models:/ latest"
DATABASE_ID = "models:/ database id"
VERSION_AS_STAGE = "models:/ semantic version as stage"
VERSIONS = (NAME_AT_VERSION, LATEST, DATABASE_ID, VERSION_AS_STAGE)
NO_VERSION = "models:/ no version"
# Names of this program's own, for what was measured under the name of another call.
ALIAS = "alias"
STAGE = "stage"
ANY_VERSION = "any version"
ROOT = "root of a run"
BELOW_ROOT = "below the root of a run"
RUN_WITHOUT_SLASH = "run without a slash"
PROXY = "mlflow-artifacts:/"


def form(address: Text | None) -> str:
    """The form of a model's or artifact's address, or an empty text where it is not certain."""
    if address is None:
        return ""
    known = address.known
    if known.startswith("models:/"):
        return _registry(known.removeprefix("models:/"))
    if known.startswith("runs:/"):
        return _run(known.removeprefix("runs:/"))
    return PROXY if known.startswith("mlflow-artifacts:/") else ""


def path_below_run(address: Text | None) -> str:
    """What follows the id of a run, as far as it is known."""
    known = address.known if address is not None else ""
    return known.removeprefix("runs:/").partition("/")[2] if known.startswith("runs:/") else ""


def is_unencoded(address: Text | None) -> bool:
    """Whether an address for MLflow has the path of a project with its slash."""
    return address is not None and _PATH.search(address.known) is not None


def _registry(rest: str) -> str:
    name, at, alias = rest.rpartition("@")
    if at:
        return NAME_AT_VERSION if SEMVER.fullmatch(alias) or _OPEN in alias else ALIAS
    name, slash, suffix = rest.partition("/")
    if not slash:
        # MLflow 3 has ids of logged models of its own, which stand alone; a variable may hold anything.
        return "" if _OPEN in name or re.fullmatch(r"m-[0-9a-f]{32}", name) else NO_VERSION
    if _OPEN in suffix:
        return ANY_VERSION if suffix == _OPEN else ""
    if suffix.lower() == "latest":
        return LATEST
    if suffix.isdigit():
        return DATABASE_ID
    if SEMVER.fullmatch(suffix):
        return VERSION_AS_STAGE
    return STAGE if re.fullmatch(r"[A-Za-z]+", suffix) else ""


def _run(rest: str) -> str:
    run, slash, path = rest.partition("/")
    if not run:
        return ""
    if not slash:
        return RUN_WITHOUT_SLASH
    if not path:
        return ROOT
    # A variable may be empty, and then the address is that of the root.
    return BELOW_ROOT if path.replace(_OPEN, "").strip("/") else ""
