"""One client's walk through the recordings: what it has sent so far decides what it is answered."""

from __future__ import annotations

import difflib
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from mlflow_gitlab.replay.library import ADAPTER, HOST, Library, Recorded, only_asks, plain_path
from verified_docs.cassette import Echo, Fingerprint, Interaction, describe
from verified_docs.comparison import Comparison, masked
from verified_docs.leaks import is_label

_COMPARISON = Comparison(ADAPTER)
_REFUSED = frozenset({401, 403})
_DAY = re.compile(rb'("expires_at"\s*:\s*")(\d{4}-\d\d-\d\d)(?=")')
_TIMES = re.compile(rb"\b17672\d{5}(?:\d{3})?\b|2026-01-01T[\d:.]+Z")
# A run says which script made it: nothing depends on it but which of two equal recordings is meant.
_SCRIPT = re.compile(rb'"mlflow.source.name",\s*"value":\s*"(?:[^"]*/)?([^"/]*)"')
_NEAREST = 3
_REMEMBERED = 200


@dataclass(frozen=True)
class Sent:
    """A request as it would have gone to the recorded server.

    Attributes:
        method: The HTTP method.
        target: Path and query, as they were sent, without the session.
        headers: What was sent with it; each name with capitals, as in `Content-Type`.
        content: The body, empty where there was none.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def place(self) -> tuple[str, str]:
        """Method and path, to look it up by."""
        return self.method, plain_path(self.target.partition("?")[0])

    def __str__(self) -> str:
        return describe(self.method, HOST + self.target)


@dataclass(frozen=True)
class Answer:
    """A recorded answer.

    Attributes:
        example: The example that it was recorded for.
        index: The number of the request in that recording, counted from 0.
        again: Whether this session had it before.
        interaction: The recorded request with its answer.
        content: The answer's body: as recorded, or the bytes that this session uploaded.
        given_back: Whether it is the latter.
    """

    example: str
    index: int
    again: bool
    interaction: Interaction
    content: bytes
    given_back: bool


@dataclass(frozen=True)
class Near:
    """A recorded request that is close to one that is not recorded.

    Attributes:
        example: The example that it was recorded for.
        index: Its number in that recording, counted from 0.
        request: Method, path and query.
        why: In which way it is not the one that was sent.
    """

    example: str
    index: int
    request: str
    why: str


@dataclass(frozen=True)
class Unknown:
    """Nobody recorded what GitLab answers to this, after what this session has sent before.

    Attributes:
        asked: Method, path and query.
        nearest: The closest recorded requests, best first.
        open: Where the session is in the middle of: the examples, and the next request of each.
    """

    asked: str
    nearest: tuple[Near, ...]
    open: tuple[Near, ...]


@dataclass
class Walk:
    """How far a session has come in one recording.

    What GitLab answers depends on what was written before. So requests that write come in the recorded order, each
    once; a read is answered as long as just those writes were made that it was recorded after, and may be left out
    or repeated. Uploads that follow each other may change places.

    Attributes:
        recorded: The recording.
        played: The numbers of the requests that were answered.
        uploads: What was uploaded, by the number of the request.
        strayed: How many of its answers another recording gave in other words.
    """

    recorded: Recorded
    played: set[int] = field(default_factory=set)
    uploads: dict[int, bytes] = field(default_factory=dict)
    strayed: int = 0

    @property
    def complete(self) -> bool:
        """Whether every write was made, and every read after the last one answered."""
        return self.next is None

    @property
    def untouched(self) -> bool:
        """Whether nothing was written yet."""
        return self.played.isdisjoint(self.recorded.writes)

    @property
    def next(self) -> int | None:
        """The number of the first request that is not answered yet and still can be."""
        missing = self._missing()
        done = [number for number in self.recorded.writes if not missing or number < missing[0]]
        left = range(max(done, default=-1) + 1, len(self.recorded.interactions))
        return next((number for number in left if number not in self.played), None)

    def _missing(self) -> list[int]:
        return [number for number in self.recorded.writes if number not in self.played]

    def find(self, sent: Sent, today: date) -> tuple[int | None, list[Near]]:
        """The recorded request that a request is, if there is one at this place.

        Returns:
            Its number; or None, and those of the same method and path with what keeps each of them from being it.
        """
        met: list[Near] = []
        numbers = self.recorded.places.get(sent.place, [])
        again = [number for number in reversed(numbers) if number in self.played]
        for number in [number for number in numbers if number not in self.played] + again:
            why = self._not_now(number) or _difference(sent, self.recorded, number, today)
            if not why:
                return number, []
            met.append(Near(self.recorded.example, number, str(self.recorded.interactions[number]), why))
        return None, met

    def _not_now(self, number: int) -> str:
        interactions = self.recorded.interactions
        missing = [write for write in self._missing() if write < number]
        if only_asks(interactions[number]):
            since = [write for write in self.recorded.writes if write > number and write in self.played]
            if since:
                return f"it was recorded before {interactions[since[0]]} (interaction {since[0]}), which is done"
        elif number in self.played:
            return "it writes, and was answered already"
        elif all(ADAPTER.is_upload(one.method, one.path) for one in (interactions[at] for at in (*missing, number))):
            return ""
        return f"{interactions[missing[0]]} (interaction {missing[0]}) has to come before it" if missing else ""

    def play(self, number: int, sent: Sent) -> Answer:
        """Answers with a recorded request, and remembers that."""
        interaction = self.recorded.interactions[number]
        again = number in self.played
        self.played.add(number)
        if isinstance(interaction.body, Fingerprint):
            self.uploads[number] = sent.content
        answer = interaction.answer
        given_back = isinstance(answer, Echo)
        content = self.uploads[answer.index] if isinstance(answer, Echo) else _bytes(answer)
        return Answer(self.recorded.example, number, again, interaction, content, given_back)


@dataclass(frozen=True)
class Event:
    """What a session was asked, for its screen.

    Attributes:
        request: Method, path and query.
        status: The status it was answered with.
        source: Example and number, or that it is not recorded.
    """

    request: str
    status: int
    source: str


class Session:
    """The walk of one client.

    Every recording begins in an empty project. As long as several recordings agree with all that was sent, all of them
    stay possible. One answers: the first one offered among those whose answers so far were just those given. The ones
    that would have answered with another status are out. When one is complete, or nothing was written yet, another
    one may begin.

    Args:
        library: What may be asked.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self.reset()

    def reset(self) -> None:
        """Starts over: nothing was asked, and every recording may begin."""
        self.walks: list[Walk] = []
        self.finished: list[str] = []
        self.events: deque[Event] = deque(maxlen=_REMEMBERED)

    def answer(self, sent: Sent, today: date) -> Answer | Unknown:
        """Answers a request with a recorded answer, if there is one at this place.

        Args:
            sent: The request.
            today: The client's day: what it counts from today was counted from the day of the recording.
        """
        found = _matching(self.walks, sent, today)
        beginning = not found and self._another_may_begin()
        if beginning:
            found = _matching([Walk(recorded) for recorded in self._library.recorded], sent, today)
        if not found:
            self.events.append(Event(str(sent), 404, "not recorded"))
            return self._unknown(sent, today)
        if beginning and (done := next((walk for walk in self.walks if walk.complete), None)):
            self.finished.append(done.recorded.example)
        found.sort(key=lambda pair: _rank(pair[0], pair[1], sent))
        answers = [(walk, walk.play(number, sent)) for walk, number in found]
        first = answers[0][1]
        self.walks = [walk for walk, answer in answers if answer.interaction.status == first.interaction.status]
        for walk, answer in answers:
            walk.strayed += not _alike(answer, first)
        self.events.append(Event(str(sent), first.interaction.status, f"{first.example}[{first.index}]"))
        return first

    def _another_may_begin(self) -> bool:
        return all(walk.untouched for walk in self.walks) or any(walk.complete for walk in self.walks)

    @property
    def open(self) -> tuple[Near, ...]:
        """Where the session is in the middle of, with the next request of each recording that is still possible."""
        found: list[Near] = []
        for walk in self.walks:
            number = walk.next
            if number is not None:
                request = str(walk.recorded.interactions[number])
                found.append(Near(walk.recorded.example, number, request, "it comes next"))
        return tuple(found)

    def _unknown(self, sent: Sent, today: date) -> Unknown:
        met = [near for walk in self.walks for near in walk.find(sent, today)[1]]
        if not met:
            for recorded in self._library.recorded:
                number, nears = Walk(recorded).find(sent, today)
                if number is not None:
                    why = f"this session is in the middle of {self.walks[0].recorded.example}"
                    nears = [Near(recorded.example, number, str(recorded.interactions[number]), why)]
                met += nears
        met = met or list(self._of_similar_name(sent))
        # The most alike first: the shortest difference says it best.
        met.sort(key=lambda near: (-_likeness(near, sent), len(near.why)))
        unique = {(near.request, near.why): near for near in reversed(met)}
        return Unknown(str(sent), tuple(unique.values())[: -_NEAREST - 1 : -1], self.open[:_NEAREST])

    def _of_similar_name(self, sent: Sent) -> list[Near]:
        known: dict[str, Near] = {}
        for recorded in self._library.recorded:
            for number, one in enumerate(recorded.interactions):
                if str(one) not in known:
                    known[str(one)] = Near(recorded.example, number, str(one), "its method or path is another one")
        return [known[name] for name in difflib.get_close_matches(str(sent), known, _NEAREST, 0.6)]


def _likeness(near: Near, sent: Sent) -> float:
    return difflib.SequenceMatcher(None, near.request, str(sent)).ratio()


def _matching(walks: list[Walk], sent: Sent, today: date) -> list[tuple[Walk, int]]:
    found = [(walk, walk.find(sent, today)[0]) for walk in walks]
    return [(walk, number) for walk, number in found if number is not None]


def _rank(walk: Walk, number: int, sent: Sent) -> tuple[bool, int, bool, bool]:
    """What to prefer: for a real token, an answer that does not refuse it; what agrees; the same script; the new."""
    interaction = walk.recorded.interactions[number]
    refused = interaction.status in _REFUSED and not _is_labelled(sent.headers)
    other_script = _SCRIPT.findall(sent.content) != _SCRIPT.findall(str(interaction.body).encode())
    return refused, walk.strayed, other_script, number in walk.played


def _bytes(answer: str | bytes) -> bytes:
    return answer.encode() if isinstance(answer, str) else answer


def _alike(one: Answer, other: Answer) -> bool:
    """Whether two answers say the same, but for the times in them."""
    return _TIMES.sub(b"", one.content) == _TIMES.sub(b"", other.content)


def _difference(sent: Sent, recorded: Recorded, number: int, today: date) -> str:
    interaction = recorded.interactions[number]
    headers = _headers(sent, interaction)
    uri = HOST + sent.target
    try:
        why = _COMPARISON.difference(uri, headers, sent.content, interaction)
    except RecursionError:
        return "it differs:\nbody\n+(JSON that is nested too deep)"
    if why and _DAY.search(sent.content):
        days = recorded.cassette.provenance.recorded.date() - today
        that_day = _DAY.sub(lambda match: match[1] + _moved(match[2], days), sent.content)
        if that_day != sent.content and not _COMPARISON.difference(uri, headers, that_day, interaction):
            return ""
    return f"it differs:\n{why}" if why else ""


def _moved(day: bytes, days: timedelta) -> bytes:
    try:
        return (date.fromisoformat(day.decode()) + days).isoformat().encode()
    except (ValueError, OverflowError):
        return day


def _headers(sent: Sent, recorded: Interaction) -> dict[str, str]:
    """What to compare: a real token stands for the recorded one, and an empty body has no type."""
    headers = dict(sent.headers)
    known = {name: value for name, value in recorded.headers.items() if _is_credential(name)}
    if known and any(map(_is_credential, headers)) and not _is_labelled(headers):
        headers = {name: value for name, value in headers.items() if not _is_credential(name)} | known
    if not sent.content and recorded.body is None:
        headers.pop("Content-Type", None)
        headers |= {name: value for name, value in recorded.headers.items() if name.lower() == "content-type"}
    return headers


def _is_credential(name: str) -> bool:
    return name.lower() in ADAPTER.credential_headers


def _is_labelled(headers: Mapping[str, str]) -> bool:
    """Whether the credential is one of the labels that stand for tokens in recordings, or absent."""
    values = [value for name, value in headers.items() if _is_credential(name)]
    return not values or any(is_label(masked(value)) for value in values)


def labelled(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers in which an invented token, such as one that says it is wrong, is a label."""
    return {name: ADAPTER.labelled(value) if _is_credential(name) else value for name, value in headers.items()}
