"""Collects what a project must never write and no rule can know: canaries, and the secrets of this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from verified_docs.lane import CONFIG, load_settings
from verified_docs.leaks import LABEL
from verified_docs.problem import Problem, read_text
from verified_docs.rules import Known, is_secret_name

VARIABLE = "VERIFIED_DOCS_CANARIES"
# Of an expression rather than a value.
_EXPRESSION = "re:"
# Shorter ones stand in texts by chance.
_LEAST = 8
_PUBLIC = re.compile(rf"{LABEL.pattern}|\A[a-z]{{1,12}}\Z")
_HOST = re.compile(r"://(?:[^/\s@\"'<>]*@)?([^/\s\"'<>:?#]+)")


def load_known(root: Path, environment: Mapping[str, str] = os.environ) -> Known:
    """What the project and this machine know.

    Canaries are those of `canaries = [...]` under `[tool.verified_docs]` and of the variable
    `VERIFIED_DOCS_CANARIES`, one in a line or separated by commas; `re:` before one makes it an expression. So is the
    value of every variable with the name of a secret, such as `GITLAB_TOKEN`, here or in the project's `.env`.
    Hosts are those that the files of `hosts_in = [...]` name.

    Args:
        root: The project's folder.
        environment: The variables of this process.

    Raises:
        Problem: A setting has another form.
    """
    settings = load_settings(root)
    configured = _texts(root, settings, "canaries")
    given = environment.get(VARIABLE, "")
    named = [one.strip() for one in given.split("\n" if "\n" in given else ",")]
    values = frozenset(one for one in (*configured, *named) if one and not one.startswith(_EXPRESSION)) | frozenset(
        _secrets(root, environment)
    )
    expressions = [one.removeprefix(_EXPRESSION) for one in (*configured, *named) if one.startswith(_EXPRESSION)]
    try:
        patterns = tuple(map(re.compile, expressions))
    except re.error as error:
        what = f"a canary is no regular expression ({error.msg})"
        raise Problem(
            root / CONFIG, None, what, "write re: and an expression of Python, then make scan", kind="config"
        ) from None
    if any(len(one) < 4 for one in values) or any(pattern.search("") for pattern in patterns):
        fix = f"give canaries and {VARIABLE} at least four signs, then make scan"
        raise Problem(root / CONFIG, None, "a canary is so short that it stands everywhere", fix, kind="config")
    hosts = (
        host.lower()
        for name in _texts(root, settings, "hosts_in")
        if (root / name).is_file()
        for host in _HOST.findall(read_text(root / name))
    )
    return Known(values, patterns, frozenset(hosts))


def _secrets(root: Path, environment: Mapping[str, str]) -> Iterator[str]:
    for variables in (environment, dotenv_values(root / ".env")):
        for name, value in variables.items():
            # A label stands for a secret, and a word such as "postgres" is on many pages.
            if is_secret_name(name) and value and len(value) >= _LEAST and not _PUBLIC.search(value):
                yield value


def _texts(root: Path, settings: dict[str, Any], key: str) -> list[str]:
    texts = settings.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(one, str) and one for one in texts):
        what = f"{key} under [tool.verified_docs] has to be a list of texts"
        raise Problem(root / CONFIG, None, what, f'write {key} = ["..."], or leave it out; make scan', kind="config")
    return texts
