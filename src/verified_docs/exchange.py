"""Shows one recorded request with its answer, as it stands in a cassette."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from verified_docs.card import fence
from verified_docs.cassette import Cassette, Echo, Fingerprint, Interaction, load_cassette
from verified_docs.evidence import Evidence, LaneName

_WIDTH = 84
_STABLE = "Ids, times and tokens are replaced by stable ones."


class NotThere(Exception):
    """A page names something that does not exist."""


def exchange(root: Path, evidence: Evidence, example_id: str, request: str, number: int, lane_id: str | None) -> str:
    """A recorded exchange as it stands on a page.

    Args:
        root: The project's folder.
        evidence: What was proven.
        example_id: The example whose recording to show.
        request: Method and end of the path, such as `POST runs/create`.
        number: Which of the requests of that kind, counted from 1.
        lane_id: The lane, or None for the newest in which the example was recorded.

    Returns:
        Markdown: the request, the answer, and where they come from.

    Raises:
        NotThere: There is no such example, lane or request.
    """
    cassette, index, lane = locate(root, evidence, example_id, request, number, lane_id)
    found = cassette.interactions[index]
    where = f"Recorded with {lane.server} and {lane.client}: request {index + 1} of {len(cassette.interactions)}"
    return "\n\n".join(
        (
            '<div class="exchange" markdown="1">',
            fence("http", _request(found), "Request"),
            _answer(found),
            f'<div class="source" markdown="1">\n\n{where}, of `{example_id}`. {_STABLE}\n\n</div>',
            "</div>",
        )
    )


def locate(
    root: Path, evidence: Evidence, example_id: str, request: str, number: int, lane_id: str | None
) -> tuple[Cassette, int, LaneName]:
    """Where a recorded exchange stands: the cassette, the place in it, and the lane; as `exchange` is asked.

    Raises:
        NotThere: There is no such example, lane or request.
    """
    if example_id not in evidence.examples:
        raise NotThere(f"there is no example {example_id!r}")
    results = evidence.examples[example_id].results
    recorded = [name for name, result in results.items() if result.cassette]
    if not recorded or (lane_id or recorded[-1]) not in recorded:
        raise NotThere(f"{example_id} was not recorded in {lane_id or 'any lane'}; it was in {', '.join(recorded)}")
    chosen = lane_id or recorded[-1]
    cassette = load_cassette(root / str(results[chosen].cassette))
    return cassette, _find(cassette, example_id, request, number), evidence.lanes[chosen]


def _find(cassette: Cassette, example_id: str, request: str, number: int) -> int:
    method, _, path = request.partition(" ")
    found = [
        index
        for index, one in enumerate(cassette.interactions)
        if one.method == method and one.path.endswith(f"/{path}")
    ]
    if not 1 <= number <= len(found):
        raise NotThere(f"the recording of {example_id} has {request!r} {len(found)} times, not {number}")
    return found[number - 1]


def _request(one: Interaction) -> str:
    address = one.uri.partition("://")[2]
    rows = [f"{one.method} /{address.partition('/')[2]} HTTP/1.1", f"Host: {address.partition('/')[0]}"]
    rows += [f"{name}: {value}" for name, value in one.headers.items()]
    body = one.body
    if isinstance(body, Fingerprint):
        rows += ["", f"({body.size} bytes)"]
    elif body is not None:
        rows += ["", pretty(body).rstrip("\n")]
    return "\n".join(rows) + "\n"


def _answer(one: Interaction) -> str:
    title = f"Answer: {one.status} {one.reason}"
    if isinstance(one.answer, (bytes, Echo)):
        size = one.answer.size if isinstance(one.answer, Echo) else len(one.answer)
        return fence("text", f"({size} bytes)\n", title)
    is_json = "json" in one.answer_headers.get("Content-Type", "") and one.answer != ""
    return fence("json" if is_json else "text", (pretty(one.answer) if is_json else one.answer) + "\n", title)


def pretty(text: str) -> str:
    """JSON in rows that people can read; any other text as it is."""
    try:
        return _laid_out(json.loads(text), 0)
    except ValueError:
        return text


def _laid_out(value: Any, indent: int) -> str:
    """JSON in which whatever fits on a line stands on one."""
    line = json.dumps(value, ensure_ascii=False)
    if indent + len(line) <= _WIDTH or not isinstance(value, (dict, list)):
        return line
    inner = indent + 2
    if isinstance(value, dict):
        rows = [f"{json.dumps(key)}: {_laid_out(item, inner + len(key) + 4)}" for key, item in value.items()]
        opening, end = "{", "}"
    else:
        rows = [_laid_out(item, inner) for item in value]
        opening, end = "[", "]"
    # Not textwrap: to it, some characters inside a string end a line.
    body = ",\n".join(rows).replace("\n", "\n  ")
    return f"{opening}\n  {body}\n{end}"
