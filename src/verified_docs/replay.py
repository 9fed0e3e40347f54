"""Plays a cassette back strictly: each request once, in order, with no way to a server."""

from __future__ import annotations

import contextlib
import difflib
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import vcr.patch
from vcr.cassette import Cassette as Tape
from vcr.cassette import CassetteContextDecorator
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.record_mode import RecordMode
from vcr.request import Request

from verified_docs.adapter import Adapter
from verified_docs.cassette import Cassette, Echo, Fingerprint, Interaction, describe
from verified_docs.comparison import Comparison


class Unrecorded(CannotOverwriteExistingCassetteException):
    """The example sent a request that the recording does not have at this place."""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)


@dataclass(frozen=True)
class Miss:
    """A request that was not recorded, and the recorded request that stood at its place."""

    sent: str
    why: str
    line: int | None


class StrictTape(Tape):
    """A vcrpy cassette that answers each request once, in order, and never reaches a server.

    A request has to agree with the next unplayed interaction of the same method and path in scheme, host, port,
    query, credential, type of the body, and body. Only reads in threads may overtake other reads: clients download so.
    It answers or refuses under a lock.
    """

    def __init__(self, cassette: Cassette, adapter: Adapter, script: Path) -> None:
        super().__init__(path=str(cassette.path), record_mode=RecordMode.NONE)
        self.interactions = cassette.interactions
        self.misses: list[Miss] = []
        self._comparison = Comparison(adapter)
        self._script = str(script)
        self._played: set[int] = set()
        self._uploads: dict[int, bytes] = {}
        self._answering = threading.Lock()

    def unplayed(self) -> list[int]:
        """The numbers of the interactions that no request asked for."""
        return [number for number in range(len(self.interactions)) if number not in self._played]

    def can_play_response_for(self, request: Request) -> bool:
        """Always: vcrpy then never connects, and `play_response` alone decides."""
        return True

    def play_response(self, request: Request) -> dict[str, Any]:
        """Answers one request.

        Raises:
            Unrecorded: The recording does not have it here. The miss is kept, should the client swallow this.
        """
        with self._answering:
            number, why = self._find(request)
            if number is None:
                sent = describe(request.method, request.uri)
                self.misses.append(Miss(sent, why, _current_line(self._script)))
                raise Unrecorded(f"{sent}\n{why}")
            self._played.add(number)
            interaction = self.interactions[number]
            if isinstance(interaction.body, Fingerprint):
                self._uploads[number] = _body_bytes(request)
            return {
                "status": {"code": interaction.status, "message": interaction.reason},
                "headers": {name: [value] for name, value in interaction.answer_headers.items()},
                "body": {"string": self._content(interaction)},
            }

    def _content(self, interaction: Interaction) -> bytes:
        answer = interaction.answer
        if isinstance(answer, Echo):
            return self._uploads[answer.index]
        return answer.encode() if isinstance(answer, str) else answer

    def _find(self, request: Request) -> tuple[int | None, str]:
        path = urlsplit(request.uri).path
        on_path = [
            number
            for number, interaction in enumerate(self.interactions)
            if interaction.method == request.method and interaction.path == path
        ]
        unplayed = self.unplayed()
        number = next((number for number in on_path if number in unplayed), None)
        if number is None:
            if played := len(on_path):
                return None, f"the recording has it {played} time{'s' if played > 1 else ''}, all answered already"
            near = difflib.get_close_matches(
                f"{request.method} {request.path}", map(str, self.interactions), n=1, cutoff=0.6
            )
            return None, "the recording has no such request" + (f"; the nearest is {near[0]}" if near else "")
        why = self._comparison.difference(request.uri, request.headers, _body_bytes(request), self.interactions[number])
        if why:
            return None, f"interaction {number} of the recording differs:\n{why}"
        skipped = [earlier for earlier in unplayed if earlier < number]
        # Threads may read in any order; whatever writes, and the script itself, has its place among all requests.
        alone = threading.current_thread() is threading.main_thread()
        if skipped and (alone or any(self.interactions[one].method != "GET" for one in (*skipped, number))):
            return None, f"{self.interactions[skipped[0]]} (interaction {skipped[0]}) has to come before it"
        return number, ""

    def _save(self, force: bool = False) -> None:
        """Never: a replay does not write."""


@contextlib.contextmanager
def replaying(cassette: Cassette, adapter: Adapter, script: Path) -> Iterator[StrictTape]:
    """Answers every HTTP request of the body from a cassette.

    Args:
        cassette: The conversation to play.
        adapter: What is volatile, and which headers carry credentials.
        script: The file whose lines messages name.

    Yields:
        The tape, which knows what was missed and what is left.
    """
    tape = StrictTape(cassette, adapter, script)
    with recording_on(tape):
        yield tape


@contextlib.contextmanager
def recording_on(tape: Tape) -> Iterator[None]:
    """Lets a tape answer, or take down, every HTTP request of the body."""

    class Loaded:
        @staticmethod
        def load(**_: Any) -> Tape:
            return tape

    with _threads_may_connect(), CassetteContextDecorator(Loaded, lambda: {"path": tape._path}):
        yield


def _threads_may_connect() -> contextlib.AbstractContextManager[Any]:
    """Keeps vcrpy from lifting its patches for all threads while one of them makes a connection.

    Without this, MLflow's parallel downloads reach for the real network now and then.
    """
    return mock.patch.object(vcr.patch, "force_reset", contextlib.nullcontext)


def _current_line(file: str) -> int | None:
    """The line of the example that is running now, also when a thread of the client asks."""
    frame: FrameType | None = sys._getframe()
    for start in (frame, sys._current_frames().get(threading.main_thread().ident or 0)):
        frame = start
        while frame is not None:
            if frame.f_code.co_filename == file:
                return frame.f_lineno
            frame = frame.f_back
    return None


def _body_bytes(request: Request) -> bytes:
    content = request.body_bytes
    if content is None:
        return b""
    return content.encode() if isinstance(content, str) else bytes(content)
