"""Says things to a person or a program at a terminal: messages, exit codes, and never a token."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import IO, TYPE_CHECKING, Any, cast

from mlflow_gitlab.redaction import Redactor

if TYPE_CHECKING:
    from rich.console import Console


class Exit(IntEnum):
    """What the program says to the program that called it."""

    OK = 0
    FOUND = 1  # it ran, and something is wrong or has to be done
    USAGE = 2  # settings or arguments are wrong; nothing was sent
    SERVER = 3  # GitLab refused, or could not be reached
    INTERRUPTED = 130


class Refused(Exception):
    """A server did not do what was asked, with what it said."""


class Terminal:
    """Where messages go.

    Args:
        redactor: Takes tokens out of all that is shown.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        self.redactor = redactor or Redactor()

    def console(self, stderr: bool = False) -> Console:
        """A console of rich that shows no token, whatever is printed to it."""
        from rich.console import Console

        stream = sys.stderr if stderr else sys.stdout
        clean = cast("IO[str]", _Clean(stream, self.redactor))
        # In a file or a log nothing has to fit a window.
        width = None if stream.isatty() else 240
        return Console(file=clean, highlight=False, soft_wrap=True, width=width)

    def data(self, value: Any) -> None:
        """Prints JSON for a program."""
        print(self.redactor.text(json.dumps(self.redactor.data(value), indent=2, ensure_ascii=False)))

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turns what goes wrong into one clear message and an exit code; a traceback never leaves here."""
        from verified_docs.problem import Problem, Problems

        try:
            yield
        except (Problem, Problems) as problem:
            self._stop(str(problem), Exit.USAGE)
        except Refused as refused:
            self._stop(str(refused), Exit.SERVER)
        except KeyboardInterrupt:
            self._stop("stopped; the same command goes on from here", Exit.INTERRUPTED)

    def _stop(self, message: str, code: Exit) -> None:
        # Plain print: rich would read [brackets] in a message of a server as markup.
        print(self.redactor.text(message), file=sys.stderr)
        raise SystemExit(int(code)) from None


class _Clean:
    """A stream that takes secrets out of every line before it passes it on."""

    def __init__(self, stream: Any, redactor: Redactor) -> None:
        self._stream = stream
        self._redactor = redactor

    def write(self, text: str) -> int:
        self._stream.write(self._redactor.text(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
