"""Gives the tests of the doctor what was recorded, as answers and as a server on loopback; not a byte is changed."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from conftest import LANES, ROOT
from mlflow_gitlab.doctor.answers import Answer
from mlflow_gitlab.doctor.examination import NINE, Examination
from mlflow_gitlab.settings import Settings, load_settings
from verified_docs.cassette import Cassette, Interaction, cassette_path, load_cassette

STATES = sorted(path.stem for path in (ROOT / "cassettes/gitlab-19.3/mlflow-3/doctor").glob("*.yaml"))
SERVERS = ("18.9", "19.3")
HEALTHY = ("developer", "maintainer", "owner", "empty_project")
RECORDED_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
API = "https://gitlab.example.com/api/v4"


@cache
def cassette(example_id: str, server: str = "19.3") -> Cassette:
    """The recording of an example with MLflow 3."""
    lane = next(lane for lane in LANES if lane.id == f"gitlab-{server}/mlflow-3")
    return load_cassette(cassette_path(ROOT, lane, example_id))


def nine(state: str, server: str = "19.3") -> list[Interaction]:
    """The nine exchanges of a state; what came before them changed the project."""
    return list(cassette(f"doctor/{state}", server).interactions[-len(NINE) :])


def as_answer(name: str, interaction: Interaction) -> Answer:
    """An exchange as the answer to one of the questions."""
    request = f"{interaction.method} {interaction.uri.removeprefix(API)}"
    return Answer(name, request, interaction.status, str(interaction.answer))


def answers(state: str, server: str = "19.3") -> list[Answer]:
    """The answers of a state."""
    return [as_answer(one.name, interaction) for one, interaction in zip(NINE, nine(state, server), strict=True)]


def settings(**given: Any) -> Settings:
    """Settings as in the recordings, with nothing of this machine; None leaves one out."""
    known = {"url": "https://gitlab.example.com", "project": "42", "token": "<project:developer:api>", **given}
    return load_settings(Path("/nowhere"), environ={}, **known)


def examination(found: list[Answer], client: str = "3.17.2", now: datetime = RECORDED_AT, **given: Any) -> Examination:
    """An examination that got these answers."""
    return Examination(settings(**given), tuple(found), None, client, now)


def recorded(state: str, server: str = "19.3") -> Examination:
    """The examination of a recorded state."""
    given: dict[str, Any] = {"token": None} if state == "no_token" else {}
    return examination(answers(state, server), **given)


def ids(found: Examination) -> list[str]:
    """The ids of what was found."""
    return [one.id for one in found.findings]


# --- On loopback -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Got:
    """A request that the server got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What the server answers."""

    status: int = 200
    body: str | bytes = "{}"
    headers: dict[str, str] = field(default_factory=dict)


Answering = Callable[[Got], Reply | None]


@dataclass
class Server:
    """A server on loopback.

    Attributes:
        url: Its address.
        got: The requests, in their order.
    """

    url: str
    got: list[Got] = field(default_factory=list)


@contextlib.contextmanager
def serving(answering: Answering, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Answers on loopback as a function says; None cuts the connection."""
    served = Server("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            got = Got(self.command, self.path, dict(self.headers), body)
            served.got.append(got)
            reply = answering(got)
            self.close_connection = True
            if reply is None:
                return
            content = reply.body.encode() if isinstance(reply.body, str) else reply.body
            self.send_response_only(reply.status)
            for name, value in ({"Content-Length": str(len(content)), "Connection": "close"} | reply.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_CONNECT = answer

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A handshake that fails on purpose is no news."""

    server = Quiet(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    served.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def replay(state: str, server: str = "19.3") -> Answering:
    """Answers as recorded, by method and path."""
    known = {(one.method, one.uri.removeprefix(API)): one for one in nine(state, server)}

    def answering(got: Got) -> Reply:
        one = known[got.method, got.path.removeprefix("/api/v4")]
        return Reply(one.status, str(one.answer), dict(one.answer_headers))

    return answering
