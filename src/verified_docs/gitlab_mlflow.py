"""What verified_docs has to know of GitLab and the MLflow client: volatile values, credentials, state."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePosixPath
from typing import Any, ClassVar

from verified_docs.cassette import Interaction
from verified_docs.example import Example
from verified_docs.problem import Problem

_ROLES = ("guest", "planner", "reporter", "developer", "maintainer", "owner")
_SCOPES = ("api", "read_api")

# Changed by every run or machine: never compared, but times have to be milliseconds of this century.
_VOLATILE_TAGS = re.compile(r"^mlflow\.(user|source\.(name|type|git\..*)|gitRepoURL)$")

_WRITTEN_BY_MLFLOW = frozenset({"conda.yaml", "python_env.yaml", "requirements.txt", "estimator.html"})
_PACKED_BY_LIBRARIES = frozenset({".pkl", ".skops", ".lgb", ".statsmodels", ".zip", ".png"})

_UUID = re.compile(r"(?<![0-9a-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])")
_MILLISECONDS = frozenset({"start_time", "end_time", "timestamp"})
_SECONDS = frozenset({"creation_timestamp", "last_updated_timestamp"})
_ISO = frozenset({"created_at", "updated_at"})
_PAGE_TOKENS = frozenset({"page_token", "next_page_token"})
# A fixed clock for recorded times: one second per distinct instant, in their order.
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
# Database ids differ between two recordings; each kind is counted from a number of its own, so that a model's id
# is never mistaken for a version's.
_FIRST_ID = {"user": 201, "package": 301, "model": 501, "version": 1001}
_ID_KEYS = {"user_id": "user", "package_id": "package", "model_id": "model", "id": "version"}
_ID_IN_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=/ml/models/)\d+"), "model"),
    (re.compile(r"(?<=/versions/)\d+"), "version"),
    (re.compile(r"(?<=/packages/ml_models/)\d+(?=/)"), "version"),
    (re.compile(r"(?<=/mlflow-artifacts/artifacts/)\d+(?=/|$)"), "version"),
    (re.compile(r"(?<=^mlflow-artifacts:/)\d+(?=/|$)"), "version"),
    (re.compile(r"(?<=[?&]path=)\d+(?=/|%2F|&|$)"), "version"),
    (re.compile(r"(?<=[?&]version=)\d+(?=&|$)"), "version"),
)


class GitLabMLflow:
    """Replays recordings of GitLab's MLflow API with the MLflow client."""

    server = "GitLab"
    client = "MLflow"
    host = "gitlab.example.com"
    credential_headers = frozenset({"authorization", "private-token", "job-token", "deploy-token"})
    request_headers = frozenset({"content-type"})
    answer_headers = frozenset(
        {"content-type", "location", "link", "www-authenticate", "x-next-page", "x-total", "x-total-pages"}
    )

    # What the client changes: `Settings that the recordings were made with` in .env.template.
    settings: ClassVar = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
        "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "false",
    }

    def stabilise(self, interactions: Sequence[Interaction], message: str) -> tuple[list[Interaction], str]:
        """Replaces run ids, database ids, times and page tokens by stable ones.

        The replacement is the same for a value wherever it stands, keeps the order of times and ids, and
        depends on nothing but the conversation.
        """
        stable = _Stable(interactions)
        return stable.apply(), stable.text(message)

    def comparable(self, body: Any) -> Any:
        """Drops times, the user's name and source tags; parses JSON that stands inside strings."""
        if isinstance(body, list):
            return [self.comparable(item) for item in body if not _is_volatile_tag(item)]
        if isinstance(body, dict):
            return {
                key: "(volatile)" if _is_volatile(key, value) else self.comparable(value) for key, value in body.items()
            }
        if isinstance(body, str) and body[:1] in {"{", "["}:
            try:
                return {"(JSON in a string)": self.comparable(json.loads(body))}
            except ValueError:
                return body
        return body

    def is_upload(self, method: str, path: str) -> bool:
        """A PUT to the package endpoint stores a file of a run or a model version."""
        return method == "PUT" and "/packages/ml_models/" in path

    def is_own(self, path: str, content: bytes) -> bool:
        """What MLflow writes beside a model, and what libraries pack or draw, is not the example's own.

        Such files hold object ids, library versions and times.
        """
        name = PurePosixPath(path).name
        if name == "MLmodel":
            return b"model_uuid" not in content and b"utc_time_created" not in content
        return name not in _WRITTEN_BY_MLFLOW and PurePosixPath(name).suffix not in _PACKED_BY_LIBRARIES

    def environment(self, example: Example) -> dict[str, str]:
        """Address and token of the example, and the settings that the recordings were made with.

        Raises:
            Problem: The example names a role or scope that GitLab does not have.
        """
        role, scope = example.metadata.role.lower(), example.metadata.scope
        for word, known in ((role, _ROLES), (scope, _SCOPES)):
            if word not in known:
                raise Problem(
                    example.path,
                    1,
                    f"GitLab has no {word!r} among {', '.join(known)}",
                    f"correct role and scope under [tool.verified], then make check EX={example.id}",
                    kind="metadata",
                )
        return {
            "MLFLOW_TRACKING_URI": f"https://{self.host}/api/v4/projects/42/ml/mlflow",
            "MLFLOW_TRACKING_TOKEN": f"<project:{role}:{scope}>",
            **self.settings,
        }

    def client_version(self) -> str:
        """The version of MLflow in this environment."""
        return importlib.metadata.version("mlflow")

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Gives the run an MLflow as fresh as after its import, and the next run as well."""
        _forget_state()
        try:
            with _autologging_undone():
                yield
        finally:
            _end_runs()
            _forget_state()


def _is_volatile(key: str, value: Any) -> bool:
    """A time in milliseconds, or the login name of whoever runs the client."""
    return key == "user_id" or (key in _MILLISECONDS and _instant(key, value) is not None)


def _is_volatile_tag(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("key"), str) and bool(_VOLATILE_TAGS.match(item["key"]))


class _Stable:
    """The replacements that make one conversation stable."""

    def __init__(self, interactions: Sequence[Interaction]) -> None:
        self.interactions = interactions
        self.uuids: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        times: set[int] = set()
        ids: dict[str, set[int]] = {kind: set() for kind in _FIRST_ID}
        for interaction in interactions:
            for text in _texts(interaction):
                for found in _UUID.findall(text):
                    self.uuids.setdefault(found, f"00000000-0000-4000-8000-{len(self.uuids) + 1:012d}")
            self._collect_ids(interaction.uri, ids)
            for body in _json_bodies(interaction):
                for key, value in _scalars(body):
                    if (instant := _instant(key, value)) is not None:
                        times.add(instant)
                    elif key in _PAGE_TOKENS and value:
                        self.tokens.setdefault(str(value), f"page-{len(self.tokens) + 2}")
                    elif (kind := _id_kind(key, value)) is not None:
                        ids[kind].add(int(value))
                    elif isinstance(value, str):
                        self._collect_ids(value, ids)
        start = int(_EPOCH.timestamp() * 1000)
        self.times = {instant: start + 1000 * rank for rank, instant in enumerate(sorted(times))}
        self.ids = {
            kind: {str(value): str(_FIRST_ID[kind] + rank) for rank, value in enumerate(sorted(values))}
            for kind, values in ids.items()
        }

    @staticmethod
    def _collect_ids(text: str, ids: dict[str, set[int]]) -> None:
        for pattern, kind in _ID_IN_TEXT:
            ids[kind].update(int(found) for found in pattern.findall(text))

    def apply(self) -> list[Interaction]:
        return [
            replace(
                interaction,
                uri=self.text(interaction.uri),
                body=self._body(interaction.body),
                answer=self._body(interaction.answer),
            )
            for interaction in self.interactions
        ]

    def _body(self, body: Any) -> Any:
        if not isinstance(body, str):
            return body
        document = _parse(body)
        stable = None if document is None else self._value("", document)
        # Untouched text keeps its exact bytes: it may be a file of the example's own.
        if stable == document:
            return body
        # GitLab writes no blanks, the client does; clients quote answers to the letter.
        separators = (", ", ": ") if '": ' in body else (",", ":")
        return json.dumps(stable, ensure_ascii=False, separators=separators)

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._value(name, item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._value(key, item) for item in value]
        if (instant := _instant(key, value)) is not None:
            stable = self.times[instant]
            if key in _ISO:
                return datetime.fromtimestamp(stable / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            return stable // 1000 if key in _SECONDS else stable
        if key in _PAGE_TOKENS and value:
            return self.tokens[str(value)]
        if (kind := _id_kind(key, value)) is not None:
            return type(value)(self.ids[kind][str(value)])
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """A text with every known id replaced."""
        text = _UUID.sub(lambda match: self.uuids.get(match.group(), match.group()), text)
        for pattern, kind in _ID_IN_TEXT:
            text = pattern.sub(partial(_replaced, self.ids[kind]), text)
        return text


def _replaced(stable: dict[str, str], match: re.Match[str]) -> str:
    return stable.get(match.group(), match.group())


def _parse(body: str) -> Any:
    """The JSON document of a body, or None where it is another text."""
    if body[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None


def _texts(interaction: Interaction) -> Iterable[str]:
    yield interaction.uri
    yield from (body for body in (interaction.body, interaction.answer) if isinstance(body, str))


def _json_bodies(interaction: Interaction) -> Iterable[Any]:
    for body in (interaction.body, interaction.answer):
        if isinstance(body, str) and (document := _parse(body)) is not None:
            yield document


def _scalars(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _scalars(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item, key)
    else:
        yield key, value


def _instant(key: str, value: Any) -> int | None:
    """The milliseconds since 1970 of a recorded time, or None where the value is not one."""
    if isinstance(value, int) and not isinstance(value, bool):
        if key in _MILLISECONDS and value >= 10**12:
            return value
        if key in _SECONDS and value >= 10**9:
            return value * 1000
    if isinstance(value, str) and key in _ISO:
        try:
            return int(datetime.fromisoformat(value).timestamp() * 1000)
        except ValueError:
            return None
    return None


def _id_kind(key: str, value: Any) -> str | None:
    """The kind of database id that a value is, or None; ids that count within a project are stable already."""
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, str) and value.isdecimal())):
        return None
    # GitLab answers `version` with the database id where it is a number, and with the semantic version elsewhere.
    return "version" if key == "version" else _ID_KEYS.get(key)


def _module(name: str) -> Any:
    """A module of MLflow, or None where this version does not have it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


def _end_runs() -> None:
    """Forgets active runs without a word to the server: ending them would be a request of its own."""
    fluent = _module("mlflow.tracking.fluent")
    for name in ("_active_run_stack", "_last_active_run_id", "_last_logged_model_id", "_ACTIVE_MODEL_CONTEXT"):
        if (variable := getattr(fluent, name, None)) is not None:
            variable.set(variable.default_factory())
    fluent._active_experiment_id = None


def _forget_state() -> None:
    """Empties every cache of the client that outlives a run, and the addresses that it was told."""
    tracking = _module("mlflow.tracking._tracking_service.utils")
    tracking._artifact_repos_cache.clear()
    tracking._tracking_uri = None
    _module("mlflow.tracking._model_registry.utils")._registry_uri = None
    # Stores and sessions keep the address, and connections of the cassette that was open when they were made.
    for module, store_registry in (
        ("mlflow.tracking._tracking_service.registry", "TrackingStoreRegistry"),
        ("mlflow.tracking._model_registry.registry", "ModelRegistryStoreRegistry"),
    ):
        getattr(_module(module), store_registry)._get_store_with_resolved_uri.cache_clear()
    _module("mlflow.utils.request_utils")._cached_get_request_session.cache_clear()
    rest_store = _module("mlflow.store.tracking.rest_store").RestStore
    if (server_version := getattr(rest_store, "_get_server_version", None)) is not None:
        server_version.cache_clear()
    if (server_info := _module("mlflow.utils.server_info")) is not None:
        server_info._clear_server_info_cache()


@contextmanager
def _autologging_undone() -> Iterator[None]:
    """Takes autolog's patches off the libraries on exit and restores its settings and import hooks."""
    integrations = _module("mlflow.utils.autologging_utils").AUTOLOGGING_INTEGRATIONS
    safety = _module("mlflow.utils.autologging_utils.safety")
    hooks = _module("mlflow.utils.import_hooks")._post_import_hooks
    settings_before = {name: dict(settings) for name, settings in integrations.items()}
    hooks_before = dict(hooks)
    try:
        yield
    finally:
        for name in list(safety._AUTOLOGGING_PATCHES):
            safety.revert_patches(name)
        for name, settings in integrations.items():
            settings.clear()
            settings.update(settings_before.get(name, {}))
        hooks.clear()
        hooks.update(hooks_before)
