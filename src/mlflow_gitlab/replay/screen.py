"""Says what is recorded and how far each session has come: a page for a browser, a text for a terminal."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow_gitlab.redaction import Redactor
from mlflow_gitlab.replay.library import Library, Recorded

if TYPE_CHECKING:
    import jinja2

    from mlflow_gitlab.replay.session import Session

_TEMPLATE = Path(__file__).parent / "screen.html"
_STYLE = re.compile(r"<style>(.*?)</style>", re.S)
_RECENT = 20


@cache
def _source() -> str:
    return _TEMPLATE.read_text("utf-8")


def _policy() -> str:
    style = _STYLE.findall(_source())[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


# The page has its one style sheet inside and asks for nothing else; only the form that starts over sends something.
POLICY = _policy()


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["clean"] = Redactor().text
    return environment.from_string(_source())


def html_screen(library: Library, sessions: Mapping[str, Session], base: str) -> str:
    """The page.

    Args:
        library: What is offered.
        sessions: The sessions by name.
        base: An address with a session, to say what to export.
    """
    return _template().render(
        library=library,
        sessions={name: _walked(session) for name, session in sessions.items()},
        exports=exports(library.variables(base)),
    )


def _walked(session: Session) -> dict[str, Any]:
    return {
        "finished": list(session.finished),
        "walks": [
            {
                "example": walk.recorded.example,
                "answered": len(walk.played),
                "of": len(walk.recorded.interactions),
                "next": "" if walk.next is None else str(walk.recorded.interactions[walk.next]),
            }
            for walk in list(session.walks)
        ],
        "events": list(session.events)[-_RECENT:],
    }


def text_screen(library: Library, sessions: Mapping[str, Session], base: str) -> str:
    """The same in plain text, for curl."""
    rows = [*about(library), "", "Say where it is:", "", *exports(library.variables(base)), "", "Examples:", ""]
    rows += [f"  {summary(one)}" for one in library.recorded]
    if sessions:
        rows += ["", "Sessions:", ""]
    for name, session in sessions.items():
        walked = _walked(session)
        done = [f"{example} (finished)" for example in walked["finished"]]
        done += [f"{walk['example']} ({walk['answered']} of {walk['of']})" for walk in walked["walks"][:3]]
        more = len(walked["walks"]) - 3
        rows.append(f"  {name}: {', '.join(done) or 'nothing yet'}{f', or {more} more' if more > 0 else ''}")
    return "\n".join(rows) + "\n"


def about(library: Library) -> list[str]:
    """What is replayed, in two sentences."""
    return [
        f"A replay of {library.server}, recorded on {library.recorded_on} with {library.client} ({library.lane}).",
        f"It is no GitLab: it gives {library.requests} recorded answers, of {len(library.recorded)} "
        f"example{'s' if len(library.recorded) != 1 else ''}, and nothing else.",
    ]


def summary(recorded: Recorded) -> str:
    """An example in one line."""
    count = len(recorded.interactions)
    return f"{recorded.example}: {count} request{'s' if count != 1 else ''}"


def exports(variables: Mapping[str, str]) -> list[str]:
    """The lines that give a shell the variables."""
    import shlex

    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
