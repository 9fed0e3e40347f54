"""Writes the routes as a page and as data, so that people and programs read the same list."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence

from handbook.calls import link, split
from handbook.routes import Field, Route, Routes
from handbook.table import table
from handbook.template import MLFLOW, short
from verified_docs.card import EVIDENCE_PAGE, evidence_anchor

_MANY = 12
_FAMILIES = (
    ("Runs", r"/mlflow/(runs|metrics)/"),
    ("Experiments", r"/mlflow/experiments/"),
    ("Model registry", r"/mlflow/(registered-models|model-versions)/"),
    ("Files", r"/mlflow-artifacts/|/ml_models/"),
    ("Packages", r"/packages"),
    ("Projects, members, tokens, variables", r"/projects|/groups|tokens|/users?$"),
    ("GraphQL, versions, pages", r""),
)


class Endpoints:
    """The routes as this site shows them.

    Args:
        routes: The routes.
        examples: The ids of the examples that have a place on the page of evidence.
    """

    def __init__(self, routes: Routes, examples: Iterable[str]) -> None:
        self._routes = routes
        self._examples = frozenset(examples)

    @property
    def count(self) -> int:
        """How many routes were touched."""
        return len(self._routes.routes)

    @property
    def requests(self) -> int:
        """How many requests they were taken from."""
        return sum(sum(counts.values()) for one in self._routes.routes for counts in one.statuses.values())

    @property
    def missing_count(self) -> int:
        """How many routes GitLab does not have."""
        return sum(one.missing for one in self._routes.routes)

    def entries(self, up: str) -> str:
        """Every route that GitLab has, by family.

        Args:
            up: The way from the page to the top of the site.
        """
        parts = []
        there = [one for one in self._routes.routes if not one.missing]
        for title, _ in _FAMILIES:
            chosen = [one for one in there if _family(one) == title]
            if chosen:
                parts.append(f"## {title}")
            for one in chosen:
                parts += self._entry(one, up)
        return "\n\n".join(parts)

    def missing(self, up: str) -> str:
        """A table of the routes that GitLab does not have."""
        rows = [
            [
                f'<span id="{anchor(one)}"></span>`{one.method} {short(one.path)}`',
                self._routes.words(one.statuses),
                str(sum(sum(counts.values()) for counts in one.statuses.values())),
                self._senders(one, up),
            ]
            for one in self._routes.routes
            if one.missing
        ]
        return table(["Route", "Asked for in", "Times", "Asked for by"], rows)

    def json(self) -> str:
        """The same as data."""
        data = {"version": 1, "lanes": self._routes.lanes, "routes": [self._data(one) for one in self._routes.routes]}
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"

    def _data(self, one: Route) -> dict[str, object]:
        def fields(found: Mapping[str, Field]) -> list[dict[str, object]]:
            return [
                {
                    "field": path,
                    "types": of.types,
                    "example": of.example,
                    "statuses": of.statuses,
                    "lanes": self._ordered(of.lanes),
                }
                for path, of in sorted(found.items())
            ]

        return {
            "method": one.method,
            "path": one.path,
            "missing": one.missing,
            "statuses": {lane: dict(sorted(one.statuses[lane].items())) for lane in self._ordered(one.statuses)},
            "query": {key: self._ordered(lanes) for key, lanes in sorted(one.query.items())},
            "request": fields(one.request),
            "response": fields(one.response),
            "calls": sorted(one.calls),
            "examples": sorted(one.examples),
        }

    def _ordered(self, lanes: Iterable[str]) -> list[str]:
        return [lane for lane in self._routes.lanes if lane in set(lanes)]

    def _entry(self, one: Route, up: str) -> list[str]:
        parts = [f"### `{one.method} {short(one.path)}` {{ #{anchor(one)} }}", self._senders(one, up)]
        if one.query:
            keys = ", ".join(f"`{key}`{self._only(lanes, one)}" for key, lanes in sorted(one.query.items()))
            parts.append(f"Query: {keys}.")
        statuses = sorted({status for counts in one.statuses.values() for status in counts})
        rows = [
            [status, *(str(one.statuses.get(lane, {}).get(status, 0)) for lane in self._routes.lanes)]
            for status in statuses
        ]
        parts.append(_html(["Status", *self._routes.lanes], rows))
        for title, found in (("Field sent", one.request), ("Field of the answer", one.response)):
            rows = [
                [
                    f"<samp>{html.escape(path)}</samp>",
                    ", ".join(of.types),
                    f"<samp>{html.escape(of.example)}</samp>",
                    ", ".join(of.statuses),
                    "all that ask" if of.lanes == set(one.statuses) else self._routes.words(of.lanes),
                ]
                for path, of in sorted(found.items())
            ]
            if rows:
                parts.append(_html([title, "Type", "Such as", "Status", "Lanes"], rows))
        return parts

    def _only(self, lanes: Iterable[str], one: Route) -> str:
        return "" if set(lanes) == set(one.statuses) else f" ({self._routes.words(lanes)})"

    def _senders(self, one: Route, up: str) -> str:
        """Who sends it, in Markdown; long lists stand folded."""
        calls = [f"[`{api}`]({link(api, up)})" for api in sorted({split(call)[0] for call in one.calls})]
        examples = [
            f"[{name}]({up}{EVIDENCE_PAGE}#{evidence_anchor(name)})" if name in self._examples else name
            for name in sorted(one.examples)
        ]
        if not calls and not examples:
            return "Sent only to read back what a measured call had done."
        told = [f"Calls: {', '.join(calls)}."] if calls else []
        told += [f"Examples: {', '.join(examples)}."] if examples else []
        if one.missing or len(calls) + len(examples) <= _MANY:
            return " ".join(told)
        body = "\n\n".join(f"    {row}" for row in told)
        return f'??? info "Sent by {_many(calls, "call")} and {_many(examples, "example")}"\n\n{body}'


def _many(found: Sequence[str], word: str) -> str:
    return f"{len(found)} {word}{'' if len(found) == 1 else 's'}"


def anchor(one: Route) -> str:
    """The anchor of a route."""
    return re.sub(r"[^a-z0-9]+", "-", f"{one.method} {one.path.replace(MLFLOW, '', 1)}".lower()).strip("-")


def _family(one: Route) -> str:
    return next(title for title, pattern in _FAMILIES if re.search(pattern, one.path))


def _html(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table on one line: thousands of Markdown cells would take minutes."""
    head = "".join(f"<th>{html.escape(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
