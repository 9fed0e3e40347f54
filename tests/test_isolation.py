"""Tries to leave the machine and to leave something behind."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.request import urlopen

import mlflow
import numpy
import pytest

from conftest import ADAPTER
from verified_docs.isolation import Blocked, isolated, no_network


def _with_socket(
    use: Callable[[socket.socket], object], family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM
) -> object:
    with socket.socket(family, kind) as one:
        return use(one)


AWAY: dict[str, Callable[[], object]] = {
    "connect": lambda: socket.create_connection(("192.0.2.1", 443), timeout=0.1),
    "connect_ex": lambda: _with_socket(lambda one: one.connect_ex(("192.0.2.1", 443))),
    "IPv6": lambda: _with_socket(lambda one: one.connect(("2001:db8::1", 443)), socket.AF_INET6),
    "datagram": lambda: _with_socket(lambda one: one.sendto(b"x", ("192.0.2.1", 53)), kind=socket.SOCK_DGRAM),
    "look-up": lambda: socket.getaddrinfo("gitlab.example.com", 443),
    "old look-up": lambda: socket.gethostbyname("gitlab.example.com"),
    "urllib": lambda: urlopen("http://192.0.2.1/", timeout=0.1),
    "program": lambda: subprocess.run(["curl", "https://gitlab.example.com"], check=False),
    "shell": lambda: os.system("curl https://gitlab.example.com"),
    "posix_spawn": lambda: os.posix_spawn("/usr/bin/env", ["curl", "x"], {}),
}


@pytest.mark.parametrize("way", AWAY.values(), ids=AWAY)
def test_no_way_off_the_machine(way: Callable[[], object]) -> None:
    with no_network() as attempts, pytest.raises(OSError) as caught:
        way()
    reason = getattr(caught.value, "reason", None) or caught.value.__cause__
    assert isinstance(caught.value, Blocked) or isinstance(reason, Blocked)
    assert len(attempts) == 1


def test_swallowed_attempts_are_known() -> None:
    with no_network() as attempts:
        for way in list(AWAY.values())[:3]:
            with contextlib.suppress(OSError):
                way()
    assert len(attempts) == 3


def test_threads_are_held_as_well() -> None:
    with no_network() as attempts:
        thread = threading.Thread(target=AWAY["connect_ex"])
        threading.excepthook, before = lambda *_: None, threading.excepthook
        try:
            thread.start()
            thread.join()
        finally:
            threading.excepthook = before
    assert attempts == ["a connection to 192.0.2.1:443"]


def test_loopback_stays_open() -> None:
    class Hello(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hello) as server, no_network() as attempts:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert urlopen(f"http://localhost:{server.server_port}/", timeout=5).status == 204
        thread.join()
    assert attempts == []


def test_open_again_afterwards() -> None:
    with no_network() as attempts:
        pass
    # A datagram to the discard port needs no answer, and nothing refuses it any more.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"", ("127.0.0.1", 9))
    assert attempts == []


def process_state() -> tuple[object, ...]:
    """What a script can change and the next one would see."""
    return (
        dict(os.environ),
        str(Path.cwd()),
        list(sys.argv),
        list(sys.path),
        tempfile.gettempdir(),
        list(warnings.filters),
        sys.stdout,
        sys.stderr,
        random.getstate(),
        numpy.random.get_state()[1].tolist(),
    )


def test_process_is_restored(tmp_path: Path) -> None:
    random.seed(3)
    numpy.random.seed(3)
    os.environ["MINE"] = "kept"
    main = sys.modules["__main__"]
    before = process_state()
    with pytest.raises(ValueError, match="in the run"), isolated({"A": "b"}, "script.py", tmp_path) as noise:
        assert os.environ["A"] == "b"
        assert "MINE" not in os.environ
        assert sys.argv == ["script.py"]
        assert not list(Path.cwd().iterdir())
        assert not list(Path.home().iterdir())
        scratch = Path(tempfile.mkdtemp())
        assert Path.home().parent in scratch.parents
        os.environ["LEFT"] = "behind"
        os.chdir(tmp_path)
        sys.argv.append("x")
        sys.path.insert(0, "x")
        sys.modules["__main__"] = random
        warnings.simplefilter("error")
        random.random()
        numpy.random.rand()
        print("noise")
        raise ValueError("in the run")
    after = process_state()
    del os.environ["MINE"]
    assert after == before
    assert sys.modules["__main__"] is main
    assert noise.getvalue() == "noise\n"
    assert not scratch.exists()


def test_machine_credentials_stay_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "MLFLOW_TRACKING_USERNAME", "REQUESTS_CA_BUNDLE", "GITLAB_TOKEN"):
        monkeypatch.setenv(name, "x")
    with isolated({}, "script.py", tmp_path):
        assert not {"HTTPS_PROXY", "MLFLOW_TRACKING_USERNAME", "REQUESTS_CA_BUNDLE", "GITLAB_TOKEN"} & set(os.environ)
        assert os.environ["NETRC"] == os.devnull


def test_client_is_restored() -> None:
    from mlflow.tracking import fluent
    from mlflow.tracking._tracking_service import utils
    from mlflow.utils.autologging_utils import AUTOLOGGING_INTEGRATIONS
    from mlflow.utils.import_hooks import _post_import_hooks
    from sklearn.linear_model import LogisticRegression

    fit = LogisticRegression.fit
    hooks = dict(_post_import_hooks)
    integrations = {name: dict(value) for name, value in AUTOLOGGING_INTEGRATIONS.items()}
    with ADAPTER.restored():
        mlflow.set_tracking_uri("https://gitlab.example.com/a")
        mlflow.set_registry_uri("https://gitlab.example.com/b")
        utils._artifact_repos_cache["run"] = object()
        vars(fluent)["_active_experiment_id"] = "1"
        fluent._active_run_stack.get().append(object())
        fluent._last_active_run_id.set("run")
        mlflow.autolog(silent=True, log_models=False)
        assert LogisticRegression.fit is not fit
        assert mlflow.active_run() is not None
    assert LogisticRegression.fit is fit
    assert mlflow.active_run() is None
    assert mlflow.last_active_run() is None
    assert fluent._active_experiment_id is None
    assert not utils._artifact_repos_cache
    assert utils._tracking_uri is None
    assert dict(_post_import_hooks) == hooks
    assert {
        name: dict(value) for name, value in AUTOLOGGING_INTEGRATIONS.items() if name in integrations
    } == integrations


def test_of_two_blocks_that_look_alike_the_inner_one_ends() -> None:
    with no_network() as outer:
        with no_network():
            pass
        with pytest.raises(Blocked):
            socket.create_connection(("192.0.2.1", 1))
        assert len(outer) == 1
