"""Says which day it is, as an input: what counts days can be tried with any day."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

from verified_docs.problem import Problem

TODAY = "VERIFIED_DOCS_TODAY"


def today(given: str | None = None) -> date:
    """The day that counts as today, in UTC.

    Args:
        given: The day that somebody asked for, such as `2026-11-23`. Without it the variable `VERIFIED_DOCS_TODAY`
            counts, and without that the clock.

    Raises:
        Problem: What was given is no day.
    """
    text = given or os.environ.get(TODAY)
    return day(text, "--today" if given else TODAY) if text else datetime.now(UTC).date()


def day(text: str, name: str) -> date:
    """A day that somebody wrote.

    Args:
        text: What was written.
        name: Where, for the message.

    Raises:
        Problem: It is no day.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Problem(
            Path(name), None, f"{text!r} is no day", f"write it as {name} 2026-11-23", kind="usage"
        ) from error
