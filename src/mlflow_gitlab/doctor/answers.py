"""Reads what GitLab answered: as one of the answers that were recorded, or as none of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from mlflow_gitlab.doctor.finding import Evidence


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Metadata(_Body):
    """Which GitLab it is."""

    version: str = Field(min_length=1)


class User(_Body):
    """Whose token it is."""

    username: str = Field(min_length=1)


class Token(_Body):
    """What GitLab says of the token."""

    scopes: list[str]
    expires_at: date | None


class Access(_Body):
    """A role, as a number: Guest 10, Planner 15, Reporter 20, Developer 30, Maintainer 40, Owner 50."""

    access_level: int


class Permissions(_Body):
    """The roles that the token's owner has in the project itself, and in its group."""

    project_access: Access | None
    group_access: Access | None


class Project(_Body):
    """The project, and what is switched on in it."""

    id: int
    path_with_namespace: str
    archived: bool
    model_experiments_access_level: str
    model_registry_access_level: str
    packages_enabled: bool
    permissions: Permissions

    @property
    def level(self) -> int | None:
        """The higher of both roles, or None where GitLab names none."""
        found = (self.permissions.project_access, self.permissions.group_access)
        return max((one.access_level for one in found if one), default=None)


class Experiments(_Body):
    """A page of experiments."""

    experiments: list[dict[str, Any]]


class Refusal(_Body):
    """Why GitLab does not do something. Which key it uses differs from route to route."""

    message: str | None = None
    error: str | None = None
    error_code: str | None = None
    error_description: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Refusal:
        if not (self.message or self.error or self.error_code):
            raise ValueError("no reason")
        return self


Reply = BaseModel | list[Any] | dict[str, Any]

_THING: TypeAdapter[Any] = TypeAdapter(Annotated[dict[str, Any], Field(min_length=1)])
# The name of a request to the body of its answer 200; the last one is a file, which nobody expects to be there.
_BODIES: dict[str, TypeAdapter[Any]] = {
    "metadata": TypeAdapter(Metadata),
    "user": TypeAdapter(User),
    "token": TypeAdapter(Token),
    "project": TypeAdapter(Project),
    "experiment": _THING,
    "search": TypeAdapter(Experiments),
    "model": _THING,
    "packages": TypeAdapter(list[dict[str, Any]]),
}
_REFUSALS = {
    "metadata": {401, 403},
    "user": {401, 403},
    "token": {400, 401, 403},
    "file": {401, 403, 404},
}
_USUAL_REFUSALS = {401, 403, 404}
_REFUSAL: TypeAdapter[Refusal] = TypeAdapter(Refusal)


@dataclass(frozen=True)
class Answer:
    """What came back for one request; tokens are taken out of all of it.

    Attributes:
        name: What the examination calls the request, such as `project`.
        request: Method and path below `/api/v4`.
        status: The HTTP status.
        body: The body as text.
        location: Where a redirect leads.
        ahead: How many seconds the server's clock was ahead of this machine's, or None where the server did not say.
    """

    name: str
    request: str
    status: int
    body: str
    location: str | None = None
    ahead: float | None = None

    @cached_property
    def reply(self) -> Reply | None:
        """The body, if status and body are of a kind that was recorded for this request; None otherwise."""
        if self.status == 200:
            adapter = _BODIES.get(self.name)
        elif self.status in _REFUSALS.get(self.name, _USUAL_REFUSALS):
            adapter = _REFUSAL
        else:
            adapter = None
        if adapter is None:
            return None
        try:
            reply: Reply = adapter.validate_json(self.body, strict=True)
        except (ValidationError, ValueError, RecursionError):
            return None
        return reply

    @property
    def refusal(self) -> Refusal:
        """Why it was refused; says nothing where it was not."""
        return self.reply if isinstance(self.reply, Refusal) else Refusal.model_construct()

    @property
    def fine(self) -> bool:
        """Whether it is what a token gets that may do all of it."""
        if self.name in {"experiment", "model"}:
            # The name that was asked for does not exist.
            return self.reply is not None and (self.status == 200 or bool(self.refusal.error_code))
        if self.name == "file":
            return self.status == 404 and self.refusal.message == "404 Not Found"
        return self.status == 200 and self.reply is not None

    def refused(self, status: int, word: str = "") -> bool:
        """Whether it was refused with this status, and with this word in what GitLab said."""
        said = (self.refusal.message, self.refusal.error, self.refusal.error_description, self.refusal.error_code)
        return self.status == status and any(word in text for text in said if text)

    def evidence(self, *keys: str) -> Evidence:
        """The answer as evidence.

        Args:
            *keys: The parts of a long JSON body to show; all of it without any.
        """
        body = self.body
        if keys:
            try:
                found = json.loads(body)
                body = json.dumps({key: found[key] for key in keys if key in found}, separators=(",", ":"))
            except (ValueError, TypeError):
                body = self.body
        return Evidence(body.strip() or "(nothing)", self.request, self.status)
