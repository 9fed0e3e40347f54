"""Answers over HTTP as a recorded GitLab did: on this machine only, each client in a session of its own."""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from mlflow_gitlab.redaction import Redactor
from mlflow_gitlab.replay.addresses import body_to_client, body_to_recorded, to_client, to_recorded
from mlflow_gitlab.replay.body import Refused, announced_length, read_body
from mlflow_gitlab.replay.library import ADAPTER, Library
from mlflow_gitlab.replay.screen import POLICY, html_screen, text_screen
from mlflow_gitlab.replay.session import Answer, Sent, Session, Unknown, labelled

LOOPBACK = "127.0.0.1"
MARK = "X-Replay"
_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# What would stand there if somebody forgot the session.
_NO_SESSION = frozenset({"api", "favicon.ico", "robots.txt", "explore", "users", "dashboard", "oauth", "admin"})
_MOST_SESSIONS = 100
_PATIENCE = 30.0


@dataclass
class Guest:
    """One client of the server: its session, and the lock that keeps its requests in order."""

    session: Session
    lock: threading.Lock = field(default_factory=threading.Lock)


class ReplayServer(ThreadingHTTPServer):
    """Serves a library on loopback.

    Args:
        library: What to answer with.
        port: The port; 0 takes a free one.
        tell: Gets one line for every request; never a header.
        today: The day of the clients, for what they count from today.

    Raises:
        OSError: The port is taken, or not allowed.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        library: Library,
        port: int = 0,
        tell: Callable[[str], None] = lambda _: None,
        today: Callable[[], date] = date.today,
    ) -> None:
        self.library = library
        self.tell = tell
        self.today = today
        self._guests: OrderedDict[str, Guest] = OrderedDict()
        self._arriving = threading.Lock()
        super().__init__((LOOPBACK, port), _Handler)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self.server_port

    def base(self, session: str, host: str | None = None) -> str:
        """The address that stands for the recorded GitLab in a session, without a slash at its end."""
        return f"http://{host or f'{LOOPBACK}:{self.port}'}/{session}"

    def guest(self, name: str) -> Guest:
        """The client of a session, new at its first use. Of too many, the one not seen for longest goes."""
        with self._arriving:
            guest = self._guests.setdefault(name, Guest(Session(self.library)))
            self._guests.move_to_end(name)
            while len(self._guests) > _MOST_SESSIONS:
                self._guests.popitem(last=False)
            return guest

    def sessions(self) -> dict[str, Session]:
        """The sessions by name, the one that was asked last first."""
        with self._arriving:
            return {name: guest.session for name, guest in reversed(self._guests.items())}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: the only errors left are connections that a client gave up."""


def is_session(name: str) -> bool:
    """Whether a word may stand in an address for a session."""
    return bool(_SESSION.fullmatch(name)) and name not in _NO_SESSION


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise what is no HTTP at all would be answered without a status.
    default_request_version = "HTTP/1.0"
    timeout = _PATIENCE
    disable_nagle_algorithm = True

    @property
    def _replay(self) -> ReplayServer:
        return cast("ReplayServer", self.server)

    def version_string(self) -> str:
        return "mlflow-gitlab-replay"

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: each answer tells its own line."""

    def _any(self) -> None:
        self._status, self._source = 0, ""
        try:
            self._answer()
        except Refused as refused:
            self.close_connection = True
            self._refuse(refused.status, str(refused))
        except TimeoutError:
            self.close_connection = True
            self._refuse(408, "the body did not come in time")
        except ConnectionError:
            self.close_connection = True
            self._source = "the client went away"
        self._replay.tell(self._line())

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _any

    def _line(self) -> str:
        target = self._redactor.text(self.path)
        shown = "".join(sign if sign.isprintable() else "?" for sign in target)
        return f"{self.command} {shown} {self._status} {self._source}"

    @property
    def _redactor(self) -> Redactor:
        """Takes what the client sent as its credential out of what is said about the request."""
        sent = [value.rpartition(" ")[2] for name, value in self.headers.items() if _is_credential(name)]
        return Redactor(value for value in sent if not value.startswith("<"))

    def _answer(self) -> None:
        host = self.headers.get("Host", "").lower()
        # Another name here means that a page of another site had its own name pointed at this machine.
        if host not in {f"{LOOPBACK}:{self._replay.port}", f"localhost:{self._replay.port}"}:
            raise Refused(421, f"this replay is {LOOPBACK}:{self._replay.port} and has no other name")
        content = read_body(self.rfile, cast("Any", self.headers))
        if not self.path.startswith("/"):
            raise Refused(400, "the address has to begin with /")
        name, slash, rest = self.path[1:].partition("/")
        name, question, _ = name.partition("?")
        if not name:
            self._screen()
        elif not is_session(name):
            base = self._replay.base("me", host)
            self._refuse(404, f"the address needs a session first, such as {base}/api/v4")
        elif question or not slash or not rest:
            self._to_screen()
        elif rest == "_reset":
            self._reset(name, host)
        elif rest == "_state":
            self._state(name)
        else:
            self._replayed(name, host, f"/{rest}", content)

    def _replayed(self, name: str, host: str, target: str, content: bytes) -> None:
        replay = self._replay
        bases = [replay.base(name, own) for own in (host, f"{LOOPBACK}:{replay.port}", f"localhost:{replay.port}")]
        if not ADAPTER.is_upload(self.command, target):
            content = body_to_recorded(content, bases)
        headers: dict[str, str] = {}
        for key, value in self.headers.items():
            # A header that comes twice is neither of the two.
            headers[key.title()] = f"{headers[key.title()]}, {value}" if key.title() in headers else value
        sent = Sent(self.command, to_recorded(target, bases), labelled(headers), content)
        guest = replay.guest(name)
        with guest.lock:
            answer = guest.session.answer(sent, replay.today())
        if isinstance(answer, Answer):
            self._recorded(answer, bases[0])
        else:
            self._unknown(answer, bases[0])

    def _recorded(self, answer: Answer, base: str) -> None:
        interaction = answer.interaction
        content = answer.content
        if not answer.given_back:
            content = body_to_client(content, base)
        headers = {name: to_client(value, base) for name, value in interaction.answer_headers.items()}
        source = f"{answer.example}[{answer.index}]{' again' if answer.again else ''}"
        self._send(interaction.status, interaction.reason, headers, content, source)

    def _unknown(self, unknown: Unknown, base: str) -> None:
        nearest = [asdict(near) for near in unknown.nearest]
        said = f"404 Not Found: this replay has no recording of {unknown.asked} at this place."
        if unknown.nearest:
            near = unknown.nearest[0]
            said += f" The nearest is {near.example}[{near.index}], {near.request}: {near.why}"
        body = {
            "message": said,
            "replay": {
                "asked": unknown.asked,
                "lane": self._replay.library.lane,
                "nearest": nearest,
                "in_the_middle_of": [asdict(near) for near in unknown.open],
                "start_over": f"curl --request POST {base}/_reset",
                "recorded": f"{base.rpartition('/')[0]}/",
            },
        }
        why = f"not recorded; nearest: {unknown.nearest[0].example}[{unknown.nearest[0].index}]" if nearest else ""
        self._json(404, self._redactor.data(body), "unknown", why or "not recorded")

    def _screen(self) -> None:
        """What is recorded, for a person."""
        if self.command not in {"GET", "HEAD"}:
            raise Refused(405, "this page can only be read")
        replay = self._replay
        base = replay.base("me", self.headers.get("Host"))
        if "text/html" in self.headers.get("Accept", ""):
            content, kind = html_screen(replay.library, replay.sessions(), base), "text/html; charset=utf-8"
        else:
            content, kind = text_screen(replay.library, replay.sessions(), base), "text/plain; charset=utf-8"
        headers = {
            "Content-Type": kind,
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        self._send(200, "OK", headers, content.encode(), "screen")

    def _to_screen(self) -> None:
        self._send(303, "See Other", {"Location": "/"}, b"", "screen")

    def _reset(self, name: str, host: str) -> None:
        if self.command != "POST":
            raise Refused(405, "starting over takes a POST")
        # Pages of other sites may send such a form, but cannot hide where it comes from.
        if self.headers.get("Origin", f"http://{host}") != f"http://{host}":
            raise Refused(403, "another site cannot start a session over")
        guest = self._replay.guest(name)
        with guest.lock:
            guest.session.reset()
        if "text/html" in self.headers.get("Accept", ""):
            self._to_screen()
        else:
            self._json(200, {"session": name, "message": "started over"}, "reset")

    def _state(self, name: str) -> None:
        if self.command not in {"GET", "HEAD"}:
            raise Refused(405, "the state can only be read")
        session = self._replay.sessions().get(name)
        if session is None:
            self._refuse(404, f"nobody has used the session {name} yet")
            return
        walks = [
            {"example": walk.recorded.example, "answered": len(walk.played), "of": len(walk.recorded.interactions)}
            for walk in session.walks
        ]
        body = {
            "session": name,
            "finished": session.finished,
            "possible": walks,
            "unknown": [event.request for event in list(session.events) if event.source == "not recorded"],
        }
        self._json(200, self._redactor.data(body), "state")

    def _refuse(self, status: int, why: str) -> None:
        self._json(status, {"message": f"{status}: {why}"}, "refused", why)

    def _json(self, status: int, body: Any, mark: str, source: str = "") -> None:
        # Half a surrogate, which a client may well have sent, has no UTF-8: JSON has an escape for it.
        content = json.dumps(body, indent=1, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"
        self._send(status, None, {"Content-Type": "application/json"}, content, mark, source)

    def _send(
        self, status: int, reason: str | None, headers: dict[str, str], content: bytes, mark: str, source: str = ""
    ) -> None:
        self._status, self._source = status, source or mark
        self.send_response(status, reason)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header(MARK, mark)
        self.send_header("Cache-Control", "no-store")
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and status not in {204, 304}:
            self.wfile.write(content)

    def handle_expect_100(self) -> bool:
        """Tells a client that waits with its body to send it, or that it is too large."""
        try:
            announced_length(cast("Any", self.headers))
        except Refused as refused:
            self.close_connection = True
            self._refuse(refused.status, str(refused))
            return False
        return super().handle_expect_100()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library finds wrong with a request, in the form of all other answers."""
        self.close_connection = True
        self._refuse(code, message or "the request is malformed")
        self._replay.tell(f"{code} {self._source}")


def _is_credential(name: str) -> bool:
    return name.lower() in ADAPTER.credential_headers
