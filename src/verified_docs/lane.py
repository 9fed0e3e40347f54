"""Names the combinations of server and client that every example is verified with."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verified_docs.problem import Problem, read_text

CONFIG = "pyproject.toml"
_ADD_LANES = (
    'add lanes = [{ server = "GitLab 19.3", client = "MLflow 3.17.2" }] under [tool.verified_docs], then make verify'
)
_SCANNED = {"canaries", "hosts_in", "scan_allow"}
_KEYS = _SCANNED | {"adapter", "due", "fresh_days", "functions", "lanes", "links_skip", "publish", "schemas", "tasks"}
_KEYS |= {"evidence_next", "report", "unkept_addresses", "unproven_ceiling"}


@dataclass(frozen=True, order=True)
class Lane:
    """One server version together with one client version.

    Attributes:
        server: The server as people name it, such as `GitLab 19.3`.
        client: The client as people name it, with its exact version, such as `MLflow 3.17.2`.
    """

    server: str
    client: str

    @property
    def client_version(self) -> str:
        """The exact version of the client, the last word of its name."""
        return self.client.split()[-1]

    @property
    def environment(self) -> str:
        """The environment that has this client: its name and major version, such as `mlflow-3`."""
        name, version = self.client.rsplit(" ", 1)
        return f"{_slug(name)}-{version.split('.')[0]}"

    @property
    def id(self) -> str:
        """The stable name used in paths and metadata, such as `gitlab-19.3/mlflow-3`."""
        return f"{_slug(self.server)}/{self.environment}"

    def __str__(self) -> str:
        return f"{self.server} with {self.client}"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", name.lower())


def load_settings(root: Path) -> dict[str, Any]:
    """Reads `[tool.verified_docs]` of the project's configuration.

    Args:
        root: The project's folder.

    Raises:
        Problem: The table is missing or malformed.
    """
    path = root / CONFIG
    try:
        table = tomllib.loads(read_text(path))["tool"]["verified_docs"]
        if not isinstance(table, dict):
            raise TypeError("[tool.verified_docs] is not a table")
        if unknown := table.keys() - _KEYS:
            raise KeyError(f"unknown key {sorted(unknown)[0]}")
        for key, kind in (("due", dict), ("schemas", dict), ("tasks", list)):
            if not isinstance(table.get(key, kind()), kind):
                raise TypeError(f"{key} is not a {kind.__name__}")
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise Problem(
            path,
            None,
            f"the settings with the lanes cannot be read ({type(error).__name__}: {error})",
            _ADD_LANES,
            kind="config",
        ) from error
    return table


def load_lanes(root: Path) -> tuple[Lane, ...]:
    """Reads the lanes from `[tool.verified_docs]` of the project's configuration.

    Args:
        root: The project's folder.

    Returns:
        The lanes in the order in which pages show them.

    Raises:
        Problem: The table is missing, empty or malformed.
    """
    path = root / CONFIG
    try:
        rows = load_settings(root)["lanes"]
        lanes = tuple(Lane(row["server"], row["client"]) for row in rows)
        for name in (name for lane in lanes for name in (lane.server, lane.client)):
            if not re.fullmatch(r"\S.* \d[\w.]*", name):
                raise ValueError(f"{name!r} is not a name and a version")
    except (KeyError, TypeError, ValueError) as error:
        raise Problem(
            path,
            None,
            f"the lanes cannot be read ({type(error).__name__}: {error})",
            _ADD_LANES,
            kind="config",
        ) from error
    if not lanes or len({lane.id for lane in lanes}) != len(lanes):
        raise Problem(
            path, None, "the lanes must be named, each once", f"edit lanes in {CONFIG}, then make verify", kind="config"
        )
    return lanes


def installed_lanes(root: Path, client: str, version: str) -> list[Lane]:
    """The lanes whose client is the one that is installed here.

    Args:
        root: The project's folder.
        client: The client's name.
        version: The version of it that is installed.

    Raises:
        Problem: There is none.
    """
    lanes = [lane for lane in load_lanes(root) if lane.client_version == version]
    if not lanes:
        what = f"no lane has {client} {version}, which is installed here"
        raise Problem(root / CONFIG, None, what, "make setup", kind="client")
    return lanes
