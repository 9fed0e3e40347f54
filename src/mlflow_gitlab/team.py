"""Holds what a team agrees on and commits: config/mlflow-gitlab.yaml, its shape and its faults."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from verified_docs.problem import Problem, Problems, read_text

CONFIG = Path("config/mlflow-gitlab.yaml")
SCHEMA = Path("config/mlflow-gitlab.schema.json")

Visibility = Literal["disabled", "private", "enabled"]
Role = Literal["Guest", "Planner", "Reporter", "Developer", "Maintainer"]
LEVELS: dict[Role, int] = {"Guest": 10, "Planner": 15, "Reporter": 20, "Developer": 30, "Maintainer": 40}


_SEEN_BY = "disabled, private (members) or enabled (everyone with access)"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Server(_Strict):
    """Your GitLab and your project."""

    url: str | None = Field(default=None, description="Address of your GitLab, without the path of a project.")
    project: str | int | None = Field(default=None, description="Path, such as acme/wine-quality, or id.")
    project_id: int | None = Field(default=None, ge=1, description="The numeric id, where project is a path.")
    ca_bundle: Path | None = Field(default=None, description="File with the certificates of your own authority (PEM).")

    @field_validator("url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        return value if value is None else address(value)


class Client(_Strict):
    """How MLflow reaches it."""

    tracking_uri: str | None = Field(default=None, description="MLflow's address, if it differs.")
    experiment: str | None = Field(default=None, min_length=1, description="Experiment of runs when nobody names one.")
    timeout: int = Field(default=120, ge=1, le=3600, description="Seconds to wait for an answer.")
    retries: int = Field(default=5, ge=0, le=20, description="How often to try again after a failure.")


class Features(_Strict):
    """Who may see experiments, models and packages."""

    model_experiments: Visibility = Field(default="private", description=_SEEN_BY)
    model_registry: Visibility = Field(default="private", description=_SEEN_BY)
    package_registry: Visibility = Field(default="enabled", description=_SEEN_BY)


class Bot(_Strict):
    """The project access token that logs runs."""

    name: str = Field(default="mlflow", min_length=1, description="Name of the token, and of its bot.")
    role: Role = Field(default="Developer", description="Developer is the least that may log, search and register.")
    scope: Literal["api", "read_api"] = Field(default="api", description="api to log; read_api only reads.")
    days: Annotated[int, Field(ge=1, le=365)] = Field(default=28, description="Days until a new token expires.")
    renew: Annotated[int, Field(ge=0, le=364)] = Field(default=7, description="A new one when fewer days are left.")
    store: tuple[Literal["ci", "env"], ...] = Field(
        default=("ci", "env"), description="ci: a masked and protected CI/CD variable; env: the file .env."
    )


class Member(_Strict):
    """A person and a role."""

    username: str = Field(min_length=1, description="User name in GitLab.")
    role: Role = Field(description="Guest and Reporter read by name, Developer logs, Maintainer also deletes models.")
    days: Annotated[int, Field(ge=1, le=3650)] | None = Field(default=None, description="Days until the role ends.")


class Contacts(_Strict):
    """Whom readers of your site ask."""

    access: str | None = Field(default=None, description="A channel or address, shown where access is refused.")


class Team(_Strict):
    """How a team uses GitLab as its MLflow server; no secret belongs in it."""

    gitlab: Server = Server()
    mlflow: Client = Client()
    features: Features = Features()
    token: Bot = Bot()
    members: tuple[Member, ...] = ()
    contacts: Contacts = Contacts()


def address(value: str) -> str:
    """The address of a GitLab, without a slash at its end.

    Raises:
        ValueError: It is no such address.
    """
    from urllib.parse import urlsplit

    value = value.strip().rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("write it as https://gitlab.example.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("leave out user names, passwords and what follows a ? or #")
    if "/api/v4" in parts.path:
        raise ValueError("leave out /api/v4 and what follows it")
    return value


def load_team(path: Path) -> Team:
    """Reads the file of a team.

    Raises:
        Problems: What is wrong in it, each with its line.
        Problem: It cannot be read.
    """
    text = read_text(path)
    fix = f"edit {path.name}; `mlflow-gitlab settings --schema` prints what it may hold"
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        _no_key_twice(node, path)
        values = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "this is not YAML"
        raise Problem(path, mark.line + 1 if mark else None, str(what), fix, kind="config") from None
    if not isinstance(values, dict):
        raise Problem(path, 1, "this has to be keys and values", fix, kind="config")
    try:
        return Team.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        raise Problems([_fault(fault, node, path, fix) for fault in faults]) from None


def _fault(error: Any, node: yaml.Node | None, path: Path, fix: str) -> Problem:
    said = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        said = "there is no such setting"
    name = ".".join(map(str, error["loc"]))
    return Problem(path, line_of(node, error["loc"]), f"{name}: {said}", fix, kind="config")


def _no_key_twice(node: yaml.Node | None, path: Path) -> None:
    for key in _twice(node):
        line = key.start_mark.line + 1
        raise Problem(path, line, f"{key.value} stands here twice", "leave one of them", kind="config")


def _twice(node: yaml.Node | None) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                yield key
            seen.add(str(key.value))
            yield from _twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _twice(value)


def line_of(node: yaml.Node | None, place: Sequence[str | int]) -> int:
    """The line, counted from 1, of a value in a YAML file, or of the nearest thing around it that is there."""
    line = node.start_mark.line if node else 0
    for step in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line
        else:
            break
    return line + 1


def schema() -> str:
    """The JSON Schema of the file, for editors."""
    made = Team.model_json_schema()
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = "config/mlflow-gitlab.yaml"
    return json.dumps(made, indent=2) + "\n"
