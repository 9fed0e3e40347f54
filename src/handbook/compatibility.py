"""Shows how every call of the client went in every lane, with what it sent and what came back."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from handbook.calls import FOLDER, TITLES, anchor, family
from handbook.instead import instead
from handbook.measured import Coverage, Exchange, Probe
from handbook.table import Unmeasured, cell, literal, word
from handbook.verdict import NOT_DONE, Verdicts

_LONGEST = 90
_CODE = re.compile(r"`([^`]*)`")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)#]*)\.md(#[^)]*)?\)")


@dataclass(frozen=True)
class Outcome:
    """How one call went in one lane.

    Attributes:
        kind: The look of its cell: `yes`, `but`, `no` or `none`.
        words: What a reader is told, with a sign that needs no colour.
        detail: A caveat or the message of an error, in one line; may be empty.
    """

    kind: str
    words: str
    detail: str = ""

    @property
    def name(self) -> str:
        """The words without their sign, for a filter and for data."""
        return self.words.partition(" ")[2]


def outcome(lane: Coverage, probe: Probe) -> Outcome:
    """Says how a call went, in the words of the page."""
    caveat = lane.caveats.get(probe.caveat or "", "")
    message = _first(probe.exception[1]) if probe.exception else ""
    if probe.status == "not-in-client":
        return Outcome("none", "– not in this client")
    if probe.status == "client-only":
        return Outcome("yes", "✓ sends nothing")
    if probe.status == "fails":
        status = probe.refusal.status if probe.refusal else None
        if status is not None and status >= 400:
            return Outcome("no", f"✕ fails, {status}", message)
        return Outcome("no", "✕ fails in the client", message)
    if probe.status == "ignored" or probe.caveat in NOT_DONE:
        return Outcome("no", "✕ accepted and ignored", caveat or _first(probe.note or ""))
    if probe.status == "works-with-caveat":
        return Outcome("but", "✓ works, but", caveat)
    detail = f"raises, as an MLflow server does: {message}" if probe.expected_error else ""
    return Outcome("yes", "✓ works", detail)


class Compatibility:
    """Every measured call of all lanes.

    Args:
        verdicts: The coverage, with its lanes in the order in which pages show them.

    Raises:
        Unmeasured: The lanes were not asked the same, or a call fails and nothing says what to do instead.
    """

    def __init__(self, verdicts: Verdicts) -> None:
        self._lanes = list(verdicts.measured)
        self._names = [verdicts.name(lane) for lane in self._lanes]
        self._files = [verdicts.file(lane) for lane in self._lanes]
        self._ids = list(self._lanes[0].probes)
        for lane, name in zip(self._lanes, self._names, strict=True):
            if set(lane.probes) != set(self._ids):
                raise Unmeasured(f"{name} was not asked the same calls as {self._names[0]}")

    def matrix(self) -> str:
        """One table for each family of calls: a row for a call, a column for a lane; one filter serves them all."""
        names = {result.name for probe_id in self._ids for *_, result in self._row(probe_id)}
        labels = html.escape(json.dumps({word(name): name for name in sorted(names)}))
        filters = ",".join(map(_titled, self._names))
        tables = "".join(self._table(name, ids) for name, ids in self._families.items())
        return f'<div class="filterable" data-filters="{filters}" data-labels="{labels}">{tables}</div>'

    def calls(self, name: str, up: str) -> str:
        """Every call of a family, with what it sent in each lane and what came back.

        Args:
            name: The family.
            up: The way from the page to the top of the site.
        """
        return "\n\n".join(self._call(probe_id, up) for probe_id in self._families[name])

    def to_json(self) -> str:
        """The table as data: call, lane, outcome and what to do instead."""
        document = {
            "lanes": dict(zip(self._names, self._files, strict=True)),
            "calls": {
                probe_id: {
                    "page": f"{FOLDER}/{family(self._lanes[0].probes[probe_id].api)}/#{anchor(probe_id)}",
                    "outcomes": {
                        name: {"status": probe.status, "outcome": result.name, "detail": result.detail}
                        for name, probe, result in self._row(probe_id)
                    },
                    "instead": self._instead(probe_id, ""),
                }
                for probe_id in self._ids
            },
        }
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"

    @property
    def families(self) -> dict[str, int]:
        """Family to the number of its calls."""
        return {name: len(ids) for name, ids in self._families.items()}

    @cached_property
    def _families(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {name: [] for name in reversed(TITLES)}
        for probe_id in self._ids:
            found[family(self._lanes[0].probes[probe_id].api)].append(probe_id)
        return found

    def _row(self, probe_id: str) -> Iterator[tuple[str, Probe, Outcome]]:
        for lane, name in zip(self._lanes, self._names, strict=True):
            yield name, lane.probes[probe_id], outcome(lane, lane.probes[probe_id])

    def _instead(self, probe_id: str, up: str) -> str:
        failing = any(result.kind == "no" for *_, result in self._row(probe_id))
        return instead(probe_id, up) if failing else ""

    def _table(self, name: str, ids: Iterable[str]) -> str:
        head = "".join(f'<th scope="col">{html.escape(lane)}</th>' for lane in self._names)
        rows = []
        for probe_id in ids:
            probe = self._lanes[0].probes[probe_id]
            row = list(self._row(probe_id))
            place = f"../calls/{name}/#{anchor(probe_id)}"
            todo = _linked(self._instead(probe_id, "../../"))
            todo = f'<br><small class="instead">Instead: {todo}</small>' if todo else ""
            variant = "" if probe.variant == "basic" else f"<br><small>{_text(probe.variant)}</small>"
            cells = "".join(
                f'<td><a href="{place}" class="cell cell--{result.kind}">{_text(result.words)}</a>'
                f"{f'<br><small>{_text(_cut(result.detail))}</small>' if result.detail else ''}</td>"
                for *_, result in row
            )
            marks = "".join(f' data-{word(_titled(lane))}="{word(result.name)}"' for lane, _, result in row)
            heading = f'<a href="{place}">{_text(probe.api)}</a>{variant}{todo}'
            rows.append(f'<tr id="{anchor(probe_id)}"{marks}><th scope="row">{heading}</th>{cells}</tr>')
        return (
            f'<h2 id="{name}">{_text(TITLES[name])}</h2>'
            f'<div class="wide" tabindex="0" role="region" aria-label="{_text(TITLES[name])}, in every lane"><table>'
            f'<thead><tr><th scope="col">Call</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
            "</table></div>"
        )

    def _call(self, probe_id: str, up: str) -> str:
        probe = self._lanes[0].probes[probe_id]
        variant = "" if probe.variant == "basic" else f": {probe.variant}"
        todo = self._instead(probe_id, up)
        # An API that was only tried in variants has a place too, before the first of them.
        of_api = anchor(probe.api)
        first = next(other for other in self._ids if self._lanes[0].probes[other].api == probe.api)
        own_place = f"{probe.api}:basic" not in self._lanes[0].probes and first == probe_id
        parts = [
            *([f'<span id="{of_api}"></span>'] if own_place else []),
            f"## {_markdown(probe.api)}{_markdown(variant)} {{ #{anchor(probe_id)} }}",
            *([f"**Instead:** {todo}."] if todo else []),
        ]
        parts.append("".join(self._lane_of_call(name, each, result) for name, each, result in self._row(probe_id)))
        return "\n\n".join(parts)

    @staticmethod
    def _lane_of_call(name: str, probe: Probe, result: Outcome) -> str:
        said = [f"<dt>Call</dt><dd><samp>{_text(probe.call)}</samp></dd>"] if probe.call else []
        if result.detail and not probe.exception:
            said.append(f"<dt>Caveat</dt><dd>{_text(result.detail)}</dd>")
        if probe.exception:
            kind, message = probe.exception
            said.append(f"<dt>Error</dt><dd><samp>{_text(f'{kind}: {message}')}</samp></dd>")
        if probe.note:
            said.append(f"<dt>Seen</dt><dd>{_text(probe.note)}</dd>")
        if probe.log:
            said.append(f"<dt>Log</dt><dd><samp>{_text(chr(10).join(probe.log))}</samp></dd>")
        sent = "".join(map(_exchange, probe.exchanges))
        sent = f"<ol>{sent}</ol>" if sent else "<p>No request was sent.</p>"
        if probe.status == "not-in-client":
            sent = "<p>This client does not have the call.</p>"
        return (
            f'<details class="wire" data-search-exclude><summary>{_text(name)} '
            f"{cell(result.kind, _text(result.words))}</summary>"
            f"<dl>{''.join(said)}</dl>{sent}</details>"
        )


def _exchange(one: Exchange) -> str:
    """One request with its answer, on one line: CommonMark ends a block of HTML at an empty one."""
    phase = " <em>to read the effect back</em>" if one.phase == "verify" else ""
    status = f"<strong>{one.status}</strong>" if one.status else "<strong>no answer</strong>"
    request = json.dumps(one.request, ensure_ascii=False) if isinstance(one.request, dict) else one.request or ""
    bodies = "".join(f"<samp>{_text(body)}</samp>" for body in (request, one.response or one.error or "") if body)
    note = f" {_text(one.note)}" if one.note else ""
    return f"<li><b>{_text(one.method)} {_text(one.path)}</b> → {status}{phase}{note}{bodies}</li>"


def _linked(text: str) -> str:
    """Markdown with links and code as HTML; in a block of HTML, nobody else reads it or finds pages by their files."""
    text = _CODE.sub(lambda match: f"<samp>{_text(match[1])}</samp>", text)
    return _LINK.sub(lambda match: f'<a href="{match[2]}/{match[3] or ""}">{match[1]}</a>', text)


def _titled(lane: str) -> str:
    """The title of a lane's filter: its name in signs that an attribute may have."""
    return lane.replace(" · ", " ")


def _first(message: str) -> str:
    return message.strip().partition("\n")[0]


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _text(text: str) -> str:
    """Text for HTML within Markdown: no sign means anything, and no line is empty."""
    return literal(text.replace("\r", "")).replace("\n", "&#10;")


def _markdown(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>|~#" else sign for sign in text)
