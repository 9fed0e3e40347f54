"""What verified_docs has to know of GitLab and the MLflow client: volatile values, credentials, state."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, ClassVar

from verified_docs.adapter import Recorder
from verified_docs.cassette import Interaction
from verified_docs.example import Example
from verified_docs.gitlab_mlflow.alias import Alias
from verified_docs.gitlab_mlflow.client import restored
from verified_docs.gitlab_mlflow.stable import MILLISECONDS, PLACEHOLDER, Stable, instant
from verified_docs.problem import Problem

# A deploy token and one that was never issued belong to nobody: their labels have no role.
_KINDS = ("project", "pat", "oauth", "job", "deploy", "unknown")
_ROLES = ("outsider", "guest", "planner", "reporter", "developer", "maintainer", "owner")
# A token that is not valid any more says so where others say their scope.
_SCOPES = ("api", "read_api", "read_user", "expired", "revoked")
_ENDED = {"expired", "revoked"}
_NOBODY, _NOTHING = "nobody", "none"
# A token that somebody typed to see it refused says so in plain words; what GitLab makes up is random.
_INVENTED = re.compile(r"(?<![A-Za-z0-9_\-.])gl[a-z]{2,6}-wrong-token-0{4,8}(?![A-Za-z0-9_\-.])")

# Changed by every run or machine: never compared, but times have to be milliseconds of this century.
_VOLATILE_TAGS = re.compile(r"^mlflow\.(user|source\.(name|type|git\..*)|gitRepoURL)$")

# What a model's JSON has of the moment and the machine that made it: never compared, but it has to look like that.
_VOLATILE_IN_MODEL = {
    "model_uuid": re.compile(r"[0-9a-f]{32}"),
    "python_version": re.compile(r"\d+\.\d+\.\d+"),
    "utc_time_created": re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{6})?"),
}

# What autologging computes of a model that was just trained: its last digits depend on the processor.
_COMPUTED = re.compile(r"training_\w+")

# GitLab names a run after three animals, such as `eel-dolphin-elephant-2081`.
_ANIMALS = re.compile(r"(?:[a-z]+-){3}\d{1,4}")
_MADE_UP = re.compile(rf'"(?:run_)?name":\s*"({_ANIMALS.pattern})"')

# Blanks, line breaks, commas and comments mean nothing in GraphQL, but inside a string.
_GRAPHQL_TOKEN = re.compile(r'#[^\n]*|"""[\s\S]*?"""|"(?:\\.|[^"\\])*"|[\w$]+|[^\s\w,]')

# Lists whose rows stand in no promised order.
_UNORDERED = frozenset({"tags", "params", "metrics", "aliases"})
_UNORDERED_COLLECTIONS = ("/members", "/members/all", "/variables", "/package_files")

_FILE = re.compile(r"/mlflow-artifacts/artifacts/[^/]+/.|/packages/ml_models/[^/]+/files/.")
_WRITTEN_BY_MLFLOW = frozenset({"conda.yaml", "python_env.yaml", "requirements.txt", "estimator.html"})
_PACKED_BY_LIBRARIES = frozenset({".pkl", ".skops", ".lgb", ".statsmodels", ".zip", ".png"})


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

    # Where the recorded GitLab and its project are.
    addresses: ClassVar = {
        "GITLAB_URL": f"https://{host}",
        "GITLAB_PROJECT": "acme/wine-quality",
        "GITLAB_PROJECT_ID": "42",
        "CI_API_V4_URL": f"https://{host}/api/v4",
        "CI_PROJECT_ID": "42",
        "MLFLOW_TRACKING_URI": f"https://{host}/api/v4/projects/42/ml/mlflow",
    }

    placeholder = PLACEHOLDER

    # What the client changes: `Settings that the recordings were made with` in .env.template.
    settings: Mapping[str, str] = MappingProxyType(
        {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
            "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
            "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "false",
        }
    )

    def stabilise(
        self, interactions: Sequence[Interaction], message: str, environment: Mapping[str, str]
    ) -> tuple[list[Interaction], str, dict[str, str]]:
        """Replaces ids, times, page tokens, names of bots and pictures of people by stable ones."""
        stable = Stable(interactions)
        return stable.apply(), stable.text(message), stable.environment(environment)

    def comparable(self, body: Any) -> Any:
        """Drops times, the user's name, source tags, ids of models and the layout of GraphQL.

        Of a metric that autologging has computed, three digits count.

        JSON inside strings is parsed.
        """
        if isinstance(body, list):
            return [self.comparable(item) for item in body if not _is_volatile_tag(item)]
        if isinstance(body, dict):
            # A data set names its source in a dictionary of tags, a run in a list.
            kept = {key: value for key, value in body.items() if not _VOLATILE_TAGS.match(key)}
            if isinstance(kept.get("value"), float) and _COMPUTED.fullmatch(str(kept.get("key"))):
                kept["value"] = float(f"{kept['value']:.3g}")
            return {key: self._comparable_field(body, key, value) for key, value in kept.items()}
        if isinstance(body, str) and body[:1] in {"{", "["}:
            try:
                return {"(JSON in a string)": self.comparable(json.loads(body))}
            except ValueError:
                return body
        return body

    def _comparable_field(self, body: dict[str, Any], key: str, value: Any) -> Any:
        if key == "query" and "variables" in body and isinstance(value, str):
            return [token for token in _GRAPHQL_TOKEN.findall(value) if not token.startswith("#")]
        return "(volatile)" if _is_volatile(key, value) else self.comparable(value)

    def masked(self, body: Any) -> Any:
        """Replaces times, login names, what marks one making of a model, values of source tags, made up names of runs.

        A time has the order of its recording only, so another answer in front of it changes it.
        """
        if isinstance(body, list):
            return [self.masked(item) for item in body]
        if isinstance(body, dict):
            tag = _is_volatile_tag(body)
            return {
                key: _mask(value)
                if (tag and key == "value") or _is_volatile(key, value) or _is_made_up(key, value)
                else self.masked(value)
                for key, value in body.items()
            }
        if isinstance(body, str) and body[:1] in {"{", "["}:
            try:
                return json.dumps(self.masked(json.loads(body)), ensure_ascii=False)
            except ValueError:
                return body
        return body

    def is_volatile_row(self, row: Any) -> bool:
        """A tag in which MLflow describes the script and its Git commit is there where Git is."""
        return _is_volatile_tag(row)

    def labelled(self, credential: str) -> str:
        """A credential with `<unknown>` in place of an invented token, such as `glpat-wrong-token-…`."""
        return _INVENTED.sub("<unknown>", credential)

    def is_upload(self, method: str, path: str) -> bool:
        """A PUT to the package endpoint stores a file of a run or a model version."""
        return method == "PUT" and "/packages/ml_models/" in path

    def made_up(self, answer: Any) -> list[str]:
        """The names that GitLab gave to runs without one."""
        return _MADE_UP.findall(answer) if isinstance(answer, str) else []

    def is_unordered(self, path: str, key: str) -> bool:
        """Whether GitLab promises no order for the rows of a list.

        MLflow's protocol has none for what a run is described with; GitLab's REST has none for members and variables.
        """
        if "/ml/mlflow/" in path:
            return key in _UNORDERED
        return key == "" and path.rstrip("/").endswith(_UNORDERED_COLLECTIONS)

    def is_download(self, method: str, path: str) -> bool:
        """A GET of one file of a run or a model version."""
        return method == "GET" and bool(_FILE.search(path))

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
        metadata = example.metadata
        own = f"project:{metadata.role.lower()}:{metadata.scope}"
        nobody = metadata.role.lower() == _NOBODY
        labels = metadata.tokens if nobody else {"MLFLOW_TRACKING_TOKEN": own, **metadata.tokens}
        if nobody != (metadata.scope == _NOTHING) or nobody == any(":" in label for label in labels.values()):
            raise Problem(
                example.path,
                example.header_line("role"),
                f"role {metadata.role} and scope {metadata.scope} do not fit the tokens",
                f'write role = "{_NOBODY.title()}" and scope = "{_NOTHING}" where no token has a role, '
                f"then make check EX={example.id}",
                kind="metadata",
            )
        for variable, label in labels.items():
            for word, known in zip(label.split(":"), (_KINDS, _ROLES, _SCOPES), strict=False):
                if word not in known:
                    raise Problem(
                        example.path,
                        example.header_line(variable) if variable in metadata.tokens else 1,
                        f"GitLab has no {word!r} among {', '.join(known)}",
                        f"correct role, scope or tokens under [tool.verified], then make check EX={example.id}",
                        kind="metadata",
                    )
        scopes = {label.split(":")[2] for label in labels.values() if label.count(":") == 2}
        # Where an own label takes the place of the token, nothing else would say that its scope is another one.
        if scopes and metadata.scope not in scopes and not scopes & _ENDED:
            raise Problem(
                example.path,
                example.header_line("scope = "),
                f"no token of this example has the scope {metadata.scope}, but {' and '.join(sorted(scopes))}",
                f"correct scope or tokens under [tool.verified], then make check EX={example.id}",
                kind="metadata",
            )
        return {
            **self.addresses,
            **{variable: f"<{label}>" for variable, label in labels.items()},
            **self.settings,
        }

    def alias(self, names: Mapping[str, str], labels: Mapping[str, str]) -> Alias:
        """Replaces a scratch project, its GitLab and its tokens by those of every recording."""
        return Alias(names, labels)

    def code(self) -> list[Path]:
        """MLflow, which nothing here imports yet, and `mlflow_gitlab`."""
        specs = (importlib.util.find_spec(name) for name in ("mlflow", "mlflow_gitlab"))
        return [Path(folder) for spec in specs if spec for folder in spec.submodule_search_locations or ()]

    def client_version(self) -> str:
        """The version of MLflow in this environment."""
        return _client_version()

    def restored(self) -> AbstractContextManager[None]:
        """Gives the run an MLflow as fresh as after its import, and the next run as well."""
        return restored()

    def recorder(self, root: Path, group: str | None, project: int | None) -> Recorder:
        """Throw-away projects, or one of yours, on the GitLab of the settings that `mlflow-gitlab` reads.

        Raises:
            Problem: The address of the GitLab or the token is missing.
        """
        from mlflow_gitlab.settings import load_settings
        from verified_docs.gitlab_mlflow.scratch import GitLabScratch

        return GitLabScratch(load_settings(root), group, project, os.environ)


@cache
def _client_version() -> str:
    return importlib.metadata.version("mlflow")


def _is_volatile(key: str, value: Any) -> bool:
    """A time in milliseconds, the login name of whoever runs the client, or what marks one making of a model."""
    if isinstance(value, str) and (shape := _VOLATILE_IN_MODEL.get(key)):
        return shape.fullmatch(value) is not None
    is_login = key == "user_id" and isinstance(value, str) and not value.isdecimal()
    return is_login or (key in MILLISECONDS and instant(key, value) is not None)


def _is_made_up(key: str, value: Any) -> bool:
    """What only an answer holds of the moment: a time, or the name that GitLab gives to a run without one."""
    name = key in {"run_name", "name"} and isinstance(value, str) and _ANIMALS.fullmatch(value)
    return bool(name) or instant(key, value) is not None


def _mask(value: Any) -> Any:
    return "(volatile)" if isinstance(value, str) else 0 if isinstance(value, (int, float)) else value


def _is_volatile_tag(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("key"), str) and bool(_VOLATILE_TAGS.match(item["key"]))
