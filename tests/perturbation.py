"""Shows a recorded GitLab as another database, another day and another seed would have it, and understands its clients.

Only what GitLab promises to nobody is changed: ids, times, tokens, the names it makes up, the order of keys, and of
rows without an order. The patterns are written down here once more, and are not those of the code under test.
"""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from verified_docs.cassette import Cassette, Interaction

UUID = re.compile(r"00000000-0000-4000-8000-\d{12}")
BOT = re.compile(r"\b(project|group)_42_bot_[0-9a-f]{32}")
ANIMALS = re.compile(r'(?<=name": ")(?:[a-z]+-){3}\d{1,4}(?=")|(?<=name":")(?:[a-z]+-){3}\d{1,4}(?=")')
PAGE = re.compile(r'(?<=page_token": ")page-\d+|(?<=page_token":")page-\d+|(?<=page_token=)page-\d+')
# Ids as the recordings have them: of three digits or more, each kind from a number of its own.
ID = re.compile(
    r'("(?:id|user_id|creator_id|package_id|model_id|namespace_id|version)":\s*"?)(\d{3,})(?="?[,\s}\]])'
    r'|("key":\s*"gitlab.CI_JOB_ID",\s*"value":\s*")(\d+)(?=")'
    r"|(/ml/models/|/versions/|/api/v4/projects/|/access_tokens/|/members/all/|/members/|/users/|/package_files/|/jobs/|/groups/"
    r"|/packages/ml_models/|/packages/|/artifacts/|mlflow-artifacts:/|[?&](?:path|version|package_id|user_id)="
    r"|gid://gitlab/[A-Z]\w+(?:::\w+)?/)(\d{3,})(?=[/?&\s\"%>]|$)"
)
MILLISECONDS = re.compile(r"\b(17672\d{5})000\b")
SECONDS = re.compile(r"\b17672\d{5}\b")
ISO = re.compile(r"2026-01-01T00:(\d\d):(\d\d)(\.000)?Z")
DAY = re.compile(r"(?<![\d-])20\d\d-\d\d-\d\d(?![\dT-])")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
START = int(EPOCH.timestamp())
# What GitLab's own example fixtures call a token here is made up by the seed.
SECRET = {"<token>": "glpat-", "<runners_token>": "GR1348941"}
# What somebody has stored comes back as it is.
DOWNLOAD = re.compile(r"/mlflow-artifacts/artifacts/|/ml_models/\d+/files/")
UNORDERED = frozenset({"tags", "params", "metrics", "aliases"})


class World:
    """One seed's ids, times and names; what it has said once it understands.

    Args:
        cassettes: What will be shown: their ids are known.
        seed: Which world.
        today: Its day, or None to leave days alone.
        whole_seconds: Let no two times fall together that the recordings tell apart.
    """

    def __init__(
        self, cassettes: Iterable[Cassette], seed: int, today: datetime | None = None, whole_seconds: bool = True
    ) -> None:
        self._random = random.Random(seed)
        self._seed = seed
        self._bump = self._random.randrange(10_000, 99_999)
        self._today = today
        self._names: dict[str, str] = {}
        self._back: dict[str, str] = {}
        self.secrets: set[str] = set()
        start = int(datetime(2026, 2, 3, tzinfo=UTC).timestamp()) + self._random.randrange(10**6)
        steps = [
            self._random.randrange(1, 50) if whole_seconds else self._random.choice([0, 1, 1]) for _ in range(4000)
        ]
        self._clock = list(accumulate(steps, initial=start))
        self._ids: set[str] = set()
        for cassette in cassettes:
            for one in cassette.interactions:
                for text in (one.answer, *one.answer_headers.values()):
                    self._ids |= {_number(match) for match in ID.finditer(text if isinstance(text, str) else "")}

    # --- What GitLab says

    def shown(self, text: str, recorded: datetime | None = None) -> str:
        """A recorded text as this world has it."""
        text = UUID.sub(lambda match: self._name(match.group(), str(self._uuid(match.group()))), text)
        text = BOT.sub(lambda m: self._name(m.group(), f"{m[1]}_{self._bump}_bot_{self._uuid(m.group()).hex}"), text)
        text = PAGE.sub(lambda m: self._name(m.group(), self._uuid(m.group()).hex), text)
        text = ANIMALS.sub(
            lambda m: self._name(m.group(), f"owl-ibis-newt-{self._bump % 1000}{len(self._names)}"), text
        )
        text = ID.sub(lambda match: match.group().replace(_number(match), self._id(_number(match))), text)
        text = MILLISECONDS.sub(lambda match: f"{self._time(int(match[1]))}{self._bump % 1000:03d}", text)
        text = SECONDS.sub(lambda match: str(self._time(int(match.group()))), text)
        text = ISO.sub(self._iso, text)
        if recorded and self._today:
            days = self._today.date() - recorded.date()
            text = DAY.sub(lambda match: _moved(match.group(), days, recorded), text)
        return text

    def answer(self, one: Interaction, recorded: datetime | None = None) -> str:
        """The answer of a recorded request, with real looking secrets, and with keys and rows in another order."""
        assert isinstance(one.answer, str)
        if DOWNLOAD.search(one.path) and one.status == 200:
            return one.answer
        text = self.shown(one.answer, recorded)
        for label, prefix in SECRET.items():
            if f'"{label}"' in text:
                secret = prefix + self._uuid(label).hex[:20]
                self.secrets.add(secret)
                self._back[secret] = label
                text = text.replace(f'"{label}"', f'"{secret}"')
        if one.status >= 400 or text[:1] not in {"{", "["}:
            return text
        return json.dumps(self._shuffled("", json.loads(text)), ensure_ascii=False, separators=(",", ":"))

    def _shuffled(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            names = list(value)
            self._random.shuffle(names)
            return {name: self._shuffled(name, value[name]) for name in names}
        if isinstance(value, list):
            rows = [self._shuffled(f"{key}[]", row) for row in value]
            if key in UNORDERED:
                self._random.shuffle(rows)
            return rows
        return value

    # --- What a client says

    def understood(self, text: str) -> str:
        """A client's text with the recorded ids and names."""
        for new in sorted(self._back, key=len, reverse=True):
            text = text.replace(new, self._back[new])
        return ID.sub(lambda match: match.group().replace(_number(match), self._was(_number(match))), text)

    # --- One by one

    def _uuid(self, old: str) -> uuid.UUID:
        return uuid.UUID(int=random.Random(f"{self._seed} {old}").getrandbits(128), version=4)

    def _name(self, old: str, new: str) -> str:
        new = self._names.setdefault(old, new)
        self._back[new] = old
        return new

    def _id(self, old: str) -> str:
        return str(int(old) * 7 + self._bump) if old in self._ids and old != "42" else old

    def _was(self, new: str) -> str:
        old, rest = divmod(int(new) - self._bump, 7)
        return str(old) if rest == 0 and str(old) in self._ids else new

    def _time(self, seconds: int) -> int:
        return self._clock[seconds - START]

    def _iso(self, match: re.Match[str]) -> str:
        moment = datetime.fromtimestamp(self._time(START + int(match[1]) * 60 + int(match[2])), UTC)
        return moment.strftime(f"%Y-%m-%dT%H:%M:%S{f'.{self._bump % 1000:03d}' if match[3] else ''}Z")

    # --- A whole conversation, for tests without a server

    def conversation(self, cassette: Cassette) -> list[Interaction]:
        """A recording as it would come from this world, before anything was made stable."""
        found = []
        for one in cassette.interactions:
            answer: Any = self.answer(one) if isinstance(one.answer, str) else one.answer
            headers = {name: self.shown(value) for name, value in one.answer_headers.items()}
            body = one.body
            if isinstance(body, str):
                body = self.shown(body)
                for secret in self.secrets:
                    body = body.replace(f'"{self._back[secret]}"', f'"{secret}"')
            found.append(replace(one, uri=self.shown(one.uri), body=body, answer=answer, answer_headers=headers))
        return found


def _number(match: re.Match[str]) -> str:
    return next(match[place] for place in (2, 4, 6) if match[place])


def _moved(day: str, days: timedelta, recorded: datetime) -> str:
    try:
        moment = datetime.fromisoformat(day).date()
    except ValueError:
        return day
    return (moment + days).isoformat() if abs((moment - recorded.date()).days) < 400 else day
