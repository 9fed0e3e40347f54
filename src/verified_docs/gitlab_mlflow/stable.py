"""Replaces what differs between two recordings of an unchanged GitLab: ids, times, tokens, names of bots."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from verified_docs.cassette import Interaction

_ML_API = "/ml/mlflow/"
_UUID = re.compile(r"(?<![0-9a-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])")
_BOT = re.compile(r"(?<![0-9a-z])(project|group)_\d+_bot_[0-9a-f]{32}")
MILLISECONDS = frozenset({"start_time", "end_time", "timestamp"})
_SECONDS = frozenset({"creation_timestamp", "last_updated_timestamp"})
_PAGE_TOKENS = frozenset({"page_token", "next_page_token"})
# Two places that hold a secret: the recording has a remark or a placeholder there, of one kind or another.
_REPLACED_TOKEN = re.compile(r"gl[a-z]{2,6}-(?:placeholder|REDACTED)[A-Za-z0-9_-]*")
_SECRETS = {"runners_token": "<runner_token>", "feed_token": "<feed_token>"}
# Pictures of people come from another host, under a hash of their e-mail address.
_PICTURE = "https://gitlab.example.com/avatar.png"

# The other projects of a group are nobody's business here, and others every day.
_NEIGHBOURS = frozenset({"projects", "shared_projects"})

# A fixed clock for recorded times: one second per distinct instant, in their order.
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_PROJECT = 42
# Database ids differ between two recordings; each kind is counted from a number of its own, so that a model's id
# is never mistaken for a version's.
_FIRST_ID = {
    "resource": _PROJECT,
    "user": 201,
    "package": 301,
    "group": 401,
    "model": 501,
    "token": 601,
    "file": 701,
    "project": 801,
    "experiment": 901,
    "version": 1001,
}
_ID_KEYS = {
    "user_id": "user",
    "creator_id": "user",
    "package_id": "package",
    "model_id": "model",
    "namespace_id": "group",
    "resource_id": "resource",
}
# Whose `id` it is: the collection that the path names last, or the object that holds it.
_OWNERS = {
    "all": "user",
    "created_by": "user",
    "members": "user",
    "user": "user",
    "users": "user",
    "groups": "group",
    "namespace": "group",
    "access_tokens": "token",
    "personal_access_tokens": "token",
    "self": "token",
    "rotate": "token",
    "package_files": "file",
    "packages": "package",
    "projects": "project",
}
_ID_IN_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=/ml/models/)\d+"), "model"),
    (re.compile(r"(?<=/versions/)\d+"), "version"),
    (re.compile(r"(?<=/packages/ml_models/)\d+(?=/)"), "version"),
    (re.compile(r"(?<=/mlflow-artifacts/artifacts/)\d+(?=/|$)"), "version"),
    (re.compile(r"(?<=^mlflow-artifacts:/)\d+(?=/|$)"), "version"),
    (re.compile(r"(?<=[?&]path=)\d+(?=/|%2F|&|$)"), "version"),
    (re.compile(r"(?<=[?&]version=)\d+(?=&|$)"), "version"),
    (re.compile(r"(?<=gid://gitlab/Ml::Model/)\d+"), "model"),
    (re.compile(r"(?<=gid://gitlab/Ml::ModelVersion/)\d+"), "version"),
    (re.compile(r"(?<=gid://gitlab/Ml::Experiment/)\d+"), "experiment"),
    (re.compile(r"(?<=gid://gitlab/Packages::Package/)\d+"), "package"),
)
# Only where the server has named the id: an example may ask for a number that does not exist.
_KNOWN_ID_IN_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=/access_tokens/)\d+"), "token"),
    (re.compile(r"(?<=/members/)\d+"), "user"),
    (re.compile(r"(?<=/members/all/)\d+"), "user"),
    (re.compile(r"(?<=/packages/)\d+(?=$|[/?])"), "package"),
    (re.compile(r"(?<=/projects/)\d+"), "project"),
)


class Stable:
    """The replacements that make one conversation stable.

    A value gets the same replacement wherever it stands; the order of times and of ids is kept; nothing but the
    conversation decides.
    """

    def __init__(self, interactions: Sequence[Interaction]) -> None:
        self._interactions = interactions
        self._uuids: dict[str, str] = {}
        self._bots: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        times: set[int] = set()
        ids: dict[str, set[int]] = {kind: set() for kind in _FIRST_ID}
        for interaction in interactions:
            _collect_ids(interaction.uri, ids)
            for body in (interaction.body, interaction.answer):
                if isinstance(body, str):
                    self._name(body)
                    # Only an answer says that an id exists.
                    named = ids if body is interaction.answer or _ML_API in interaction.uri else {}
                    self._collect(interaction, body, times, ids, named)
            self._name(interaction.uri)
        start = int(_EPOCH.timestamp() * 1000)
        self._times = {instant: start + 1000 * rank for rank, instant in enumerate(sorted(times))}
        self._ids = {
            kind: {str(value): str(_FIRST_ID[kind] + rank) for rank, value in enumerate(sorted(values))}
            for kind, values in ids.items()
        }

    def _name(self, text: str) -> None:
        for found in _UUID.findall(text):
            self._uuids.setdefault(found, f"00000000-0000-4000-8000-{len(self._uuids) + 1:012d}")
        for match in _BOT.finditer(text):
            self._bots.setdefault(match.group(), f"{match[1]}_{_PROJECT}_bot_{len(self._bots) + 1:032x}")

    def _collect(
        self,
        interaction: Interaction,
        body: str,
        times: set[int],
        ids: dict[str, set[int]],
        named: dict[str, set[int]],
    ) -> None:
        for owner, key, value in _scalars(_parse(body), _owner(interaction)):
            if (moment := instant(key, value)) is not None:
                times.add(moment)
            elif key in _PAGE_TOKENS and value:
                self._tokens.setdefault(str(value), f"page-{len(self._tokens) + 2}")
            elif (kind := _id_kind(owner, key, value)) is not None:
                named.get(kind, set()).add(int(value))
            elif isinstance(value, str):
                _collect_ids(value, ids)

    def apply(self) -> list[Interaction]:
        """The conversation with every replacement made."""
        return [
            replace(
                interaction,
                uri=self.text(interaction.uri),
                answer_headers={name: self.text(value) for name, value in interaction.answer_headers.items()},
                body=self._body(interaction.body, _owner(interaction)),
                answer=self._body(interaction.answer, _owner(interaction)),
            )
            for interaction in self._interactions
        ]

    def _body(self, body: Any, owner: str | None) -> Any:
        if not isinstance(body, str):
            return body
        document = _parse(body)
        stable = None if document is None else self._value(owner, "", document)
        # Untouched text keeps its exact bytes: it may be a file of the example's own.
        if stable == document:
            return body
        # GitLab writes no blanks, the client does; clients quote answers to the letter.
        separators = (", ", ": ") if '": ' in body else (",", ":")
        return json.dumps(stable, ensure_ascii=False, separators=separators)

    def _value(self, owner: str | None, key: str, value: Any) -> Any:
        if owner == "group" and key in _NEIGHBOURS:
            return []
        if isinstance(value, dict):
            return {name: self._value(_OWNERS.get(key, owner), name, item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._value(owner, key, item) for item in value]
        if (moment := instant(key, value)) is not None:
            return self._time(key, value, self._times[moment])
        if key in _PAGE_TOKENS and value:
            return self._tokens[str(value)]
        if (kind := _id_kind(owner, key, value)) is not None:
            return type(value)(self._ids[kind].get(str(value), value))
        if not isinstance(value, str):
            return value
        if key == "avatar_url":
            return _PICTURE
        return _SECRETS[key] if key in _SECRETS else self.text(value)

    @staticmethod
    def _time(key: str, value: Any, stable: int) -> Any:
        if isinstance(value, str):
            fraction = ".000" if "." in value else ""
            return datetime.fromtimestamp(stable / 1000, UTC).strftime(f"%Y-%m-%dT%H:%M:%S{fraction}Z")
        return stable // 1000 if key in _SECONDS else stable

    def text(self, text: str) -> str:
        """A text with every known id replaced."""
        text = _UUID.sub(lambda match: self._uuids.get(match.group(), match.group()), text)
        text = _BOT.sub(lambda match: self._bots.get(match.group(), match.group()), text)
        text = _REPLACED_TOKEN.sub("<token>", text)
        for pattern, kind in (*_ID_IN_TEXT, *_KNOWN_ID_IN_TEXT):
            text = pattern.sub(partial(_replaced, self._ids[kind]), text)
        return text


def _replaced(stable: dict[str, str], match: re.Match[str]) -> str:
    return stable.get(match.group(), match.group())


def _collect_ids(text: str, ids: dict[str, set[int]]) -> None:
    for pattern, kind in _ID_IN_TEXT:
        ids[kind].update(int(found) for found in pattern.findall(text))


def _parse(body: str) -> Any:
    """The JSON document of a body, or None where it is another text."""
    if body[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None


def _scalars(value: Any, owner: str | None, key: str = "") -> Iterator[tuple[str | None, str, Any]]:
    if owner == "group" and key in _NEIGHBOURS:
        return
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _scalars(item, _OWNERS.get(key, owner), name)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item, owner, key)
    else:
        yield owner, key, value


def _owner(interaction: Interaction) -> str | None:
    """Whose `id` the bodies of a request hold, unless an object inside says otherwise."""
    if _ML_API in interaction.uri:
        return "version"
    words = [word for word in interaction.path.split("/") if word and not word.isdecimal() and "%2F" not in word]
    return next((_OWNERS[word] for word in reversed(words) if word in _OWNERS), None)


def instant(key: str, value: Any) -> int | None:
    """The milliseconds since 1970 of a recorded time, or None where the value is not one."""
    if isinstance(value, int) and not isinstance(value, bool):
        if key in MILLISECONDS and value >= 10**12:
            return value
        if key in _SECONDS and value >= 10**9:
            return value * 1000
    # A day without a time, such as the end of a token, counts from the day of the recording and stays.
    if isinstance(value, str) and key.endswith(("_at", "At")) and "T" in value:
        try:
            return int(datetime.fromisoformat(value).timestamp() * 1000)
        except ValueError:
            return None
    return None


def _id_kind(owner: str | None, key: str, value: Any) -> str | None:
    """The kind of database id that a value is, or None; ids that count within a project are stable already."""
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, str) and value.isdecimal())):
        return None
    # GitLab answers `version` with the database id where it is a number, and with the semantic version elsewhere.
    if key == "version":
        return "version"
    kind = owner if key == "id" else _ID_KEYS.get(key)
    return None if kind == "project" and int(value) == _PROJECT else kind
