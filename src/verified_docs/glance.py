"""Says in one glance what was proven in each lane: for a home page, and for a script that leaves other lanes out."""

from __future__ import annotations

import html
import json

from verified_docs.evidence import Evidence

LANES_FILE = "assets/lanes.json"
# As readers see it, in the order of the columns; the last only where there is any.
_WORDS = {
    "passes": ("✓", "Ran as shown"),
    "fails_as_shown": ("✕", "Fails as shown"),
    "not_recorded": ("–", "Not recorded"),
    "quarantined": ("‖", "In quarantine"),
}


def counts(evidence: Evidence) -> dict[str, dict[str, int]]:
    """How many examples each lane has of each verdict.

    Args:
        evidence: What was proven.

    Returns:
        Lane id to verdict to the number of examples; every verdict is there.
    """
    return {
        lane_id: {
            verdict: sum(proof.results[lane_id].verdict == verdict for proof in evidence.examples.values())
            for verdict in _WORDS
        }
        for lane_id in evidence.lanes
    }


def lanes_json(evidence: Evidence) -> str:
    """The lanes as data, for a reader's choice of one.

    Returns:
        JSON: a list in the order of the pages, of `id`, `server`, `client` and the number of examples of each verdict.
    """
    numbers = counts(evidence)
    lanes = [{"id": lane_id, **lane.model_dump(), **numbers[lane_id]} for lane_id, lane in evidence.lanes.items()]
    return json.dumps(lanes, indent=1, ensure_ascii=False) + "\n"


def glance(evidence: Evidence) -> str:
    """A small table of the lanes: how many examples ran as shown, and how many fail as shown.

    Args:
        evidence: What was proven.

    Returns:
        HTML on one line, so that Markdown leaves it alone. A bar repeats the numbers for the eye; the button is for a
        script that lets readers choose a lane, and hidden without it.
    """
    numbers = counts(evidence)
    shown = [verdict for verdict in _WORDS if verdict != "quarantined" or any(row[verdict] for row in numbers.values())]
    head = "".join(
        f'<th scope="col"><span aria-hidden="true">{mark} </span>{words}</th>'
        for mark, words in (_WORDS[verdict] for verdict in shown)
    )
    rows = []
    for lane_id, lane in evidence.lanes.items():
        row = numbers[lane_id]
        bar = "".join(f'<i class="bar__{verdict}" style="flex-grow:{row[verdict]}"></i>' for verdict in shown)
        server, client = html.escape(lane.server), html.escape(lane.client)
        name = f'{server}<span class="glance__dot"> · </span><span class="glance__client">{client}</span>'
        cells = "".join(f"<td>{row[verdict]}</td>" for verdict in shown)
        rows.append(
            f'<tr data-row="{lane_id}"><th scope="row">{name}<span class="bar" aria-hidden="true">{bar}</span></th>'
            f"{cells}</tr>"
        )
    return (
        '<table class="glance"><caption>What the examples did, lane by lane</caption>'
        f'<thead><tr><th scope="col">Lane</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
        '<p class="pick" hidden><button type="button" popovertarget="lane-panel">Pick your versions</button></p>'
    )
