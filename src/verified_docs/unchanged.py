"""Lets a new recording differ from the old one only where the server does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any

from verified_docs.adapter import Adapter
from verified_docs.cassette import Cassette, Interaction
from verified_docs.drift import drift


def settled(new: Cassette, old: Cassette, adapter: Adapter) -> Cassette:
    """The old recording where the new one says the same, else the new one in the order of the old.

    What differs between any two recordings is no difference: the moment, random ids, hashes of files that libraries
    pack anew each time, and the order of what has none: keys of an object, rows such as the tags of a run, files that
    are fetched at once.

    Args:
        new: What was recorded just now.
        old: What stands in the place of the new one.
        adapter: Knowledge of server and client.
    """
    ordered = in_order_of(old, new, adapter)
    return old if says_the_same(old, ordered, adapter) else ordered


def says_the_same(old: Cassette, new: Cassette, adapter: Adapter) -> bool:
    """Whether two recordings of one example differ in nothing but what differs between any two."""
    before, after = old.provenance, new.provenance
    return (
        (before.server, before.client, before.credentials) == (after.server, after.client, after.credentials)
        and before.environment == after.environment
        and not drift(old, new, adapter)
    )


def in_order_of(old: Cassette, new: Cassette, adapter: Adapter) -> Cassette:
    """A new recording with downloads, keys and rows in the order of an old one, where theirs means nothing.

    Names that the server makes up are those of the old one as well.
    """
    names: dict[str, str] = {}
    interactions = _downloads_in_order(old.interactions, new.interactions, adapter)
    olds, news = ([(one.method, one.uri, one.status) for one in ones] for ones in (old.interactions, interactions))
    for tag, i, i_end, j, _ in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        for step in range(i_end - i) if tag == "equal" else ():
            interactions[j + step] = _in_order(old.interactions[i + step], interactions[j + step], adapter)
            _learn(old.interactions[i + step], interactions[j + step], names, adapter)
    return replace(new, interactions=tuple(_renamed(one, names) for one in interactions))


def _downloads_in_order(old: Sequence[Interaction], new: Sequence[Interaction], adapter: Adapter) -> list[Interaction]:
    """Clients fetch several files at once: which comes first is chance."""
    places = iter(_places(old, new))
    found: list[Interaction] = []
    for fetched, group in groupby(new, lambda one: adapter.is_download(one.method, one.path)):
        block = [(next(places), number, one) for number, one in enumerate(group)]
        if fetched and all(place is not None for place, _, _ in block):
            block.sort(key=lambda entry: (entry[0] or 0, entry[1]))
        found += [one for _, _, one in block]
    return found


def _places(old: Sequence[Interaction], new: Sequence[Interaction]) -> Iterator[int | None]:
    """For each request of the new recording its number in the old one, or None."""
    left: dict[tuple[str, str], list[int]] = {}
    for number, one in enumerate(old):
        left.setdefault((one.method, one.uri), []).append(number)
    for one in new:
        numbers = left.get((one.method, one.uri))
        yield numbers.pop(0) if numbers else None


def _in_order(old: Interaction, new: Interaction, adapter: Adapter) -> Interaction:
    # Clients quote the answer of an error to the letter.
    if new.status >= 400 or not isinstance(old.answer, str) or not isinstance(new.answer, str):
        return new
    try:
        before, after = json.loads(old.answer), json.loads(new.answer)
    except ValueError:
        return new
    ordered = _arranged(before, after, new.path, "", adapter)
    if json.dumps(ordered) == json.dumps(after):
        return new
    style: dict[str, Any] = {"indent": 1} if "\n" in new.answer else {"separators": (",", ":")}
    return replace(new, answer=json.dumps(ordered, ensure_ascii=False, **style))


def _learn(old: Interaction, new: Interaction, names: dict[str, str], adapter: Adapter) -> None:
    """Learns which name that the server made up stands for which."""
    for before, after in zip(adapter.made_up(old.answer), adapter.made_up(new.answer), strict=False):
        names.setdefault(after, before)


def _renamed(one: Interaction, names: dict[str, str]) -> Interaction:
    body, answer = one.body, one.answer
    for after, before in names.items():
        body = body.replace(f'"{after}"', f'"{before}"') if isinstance(body, str) else body
        answer = answer.replace(f'"{after}"', f'"{before}"') if isinstance(answer, str) else answer
    return one if (body, answer) == (one.body, one.answer) else replace(one, body=body, answer=answer)


def _arranged(before: Any, after: Any, path: str, key: str, adapter: Adapter) -> Any:
    if isinstance(before, dict) and isinstance(after, dict):
        names = [name for name in before if name in after]
        names += [name for name in after if name not in before]
        return {name: _arranged(before.get(name), after[name], path, name, adapter) for name in names}
    if isinstance(before, list) and isinstance(after, list):
        rows = _rows_in_order(before, after, adapter) if adapter.is_unordered(path, key) else list(after)
        # Rows of another kind have nothing to learn from these.
        pairs = zip(before + [None] * len(rows), rows, strict=False)
        return [_arranged(one, other, path, f"{key}[]", adapter) for one, other in pairs]
    return after


def _rows_in_order(before: list[Any], after: list[Any], adapter: Adapter) -> list[Any]:
    """The rows that both have in the order of the old ones, then the others as they came."""
    left = [(_face(row, adapter), row) for row in after]
    ordered: list[Any] = []
    for row in before:
        face = _face(row, adapter)
        if (place := next((n for n, (other, _) in enumerate(left) if other == face), None)) is not None:
            ordered.append(left.pop(place)[1])
    return ordered + [row for _, row in left]


def _face(row: Any, adapter: Adapter) -> str:
    return json.dumps(adapter.masked(row), sort_keys=True)
