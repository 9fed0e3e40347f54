"""Shows the limits of GitLab as an MLflow server, by topic, once their evidence agrees."""

from __future__ import annotations

from handbook.claims import Claim, Proofs, subjects
from handbook.rows.reading import FILTERS, ORDER, PAGING, TIMESTAMPS
from handbook.rows.things import DELETES, IDS
from handbook.rows.values import CHARACTERS, EMPTY, LENGTHS, NUMBERS
from handbook.rows.writing import ASYNCHRONOUS, RACES, WRITE_ONCE
from handbook.table import Unmeasured, table

LIMITS: dict[str, tuple[Claim, ...]] = {
    "lengths": LENGTHS,
    "characters": CHARACTERS,
    "write-once": WRITE_ONCE,
    "empty": EMPTY,
    "numbers": NUMBERS,
    "paging": PAGING,
    "order": ORDER,
    "filters": FILTERS,
    "timestamps": TIMESTAMPS,
    "ids": IDS,
    "deletes": DELETES,
    "races": RACES,
    "asynchronous": ASYNCHRONOUS,
}


def limits(proofs: Proofs, topic: str, up: str) -> str:
    """A table of the limits of one topic.

    Args:
        proofs: What they have to agree with.
        topic: The topic.
        up: The way from the page to the top of the site.

    Raises:
        Unmeasured: There is no such topic, or a limit is not shown by its evidence.
    """
    if topic not in LIMITS:
        raise Unmeasured(f"there is no topic {topic!r} of limits")
    return table(
        ["Rule, value, evidence", *(lane.replace(" · ", "<br>") for lane in proofs.lanes)],
        [_row(proofs, proofs.check(claim), up) for claim in LIMITS[topic]],
    )


def _row(proofs: Proofs, claim: Claim, up: str) -> list[str]:
    text, shown = claim.text, [proofs.link(one, up) for one in subjects(claim)]
    if claim.guide:
        text = f"{text} *Documented, not verified:* {claim.guide.says}.".strip()
        shown.append(claim.guide.link())
    return [f"**{claim.name}**<br>{text}<br><small>{'; '.join(shown)}</small>", *proofs.cells(claim)]
