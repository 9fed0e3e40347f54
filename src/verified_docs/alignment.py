"""Finds which request of one recording is which of another, so that one request more does not move all others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from verified_docs.cassette import Fingerprint, Interaction

_DAY = r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)"
_NUMBER = re.compile(r"(?<=/)\d+(?=/|$)")
# How sure it is that two requests are the same one.
_ROUTE, _REQUEST, _ANSWER = 2, 5, 1
_ALIKE = 0.75


class Names:
    """Learns which ids and days of one recording stand for which of another.

    A cassette numbers its ids in the order in which they came. One run more shifts all that come after it, and says
    nothing of them.

    Args:
        placeholder: What ids look like in a cassette.
        later: The time between the days of the two recordings.
    """

    def __init__(self, placeholder: re.Pattern[str], later: timedelta) -> None:
        self._token = re.compile(f"(?:{placeholder.pattern})|(?:{_DAY})")
        self._later = later
        self._votes: Counter[tuple[str, str]] = Counter()
        self._settled: dict[str, str] | None = None

    def bind(self, before: str, after: str) -> None:
        """Learns from two texts that differ in ids and days at most; other texts teach nothing."""
        if self.blank(before) != self.blank(after):
            return
        for one, other in zip(self._token.finditer(before), self._token.finditer(after), strict=False):
            old, new = one.group(), other.group()
            if _is_day(old) and not self._same_day(old, new):
                continue
            self._votes[new, old] += 1
            self._settled = None

    def _same_day(self, before: str, after: str) -> bool:
        try:
            return before == after or date.fromisoformat(after) - date.fromisoformat(before) == self._later
        except ValueError:
            return False

    def _old(self) -> dict[str, str]:
        """Which id stands for which: what most texts say, so that one wrong id does not turn all others around."""
        if self._settled is None:
            self._settled = {}
            taken: set[str] = set()
            for (new, old), _ in sorted(self._votes.items(), key=lambda vote: (-vote[1], vote[0][0] != vote[0][1])):
                if new not in self._settled and old not in taken:
                    self._settled[new] = old
                    taken.add(old)
        return self._settled

    def rename(self, text: str) -> str:
        """A text of the newer recording with the ids and days of the older one."""
        return self._token.sub(self._name, text)

    def _name(self, match: re.Match[str]) -> str:
        token, old = match.group(), self._old()
        if token in old:
            return old[token]
        return f"new-{token}" if not _is_day(token) and token in old.values() else token

    def blank(self, text: str) -> str:
        """A text without its ids and days."""
        return self._token.sub("…", text)


def _is_day(token: str) -> bool:
    return re.fullmatch(_DAY, token) is not None


def align(old: Sequence[Interaction], new: Sequence[Interaction], names: Names) -> dict[int, int]:
    """Finds the requests that two recordings have in common.

    Of all ways to pair them in order, the one is taken in which most agree: in method and route, then in what was sent,
    then in the answer. A route is a path without its ids. What is left and was sent alike is paired out of order; what
    is left after that, and stands at the same place with another route, is a request whose path has changed.

    Returns:
        Numbers in the older recording to numbers in the newer one.
    """
    olds, newer = [_Face(one, names) for one in old], [_Face(one, names) for one in new]
    best = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            alike = olds[i].alike(newer[j])
            paired = alike + best[i + 1][j + 1] if alike else 0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs: dict[int, int] = {}
    i = j = 0
    while i < len(old) and j < len(new):
        alike = olds[i].alike(newer[j])
        if alike and best[i][j] == alike + best[i + 1][j + 1]:
            pairs[i] = j
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    for i in (number for number in range(len(old)) if number not in pairs):
        taken = set(pairs.values())
        rest = (number for number in range(len(new)) if number not in taken)
        if (moved := next((j for j in rest if olds[i].request == newer[j].request), None)) is not None:
            pairs[i] = moved
    for i in (number for number in range(len(old)) if number not in pairs):
        # Right after the one that stands right after the same request.
        j = pairs.get(i - 1, -1) + 1 if i == 0 or i - 1 in pairs else len(new)
        if j < len(new) and j not in pairs.values() and olds[i].near(newer[j]):
            pairs[i] = j
    return pairs


def crossed(pairs: Mapping[int, int]) -> list[int]:
    """The fewest requests of the older recording that have to be moved for the others to be in order."""
    ordered = sorted(pairs)
    # The longest run of pairs in order, ending at each.
    length: dict[int, int] = {}
    before: dict[int, int | None] = {}
    for place, number in enumerate(ordered):
        earlier = [one for one in ordered[:place] if pairs[one] < pairs[number]]
        last = max(earlier, key=lambda one: length[one], default=None)
        length[number], before[number] = (length[last] if last is not None else 0) + 1, last
    kept: set[int] = set()
    end = max(ordered, key=lambda one: length[one], default=None)
    while end is not None:
        kept.add(end)
        end = before[end]
    return [number for number in ordered if number not in kept]


class _Face:
    """What tells one request from another."""

    def __init__(self, one: Interaction, names: Names) -> None:
        body = "(a file)" if isinstance(one.body, Fingerprint) and not one.body.exact else names.blank(str(one.body))
        self.method = one.method
        self.parts = _NUMBER.sub("…", names.blank(one.path)).split("/")
        self.request = (one.method, names.blank(one.uri), body)
        self.answer = (one.status, names.blank(one.answer) if isinstance(one.answer, str) else type(one.answer))

    def alike(self, other: _Face) -> int:
        """How sure it is that the two are one request; 0 if they are not."""
        if self.method != other.method:
            return 0
        if self.parts == other.parts:
            return _ROUTE + _REQUEST * (self.request == other.request) + _ANSWER * (self.answer == other.answer)
        return 0

    def near(self, other: _Face) -> bool:
        """Whether one may be the other with another route, such as a newer version of it."""
        if self.method != other.method or len(self.parts) != len(other.parts):
            return False
        same = sum(one == another for one, another in zip(self.parts, other.parts, strict=True))
        return same / len(self.parts) >= _ALIKE
