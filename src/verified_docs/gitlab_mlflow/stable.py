"""Replaces what differs between two recordings of an unchanged GitLab: ids, times, tokens, names of bots."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from verified_docs.cassette import Interaction
from verified_docs.leaks import LABEL

_ML_API = "/ml/mlflow/"
_UUID = re.compile(r"(?<![0-9a-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])")
# What takes their place, and that of page tokens.
PLACEHOLDER = re.compile(
    r"(?<![0-9a-z])(?:00000000-0000-4000-8000-\d{12}|(?:project|group)_42_bot_[0-9a-f]{32}|page-\d+)(?![0-9a-z])"
)
_BOT = re.compile(r"(?<![0-9a-z])(project|group)_\d+_bot_[0-9a-f]{32}")
MILLISECONDS = frozenset({"start_time", "end_time", "timestamp"})
_SECONDS = frozenset({"creation_timestamp", "last_updated_timestamp"})
_PAGE_TOKENS = frozenset({"page_token", "next_page_token"})
# What holds a secret by its name, whatever the value looks like; `page_token` and the like count pages.
_SECRET_KEY = re.compile(r"(?:^|_)(?:token|secret|password)$")
# The remark or placeholder that a recording has in place of a token. All become one label: which of two tokens was sent
# cannot be told from such a recording.
_REPLACED_TOKEN = re.compile(r"gl[a-z]{2,6}-(?:placeholder|REDACTED)[A-Za-z0-9_-]*")
_LONG_ENOUGH = 8
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
    "job": 451,
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
    "jobs": "job",
    "access_tokens": "token",
    "personal_access_tokens": "token",
    "self": "token",
    "rotate": "token",
    "package_files": "file",
    "packages": "package",
    "projects": "project",
}
# What links a run or a version to a CI job. GitLab gives the tag back only where there is such a job.
_JOB_VARIABLE = "CI_JOB_ID"
_JOB_TAG = f"gitlab.{_JOB_VARIABLE}"
_ID_IN_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=/ml/models/)\d+"), "model"),
    (re.compile(r"(?<=/versions/)\d+"), "version"),
    (re.compile(r"(?<=/packages/ml_models/)\d+(?=/)"), "version"),
    (re.compile(r"(?<=/mlflow-artifacts/artifacts/)\d+(?=/|$)"), "version"),
    (re.compile(r"(?<=^mlflow-artifacts:/)\d+(?=/|$)"), "version"),
    (re.compile(r"(?<=[?&]path=)\d+(?=/|%2F|&|$)"), "version"),
    (re.compile(r"(?<=[?&]version=)\d+(?=&|$)"), "version"),
)
# Only where the server has named the id: an example may ask for a number that does not exist.
_KNOWN_ID_IN_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=gid://gitlab/Ml::Model/)\d+"), "model"),
    (re.compile(r"(?<=gid://gitlab/Ml::ModelVersion/)\d+"), "version"),
    (re.compile(r"(?<=gid://gitlab/Ml::Experiment/)\d+"), "experiment"),
    (re.compile(r"(?<=gid://gitlab/Packages::Package/)\d+"), "package"),
    (re.compile(r"(?<=gid://gitlab/User/)\d+"), "user"),
    (re.compile(r"(?<=[?&]package_id=)\d+"), "package"),
    (re.compile(r"(?<=[?&]user_id=)\d+"), "user"),
    (re.compile(r"(?<=/access_tokens/)\d+"), "token"),
    (re.compile(r"(?<=/personal_access_tokens/)\d+"), "token"),
    (re.compile(r"(?<=/users/)\d+"), "user"),
    (re.compile(r"(?<=/groups/)\d+"), "group"),
    (re.compile(r"(?<=/jobs/)\d+"), "job"),
    (re.compile(r"(?<=/package_files/)\d+"), "file"),
    (re.compile(r"(?<=/members/)\d+"), "user"),
    (re.compile(r"(?<=/members/all/)\d+"), "user"),
    (re.compile(r"(?<=/packages/)\d+(?=$|[/?])"), "package"),
    (re.compile(r"(?<=/projects/)\d+"), "project"),
)
# GitLab repeats the number of the project in the links to other pages of a list.
_PROJECT_IN_LINK = re.compile(r"(?<=/projects/42/)([^?>]*\?(?:[^>]*&)?id=)\d+")
# GitLab hands on what PostgreSQL says of a row that it refuses: ids and times without a name.
_DATABASE_ROW = re.compile(r"(?<=Failing row contains )\(.*?\)(?=\.)")
_ROW_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\+00")
_ROW_NUMBER = re.compile(r"(?<=[( ])\d+(?=[,)])")
_COUNTS = frozenset({"x-total", "x-total-pages"})


class Stable:
    """The replacements that make one conversation stable.

    A value gets the same replacement wherever it stands; the order of times and of ids is kept; nothing but the
    conversation decides. A number in a request is an id only if an earlier answer has named it. Times are numbered by
    their order: two that fall together in one recording and not in another are not made alike.
    """

    def __init__(self, interactions: Sequence[Interaction]) -> None:
        self._interactions = [_without_neighbours(interaction) for interaction in interactions]
        self._uuids: dict[str, str] = {}
        self._bots: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self._secrets: dict[str, str] = {}
        times: set[int] = set()
        # Kind and id to the number of the interaction that named it first.
        named: dict[str, dict[int, int]] = {kind: {} for kind in _FIRST_ID}
        for number, interaction in enumerate(self._interactions):
            _collect_ids(interaction.uri, named)
            self._name(interaction.uri)
            for body in (interaction.body, interaction.answer):
                if isinstance(body, str):
                    self._name(body)
                    is_answer = body is interaction.answer or _ML_API in interaction.uri
                    self._collect(number, interaction, body, times, named, is_answer=is_answer)
        start = int(_EPOCH.timestamp() * 1000)
        self._times = {instant: start + 1000 * rank for rank, instant in enumerate(sorted(times))}
        self._named = named
        self._ids = {
            kind: {str(value): str(_FIRST_ID[kind] + rank) for rank, value in enumerate(sorted(values))}
            for kind, values in named.items()
        }

    def _name(self, text: str) -> None:
        for found in _UUID.findall(text):
            self._uuids.setdefault(found, f"00000000-0000-4000-8000-{len(self._uuids) + 1:012d}")
        for match in _BOT.finditer(text):
            self._bots.setdefault(match.group(), f"{match[1]}_{_PROJECT}_bot_{len(self._bots) + 1:032x}")

    def _collect(
        self,
        number: int,
        interaction: Interaction,
        body: str,
        times: set[int],
        named: dict[str, dict[int, int]],
        *,
        is_answer: bool,
    ) -> None:
        document = _parse(body)
        if body is interaction.answer:
            for job in _jobs(document):
                named["job"].setdefault(job, number)
        for owner, key, value in _scalars(document, _owner(interaction)):
            if (moment := instant(key, value)) is not None:
                if is_answer:
                    times.add(moment)
            elif key in _PAGE_TOKENS and value:
                self._tokens.setdefault(str(value), f"page-{len(self._tokens) + 2}")
            elif _SECRET_KEY.search(key) and isinstance(value, str):
                if len(value) >= _LONG_ENOUGH:
                    self._secrets[value] = _label(key, value)
            elif (kind := _id_kind(owner, key, value)) is not None:
                if is_answer:
                    named[kind].setdefault(int(value), number)
            elif isinstance(value, str):
                _collect_ids(value, named)
                if is_answer:
                    for pattern, of in _KNOWN_ID_IN_TEXT:
                        for found in pattern.findall(value) if "gid://" in value else ():
                            named[of].setdefault(int(found), number)

    def apply(self) -> list[Interaction]:
        """The conversation with every replacement made."""
        return [self._replaced(number, interaction) for number, interaction in enumerate(self._interactions)]

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Variables of the recorded run, with the same replacements."""
        return {
            name: self._id("job", value, None) if name == _JOB_VARIABLE else self.text(value)
            for name, value in variables.items()
        }

    def _replaced(self, number: int, interaction: Interaction) -> Interaction:
        owner = _owner(interaction)
        # What the program sends may name what was answered before, but not what only comes now.
        before = None if _ML_API in interaction.uri else number
        return replace(
            interaction,
            uri=self.text(interaction.uri, before),
            answer_headers={name: self.text(value) for name, value in interaction.answer_headers.items()},
            body=self._body(interaction.body, owner, before),
            answer=self._body(interaction.answer, owner, None),
        )

    def _body(self, body: Any, owner: str | None, before: int | None) -> Any:
        if not isinstance(body, str):
            return body
        document = _parse(body)
        stable = None if document is None else self._value(owner, "", document, before)
        # Untouched text keeps its exact bytes: it may be a file of the example's own.
        if stable == document:
            return self._without_secrets(body)
        # GitLab writes no blanks, the client does; clients quote answers to the letter.
        separators = (", ", ": ") if '": ' in body else (",", ":")
        return json.dumps(stable, ensure_ascii=False, separators=separators)

    def _value(self, owner: str | None, key: str, value: Any, before: int | None) -> Any:
        if isinstance(value, dict):
            stable = {name: self._value(_OWNERS.get(key, owner), name, item, before) for name, item in value.items()}
            is_job = value.get("key") == _JOB_TAG
            return stable | {"value": self._id("job", str(value.get("value")), None)} if is_job else stable
        if isinstance(value, list):
            return [self._value(owner, key, item, before) for item in value]
        if (moment := instant(key, value)) is not None:
            return self._time(key, value, self._times[moment]) if moment in self._times else value
        if key in _PAGE_TOKENS and value:
            return self._tokens[str(value)]
        if (kind := _id_kind(owner, key, value)) is not None:
            return type(value)(self._id(kind, str(value), before))
        if not isinstance(value, str):
            return value
        if key == "avatar_url":
            return _PICTURE
        return _label(key, value) if value and _SECRET_KEY.search(key) else self.text(value, before)

    def _id(self, kind: str, value: str, before: int | None) -> str:
        # Nobody writes an id with a zero in front: such a number stays.
        stable = self._ids[kind].get(value)
        return value if stable is None or (before is not None and self._named[kind][int(value)] >= before) else stable

    @staticmethod
    def _time(key: str, value: Any, stable: int) -> Any:
        if isinstance(value, str):
            fraction = ".000" if "." in value else ""
            return datetime.fromtimestamp(stable / 1000, UTC).strftime(f"%Y-%m-%dT%H:%M:%S{fraction}Z")
        return stable // 1000 if key in _SECONDS else stable

    def text(self, text: str, before: int | None = None) -> str:
        """A text with every known id replaced.

        Args:
            text: The text.
            before: The number of a request, which can only know what was answered before it; None for an answer.
        """
        text = _DATABASE_ROW.sub(_plain_row, text)
        text = _UUID.sub(lambda match: self._uuids.get(match.group(), match.group()), text)
        text = _BOT.sub(lambda match: self._bots.get(match.group(), match.group()), text)
        for pattern, kind in _ID_IN_TEXT:
            text = pattern.sub(partial(self._id_match, kind, None), text)
        for pattern, kind in _KNOWN_ID_IN_TEXT:
            text = pattern.sub(partial(self._id_match, kind, before), text)
        return self._without_secrets(_PROJECT_IN_LINK.sub(rf"\g<1>{_PROJECT}", text))

    def _id_match(self, kind: str, before: int | None, match: re.Match[str]) -> str:
        return self._id(kind, match.group(), before)

    def _without_secrets(self, text: str) -> str:
        for secret, label in self._secrets.items():
            text = text.replace(secret, label)
        return _REPLACED_TOKEN.sub("<token>", text)


def _plain_row(row: re.Match[str]) -> str:
    """A row that PostgreSQL shows in an error, with nothing of the day or the database in it."""
    return _ROW_NUMBER.sub("0", _ROW_TIME.sub("2026-01-01 00:00:00+00", row.group()))


def _label(key: str, value: str) -> str:
    """What stands for a secret: an empty one and a label stay what they are."""
    if LABEL.fullmatch(value):
        return value
    return "<token>" if key.endswith("token") and "runner" not in key else f"<{key.lower()}>"


def _without_neighbours(interaction: Interaction) -> Interaction:
    """Leaves the other projects of a group, or of the server, out of an answer."""
    owner, document = _owner(interaction), _parse(str(interaction.answer)) if interaction.status == 200 else None
    if owner == "group" and isinstance(document, dict) and any(document.get(key) for key in _NEIGHBOURS):
        kept: Any = {key: [] if key in _NEIGHBOURS else value for key, value in document.items()}
    elif owner == "project" and isinstance(document, list) and any(row.get("id") != _PROJECT for row in document):
        kept = [row for row in document if row.get("id") == _PROJECT]
    else:
        return interaction
    headers = {name: value for name, value in interaction.answer_headers.items() if name.lower() not in _COUNTS}
    return replace(
        interaction, answer=json.dumps(kept, ensure_ascii=False, separators=(",", ":")), answer_headers=headers
    )


def _collect_ids(text: str, named: dict[str, dict[int, int]]) -> None:
    for pattern, kind in _ID_IN_TEXT:
        for found in pattern.findall(text):
            named[kind].setdefault(int(found), -1)


def _parse(body: str) -> Any:
    """The JSON document of a body, or None where it is another text."""
    if body[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None


def _jobs(value: Any) -> Iterator[int]:
    """The numbers of CI jobs in the tags of a document."""
    if isinstance(value, dict):
        if value.get("key") == _JOB_TAG and str(value.get("value")).isdecimal():
            yield int(value["value"])
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from _jobs(item)


def _scalars(value: Any, owner: str | None, key: str = "") -> Iterator[tuple[str | None, str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _scalars(item, _OWNERS.get(key, owner), name)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item, owner, key)
    else:
        yield owner, key, value


def _owner(interaction: Interaction) -> str | None:
    """Whose `id` the bodies of a request hold, unless an object inside says otherwise; None where it is not known."""
    if _ML_API in interaction.uri:
        return "version"
    parts = interaction.path.removeprefix("/api/v4").strip("/").split("/")
    for place in reversed(range(len(parts))):
        if parts[place] in _OWNERS:
            return _OWNERS[parts[place]]
        # Collections and ids take turns; an id may be a name.
        if place % 2 == 0 and not parts[place].isdecimal():
            return None
    return None


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


def is_secret(key: str, value: str) -> bool:
    """Whether a value is a secret by its name, and long enough to be looked for in other texts."""
    named = key not in _PAGE_TOKENS and _SECRET_KEY.search(key) is not None
    return named and len(value) >= _LONG_ENOUGH and not LABEL.fullmatch(value)


def secret_label(key: str, value: str) -> str:
    """What stands for a secret of that name."""
    return _label(key, value)
