"""Shows the recorded conversation behind an example, each request with its answer and a `curl` that sends it again."""

from __future__ import annotations

import contextlib
import difflib
import html
import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from verified_docs.cassette import Cassette, Echo, Fingerprint, Interaction, load_cassette
from verified_docs.evidence import Evidence
from verified_docs.example import Example
from verified_docs.exchange import pretty

# A page is to stay below 250 KB compressed. Longer conversations and answers are cut, and their cassette is linked.
MOST_REQUESTS = 60
MOST_SIGNS = 6000
_MOST_DIFFERENCES = 6
# To curl, these would be several addresses.
_GLOB = re.compile(r"[\[\]{}]")
# In double quotes, these mean something to a shell.
_MEANS = re.compile(r'["$`\\!]')
_LABEL = re.compile(r"^(?:(?P<scheme>\w+) )?<(?P<label>[^<>]*)>$")
# What stands for a file whose bytes are not kept, and for a token that has no variable of its own.
FILE, TOKEN = "FILE", "OTHER_TOKEN"


@dataclass(frozen=True)
class Names:
    """What a project calls the places and credentials of its recordings.

    Attributes:
        places: Of an example, beginnings of addresses as a shell has to write them, such as `$SERVER/api`, to what
            was recorded.
        variables: The variables that an example runs with; those with a credential have its label in `<…>`.
        credential_headers: Headers that carry a credential, in lower case.
        comparable: A JSON body without what differs from run to run.
        placeholder: What stands for ids that a server makes up.
    """

    places: Callable[[Example], Mapping[str, str]] = lambda example: {}
    variables: Callable[[Example], Mapping[str, str]] = lambda example: {}
    credential_headers: frozenset[str] = frozenset()
    comparable: Callable[[Any], Any] = lambda body: body
    placeholder: re.Pattern[str] = re.compile(r"(?!)")


def curl(one: Interaction, names: Names, example: Example) -> str:
    """A `curl` command for bash that sends a recorded request, with variables for the server and the credential.

    The bytes of a file are not kept: `$FILE` is the path of one. A credential without a variable is `$OTHER_TOKEN`.

    Args:
        one: The request.
        names: How the project calls places and credentials.
        example: The example that sent it.
    """
    parts: list[str] = []
    variables = names.variables(example)
    files = isinstance(one.body, Fingerprint)
    uploads = files and one.method == "PUT"
    # `--request HEAD` would wait for a body.
    if one.method == "HEAD":
        parts.append("--head")
    elif not uploads and (one.body or one.method != "GET"):
        parts.append(f"--request {shlex.quote(one.method)}")
    if _GLOB.search(one.uri):
        parts.append("--globoff")
    typed = False
    for name, value in one.headers.items():
        if name.lower() in names.credential_headers:
            parts.append(_credential(name, value, variables))
        else:
            typed = typed or name.lower() == "content-type"
            parts.append(f"--header {shlex.quote(f'{name}: {value}')}")
    if one.body and not typed and not uploads:
        # It would say that it sends a form.
        parts.append("--header 'Content-Type:'")
    if uploads:
        parts.append(f'--upload-file "${FILE}"')
    elif files:
        parts.append(f'--data-binary "@${FILE}"')
    elif one.body:
        parts.append(f"--data-raw {shlex.quote(str(one.body))}")
    parts.append(_address(one.uri, names.places(example)))
    return "curl " + " \\\n  ".join(parts)


def _address(uri: str, places: Mapping[str, str]) -> str:
    fitting = [(value, name) for name, value in places.items() if uri == value or uri.startswith(f"{value}/")]
    value, name = max(fitting, key=lambda pair: len(pair[0]), default=("", ""))
    rest = uri.removeprefix(value)
    return f'"{name}"{shlex.quote(rest)}' if _MEANS.search(rest) else f'"{name}{rest}"'


def _variable(label: str, variables: Mapping[str, str]) -> str:
    return next((name for name, value in variables.items() if value == f"<{label}>"), TOKEN)


def _credential(name: str, value: str, variables: Mapping[str, str]) -> str:
    match = _LABEL.match(value)
    if match is None:
        # No cassette has one; whatever it is, it is not shown.
        return f'--header "{name}: ${TOKEN}"'
    scheme, label = match["scheme"], match["label"]
    if scheme == "Basic":
        user, _, password = label.partition(":")
        return f'--user "{user}:${_variable(password, variables)}"'
    return f'--header "{name}: {f"{scheme} " if scheme else ""}${_variable(label, variables)}"'


class Wire:
    """Renders the recorded conversations of examples.

    Args:
        root: The project's folder.
        evidence: What was proven.
        names: How the project calls places and credentials.
    """

    def __init__(self, root: Path, evidence: Evidence, names: Names | None = None) -> None:
        self._root = root
        self._evidence = evidence
        self._names = names or Names()

    def recorded(self, example_id: str) -> dict[str, Cassette]:
        """The conversations that count: lane id to cassette, without lanes where the example is in quarantine."""
        results = self._evidence.examples[example_id].results
        return {
            lane_id: load_cassette(self._root / result.cassette)
            for lane_id, result in results.items()
            if result.cassette and not result.quarantine
        }

    def requests(self, example_id: str) -> int:
        """The number of requests that the panel of an example is about."""
        recorded = list(self.recorded(example_id).values())
        return len(recorded[-1].interactions) if recorded else 0

    def source(self, example_id: str) -> str:
        """The cassette that the panel of an example shows, below the project's root."""
        return self._below(list(self.recorded(example_id).values())[-1])

    def _below(self, cassette: Cassette) -> str:
        return cassette.path.relative_to(self._root).as_posix()

    def panel(self, example: Example, anchor: str, up: str, part: bool) -> str:
        """The conversation of an example, closed: the newest lane in full, of others what differs.

        Args:
            example: The example.
            anchor: The id to give it.
            up: The way from the page to the top of the site.
            part: Whether the card shows a part of the example only.

        Returns:
            Markdown with HTML in it, that works without JavaScript; empty where nothing was sent.
        """
        recorded = self.recorded(example.id)
        if not self.requests(example.id):
            return ""
        *others, newest = recorded
        lane, cassette = self._evidence.lanes[newest], recorded[newest]
        sent = cassette.interactions
        title = f"{_counted(len(sent))}{' of the whole script' if part else ''}"
        link = f"[the cassette]({up}{self._below(cassette)})"
        more = f", the first {MOST_REQUESTS} of {len(sent)}: {link} has all" if len(sent) > MOST_REQUESTS else ""
        shown = [self._request(number, sent, example) for number in range(min(len(sent), MOST_REQUESTS))]
        return "\n\n".join(
            (
                # The search of the theme leaves out an element up to the next end of one with the same name.
                '<section data-search-exclude markdown="1">',
                f'<details class="wire wire--panel" id="{anchor}" data-lane="{" ".join(recorded)}" markdown="1">'
                f"<summary>{title}</summary>",
                f"Recorded with {lane.server} and {lane.client}{more}. Ids, times and tokens are replaced by stable "
                f"ones. {self._explained(sent[:MOST_REQUESTS], example)}",
                # One row: nothing in a recording can be taken for Markdown. And no `pre` or `code`: what stands in
                # those on a page is a block of its own to the census.
                f'<ol class="wire__list">{"".join(shown)}</ol>',
                *self._differences(sent, {lane_id: recorded[lane_id] for lane_id in others}, up),
                "</details>",
                "</section>",
            )
        )

    def _explained(self, sent: Sequence[Interaction], example: Example) -> str:
        """What the variables of the commands stand for, where it is not plain."""
        commands = [curl(one, self._names, example) for one in sent]
        used = {name for command in commands for name in re.findall(r'(?<!\\)"[^"\n]*?\$(\w+)', command)}
        tokens = [
            f"`${name}` is the token `{value}`"
            for name, value in self._names.variables(example).items()
            if name in used and value[:1] == "<"
        ]
        other = [f"`${TOKEN}` is the token that the request was sent with"] if TOKEN in used else []
        file = [f"`${FILE}` is the path of the file to send"] if FILE in used else []
        words = "; ".join([*tokens, *other, *file])
        return f"In the commands {words}." if words else ""

    def _request(self, number: int, sent: Sequence[Interaction], example: Example) -> str:
        one = sent[number]
        good = "yes" if one.status < 400 else "no"
        address = urlsplit(one.uri)
        query = f"?{address.query}" if address.query else ""
        parts = [
            f'<li><details class="wire__request"><summary><b>{_text(one.method)}</b> '
            f'<span class="wire__path">{_text(address.path + query)}</span> '
            f'<span class="cell cell--{good}">{"✓" if good == "yes" else "✕"} {one.status}</span></summary>'
        ]
        if isinstance(one.body, Fingerprint):
            parts.append(f"<p>Sent: a file of {one.body.size} bytes</p>")
        elif one.body:
            parts.append(f"<p>Sent</p>{_block(pretty(one.body))}")
        kind = one.answer_headers.get("Content-Type", "")
        answered = f"Answer: {one.status} {one.reason}{f', {kind}' if kind else ''}"
        if isinstance(one.answer, Echo):
            of = f"the file that request {one.answer.index + 1} stored, {one.answer.size} bytes"
            parts.append(f"<p>{_text(answered)}: {of}</p>")
        elif isinstance(one.answer, bytes):
            parts.append(f"<p>{_text(answered)}: {len(one.answer)} bytes</p>")
        else:
            parts.append(f"<p>{_text(answered)}{'' if one.answer else ': empty'}</p>")
            parts.append(_block(pretty(one.answer) if "json" in kind else one.answer) if one.answer else "")
        command = _rows(curl(one, self._names, example))
        parts.append(f"<p>The same with curl</p><kbd>{command}</kbd></details></li>")
        return "".join(parts)

    def _differences(self, sent: Sequence[Interaction], others: Mapping[str, Cassette], up: str) -> list[str]:
        """One paragraph for all lanes that differ in the same way."""
        same: list[str] = []
        by_difference: dict[tuple[str, ...], list[str]] = {}
        for lane_id, cassette in others.items():
            found = tuple(self._compared(sent, cassette.interactions))
            (by_difference.setdefault(found, []) if found else same).append(lane_id)
        blocks = [_of_lanes(same, f"The same requests and status codes: {self._told(same)}.")] if same else []
        for found, lane_ids in by_difference.items():
            cassette = others[lane_ids[-1]]
            link = f"[The cassette]({up}{self._below(cassette)}) has all of it."
            rows = [f"- {row}" for row in found[:_MOST_DIFFERENCES]]
            if len(found) > _MOST_DIFFERENCES:
                rows.append(f"- and {len(found) - _MOST_DIFFERENCES} differences more")
            body = "\n".join(rows)
            count = _counted(len(cassette.interactions))
            blocks.append(_of_lanes(lane_ids, f"{self._told(lane_ids)}: {count}. {link}\n\n{body}"))
        return blocks

    def _told(self, lane_ids: Iterable[str]) -> str:
        lanes = (self._evidence.lanes[lane_id] for lane_id in lane_ids)
        return "; ".join(f"{lane.server} with {lane.client}" for lane in lanes)

    def _compared(self, sent: Sequence[Interaction], others: Sequence[Interaction]) -> list[str]:
        """What another lane did differently, in words; that reads came in another order says nothing."""
        ours, theirs = [self._kind(one) for one in sent], [self._kind(one) for one in others]
        pairs: list[tuple[int, int]] = []
        gone: list[int] = []
        more: list[int] = []
        for what, i, i_end, j, j_end in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
            if what == "equal":
                pairs += zip(range(i, i_end), range(j, j_end), strict=True)
            else:
                gone += range(i, i_end)
                more += range(j, j_end)
        moved = _matched(gone, more, ours, theirs)
        # Of what is left, the same route with something else in it.
        changed = _matched(gone, more, [kind[:2] for kind in ours], [kind[:2] for kind in theirs])
        found = [
            f"request {i + 1} is answered with {others[j].status}, not {sent[i].status}"
            for i, j in sorted([*pairs, *moved, *changed])
            if sent[i].status != others[j].status
        ]
        found += [f"request {i + 1} comes at another place" for i, _ in moved if sent[i].method != "GET"]
        for i, j in changed:
            found.append(f"request {i + 1} has another {'query' if ours[i][2] != theirs[j][2] else 'body'}")
        found += [f"not sent: request {i + 1}, `{_route(sent[i])}`" for i in gone]
        return found + [f"sent as well: `{_route(others[j])}`, answered with {others[j].status}" for j in more]

    def _kind(self, one: Interaction) -> tuple[str, str, str, str]:
        """A request without the ids that the server made up, and without what differs from run to run."""
        body = one.body
        if isinstance(body, str):
            with contextlib.suppress(ValueError):
                body = json.dumps(self._names.comparable(json.loads(body)), sort_keys=True)
        elif body is not None:
            body = body.sha256 if body.exact else "bytes"
        blank = self._names.placeholder.sub
        query = "&".join(f"{name}={value}" for name, value in one.query)
        return one.method, blank("*", one.path), blank("*", query), blank("*", body or "")


def _counted(number: int) -> str:
    return f"{number} request{'' if number == 1 else 's'}"


def _matched(
    gone: list[int], more: list[int], ours: Sequence[object], theirs: Sequence[object]
) -> list[tuple[int, int]]:
    """Takes out of two lists of places those at which the same thing stands, and gives them in pairs."""
    pairs = []
    for i in list(gone):
        j = next((j for j in more if theirs[j] == ours[i]), None)
        if j is not None:
            gone.remove(i)
            more.remove(j)
            pairs.append((i, j))
    return pairs


def _route(one: Interaction) -> str:
    return f"{one.method} {one.path}".replace("`", "")


def _of_lanes(lane_ids: Sequence[str], text: str) -> str:
    return f'<div class="wire__lanes" data-lane="{" ".join(lane_ids)}" markdown="1">\n\n{text}\n\n</div>'


def _block(text: str) -> str:
    cut = f"\n… {len(text) - MOST_SIGNS} signs more" if len(text) > MOST_SIGNS else ""
    return f"<samp>{_rows(text[:MOST_SIGNS] + cut)}</samp>"


def _text(text: str) -> str:
    return html.escape(text, quote=False)


def _rows(text: str) -> str:
    """Text of several rows on one."""
    return _text(text).replace("\r", "&#13;").replace("\n", "&#10;")
