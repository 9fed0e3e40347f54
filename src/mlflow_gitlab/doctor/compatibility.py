"""Answers how a call of MLflow went on the GitLabs where it was tried: the measured matrix, as it ships."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Literal

from verified_docs.problem import Problem

DATA = "compatibility.json"
Kind = Literal["yes", "but", "no", "none"]


@dataclass(frozen=True)
class Outcome:
    """How one call went in one lane.

    Attributes:
        status: As measured: `works`, `works-with-caveat`, `ignored`, `fails`, `client-only` or `not-in-client`.
        kind: What that means to a caller: `yes`, `but` (it works with a caveat), `no` (it is not done) or `none`
            (the client does not have it).
        words: What the site says in its cell, such as `fails, 404`.
        detail: The caveat, or the first line of the message; may be empty.
        raises: The type of the exception, with its module; empty where none was raised.
    """

    status: str
    kind: Kind
    words: str
    detail: str = ""
    raises: str = ""

    @property
    def sentence(self) -> str:
        """What happens, in one line."""
        raised = self.raises.rpartition(".")[2]
        return ": ".join(part for part in (self.words, raised, self.detail) if part)


@dataclass(frozen=True)
class Variant:
    """One measured form of a call.

    Attributes:
        id: Call and form, such as `MlflowClient.search_runs:order_by`.
        page: The page of the site that shows its requests, with its anchor; relative to the site's address.
        outcomes: How it went, by the id of the lane.
        instead: What to do instead where it is not done; may be empty.
        more: The page that explains that, relative to the site's address; may be empty.
    """

    id: str
    page: str
    outcomes: Mapping[str, Outcome]
    instead: str = ""
    more: str = ""


@dataclass(frozen=True)
class Lane:
    """One GitLab with one MLflow.

    Attributes:
        id: Its name in paths, such as `gitlab-19.3/mlflow-3`.
        gitlab: The first two numbers of GitLab's version.
        gitlab_version: The whole version of that GitLab.
        mlflow: The version of the client.
        recorded_at: When the calls were made (ISO 8601).
    """

    id: str
    gitlab: str
    gitlab_version: str
    mlflow: str
    recorded_at: str

    def __str__(self) -> str:
        return f"GitLab {self.gitlab} with MLflow {self.mlflow}"


@dataclass(frozen=True)
class Matrix:
    """Every measured call of Python.

    Attributes:
        lanes: Where they were tried, oldest GitLab first, then oldest client.
        variants: By id.
    """

    lanes: tuple[Lane, ...]
    variants: Mapping[str, Variant]

    @property
    def calls(self) -> frozenset[str]:
        """The names of the calls, such as `mlflow.log_metric`; forms of the address are `uri: …`."""
        return _calls(tuple(self.variants))

    def has(self, call: str) -> bool:
        """Whether a call was measured in any form."""
        return call in self.calls


@dataclass(frozen=True)
class Choice:
    """The lanes that a scan compares with.

    Attributes:
        lanes: One, or every lane.
        asked: What the user has, in words.
        unverified: Why the result is not verified for that, or empty where it is.
    """

    lanes: tuple[Lane, ...]
    asked: str
    unverified: str = ""


@cache
def load_matrix() -> Matrix:
    """Reads the matrix; the first call does the work."""
    document: dict[str, Any] = json.loads(resources.files(__package__).joinpath(DATA).read_text("utf-8"))
    lanes = tuple(
        Lane(**{name: row[name] for name in ("id", "gitlab", "gitlab_version", "mlflow", "recorded_at")})
        for row in document["lanes"]
    )
    outcomes = [Outcome(**row) for row in document["outcomes"]]
    variants = {}
    for call, row in document["calls"].items():
        for name, variant in row["variants"].items():
            by_lane = {lane.id: outcomes[number] for lane, number in zip(lanes, variant["in"], strict=True)}
            page = f"{row['page']}#{variant['anchor']}"
            one = Variant(f"{call}:{name}", page, by_lane, variant.get("instead", ""), variant.get("more", ""))
            variants[one.id] = one
    return Matrix(lanes, variants)


@cache
def _calls(ids: tuple[str, ...]) -> frozenset[str]:
    return frozenset(split(variant_id)[0] for variant_id in ids)


def split(variant_id: str) -> tuple[str, str]:
    """The call of a variant, and the name of the form; a form of the address keeps its `uri: `."""
    start = len("uri:") if variant_id.startswith("uri:") else 0
    call, _, name = variant_id[start:].partition(":")
    return variant_id[:start] + call, name


def choose(
    matrix: Matrix,
    gitlab: str | None = None,
    mlflow: str | None = None,
    lane: str | None = None,
    every: bool = False,
    installed: str | None = None,
) -> Choice:
    """Finds the lane that tells most about what the user has.

    A version that was not measured takes the nearest older one; a client, one of its own major version first, because
    MLflow 2 and 3 differ more than any two releases of either. What is older than all takes the oldest.

    Args:
        matrix: What was measured.
        gitlab: A version of GitLab, such as `19.3`, `19` or `19.3.1-ee`.
        mlflow: A version of MLflow, such as `3` or `3.17.2`.
        lane: The id of a lane, instead of versions.
        every: All lanes.
        installed: The MLflow of this machine, taken where nothing else says which.

    Raises:
        Problem: The arguments contradict each other, or are no versions.
    """
    ways = [gitlab is not None or mlflow is not None, lane is not None, every]
    if sum(ways) > 1:
        raise _usage("--every-lane, --lane, and --gitlab with --mlflow, exclude each other", "give one of them")
    if every:
        return Choice(matrix.lanes, "every measured lane")
    if lane is not None:
        found = next((one for one in matrix.lanes if one.id == lane), None)
        if found is None:
            raise _usage(f"there is no lane {lane!r}", f"use one of {', '.join(one.id for one in matrix.lanes)}")
        return Choice((found,), str(found))
    client, exact_client = _nearest(
        installed if mlflow is None else mlflow, [one.mlflow for one in matrix.lanes], "--mlflow", same_major=True
    )
    lanes = [one for one in matrix.lanes if one.mlflow == client]
    server, exact_server = _nearest(gitlab, [one.gitlab for one in lanes], "--gitlab", depth=2)
    chosen = next(one for one in lanes if one.gitlab == server)
    asked = f"GitLab {gitlab or chosen.gitlab} with MLflow {mlflow or installed or chosen.mlflow}"
    if exact_client and exact_server:
        return Choice((chosen,), str(chosen))
    return Choice((chosen,), asked, f"{asked} was not measured; this is what {chosen} does")


def installed_mlflow() -> str | None:
    """The version of the MLflow of this machine, without importing it, or None where there is none."""
    for name in ("mlflow", "mlflow-skinny"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def _nearest(
    asked: str | None, measured: Iterable[str], option: str, depth: int = 3, same_major: bool = False
) -> tuple[str, bool]:
    """The measured version to take, and whether it is the one that was asked for."""
    known = sorted(set(measured), key=_numbers)
    if asked is None:
        return known[-1], True
    if not re.match(r"\d+(\.\d+)*", asked):
        raise _usage(f"{option} {asked!r} is no version", f"give one such as {known[-1]}")
    numbers = _numbers(asked)[:depth]
    same = [one for one in known if _numbers(one)[: len(numbers)] == numbers]
    if same:
        return same[-1], True
    if same_major:
        known = [one for one in known if _numbers(one)[0] == numbers[0]] or known
    older = [one for one in known if _numbers(one) < numbers]
    return (older[-1] if older else known[0]), False


def _numbers(version: str) -> list[int]:
    match = re.match(r"\d+(\.\d+)*", version)
    return [int(number) for number in match[0].split(".")] if match else []


def _usage(what: str, fix: str) -> Problem:
    return Problem(Path("mlflow-gitlab doctor scan"), None, what, fix, kind="usage")
