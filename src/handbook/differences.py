"""Shows where the documentation and the recordings differ, once the evidence shows it."""

from __future__ import annotations

from handbook.claims import Claim, Proofs, subjects
from handbook.rows.guide import FILES, MODELS, PERMISSIONS, SNIPPETS, TRACKING
from handbook.table import Unmeasured

DIFFERENCES: dict[str, tuple[Claim, ...]] = {
    "tracking": TRACKING,
    "files": FILES,
    "models": MODELS,
    "permissions": PERMISSIONS,
    "snippets": SNIPPETS,
}


def differences(proofs: Proofs, topic: str, up: str) -> str:
    """What the documentation says of one topic, what was recorded, and what shows it.

    Args:
        proofs: What the differences have to agree with.
        topic: The topic.
        up: The way from the page to the top of the site.

    Raises:
        Unmeasured: There is no such topic, or a difference is not shown by its evidence.
    """
    if topic not in DIFFERENCES:
        raise Unmeasured(f"there is no topic {topic!r} of differences")
    return "\n\n".join(_difference(proofs, proofs.check(claim), up) for claim in DIFFERENCES[topic])


def _difference(proofs: Proofs, claim: Claim, up: str) -> str:
    if not claim.evidence or claim.guide is None:
        raise Unmeasured(f"{claim.name!r} is not shown: a difference needs a page and evidence")
    rows = [f"- {proofs.link(one, up)}: {proofs.outcome(one)}" for one in subjects(claim)]
    return "\n\n".join(
        (
            f"### {claim.name}",
            f"The guide says {claim.guide.says} ({claim.guide.link()}).",
            f"Recorded: {claim.text}",
            "\n".join(rows),
        )
    )
