"""Reads what is there already: the project, its tokens, variables, members and experiment. Nothing is changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote

from gitlab.exceptions import GitlabGetError, GitlabHttpError
from pydantic import SecretStr

from mlflow_gitlab.scratch import find_left
from mlflow_gitlab.settings import Settings
from mlflow_gitlab.setup.dotenv_file import DotenvFile
from mlflow_gitlab.setup.server import Server
from mlflow_gitlab.team import LEVELS, Member
from mlflow_gitlab.terminal import Refused

TOKEN_VARIABLE = "MLFLOW_TRACKING_TOKEN"
EXPERIMENT_VARIABLE = "MLFLOW_EXPERIMENT_NAME"
FEATURES = ("model_experiments", "model_registry", "package_registry")
OWNER, MAINTAINER = 50, LEVELS["Maintainer"]
_ROLES = {level: role for role, level in LEVELS.items()} | {OWNER: "Owner"}
_BY_OWNER = "The calls of a set-up were recorded with an Owner; a Developer is refused. Ask one, or use their token."


def role_of(level: int | None) -> str:
    """The name of a role, as GitLab shows it."""
    return "administrator" if level is None else _ROLES.get(level, f"level {level}")


@dataclass(frozen=True)
class Token:
    """An active project access token.

    Attributes:
        id: Its number.
        scopes: What it may be used for.
        level: Its role, as a number.
        expires: Its last day, or None.
    """

    id: int
    scopes: tuple[str, ...]
    level: int
    expires: date | None

    def days_left(self, today: date) -> int | None:
        """Days until it expires, or None where it does not."""
        return None if self.expires is None else (self.expires - today).days

    def told(self, today: date) -> str:
        """The days that are left, in words."""
        left = self.days_left(today)
        return "no end" if left is None else f"{left} day{'' if left == 1 else 's'} left"


@dataclass(frozen=True)
class Stored:
    """A token that was found where tokens are kept.

    Attributes:
        value: The token.
        token_id: Its number, or None where GitLab does not know it any more.
        name: What it is called.
        is_foreign: Whether it is good, and none of those that the set-up makes.
    """

    value: SecretStr
    token_id: int | None = None
    name: str = ""
    is_foreign: bool = False


@dataclass(frozen=True)
class Variable:
    """A CI/CD variable for all environments."""

    key: str
    value: SecretStr | None = field(repr=False)
    masked: bool
    protected: bool
    hidden: bool


@dataclass(frozen=True)
class Person:
    """Somebody whom the team's file names, as GitLab knows them.

    Attributes:
        wanted: The role that the file gives.
        user_id: Their number, or None where nobody has this user name.
        level: The role that they have as a direct member.
        expires: When that ends.
        inherited: The role that they have through a group.
    """

    wanted: Member
    user_id: int | None = None
    level: int | None = None
    expires: date | None = None
    inherited: int | None = None


@dataclass(frozen=True)
class State:
    """What is there.

    Attributes:
        version: GitLab's own version.
        project_id: The project's number.
        path: Its path.
        web_url: Its address in a browser.
        level: The administrator's role in it, or None for an administrator of the whole GitLab.
        me: Their number, or None where it was not asked.
        features: The three levels.
        packages_enabled: The second switch of packages.
        tokens: Active tokens with the name that the team's file gives.
        variables: The two variables, by key.
        scoped: Keys that exist for single environments too.
        stored: Tokens that are kept in `ci` and `env`.
        people: Those whom the file names.
        experiment: Id of the experiment, or None.
        left: Experiments of interrupted scratch runs: id and name.
    """

    version: str
    project_id: int
    path: str
    web_url: str
    level: int | None
    me: int | None
    features: dict[str, str]
    packages_enabled: bool
    tokens: tuple[Token, ...]
    variables: dict[str, Variable]
    scoped: tuple[str, ...]
    stored: dict[str, Stored]
    people: tuple[Person, ...]
    experiment: str | None
    left: tuple[tuple[str, str], ...]

    @property
    def release(self) -> tuple[int, int]:
        """The version as two numbers; zeros where it cannot be read."""
        match = re.match(r"(\d+)\.(\d+)", self.version)
        return (int(match[1]), int(match[2])) if match else (0, 0)


def look(server: Server, settings: Settings, env: DotenvFile) -> State:
    """Reads the state of a project, with requests that change nothing.

    Args:
        server: Where to ask.
        settings: Which project, and what the team's file wants.
        env: The file that may keep a token.

    Raises:
        Refused: GitLab does not let the caller see it, or is not there.
    """
    gl, team = server.admin, settings.team
    hint = f"The token comes from {settings.origin('admin_token')}; it takes scope api."
    with server.refusals("ask for GitLab's version", hint):
        metadata = gl.http_get("/metadata")
    version = str(metadata.get("version", "")) if isinstance(metadata, dict) else ""
    hint = f"Is the project right ({settings.origin('project')}), and is the token's owner a member of it?"
    with server.refusals(f"read the project {settings.project}", hint):
        project = gl.projects.get(str(settings.project))
        me, level = None, _level(project.attributes.get("permissions"))
        if level is None or team.members:
            me, level = _myself(server, project, level)
    if level is not None and level < MAINTAINER:
        raise Refused(
            f"your role in {project.path_with_namespace} is {role_of(level)}, and a set-up takes more. {_BY_OWNER}\n"
            "  Nothing was changed."
        )
    with server.refusals("read the tokens and CI/CD variables of the project", _BY_OWNER):
        tokens = tuple(
            Token(row.id, tuple(row.scopes), row.access_level, _day(row.expires_at))
            for row in project.access_tokens.list(state="active", get_all=True)
            if row.name == team.token.name
        )
        rows = [
            row
            for row in project.variables.list(get_all=True)
            if row.key in (TOKEN_VARIABLE, EXPERIMENT_VARIABLE)
        ]  # fmt: skip
    variables = {row.key: _variable(server, row) for row in rows if row.environment_scope == "*"}
    with server.refusals("ask which tokens are stored"):
        values = {
            "ci": variables[TOKEN_VARIABLE].value if TOKEN_VARIABLE in variables else None,
            "env": SecretStr(env.values.get(TOKEN_VARIABLE) or ""),
        }
        stored = {
            store: _stored(server, value, {token.id for token in tokens})
            for store, value in values.items()
            if value is not None and value.get_secret_value()
        }
    with server.refusals("look the members up", _BY_OWNER):
        people = _people(server, project, team.members)
    features = {name: str(getattr(project, f"{name}_access_level", "")) for name in FEATURES}
    experiment: str | None = None
    left: tuple[tuple[str, str], ...] = ()
    if features["model_experiments"] != "disabled":
        with server.refusals("look for the experiment"):
            experiment = find_experiment(server, project.id, settings.experiment)
            left = tuple(find_left(server.ask_admin(), project.id))
    return State(
        version=version,
        project_id=project.id,
        path=project.path_with_namespace,
        web_url=project.web_url,
        level=level,
        me=me,
        features=features,
        packages_enabled=bool(getattr(project, "packages_enabled", True)),
        tokens=tokens,
        variables=variables,
        scoped=tuple(sorted({row.key for row in rows if row.environment_scope != "*"})),
        stored=stored,
        people=people,
        experiment=experiment,
        left=left,
    )


def find_experiment(server: Server, project_id: int, name: str | None) -> str | None:
    """The id of an experiment, or None where there is none (tracking/check_connection).

    Raises:
        Refused: GitLab answered something else.
    """
    if not name:
        return None
    path = f"/projects/{project_id}/ml/mlflow/api/2.0/mlflow/experiments/get-by-name"
    status, body = server.ask_admin()("GET", f"{path}?experiment_name={quote(name, safe='')}")
    if status == 200 and isinstance(body, dict):
        return str(body["experiment"]["experiment_id"])
    if status == 404 and isinstance(body, dict) and body.get("error_code") == "RESOURCE_DOES_NOT_EXIST":
        return None
    raise GitlabHttpError(str(body), response_code=status)


def _level(permissions: Any) -> int | None:
    """The higher of the two roles that GitLab names with a project; None where it names none."""
    found = [part.get("access_level") for part in (permissions or {}).values() if isinstance(part, dict)]
    return max((int(level) for level in found if level is not None), default=None)


def _myself(server: Server, project: Any, level: int | None) -> tuple[int, int | None]:
    """Who the administrator is, and their role: through a group of a group, or as administrator of the GitLab."""
    user = server.admin.http_get("/user")
    assert isinstance(user, dict)
    if level is not None:
        return int(user["id"]), level
    try:
        return int(user["id"]), int(project.members_all.get(user["id"]).access_level)
    except GitlabGetError as error:
        if error.response_code != 404:
            raise
        return int(user["id"]), None if user.get("is_admin") else 0


def _variable(server: Server, row: Any) -> Variable:
    if row.value and row.key == TOKEN_VARIABLE:
        server.redactor.add(row.value)
    value = None if row.value is None else SecretStr(row.value)
    return Variable(row.key, value, row.masked, row.protected, bool(getattr(row, "hidden", False)))


def _stored(server: Server, value: SecretStr, known: set[int]) -> Stored:
    """Asks GitLab which token this is (setup/read_features); one that is not good any more gets 401."""
    status, body = server.ask_as(value.get_secret_value())("GET", "/personal_access_tokens/self")
    if status == 401:
        return Stored(value)
    if status == 200 and isinstance(body, dict) and "id" in body:
        token_id = int(body["id"])
        return Stored(value, token_id, str(body.get("name")), is_foreign=token_id not in known)
    # Known to GitLab, but not allowed to ask about itself: none that a set-up makes.
    return Stored(value, is_foreign=True)


def _people(server: Server, project: Any, wanted: tuple[Member, ...]) -> tuple[Person, ...]:
    if not wanted:
        return ()
    direct = {row.id: row for row in project.members.list(get_all=True)}
    everybody = {row.id: row for row in project.members_all.list(get_all=True)}
    people = []
    for member in wanted:
        user = next(iter(server.admin.users.list(username=member.username, get_all=True)), None)
        if user is None:
            people.append(Person(member))
            continue
        mine = direct.get(user.id)
        through = everybody.get(user.id)
        people.append(
            Person(
                member,
                user.id,
                level=mine.access_level if mine else None,
                expires=_day(mine.expires_at) if mine else None,
                # With a direct role, GitLab shows the higher one: more than the direct role comes from a group.
                inherited=through.access_level
                if through and (mine is None or through.access_level > mine.access_level)
                else None,
            )
        )
    return tuple(people)


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value[:10]) if value else None
