"""A handbook as `verified-docs init` makes it, and what tests do with it; nothing here knows this project."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from verified_docs.cli import app

NAME = "project/read_project"
EXAMPLE = f"examples/{NAME}.py"
PAGE = "docs/how-to/read-a-project.md"
LANE = "gitlab-19.3/python-gitlab-8"
CASSETTE = f"cassettes/{LANE}/{NAME}.yaml"
RECORDINGS = Path(__file__).parent / "recordings"
_RUN = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb"})


def rewrite(path: Path, text: str) -> None:
    """Gives a file another text, or makes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def replace_in(path: Path, old: str, new: str) -> None:
    """Puts one text in the place of another, which has to be there."""
    text = path.read_text("utf-8")
    assert old in text, f"{old!r} is not in {path}"
    rewrite(path, text.replace(old, new))


def run(root: Path, *arguments: str) -> tuple[int, str]:
    """Runs `verified-docs` on a handbook: its exit code, and what it says."""
    done = _RUN.invoke(app, [*arguments, "--root", str(root)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, re.sub(r"\s+", " ", done.output)


def evidence(root: Path) -> str:
    """Where the evidence of a handbook stands."""
    return str(root / "build/evidence/python-gitlab-8.json")


def verified(root: Path) -> tuple[int, str]:
    """Verifies a handbook."""
    return run(root, "verify", "--evidence", evidence(root))


def published(root: Path) -> tuple[int, str]:
    """Writes its pages."""
    return run(root, "publish", evidence(root))
