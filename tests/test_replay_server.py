"""The replay speaks HTTP as clients do, keeps to this machine, and never tells a token or fails without a word."""

from __future__ import annotations

import gzip
import html.parser
import json
import re
import socket
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
import requests
from gitlab import Gitlab

from conftest import ROOT
from mlflow_gitlab.replay import body as body_module
from mlflow_gitlab.replay.library import HOST, load_library
from mlflow_gitlab.replay.server import ReplayServer, is_session
from verified_docs.cassette import CASSETTES, Echo, Fingerprint, Interaction

LIBRARY = load_library(ROOT / CASSETTES, "gitlab-19.3/mlflow-3")
FIRST_RUN = next(one for one in LIBRARY.recorded if one.example == "tracking/log_first_run")
ALONE = replace(LIBRARY, recorded=(FIRST_RUN,))
START = FIRST_RUN.interactions[0]
CREATE = next(one for one in FIRST_RUN.interactions if one.method == "POST")
SECRET = "glpat-" + "Zq7Zq7Zq7Zq7Zq7Zq7Zq"
FILE = bytes(range(256))


class Client:
    """Sends requests to a replay over one connection that is kept."""

    def __init__(self, server: ReplayServer) -> None:
        self.server = server
        self.told: list[str] = []
        self.connection = HTTPConnection("127.0.0.1", server.port, timeout=20)

    def ask(
        self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None, **more: Any
    ) -> tuple[HTTPResponse, bytes]:
        self.connection.request(method, target, body, headers or {}, **more)
        response = self.connection.getresponse()
        return response, response.read()

    def send(self, one: Interaction, session: str = "me", **headers: str) -> tuple[HTTPResponse, bytes]:
        content = FILE if isinstance(one.body, Fingerprint) else one.body.encode() if one.body else None
        return self.ask(one.method, f"/{session}{one.uri.removeprefix(HOST)}", content, one.headers | headers)

    def raw(self, *pieces: bytes) -> bytes:
        """Sends bytes over a connection of their own, and gives all that comes back."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as connection:
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@contextmanager
def serving(library: Any = LIBRARY) -> Iterator[Client]:
    told: list[str] = []
    server = ReplayServer(library, tell=told.append)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    client = Client(server)
    client.told = told
    yield client
    client.connection.close()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client() -> Iterator[Client]:
    with serving() as found:
        yield found


@pytest.fixture
def alone() -> Iterator[Client]:
    with serving(ALONE) as found:
        yield found


def message(content: bytes) -> str:
    return str(json.loads(content)["message"])


def test_only_loopback_is_bound_and_nothing_can_change_it(client: Client) -> None:
    assert client.server.socket.getsockname()[0] == "127.0.0.1"
    with pytest.raises(TypeError):
        ReplayServer(LIBRARY, host="0.0.0.0")  # type: ignore[call-arg]
    with pytest.raises(OSError):
        ReplayServer(LIBRARY, client.server.port)


def test_an_example_walks_over_one_kept_connection(alone: Client) -> None:
    connected = None
    for number, one in enumerate(FIRST_RUN.interactions):
        response, content = alone.send(one)
        connected = connected or alone.connection.sock
        assert (response.status, response.reason) == (one.status, one.reason)
        assert response.headers["X-Replay"] == f"tracking/log_first_run[{number}]"
        assert HOST not in content.decode()
        assert response.headers["Content-Type"] == one.answer_headers["Content-Type"]
    assert alone.connection.sock is connected is not None


def test_addresses_in_answers_lead_back_to_the_session(alone: Client) -> None:
    told = b"".join(alone.send(one, "team-a")[1] for one in FIRST_RUN.interactions)
    found = re.findall(rb'"artifact_uri":\s*"([^"]*)"', told)
    base = alone.server.base("team-a").encode()
    # GitLab gives some of them without a host: those stay as they are.
    assert set(found) == {
        base + b"/api/v4/projects/42/packages/ml_models/candidate:1/files/",
        b"mlflow-artifacts:/candidate:1",
    }
    assert base == f"http://127.0.0.1:{alone.server.port}/team-a".encode()


def test_the_name_that_the_client_uses_is_the_one_in_the_answers(alone: Client) -> None:
    name = f"localhost:{alone.server.port}"
    told = b"".join(alone.send(one, Host=name)[1] for one in FIRST_RUN.interactions)
    assert f"http://{name}/me/api".encode() in told
    assert b"127.0.0.1" not in told


def test_links_to_the_next_page_lead_back_to_the_session() -> None:
    recorded = next(one for one in LIBRARY.recorded if any("Link" in i.answer_headers for i in one.interactions))
    with serving(replace(LIBRARY, recorded=(recorded,))) as client:
        found = [client.send(one)[0].headers.get("Link", "") for one in recorded.interactions]
    assert any(f"<http://127.0.0.1:{client.server.port}/me/api/v4/" in link for link in found)
    assert not any("gitlab.example.com" in link for link in found)


def test_python_gitlab_works_with_a_session_in_its_address() -> None:
    recorded = next(
        one for one in LIBRARY.recorded if one.interactions[0].uri.startswith(f"{HOST}/api/v4/projects/acme%2Fwine")
    )
    label = next(iter(recorded.labels))[1]
    with serving(replace(LIBRARY, recorded=(recorded,))) as client:
        gitlab = Gitlab(client.server.base("me"), private_token=f"<{label}>")
        project = gitlab.projects.get("acme/wine-quality")
    assert project.id == 42
    assert project.web_url == f"{client.server.base('me')}/acme/wine-quality"


def test_two_sessions_keep_apart_and_one_starts_over(alone: Client) -> None:
    for one in FIRST_RUN.interactions[:4]:
        alone.send(one, "one")
    assert alone.send(CREATE, "one")[0].status == 404
    assert alone.send(CREATE, "two")[0].status == 200
    content = alone.ask("GET", "/one/_state")[1]
    assert json.loads(content)["possible"] == [
        {"example": FIRST_RUN.example, "answered": 4, "of": len(FIRST_RUN.interactions)}
    ]
    assert alone.ask("POST", "/one/_reset")[0].status == 200
    assert alone.send(CREATE, "one")[0].status == 200
    assert alone.ask("GET", "/one/_reset")[0].status == 405
    assert alone.ask("POST", "/one/_reset", headers={"Origin": "https://evil.test"})[0].status == 403
    assert alone.ask("GET", "/nobody/_state")[0].status == 404


def test_of_too_many_sessions_the_oldest_goes(alone: Client) -> None:
    for number in range(101):
        alone.server.guest(f"s{number}")
    assert len(alone.server.sessions()) == 100
    assert "s0" not in alone.server.sessions()


def test_what_is_not_recorded_is_a_404_that_names_the_closest(client: Client) -> None:
    response, content = client.ask(
        "GET", "/me/api/v4/projects/42/ml/mlflow/api/2.0/mlflow/experiments/gett?experiment_id=1"
    )
    assert (response.status, response.headers["Content-Type"]) == (404, "application/json")
    assert response.headers["X-Replay"] == "unknown"
    told = json.loads(content)
    near = told["replay"]["nearest"][0]
    assert f"The nearest is {near['example']}[{near['index']}], {near['request']}: {near['why']}" in told["message"]
    assert "experiments/get?" in near["request"]
    assert told["replay"]["start_over"].endswith(f"http://127.0.0.1:{client.server.port}/me/_reset")
    # A line is told after its answer; the next request on the same connection comes after both.
    client.ask("GET", "/me/")
    assert "not recorded; nearest:" in client.told[0]


def test_a_different_body_is_shown_as_a_difference(alone: Client) -> None:
    for one in FIRST_RUN.interactions[:1]:
        alone.send(one)
    changed = replace(CREATE, body=json.dumps({"name": "\ud800another"}))
    response, content = alone.send(changed)
    assert response.status == 404
    assert "another" in message(content)
    assert "wine-classifier" in message(content)


def test_uploads_come_back_byte_for_byte() -> None:
    recorded = next(one for one in LIBRARY.recorded if any(isinstance(i.answer, Echo) for i in one.interactions))
    with serving(replace(LIBRARY, recorded=(recorded,))) as client:
        for one in recorded.interactions:
            response, content = client.send(one)
            assert response.status == one.status
            assert not isinstance(one.answer, Echo) or content == FILE


@pytest.mark.parametrize(
    "host", ["evil.test", "127.0.0.1", "127.0.0.1:1", "", "localhost.evil.test:{port}", "[::1]:{port}"]
)
def test_another_host_is_refused(client: Client, host: str) -> None:
    named = host.format(port=client.server.port)
    answer = client.raw(f"GET /me/api/v4/version HTTP/1.1\r\nHost: {named}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 421 ")
    assert b"has no other name" in answer
    assert client.server.sessions() == {}


@pytest.mark.parametrize(
    "target",
    ["/me/../../etc/passwd", "/me/%2e%2e/%2e%2e/etc/passwd", "/me/..%2f..%2fpyproject.toml", "/../etc/passwd",
     "/me//etc/passwd", "/me/api/v4/\\..\\x", "/me/[", "/me/%00", "/me/%ff", "/me/api?[=%zz&&", "/me/#x"],
)  # fmt: skip
def test_no_path_leads_to_a_file_or_a_failure(client: Client, target: str) -> None:
    answer = client.raw(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{client.server.port}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"root:" not in answer
    assert b"Traceback" not in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["message"].startswith("404")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /me/x HTTP/9.9\r\n\r\n", 505),
        (b"BREW /me/x HTTP/1.1\r\nHost: H\r\n\r\n", 501),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: H\r\n\r\n", 414),
        (b"GET http://H/me/x HTTP/1.1\r\nHost: H\r\n\r\n", 400),
        (b"GET /me/x HTTP/1.1\r\nHost: H\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"POST /me/x HTTP/1.1\r\nHost: H\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /me/x HTTP/1.1\r\nHost: H\r\nContent-Length: 10\r\n\r\nabc", 400),
        (b"POST /me/x HTTP/1.1\r\nHost: H\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST /me/x HTTP/1.1\r\nHost: H\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n", 413),
        (b"POST /me/x HTTP/1.1\r\nHost: H\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /me/x HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST /me/x HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
        (b"POST /me/x HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab\r\n0\r\n\r\n", 400),
        (b"POST /me/x HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n", 413),
        (b"POST /me/x HTTP/1.1\r\nHost: H\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx", 415),
        (b"POST /me/x HTTP/1.1\r\nHost: H\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 400),
        (b"DELETE / HTTP/1.1\r\nHost: H\r\n\r\n", 405),
        (b"GET /api/v4/version HTTP/1.1\r\nHost: H\r\n\r\n", 404),
        (b"GET /<script>/x HTTP/1.1\r\nHost: H\r\n\r\n", 404),
    ],
)
def test_a_request_that_is_wrong_is_told_so_in_json(client: Client, request_: bytes, status: int) -> None:
    answer = client.raw(request_.replace(b": H\r\n", b": 127.0.0.1:%d\r\n" % client.server.port))
    head, _, content = answer.partition(b"\r\n\r\n")
    assert f" {status} ".encode() in head.splitlines()[0] + b" "
    assert b"X-Replay: " in head
    assert json.loads(content)["message"].startswith(str(status))
    # The server goes on.
    assert client.ask("GET", "/")[0].status == 200


def test_a_packed_body_that_grows_over_the_limit_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(b"\0" * (body_module.LIMIT + 1))
    response, content = client.ask("POST", "/me/api/v4/x", bomb, {"Content-Encoding": "gzip"})
    assert (response.status, response.headers["Connection"]) == (413, "close")
    assert "unpacked" in message(content)


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    ("pack", "name"), [(gzip.compress, "gzip"), (zlib.compress, "deflate"), (deflated, "deflate"), (bytes, "identity")]
)
def test_a_packed_body_is_read(alone: Client, pack: Any, name: str) -> None:
    alone.send(START)
    assert isinstance(CREATE.body, str)
    headers = {**CREATE.headers, "Content-Encoding": name}
    target = f"/me{CREATE.uri.removeprefix(HOST)}"
    assert alone.ask("POST", target, pack(CREATE.body.encode()), headers)[0].status == 200


def test_chunks_and_expect_100_continue_are_read(alone: Client) -> None:
    assert isinstance(CREATE.body, str)
    pieces = [CREATE.body[:3].encode(), CREATE.body[3:].encode()]
    target = f"/me{CREATE.uri.removeprefix(HOST)}"
    assert alone.ask("POST", target, iter(pieces), CREATE.headers, encode_chunked=True)[0].status == 200
    rows = [f"POST /two{CREATE.uri.removeprefix(HOST)} HTTP/1.1", f"Host: 127.0.0.1:{alone.server.port}"]
    rows += [f"{name}: {value}" for name, value in CREATE.headers.items()]
    rows += [f"Content-Length: {len(CREATE.body)}", "Expect: 100-continue", "Connection: close", "", CREATE.body]
    answer = alone.raw("\r\n".join(rows).encode())
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_head_and_options_have_no_surprise(alone: Client) -> None:
    head, nothing = alone.ask("HEAD", "/")
    assert (head.status, nothing) == (200, b"")
    assert int(head.headers["Content-Length"]) > 100
    response, content = alone.ask("OPTIONS", f"/me{START.uri.removeprefix(HOST)}")
    assert (response.status, message(content)[:3]) == (404, "404")
    assert response.headers["Access-Control-Allow-Origin"] is None


def test_requests_at_once_in_one_session_are_each_answered_once(alone: Client) -> None:
    def post(_: int) -> int:
        url = f"{alone.server.base('me')}{CREATE.uri.removeprefix(HOST)}"
        return requests.post(url, data=str(CREATE.body), headers=CREATE.headers, timeout=20).status_code

    def look(_: int) -> int:
        return requests.get(f"{alone.server.base('me')}/_state", timeout=20).status_code

    with ThreadPoolExecutor(8) as pool:
        states = pool.map(look, range(24))
        found = sorted(pool.map(post, range(24)))
    assert found == [200] + [404] * 23
    assert set(states) <= {200, 404}


@pytest.mark.parametrize("name", ["Authorization", "Private-Token", "Job-Token"])
def test_a_token_is_never_told(client: Client, name: str) -> None:
    value = f"Bearer {SECRET}" if name == "Authorization" else SECRET
    told = b""
    for target in (f"/me/api/v4/{SECRET}", f"/me/api/v4/user?private_token={SECRET}", f"/me{START.uri[len(HOST) :]}"):
        told += client.ask("GET", target, None, {name: value, "Accept": "text/html"})[1]
    body = json.dumps({"name": SECRET})
    told += client.ask("POST", f"/me{CREATE.uri[len(HOST) :]}", body, {**CREATE.headers, name: value})[1]
    for path in ("/", "/me/_state"):
        told += client.ask("GET", path)[1] + client.ask("GET", path, None, {"Accept": "text/html"})[1]
    assert SECRET not in told.decode() + "\n".join(client.told)
    assert len(client.told) >= 7


class Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [value or "" for name, value in attrs if name in {"src", "href", "action", "srcset", "style"}]
        assert not any(name.startswith("on") for name, _ in attrs)


def test_the_screen_is_one_page_that_asks_for_nothing_and_says_how_far_everybody_is(client: Client) -> None:
    client.send(START, "team-a")
    client.ask("GET", "/team-a/api/v4/<script>alert(1)</script>")
    response, content = client.ask("GET", "/", None, {"Accept": "text/html,*/*"})
    page = content.decode()
    links = Links()
    links.feed(page)
    assert links.found == ["/team-a/_reset"]
    assert links.tags.isdisjoint({"script", "img", "link", "iframe"})
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "&lt;script&gt;alert(1)" in page
    assert "not recorded" in page
    assert f"1 of {len(FIRST_RUN.interactions)}" in page
    assert all(one.example in page for one in LIBRARY.recorded)
    response, content = client.ask("POST", "/team-a/_reset", None, {"Accept": "text/html"})
    assert (response.status, response.headers["Location"]) == (303, "/")


def test_a_terminal_gets_the_screen_as_text(client: Client) -> None:
    client.send(START, "team-a")
    response, content = client.ask("GET", "/")
    text = content.decode()
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert f"export MLFLOW_TRACKING_URI=http://127.0.0.1:{client.server.port}/me/api/v4/projects/42/ml/mlflow" in text
    assert re.search(r"^  team-a: .* \(1 of \d+\)", text, re.M)
    assert f"{LIBRARY.requests} recorded answers" in text


@pytest.mark.parametrize("name", ["<script>", "a b", "", ".", "..", "api", "x" * 65, "é", "me\n"])
def test_not_every_word_is_a_session(name: str) -> None:
    assert not is_session(name)
