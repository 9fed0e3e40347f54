"""Says which GitLab, project, token and client settings hold here, and where each of them comes from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import quote, unquote, urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, Field, PrivateAttr, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from mlflow_gitlab.redaction import Redactor
from mlflow_gitlab.team import CONFIG, Team, address, load_team
from verified_docs.problem import Problem, Problems, read_text, shown

ENV_FILE = Path(".env")
KEYRING_SERVICE = "mlflow-gitlab"

# The names that a layer may use for a setting; within one layer the first that is set counts.
NAMES: dict[str, tuple[str, ...]] = {
    "url": ("GITLAB_URL", "CI_SERVER_URL"),
    "project": ("GITLAB_PROJECT_ID", "GITLAB_PROJECT", "CI_PROJECT_ID", "CI_PROJECT_PATH"),
    "project_id": ("GITLAB_PROJECT_ID", "CI_PROJECT_ID"),
    "project_path": ("GITLAB_PROJECT", "CI_PROJECT_PATH"),
    "tracking_uri": ("MLFLOW_TRACKING_URI",),
    "token": ("MLFLOW_TRACKING_TOKEN",),
    "admin_token": ("GITLAB_TOKEN",),
    "experiment": ("MLFLOW_EXPERIMENT_NAME",),
    "ca_bundle": ("MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE", "CI_SERVER_TLS_CA_FILE"),
    "timeout": ("MLFLOW_HTTP_REQUEST_TIMEOUT",),
    "retries": ("MLFLOW_HTTP_REQUEST_MAX_RETRIES",),
}
# Any of them says which project is meant.
_IDENTITY = ("project", "project_id", "project_path")
_IN_TEAM = {
    "url": ("gitlab", "url"),
    "project": ("gitlab", "project"),
    "project_id": ("gitlab", "project_id"),
    "ca_bundle": ("gitlab", "ca_bundle"),
    "tracking_uri": ("mlflow", "tracking_uri"),
    "experiment": ("mlflow", "experiment"),
    "timeout": ("mlflow", "timeout"),
    "retries": ("mlflow", "retries"),
}
TRACKING_URI = re.compile(r"^(?P<url>https?://.+?)/api/v4/projects/(?P<project>[^/]+)/ml/mlflow/?$")


@dataclass(frozen=True)
class Layer:
    """One place that settings come from.

    Attributes:
        name: What a person calls it.
        values: What it says, by the name of the setting.
        origins: Where in it each one stands.
    """

    name: str
    values: dict[str, Any]
    origins: dict[str, str]


class _Layered(PydanticBaseSettingsSource):
    def __init__(self, settings_cls: type[BaseSettings], layer: Layer) -> None:
        super().__init__(settings_cls)
        self.layer = layer

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self.layer.values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(self.layer.values)


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


class Settings(BaseSettings):
    """What holds for this machine, or this job.

    Each setting comes from the first of these that has it: an argument, the environment, the file `.env`, the team's
    `config/mlflow-gitlab.yaml`, a default. In a job of GitLab CI the environment has all but the token and the
    experiment by itself. Tokens are secret types: printing a `Settings` shows stars.

    Attributes:
        url: Address of the GitLab.
        project: Path or numeric id of the project, as it goes into addresses: the id where it is known.
        project_id: The numeric id, if it is known.
        project_path: The path, if it is known.
        tracking_uri: MLflow's address; made of url and project where nobody gives one. A path is encoded in it, which
            works for runs, files and models (measured: `uri: encoded project path`).
        token: What MLflow sends.
        admin_token: What the set-up uses: an Owner's or Maintainer's.
        experiment: The experiment of runs that name none.
        ca_bundle: Certificates of your own authority.
        timeout: Seconds to wait for an answer.
        retries: How often to try again.
        team: The rest of the team's file.
    """

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True, validate_default=False
    )

    url: Annotated[str, AfterValidator(address)] | None = None
    project: str | None = Field(default=None, min_length=1, coerce_numbers_to_str=True)
    project_id: str | None = Field(default=None, pattern=r"^[1-9]\d*$", coerce_numbers_to_str=True)
    project_path: str | None = None
    tracking_uri: str | None = None
    token: SecretStr | None = None
    admin_token: SecretStr | None = None
    experiment: str | None = None
    ca_bundle: Annotated[Path, AfterValidator(_absolute)] | None = None
    timeout: int = Field(default=120, ge=1, le=3600)
    retries: int = Field(default=5, ge=0, le=20)
    team: Team = Team()

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The layers that `load_settings` has read, and nothing that pydantic-settings would read by itself."""
        return init_settings, *(_Layered(settings_cls, layer) for layer in _reading)

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        Redactor(secret.get_secret_value() for secret in (self.token, self.admin_token) if secret)  # of the process
        if self.project_id and self.project != self.project_id:
            object.__setattr__(self, "project", self.project_id)
        if self.tracking_uri is None and self.url and self.project:
            object.__setattr__(
                self, "tracking_uri", f"{self.url}/api/v4/projects/{quote(self.project, safe='')}/ml/mlflow"
            )
        return self

    def origin(self, name: str) -> str:
        """Where a setting comes from, in words."""
        made = "made of url and project" if name in {"tracking_uri", "project"} else "default"
        return self._origins.get(name, made)

    @property
    def api(self) -> str:
        """Address of GitLab's REST API."""
        return f"{self.url}/api/v4"

    @property
    def redactor(self) -> Redactor:
        """Takes this machine's tokens out of texts."""
        return Redactor(secret.get_secret_value() for secret in (self.token, self.admin_token) if secret)

    def environment(self) -> dict[str, str]:
        """The variables with which MLflow reaches the project; the token is among them, so do not print it.

        Telemetry is off and files travel in one piece: that is how the recordings were made.
        """
        values = {
            "MLFLOW_TRACKING_URI": self.tracking_uri,
            "MLFLOW_TRACKING_TOKEN": self.token.get_secret_value() if self.token else None,
            "MLFLOW_EXPERIMENT_NAME": self.experiment,
            "MLFLOW_TRACKING_SERVER_CERT_PATH": str(self.ca_bundle) if self.ca_bundle else None,
            "MLFLOW_HTTP_REQUEST_TIMEOUT": str(self.timeout),
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": str(self.retries),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
            "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "false",
            "GITLAB_URL": self.url,
            "GITLAB_PROJECT": self.project_path,
            "GITLAB_PROJECT_ID": self.project_id,
        }
        return {name: value for name, value in values.items() if value}

    def need(self, *names: str) -> None:
        """Makes sure that settings are there.

        Raises:
            Problems: Those that are not, each with the ways to give it.
        """
        missing = [name for name in names if not getattr(self, name)]
        if missing:
            raise Problems([_missing(name) for name in missing])


def _missing(name: str) -> Problem:
    ways = f"export {NAMES[name][0]}=…, or write it into {ENV_FILE}"
    if name in _IN_TEAM:
        ways += f", or set {'.'.join(_IN_TEAM[name])} in {CONFIG}"
    if name == "token":
        ways += f", or keep it in the keyring: keyring set {KEYRING_SERVICE} <address of your GitLab>"
    if name == "admin_token":
        ways = "read -rs GITLAB_TOKEN && export GITLAB_TOKEN; it does not belong into a file"
    return Problem(CONFIG, None, f"{name} is not set", ways, kind="missing")


_reading: list[Layer] = []


@contextmanager
def _layers(layers: list[Layer]) -> Iterator[None]:
    _reading.extend(layers)
    try:
        yield
    finally:
        _reading.clear()


def load_settings(
    root: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    config: Path | None = None,
    env_file: Path | None = None,
    **given: Any,
) -> Settings:
    """Reads the settings of a folder.

    Args:
        root: Where `.env` and `config/mlflow-gitlab.yaml` are; the working directory unless told.
        environ: The environment; that of the process unless told.
        config: The team's file, if it has another name. It has to be there then.
        env_file: The other file, if it has another name. It has to be there then.
        **given: Settings that go before all others.

    Raises:
        Problem: A file cannot be read.
        Problems: A value is not what it has to be, each with where it comes from.
    """
    root = root or Path()
    environ = os.environ if environ is None else environ
    for path in (config, env_file):
        if path and not path.is_file():
            raise Problem(path, None, "there is no such file", "name another one, or leave the option out", kind="file")
    team_file, dotenv = config or root / CONFIG, env_file or root / ENV_FILE
    layers = [_from_names("environment", environ, {})]
    team = Team()
    if dotenv.is_file():
        layers.append(_from_dotenv(dotenv))
    if team_file.is_file():
        team = load_team(team_file)
        layers.append(_from_team(team, team_file))
    given = {name: value for name, value in given.items() if value is not None}
    origins = dict.fromkeys(given, "argument")
    _complete(given, origins, "argument")
    layers = _one_project([Layer("argument", given, origins), *layers])
    try:
        with _layers(layers[1:]):
            settings = Settings(**layers[0].values, team=team)
    except ValidationError as error:
        raise Problems(
            [_invalid(one, layers) for one in error.errors(include_input=False, include_url=False)]
        ) from None
    for layer in reversed(layers):
        settings._origins.update(layer.origins)
    if settings.ca_bundle and not settings.ca_bundle.is_file():
        raise Problem(
            settings.ca_bundle,
            None,
            f"there is no such file; {settings.origin('ca_bundle')} names it",
            "put the certificates of your authority there, or leave the setting out",
            kind="ca-bundle",
        )
    return _with_keyring(settings)


def _from_names(name: str, found: Mapping[str, str | None], lines: Mapping[str, int]) -> Layer:
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for field, names in NAMES.items():
        for variable in names:
            if value := (found.get(variable) or "").strip():
                values[field] = value
                origins[field] = f"{name}:{lines[variable]} {variable}" if variable in lines else f"{name} {variable}"
                break
    _complete(values, origins, name)
    return Layer(name, values, origins)


def _from_dotenv(path: Path) -> Layer:
    text = read_text(path)
    lines = {}
    for number, row in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", row):
            lines[match[1]] = number
    return _from_names(shown(path), dotenv_values(stream=StringIO(text), interpolate=False), lines)


def _from_team(team: Team, path: Path) -> Layer:
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for field, (part, key) in _IN_TEAM.items():
        section = getattr(team, part)
        if key in section.model_fields_set and (value := getattr(section, key)) is not None:
            values[field] = value
            origins[field] = f"{shown(path)} {part}.{key}"
    _complete(values, origins, shown(path))
    return Layer(shown(path), values, origins)


def _complete(values: dict[str, Any], origins: dict[str, str], name: str) -> None:
    """What one value says about others, in the layer that gives it."""
    match = TRACKING_URI.match(str(values.get("tracking_uri", "")))
    if match:
        _add(values, origins, "url", unquote(match["url"]), "tracking_uri", name)
        if "project" not in values and "project_id" not in values:
            _add(values, origins, "project", unquote(match["project"]), "tracking_uri", name)
    if "project" in values:
        kind = "project_id" if str(values["project"]).isdigit() else "project_path"
        _add(values, origins, kind, str(values["project"]), "project", name)
    if "project_id" in values:
        values["project"] = str(values["project_id"])
        origins["project"] = origins.get("project_id", name)


def _add(values: dict[str, Any], origins: dict[str, str], field: str, value: str, source: str, name: str) -> None:
    if field not in values:
        values[field] = value
        origins[field] = f"{origins.get(source, name)}, a part of it" if source == "tracking_uri" else origins[source]


def _one_project(layers: list[Layer]) -> list[Layer]:
    """Leaves out what lower layers say of another GitLab, or another project, than the one that counts."""
    winner: dict[str, Any] = {}
    for layer in layers:
        url, same = layer.values.get("url"), set(_IDENTITY) & layer.values.keys()
        elsewhere = "url" in winner and url is not None and str(url).rstrip("/") != str(winner["url"]).rstrip("/")
        another = not any(str(layer.values[one]) == str(winner.get(one)) for one in same) and bool(
            same and winner.keys() & set(_IDENTITY)
        )
        if elsewhere or another:
            for field in (*_IDENTITY, "tracking_uri"):
                layer.values.pop(field, None)
                layer.origins.pop(field, None)
        for field in ("url", *_IDENTITY):
            if field in layer.values:
                winner.setdefault(field, layer.values[field])
    return layers


def _invalid(error: Any, layers: list[Layer]) -> Problem:
    field = str(error["loc"][0]) if error["loc"] else "settings"
    origin = next((layer.origins[field] for layer in layers if field in layer.origins), "argument")
    said = str(error["msg"]).removeprefix("Value error, ")
    return Problem(
        Path(origin.split(" ")[0].split(":")[0]),
        None,
        f"{field}: {said} ({origin})",
        "change it there",
        kind="settings",
    )


def _with_keyring(settings: Settings) -> Settings:
    """Takes the token from the keyring of the system, where nothing else has one."""
    if settings.token or not settings.url:
        return settings
    try:
        import keyring

        token = keyring.get_password(KEYRING_SERVICE, settings.url)
    except Exception:  # no keyring installed, none running, or one that stays locked
        return settings
    if not token:
        return settings
    found = settings.model_copy(update={"token": SecretStr(token)})
    found._origins.update(settings._origins, token=f"keyring {KEYRING_SERVICE}")
    return found


def parts(tracking_uri: str) -> tuple[str, str] | None:
    """GitLab's address and the project in an address of MLflow, or None where it has another form."""
    match = TRACKING_URI.match(tracking_uri)
    return (match["url"], unquote(match["project"])) if match and urlsplit(match["url"]).hostname else None
