"""Finds what the environment of this machine shows by itself, without asking anybody."""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from requests.utils import get_netrc_auth

from mlflow_gitlab.doctor.answers import Project
from mlflow_gitlab.doctor.finding import Evidence, Finding
from mlflow_gitlab.doctor.findings import REGISTRY
from mlflow_gitlab.settings import Settings, parts

_NAME, _PASSWORD = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"
_CREDENTIALS = Path(".mlflow/credentials")
_API = "/api/v4/projects/"
_END = "/ml/mlflow"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def look_around(settings: Settings, environ: Mapping[str, str], project: Project | None = None) -> list[Finding]:
    """What is wrong on this machine.

    Args:
        settings: What the doctor examines.
        environ: The environment that MLflow would see. Where the netrc file is, requests reads from the process.
        project: The project that GitLab showed, to compare a path with an id.

    Returns:
        The findings, without tokens.
    """
    found = [
        *_address(settings, project),
        *_basic(settings, environ),
        *_netrc(settings, environ),
        *_encryption(settings, environ),
        *_experiment(settings, environ),
        *_not_set_up(settings, environ),
    ]
    return [one.clean(settings.redactor.text) for one in found]


def _address(settings: Settings, project: Project | None) -> Iterator[Finding]:
    address = settings.tracking_uri
    if not address:
        return
    seen = Evidence(f"{settings.origin('tracking_uri')}: {address}")
    if (found := parts(address)) is None:
        kind, better = _malformed(address, settings)
        yield REGISTRY[kind].found(seen, address=better)
        return
    url, named = found
    if not settings.url or not settings.project:
        return
    same = {settings.project.lower()}
    if project:
        same |= {str(project.id), project.path_with_namespace.lower()}
    elif named.isdecimal() != settings.project.isdecimal():
        same.add(named.lower())  # an id and a path: only GitLab knows whether they are the same project's
    if url.rstrip("/").lower() != settings.url.lower() or named.lower() not in same:
        others = f"{seen.body}; {settings.origin('url')}: {settings.url}; "
        others += f"{settings.origin('project')}: {settings.project}"
        yield REGISTRY["tracking-uri-elsewhere"].found(Evidence(others), address=_right(settings))


def _right(settings: Settings) -> str:
    return f"{settings.api}/projects/{quote(settings.project or '', safe='')}{_END}"


def _malformed(address: str, settings: Settings) -> tuple[str, str]:
    """What is wrong with an address that is not a project's, and a better one."""
    url = urlsplit(address)
    path = url.path.rstrip("/").removesuffix(_END).removesuffix("/ml")
    if url.scheme not in {"http", "https"} or not url.netloc:
        kind, before, project = "tracking-uri-incomplete", "", ""
    elif _API in path + "/":
        before, _, project = (path + "/").partition(_API)
        project = project.strip("/")
        plain = "/" in project and url.path.rstrip("/").endswith(_END)
        kind = "project-path-not-encoded" if plain else "tracking-uri-incomplete"
    else:
        # The address of the project's page, or one in which only /api/v4 is missing.
        kind, before, project = "api-path-missing", "", path.strip("/").removeprefix("projects/")
    if settings.url and settings.project:
        return kind, _right(settings)
    host = f"{url.scheme}://{url.netloc.rpartition('@')[2]}" if url.netloc else "https://gitlab.example.com"
    return kind, f"{host}{before}{_API}{quote(project, safe='%') or '<id>'}{_END}"


def _basic(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """MLflow takes name and password from the environment, and each that is missing there from a file."""
    file = Path.home() / _CREDENTIALS
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(file, encoding="utf-8")
        stored = dict(parser["mlflow"]) if parser.has_section("mlflow") else {}
    except (configparser.Error, OSError, UnicodeDecodeError):
        stored = {}
    places = [
        name if environ.get(name) else str(file) if stored.get(name.lower()) else "" for name in (_NAME, _PASSWORD)
    ]
    if not all(places):
        return
    from_file = str(file) in places
    remove = f"delete both entries of {file}" if from_file else f"unset {_NAME} {_PASSWORD}"
    where = f"set in {' and '.join(dict.fromkeys(places))}" if from_file else f"{_NAME} and {_PASSWORD} are set"
    yield REGISTRY["basic-auth-wins"].found(Evidence(where), remove=remove)


def _netrc(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    address = settings.tracking_uri or settings.url or ""
    if not address.startswith("http") or not get_netrc_auth(address):
        return
    named = environ.get("NETRC")
    usual = [Path.home() / name for name in (".netrc", "_netrc")]
    file = named or next((str(one) for one in usual if one.exists()), "~/.netrc")
    host = urlsplit(address).hostname or ""
    yield REGISTRY["netrc-wins"].found(Evidence(f"{file} has a login for {host}"), file=file, host=host)


def _encryption(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    for name in ("url", "tracking_uri"):
        address = urlsplit(getattr(settings, name) or "")
        if address.scheme == "http" and address.hostname not in _LOOPBACK:
            place = settings.origin(name)
            yield REGISTRY["http-address"].found(Evidence(f"{place}: http://{address.hostname}"), place=place)
            break
    if environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in {"true", "1"}:
        yield REGISTRY["tls-check-off"].found(Evidence("MLFLOW_TRACKING_INSECURE_TLS is set"))


def _experiment(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    if not settings.experiment and not environ.get("MLFLOW_EXPERIMENT_ID"):
        yield REGISTRY["no-experiment"].found(
            Evidence("neither MLFLOW_EXPERIMENT_NAME nor MLFLOW_EXPERIMENT_ID is set")
        )


def _not_set_up(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """The settings may come from files that MLflow does not read."""
    wanted = settings.environment()
    names = ["MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MLFLOW_EXPERIMENT_NAME"]
    if wanted.get("MLFLOW_TRACKING_SERVER_CERT_PATH") != environ.get("REQUESTS_CA_BUNDLE"):
        names.append("MLFLOW_TRACKING_SERVER_CERT_PATH")
    missing = [name for name in names if name in wanted and not environ.get(name)]
    if settings.tracking_uri and missing:
        yield REGISTRY["mlflow-not-set-up"].found(Evidence(f"not in the environment: {', '.join(missing)}"))
