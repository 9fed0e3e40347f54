"""Words why a recording is refused, and never repeats what stands in it: that may be a secret."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from pydantic import ValidationError

from verified_docs.leaks import unspoken
from verified_docs.problem import Problem

UNSPOKEN = "the recording is refused, and the reason would show a secret that it holds"
_VERSION = re.compile(r"\d{1,4}(?:\.\d{1,6}){0,3}(?:[-.+]?[a-z]{1,5}\d{0,4})?")
_HOST = re.compile(r"(?:[a-z0-9-]{1,24}\.)*[a-z0-9-]{1,24}")
_VARIABLE = re.compile(r"[A-Z_]{1,40}")


class Unusable(ValueError):
    """What is wrong with a recording, in words that repeat nothing of it."""


def refused(path: Path, what: str) -> Problem:
    """The problem that ends an import.

    Args:
        path: The recording.
        what: Why it is refused; another sentence takes its place where it would give a secret away.
    """
    example_id = f"{path.parent.name}/{path.stem}"
    fix = f"make record EX={example_id}, or make import FROM=FOLDER EX={example_id}; nothing was imported"
    return Problem(path, None, unspoken(what, instead=UNSPOKEN), fix, kind="recording")


def reason(error: Exception) -> str:
    """What an error says, without the value that caused it."""
    if isinstance(error, Unusable):
        return str(error)
    if isinstance(error, ValidationError):
        # A value that is no mapping at all has no place within it.
        place = error.errors()[0]["loc"]
        return f"{place[0] if place else error.title} is not what it should be"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}"
    # A key that this package asked for.
    return f"{error.args[0]!r} is missing" if type(error) is KeyError else type(error).__name__


def version_of(value: object) -> str:
    """A version for a message, or a remark where it is none."""
    return str(value) if _VERSION.fullmatch(str(value)) else "of another version"


def shown_host(host: str) -> str:
    """A host for a message, or a remark where it may be more than a name."""
    return host if _HOST.fullmatch(host) else "of somebody else"


def shown_variable(name: str) -> str:
    """The name of a variable for a message, or a remark where it may be more than a name."""
    return name if _VARIABLE.fullmatch(name) else "a variable with the name of a secret"
