"""A GitLab on loopback that keeps state and answers with what real ones were recorded to say."""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from conftest import ROOT
from verified_docs.cassette import Cassette, load_cassette

HOST = "https://gitlab.example.com"
TOKEN, NAME = "MLFLOW_TRACKING_TOKEN", "MLFLOW_EXPERIMENT_NAME"
FEATURES = ("model_experiments", "model_registry", "package_registry")
_MLFLOW = "/projects/42/ml/mlflow/api/2.0/mlflow"
_RUN = "00000000-0000-4000-8000-000000000001"


@cache
def recorded(version: str, name: str) -> Cassette:
    """A cassette of MLflow 3 with one version of GitLab."""
    return load_cassette(ROOT / f"cassettes/gitlab-{version}/mlflow-3/{name}.yaml")


def made_up() -> str:
    """A token that no server ever gave; it stands where a cassette has a placeholder."""
    return f"glpat-{secrets.token_hex(10)}"


@dataclass
class Made:
    """A project access token.

    Attributes:
        value: The token itself.
        row: What a list of tokens shows of it.
        active: Whether it is good.
    """

    value: str
    row: dict[str, Any]
    active: bool = True


@dataclass(frozen=True)
class Said:
    """One request and where its answer was recorded.

    Attributes:
        method: The HTTP method.
        path: What follows `/api/v4`, without its query.
        source: Cassette and index of the answer.
        status: Its status code.
    """

    method: str
    path: str
    source: str
    status: int

    @property
    def is_write(self) -> bool:
        """Whether it could change anything; a search is a POST that does not."""
        return self.method != "GET" and not self.path.endswith("/experiments/search")


class NotRecorded(Exception):
    """No recorded answer fits a request in this state."""


class ScriptedGitLab:
    """A project on a GitLab.

    Changed in a recorded answer are only ids (host, token, numbers of experiments, runs, tokens, packages) and what the
    client itself sent and gets back (names, a parameter, a metric, the bytes of a file). Of a list, rows are left out
    which this project does not have; the row of a token or member is the answer with which it was made, and a token's
    value is left out of it.

    Attributes:
        admin: The token of the person who sets up.
        levels: Which recorded project is there: `off`, `open` or `private`.
        tokens: Project access tokens called mlflow, by number.
        variables: CI/CD variables: what a list shows of them.
        member: Whether `reporter` is a member.
        experiments: Names by id.
        packages: Id of the experiment, by id of the package.
        said: All requests.
        strange: Requests for which nothing is recorded.
        cut: The number of the request whose answer is lost: it is executed, and the connection is closed (simulated).
        not_yet: How many requests of a project access token are answered as if its project were not there.

    Args:
        version: Of the GitLab that was recorded.
        role: `owner`, or `developer`: whom nothing of a set-up is allowed.
    """

    def __init__(self, version: str = "19.3", role: str = "owner") -> None:
        self.version = version
        self.role = role
        self.admin = made_up()
        self.levels = "off"
        self.tokens: dict[int, Made] = {}
        self.variables: dict[str, dict[str, Any]] = {}
        self.member = False
        self.experiments: dict[str, str] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.packages: dict[int, str] = {}
        self.file = b""
        self.said: list[Said] = []
        self.strange: list[str] = []
        self.cut: int | None = None
        self.not_yet = 0
        self.all_tokens = [self.admin]
        self._number = 606
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def writes(self) -> list[Said]:
        """The requests that could have changed something."""
        return [one for one in self.said if one.is_write]

    @property
    def active(self) -> list[Made]:
        """The good tokens called mlflow."""
        return [one for one in self.tokens.values() if one.active]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(scripted: Self) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def log_message(self, format: str, *args: Any) -> None: ...

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                token = self.headers.get("PRIVATE-TOKEN") or (self.headers.get("Authorization") or "").partition(" ")[2]
                status, kind, content = scripted.take(self.command, self.path, body, token)
                if len(scripted.said) == scripted.cut:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Type", kind)
                if status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = answer

        return Handler

    def take(self, method: str, target: str, body: bytes, token: str) -> tuple[int, str, bytes]:
        """Executes one request, and gives status, type and content of the answer."""
        parts = urlsplit(target)
        path, query = parts.path.removeprefix("/api/v4"), {k: v[0] for k, v in parse_qs(parts.query).items()}
        path = path.replace("/projects/acme%2Fwine-quality", "/projects/42")
        with self._lock:
            try:
                self._source = ("", 0)
                content = self._answer(method, path, query, body, token)
                cassette, index = self._source
                row = recorded(self.version, cassette).interactions[index]
            except (NotRecorded, AssertionError, LookupError, ValueError) as error:
                self.strange.append(f"{method} {target} {body!r}: {type(error).__name__} {error}")
                self.said.append(Said(method, path, "not recorded", 599))
                return 599, "text/plain", b"not recorded"
            self.said.append(Said(method, path, f"gitlab-{self.version}/mlflow-3/{cassette}:{index}", row.status))
            text = content.decode().replace(HOST, self.url) if content.startswith((b"{", b"[")) else content.decode()
            return row.status, row.answer_headers.get("Content-Type", "text/plain"), text.encode()

    def _say(self, cassette: str, index: int, ids: dict[str, str] | None = None) -> bytes:
        """A recorded answer, with other ids."""
        self._source = (cassette, index)
        answer = recorded(self.version, cassette).interactions[index].answer
        assert isinstance(answer, (str, bytes)), f"{cassette}:{index} is an echo"
        text = answer.decode() if isinstance(answer, bytes) else answer
        for old, new in (ids or {}).items():
            assert old in text, f"{cassette}:{index} has no {old}"
            text = text.replace(old, new)
        return text.encode()

    def _json(self, cassette: str, index: int, change: Callable[[Any], Any] | None = None) -> Any:
        data = json.loads(self._say(cassette, index))
        return change(data) if change else data

    def _answer(self, method: str, path: str, query: dict[str, str], body: bytes, token: str) -> bytes:
        mine = next((number for number, one in self.tokens.items() if one.active and one.value == token), None)
        if token != self.admin and mine is None:
            return self._say("errors/revoked_token", 0)  # recorded with another request
        if path.startswith("/projects/42/ml/mlflow") or path.startswith("/projects/42/packages/ml_models/"):
            if mine and self.not_yet:
                self.not_yet -= 1
                return self._say("errors/outsider", 0)  # recorded with another token that may not see it
            return self._mlflow(method, path.removeprefix(_MLFLOW), query, body)
        if path == "/personal_access_tokens/self" and mine:
            return self._say("setup/read_features", 4, {'"id": 601': f'"id": {mine}'})
        if self.role == "developer":  # nothing else was recorded
            asked = enumerate(recorded(self.version, "setup/rest_as_developer").interactions)
            fits = [index for index, row in asked if (row.method, row.path) == (method, f"/api/v4{path}")]
            return self._say("setup/rest_as_developer", fits[0])
        data = json.loads(body) if body else {}
        match [method, *path.strip("/").split("/")]:
            case ["GET", "metadata"]:
                return self._say("setup/rest_gallery", 1)
            case ["GET", "user"]:
                return self._say("setup/rest_gallery", 2)
            case ["GET", "personal_access_tokens", "self"]:
                return self._say("setup/rest_gallery", 3)
            case ["GET", "users"] if query["username"] == "reporter":
                return self._say("setup/add_member", 1)
            case ["GET", "users"]:
                return self._say("setup/rest_gallery", 29)
            case [_, "projects", "42"]:
                return self._project(method, data)
            case [_, "projects", "42", "access_tokens", *rest]:
                return self._tokens(method, rest, data)
            case [_, "projects", "42", "variables", *rest]:
                return self._variables(method, rest, data)
            case [_, "projects", "42", "members", *rest]:
                return self._members(method, rest, data)
            case ["GET", "projects", "42", "packages"]:
                text = self._say("setup/clean_up_packages", 10 if self.packages else 12)
                row = json.loads(text)[0] if self.packages else {}
                rows = [row | {"id": one, "name": f"ml_experiment_{of}"} for one, of in self.packages.items()]
                return json.dumps(rows).encode()
            case ["DELETE", "projects", "42", "packages", number]:
                del self.packages[int(number)]
                return self._say("setup/clean_up_packages", 11)
        raise NotRecorded

    def _project(self, method: str, data: dict[str, Any]) -> bytes:
        # A project without experiments was recorded as the answer to the request that switched them off.
        there = {
            "off": ("errors/feature_off", 0),
            "open": ("setup/add_member", 0),
            "private": ("setup/create_project", 2),
        }
        if method == "GET":
            return self._say(*there[self.levels])
        answer = self._json("setup/create_project", 1)
        if any(answer[key] != value for key, value in data.items()):
            raise NotRecorded(str(data))
        self.levels = "private"
        return self._say("setup/create_project", 1)

    def _tokens(self, method: str, rest: list[str], data: dict[str, Any]) -> bytes:
        if method == "GET":
            rows = self._json("setup/rest_gallery", 14, lambda rows: [one for one in rows if one["name"] != "mlflow"])
            return json.dumps(rows + [one.row for one in self.active]).encode()
        if method == "DELETE":
            self._revoke(int(rest[0]))
            return self._say("setup/rest_gallery", 19)
        cassette, index = ("setup/rest_gallery", 13) if not rest else ("setup/rest_gallery", 18)
        self._same(cassette, index, data)
        if rest:
            self._revoke(int(rest[0]))
        return self.make(cassette, index)

    def _revoke(self, number: int) -> None:
        if not self.tokens[number].active:
            raise NotRecorded("it is revoked already")
        self.tokens[number].active = False

    def make(self, cassette: str, index: int) -> bytes:
        """Makes a token as one was recorded to be made."""
        self._number += 1
        value = made_up()
        self.all_tokens.append(value)
        number = json.loads(self._say(cassette, index))["id"]
        text = self._say(cassette, index, {"<token>": value, f'"id": {number}': f'"id": {self._number}'})
        row = {key: one for key, one in json.loads(text).items() if key != "token"}
        self.tokens[self._number] = Made(value, row)
        return text

    def _same(self, cassette: str, index: int, data: dict[str, Any]) -> None:
        if json.loads(str(recorded(self.version, cassette).interactions[index].body)) != data:
            raise NotRecorded(f"{cassette}:{index} was the answer to something else than {data}")

    def _variables(self, method: str, rest: list[str], data: dict[str, Any]) -> bytes:
        if method == "GET":
            return json.dumps(self._json("setup/create_project", 6, lambda _: list(self.variables.values()))).encode()
        if method == "DELETE":
            del self.variables[rest[0]]
            return self._say("setup/rest_gallery", 27)
        key, secret = rest[0] if rest else data["key"], str(data["value"])
        ids: dict[str, str] = {}
        if key == NAME and not rest:
            cassette, index = "setup/create_project", 5
        elif key == TOKEN:
            cassette, index = "setup/rest_gallery", 23 if rest else 22 if key in self.variables else 21
        else:
            raise NotRecorded(key)
        if key == TOKEN:
            self._same(cassette, index, data | {"value": "<token>"})
            ids = {"<token>": secret} if index != 22 else {}
        else:
            self._same(cassette, index, data)
        text = self._say(cassette, index, ids)
        if index != 22:
            self.variables[key] = json.loads(text)
        return text

    def _members(self, method: str, rest: list[str], data: dict[str, Any]) -> bytes:
        match [method, *rest]:
            case ["GET"] | ["GET", "all"]:
                person = [self._json("setup/add_member", 2)] if self.member else []
                rows = self._json(*(("setup/rest_gallery", 12) if rest else ("setup/add_member", 6)))
                return json.dumps(rows + person).encode()
            case ["GET", "all", "203"]:
                return self._say("setup/rest_gallery", 11)
            case ["POST"] if not self.member:
                self._same("setup/add_member", 2, data)
                self.member = True
                return self._say("setup/add_member", 2)
            case ["DELETE", "202"] if self.member:
                self.member = False
                return self._say("setup/add_member", 5)
        raise NotRecorded

    def _mlflow(self, method: str, path: str, query: dict[str, str], body: bytes) -> bytes:
        if self.levels == "off":
            return self._say("errors/feature_off", 1)
        if method == "PUT":
            candidate = re.fullmatch(r"/projects/42/packages/ml_models/candidate:(\d+)/files/check\.txt", path)
            if candidate is None:
                raise NotRecorded
            self.file = body
            self.packages[300 + int(candidate[1])] = next(
                run["experiment_id"] for run in self.runs.values() if run["number"] == candidate[1]
            )
            return self._say("setup/clean_up_packages", 5)
        if path.startswith("-artifacts/artifacts/"):
            self._source = ("tracking/download_artifacts", 12)  # an echo of the upload
            return self.file
        data = json.loads(body) if body else {}
        match path:
            case "/experiments/get-by-name":
                name = unquote(query["experiment_name"])
                found = next((one for one, called in self.experiments.items() if called == name), None)
                if found is None:
                    return self._say("tracking/check_connection", 3)
                ids = {'"experiment_id": "1"': f'"experiment_id": "{found}"', '"wine-classifier"': json.dumps(name)}
                return self._say("tracking/manage_experiments", 3, ids)
            case "/experiments/search":
                rows = self._json("tracking/manage_experiments", 4)
                row = rows["experiments"][0]
                newest = sorted(self.experiments.items(), key=lambda one: -int(one[0]))
                rows["experiments"] = [row | {"experiment_id": number, "name": name} for number, name in newest]
                return json.dumps(rows).encode()
            case "/experiments/create" if data["name"] not in self.experiments.values():
                self._number += 1
                self.experiments[str(self._number)] = data["name"]
                return self._say("setup/clean_up_packages", 1, {'"1"': f'"{self._number}"'})
            case "/experiments/delete":
                del self.experiments[data["experiment_id"]]
                return self._say("tracking/delete_runs", 4)
            case "/runs/create" if data["experiment_id"] in self.experiments:
                self._number += 1
                number, run = str(self._number), f"{_RUN[:-4]}{self._number:04}"
                self.runs[run] = {"experiment_id": data["experiment_id"], "number": number, "params": [], "metrics": []}
                ids = {_RUN: run, "candidate:1": f"candidate:{number}"}
                ids['"experiment_id": "1"'] = f'"experiment_id": "{data["experiment_id"]}"'
                return self._say("setup/clean_up_packages", 3, ids)
            case "/runs/log-parameter" | "/runs/log-metric":
                kind, index = ("params", 4) if path.endswith("parameter") else ("metrics", 5)
                self.runs[data["run_id"]][kind].append({k: data[k] for k in data if k not in ("run_id", "run_uuid")})
                return self._say("tracking/log_step_by_step", index)
            case "/runs/get":
                run = query["run_id"]
                said = json.loads(self._say("tracking/log_step_by_step", 9, {_RUN: run}))
                said["run"]["data"] |= {kind: self.runs[run][kind] for kind in ("params", "metrics")}
                return json.dumps(said).encode()
            case "/runs/delete":
                del self.runs[data["run_id"]]
                return self._say("tracking/delete_runs", 2)
        raise NotRecorded
