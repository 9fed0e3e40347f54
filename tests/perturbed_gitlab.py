"""A loopback server that answers with recorded exchanges, as another database and another day would have them."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

from mlflow_gitlab.replay.library import HOST, Library, load_library
from mlflow_gitlab.replay.session import Answer, Sent, Session, labelled
from perturbation import World
from verified_docs.cassette import Cassette, load_cassette
from verified_docs.comparison import masked
from verified_docs.gitlab_mlflow.scratch import USER_AGENT

GALLERY = "setup/rest_gallery"
# The recorded exchanges of the control plane, by their number in the gallery of each GitLab.
METADATA, ME, MISSING, GROUP, MEMBER, NEW_TOKEN, NEW_PROJECT, DELETED = 1, 2, 6, 7, 11, 13, 39, 40
ROLES = {10: "guest", 15: "planner", 20: "reporter", 30: "developer", 40: "maintainer", 50: "owner"}


@dataclass
class Project:
    """A project that somebody has made here, and how far its example has come."""

    number: int
    path: str
    description: str
    created_at: str
    session: Session | None = None
    world: World | None = None
    recorded: datetime | None = None
    labels: dict[str, str] = field(default_factory=dict)
    marked_for_deletion: bool = False

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class PerturbedGitLab(ThreadingHTTPServer):
    """GitLab on loopback: a control plane for scratch projects, and recorded conversations inside of them.

    Args:
        cassettes: The folder with the recordings.
        server: Folder name of the GitLab to be, such as `gitlab-19.3`.
        examples: Which recordings it knows.
        seed: Which database, day and random numbers it has.
        version: What it says to be, where that is not the recorded version.
    """

    daemon_threads = True

    def __init__(
        self, cassettes: Path, server: str, examples: Sequence[str], seed: int, version: str | None = None
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.seed = seed
        self.version = version
        self.admin = f"glpat-{World((), seed)._uuid('admin').hex[:20]}"
        # Tokens that belong to people: given by a test, by label.
        self.people: dict[str, str] = {self.admin: "pat:owner:api"}
        self.projects: dict[int, Project] = {}
        self.removed: list[int] = []
        self.secrets: set[str] = {self.admin}
        self.unknown: list[str] = []
        self.log: list[str] = []
        # Simulated faults: called before a request is answered; True closes the connection without an answer.
        self.fault: Callable[[str, str], bool] = lambda method, path: False
        self.lock = threading.Lock()
        self._libraries: dict[str, Library] = {}
        self._cassettes, self._server, self._examples = cassettes, server, list(examples)
        self.gallery = load_cassette(cassettes / server / "mlflow-3" / f"{GALLERY}.yaml")
        self.projects_made = 0

    def library(self, environment: str) -> Library:
        """The recordings of one client."""
        if environment not in self._libraries:
            lane = f"{self._server}/{environment}"
            there = [name for name in self._examples if (self._cassettes / lane / f"{name}.yaml").exists()]
            self._libraries[environment] = load_library(self._cassettes, lane, there)
        return self._libraries[environment]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: clients are killed on purpose."""


@contextlib.contextmanager
def running(server: PerturbedGitLab) -> Iterator[PerturbedGitLab]:
    """Serves in a thread."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Gone(Exception):
    """The simulated wire breaks here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def gitlab(self) -> PerturbedGitLab:
        return cast("PerturbedGitLab", self.server)

    def log_message(self, *_: Any) -> None:
        """Says nothing: a test run has its own output."""

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        self._reason: str | None = None
        with self.gitlab.lock:
            try:
                if self.gitlab.fault(self.command, self.path):
                    raise _Gone
                self.gitlab.log.append(f"{self.command} {self.path}")
                ours = self.headers.get("User-Agent") == USER_AGENT
                status, headers, answer = self._control(content) if ours else self._example(content)
            except _Gone:
                self.close_connection = True
                return
        with contextlib.suppress(ConnectionError):
            self.send_response(status, self._reason)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(answer)))
            self.send_header("Set-Cookie", "_gitlab_session=secret-cookie-of-a-session")
            self.end_headers()
            if status != 204:
                self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

    # --- What the recorder asks: projects, tokens, removal

    def _control(self, content: bytes) -> tuple[int, dict[str, str], bytes]:
        gitlab = self.gitlab
        token = self.headers.get("PRIVATE-TOKEN", "")
        parts = urlsplit(self.path.removeprefix("/api/v4"))
        body = json.loads(content) if content else {}
        match re.sub(r"\d+", "N", f"{self.command} {parts.path}"):
            case "GET /metadata":
                changes = {"version": gitlab.version} if gitlab.version else {}
                return self._said(METADATA, changes)
            case "GET /user":
                return self._said(ME, {"id": self._person(token), "bot": token not in gitlab.people})
            case "GET /projects":
                word = parse_qs(parts.query)["search"][0]
                # A recorded list with one row for each project that is there.
                found = [self._project(one) for one in gitlab.projects.values() if word in one.path]
                return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()
            case "POST /projects":
                return self._made(body)
            case "POST /projects/N/access_tokens":
                return self._token(gitlab.projects[int(parts.path.split("/")[2])], body)
            case "GET /projects/N" if int(parts.path.split("/")[2]) in gitlab.projects:
                return self._json(200, self._project(gitlab.projects[int(parts.path.split("/")[2])]))
            case "GET /projects/N":
                return self._said(MISSING)
            case "GET /projects/N/members/all/N":
                return self._said(MEMBER, {"access_level": self._level(token)})
            case "DELETE /projects/N":
                number = int(parts.path.split("/")[2])
                gitlab.removed.append(number)
                del gitlab.projects[number]
                return self._said(DELETED)
        if self.command == "GET" and parts.path.startswith("/groups/"):
            path = unquote(parts.path.removeprefix("/groups/"))
            return self._said(GROUP, {"id": 77, "path": path, "full_path": path, "name": path})
        gitlab.unknown.append(f"{self.command} {self.path}")
        return self._said(MISSING)

    def _said(self, number: int, changes: dict[str, Any] | None = None) -> tuple[int, dict[str, str], bytes]:
        """A recorded answer; only what names the scratch project, its time or a person is another."""
        one = self.gitlab.gallery.interactions[number]
        document = json.loads(str(one.answer))
        if changes:
            assert changes.keys() <= document.keys(), changes.keys() - document.keys()
            document |= changes
        return self._json(one.status, document)

    def _json(self, status: int, document: Any) -> tuple[int, dict[str, str], bytes]:
        return status, {"Content-Type": "application/json"}, json.dumps(document).encode()

    def _made(self, body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        gitlab = self.gitlab
        gitlab.projects_made += 1
        number = 4000 + gitlab.seed % 1000 * 10 + gitlab.projects_made
        owner = "acme" if "namespace_id" in body else "owner"
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        project = Project(number, f"{owner}/{body['path']}", body["description"], now)
        gitlab.projects[number] = project
        return self._json(201, self._project(project))

    def _project(self, project: Project) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(str(self.gitlab.gallery.interactions[NEW_PROJECT].answer))
        changes = {
            "id": project.number,
            "path": project.name,
            "name": project.name,
            "path_with_namespace": project.path,
            "description": project.description,
            "created_at": project.created_at,
            "marked_for_deletion_on": project.created_at[:10] if project.marked_for_deletion else None,
        }
        assert changes.keys() <= document.keys()
        return document | changes

    def _token(self, project: Project, body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        world = World((), self.gitlab.seed)
        secret = f"glpat-{world._uuid(f'{project.number} {body}').hex[:20]}"
        self.gitlab.secrets.add(secret)
        project.labels[secret] = f"project:{ROLES[body['access_level']]}:{body['scopes'][0]}"
        return self._said(NEW_TOKEN, {"token": secret, "name": body["name"], "expires_at": body["expires_at"]})

    def _person(self, token: str) -> int:
        return sorted(self._labels()).index(token) + 1 if token in self._labels() else 999

    def _level(self, token: str) -> int:
        role = self._labels().get(token, "guest:guest").split(":")[1]
        return next(level for level, name in ROLES.items() if name == role)

    def _labels(self) -> dict[str, str]:
        return self.gitlab.people | {
            token: label for project in self.gitlab.projects.values() for token, label in project.labels.items()
        }

    # --- What an example asks: its recording, in this world

    def _example(self, content: bytes) -> tuple[int, dict[str, str], bytes]:
        project = self._meant(content)
        if project is None:
            # It names no project that is here: only recordings of a mistake do.
            project = next(reversed(self.gitlab.projects.values()))
        environment = "mlflow-2" if "mlflow-python-client/2" in self.headers.get("User-Agent", "") else "mlflow-3"
        library = self.gitlab.library(environment)
        if project.session is None:
            project.session = Session(library)
            cassettes = [one.cassette for one in library.recorded]
            project.world = World(cassettes, self.gitlab.seed, datetime.now(UTC), whole_seconds=False)
        sent = self._sent(project, content)
        answer = project.session.answer(sent, datetime.now(UTC).date())
        if not isinstance(answer, Answer):
            self.gitlab.unknown.append(f"{sent}: {answer.nearest[:1]}")
            return self._json(500, {"message": "not recorded"})
        cassette = next(one.cassette for one in library.recorded if one.example == answer.example)
        return self._shown(project, answer, cassette)

    def _meant(self, content: bytes) -> Project | None:
        text = unquote(self.path) + content.decode("latin-1")
        for project in self.gitlab.projects.values():
            if re.search(rf"/projects/{project.number}(?!\d)", text) or project.path in text:
                return project
        return None

    def _sent(self, project: Project, content: bytes) -> Sent:
        world, labels = project.world, self._labels()
        assert world
        headers = {}
        for name, value in self.headers.items():
            for token, label in labels.items():
                value = value.replace(token, f"<{label}>")
            headers[name.title()] = value
        # MLflow was told a user and a password.
        if headers.get("Authorization", "").startswith("Basic "):
            headers["Authorization"] = _basic(headers["Authorization"], labels)
        try:
            body = self._recorded(project, content.decode()).encode()
        except UnicodeDecodeError:
            body = content
        target = self._recorded(project, self.path)
        return Sent(self.command, target, labelled(headers), body)

    def _recorded(self, project: Project, text: str) -> str:
        assert project.world
        text = text.replace(self.gitlab.url, HOST).replace(project.path, "acme/wine-quality")
        text = text.replace(project.path.replace("/", "%2F"), "acme%2Fwine-quality").replace(
            project.name, "wine-quality"
        )
        text = re.sub(rf"(?<=/projects/){project.number}(?!\d)", "42", text)
        return project.world.understood(text)

    def _shown(self, project: Project, answer: Answer, cassette: Cassette) -> tuple[int, dict[str, str], bytes]:
        one = answer.interaction
        content, recorded, world = answer.content, cassette.provenance.recorded, project.world
        assert world
        if isinstance(one.answer, str):
            content = self._here(project, world.answer(one, recorded)).encode()
            self.gitlab.secrets |= world.secrets
        headers = {
            name: self._here(project, world.shown(value, recorded)) for name, value in one.answer_headers.items()
        }
        self._reason = one.reason
        return one.status, headers, content

    def _here(self, project: Project, text: str) -> str:
        group = project.path.rpartition("/")[0]
        text = text.replace(HOST, self.gitlab.url).replace("acme/wine-quality", project.path)
        text = text.replace("acme / wine-quality", f"{group} / {project.name}")
        text = re.sub(r"(?<![\w.-])wine-quality(?![-\w]|\.\w)", project.name, text)
        text = re.sub(r"(?<=/projects/)42(?!\d)", str(project.number), text)
        text = re.sub(r"(?<=gid://gitlab/Project/)42(?!\d)", str(project.number), text)
        if text[:1] not in {"{", "["}:
            return text
        with contextlib.suppress(ValueError):
            return json.dumps(_numbered(json.loads(text), project), ensure_ascii=False, separators=(",", ":"))
        return text


def _numbered(value: Any, project: Project) -> Any:
    """An answer with the number of the scratch project, and with its description."""
    if isinstance(value, list):
        return [_numbered(row, project) for row in value]
    if not isinstance(value, dict):
        return value
    row = {name: _numbered(item, project) for name, item in value.items()}
    if "path_with_namespace" in row and row.get("id") == 42:
        row |= {"id": project.number} | ({"description": project.description} if "description" in row else {})
    for name in ("project_id", "resource_id"):
        if row.get(name) in {42, "42"}:
            row[name] = type(row[name])(project.number)
    return row


def _basic(header: str, labels: dict[str, str]) -> str:
    user, _, token = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    return f"Basic <{user}:{labels[token]}>" if token in labels else masked(header)
