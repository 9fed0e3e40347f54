"""Replaces what differs between two recordings of an unchanged GitLab: ids, times, names of bots, tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from verified_docs.cassette import Interaction
from verified_docs.leaks import LABEL

# What stands for an id, and for the name of a bot.
PLACEHOLDER = re.compile(r"(?<![0-9a-z])project_42_bot_[0-9a-f]{32}(?![0-9a-z])")
_PROJECT = 42
_FIRST_ID = 1001
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_BOT = re.compile(r"(?<![0-9a-z])(?:project|group)_\d+_bot_[0-9a-f]{32}(?![0-9a-z])")
_SECRET = re.compile(r"(?:^|_)(?:token|secret|password)$")
_NUMBER = re.compile(r"(?<=/)\d+(?=/|\?|$)|(?<=[?&]user_id=)\d+")
_PICTURE = "https://gitlab.example.com/avatar.png"


class Stable:
    """The replacements that make one conversation stable.

    Ids are numbered by their size, times by their order. A number in an address is an id only if an answer named it.

    Args:
        interactions: What went over the wire.
    """

    def __init__(self, interactions: Sequence[Interaction]) -> None:
        self._interactions = interactions
        ids: set[int] = set()
        times: set[str] = set()
        bots: dict[str, None] = {}
        for one in interactions:
            for key, value in _scalars(_parse(one.answer)):
                if is_id(key, value):
                    ids.add(value)
                elif is_time(key, value):
                    times.add(value)
                elif isinstance(value, str):
                    bots.update(dict.fromkeys(_BOT.findall(value)))
        self._ids = {value: _FIRST_ID + rank for rank, value in enumerate(sorted(ids))}
        ordered = enumerate(sorted(times, key=lambda text: datetime.fromisoformat(text)))
        start = int(_EPOCH.timestamp())
        self._times = {
            text: datetime.fromtimestamp(start + rank, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z") for rank, text in ordered
        }
        self._bots = {name: f"project_{_PROJECT}_bot_{rank:032x}" for rank, name in enumerate(bots, start=1)}

    def apply(self) -> list[Interaction]:
        """The conversation with every replacement made."""
        return [
            replace(
                one,
                uri=self.text(_NUMBER.sub(self._named, one.uri)),
                answer_headers={name: _NUMBER.sub(self._named, value) for name, value in one.answer_headers.items()},
                body=self._body(one.body),
                answer=self._body(one.answer),
            )
            for one in self._interactions
        ]

    def text(self, text: str) -> str:
        """A text with the names of bots replaced."""
        return _BOT.sub(lambda match: self._bots.get(match.group(), match.group()), text)

    def _named(self, match: re.Match[str]) -> str:
        return str(self._ids.get(int(match.group()), match.group()))

    def _body(self, body: Any) -> Any:
        document = _parse(body)
        if document is None:
            return body
        stable = self._value("", document)
        if stable == document:
            return body
        separators = (", ", ": ") if '": ' in body else (",", ":")
        return json.dumps(stable, ensure_ascii=False, separators=separators)

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._value(name, item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._value(key, item) for item in value]
        if is_id(key, value):
            return self._ids.get(value, value)
        if is_time(key, value):
            return self._times.get(value, value)
        if not isinstance(value, str):
            return value
        if key == "avatar_url":
            return _PICTURE
        if value and _SECRET.search(key) and not LABEL.fullmatch(value):
            return "<token>"
        return self.text(value)


def is_id(key: str, value: Any) -> bool:
    """Whether a value is a number of GitLab's database, which is another one in the next recording."""
    named = key == "id" or key.endswith("_id")
    return named and isinstance(value, int) and not isinstance(value, bool) and value != _PROJECT


def is_time(key: str, value: Any) -> bool:
    """Whether a value is a moment; a day, such as the end of a token, counts from the day of the recording."""
    if not (isinstance(value, str) and key.endswith("_at") and "T" in value):
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _scalars(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _scalars(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item, key)
    else:
        yield key, value


def _parse(body: Any) -> Any:
    """The JSON document of a body, or None where it is something else."""
    if not isinstance(body, str) or body[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None
