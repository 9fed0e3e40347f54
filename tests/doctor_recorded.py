"""Gives the tests of the doctor what was recorded, as answers; nothing is changed in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from conftest import LANES, ROOT
from mlflow_gitlab.doctor.answers import Answer
from mlflow_gitlab.doctor.examination import NINE, Examination
from mlflow_gitlab.settings import Settings, load_settings
from verified_docs.cassette import Cassette, Interaction, cassette_path, load_cassette

STATES = sorted(path.stem for path in (ROOT / "cassettes/gitlab-19.3/mlflow-3/doctor").glob("*.yaml"))
SERVERS = ("18.9", "19.3")
HEALTHY = ("developer", "maintainer", "owner", "empty_project")
RECORDED_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
API = "https://gitlab.example.com/api/v4"


@cache
def cassette(example_id: str, server: str = "19.3", client: str = "3") -> Cassette:
    """The recording of an example."""
    lane = next(lane for lane in LANES if lane.id == f"gitlab-{server}/mlflow-{client}")
    return load_cassette(cassette_path(ROOT, lane, example_id))


def nine(state: str, server: str = "19.3") -> list[Interaction]:
    """The nine exchanges of a state; what came before them changed the project."""
    return list(cassette(f"doctor/{state}", server).interactions[-len(NINE) :])


def as_answer(name: str, interaction: Interaction) -> Answer:
    """An exchange as the answer to one of the questions."""
    request = f"{interaction.method} {interaction.uri.removeprefix(API)}"
    return Answer(name, request, interaction.status, str(interaction.answer))


def answers(state: str, server: str = "19.3") -> list[Answer]:
    """The answers of a state."""
    return [as_answer(one.name, interaction) for one, interaction in zip(NINE, nine(state, server), strict=True)]


def settings(**given: Any) -> Settings:
    """Settings as in the recordings, with nothing of this machine."""
    recorded = {"url": "https://gitlab.example.com", "project": "42", "token": "<project:developer:api>"}
    return load_settings(Path("/nowhere"), environ={}, **{**recorded, **given})


def examination(found: list[Answer], **given: Any) -> Examination:
    """An examination that got these answers, with MLflow 3 on the day of the recordings."""
    if given.get("token", "") is None:
        given["token"] = ""
    defaults = Examination(settings(**given), tuple(found), None, "3.17.2", RECORDED_AT)
    return defaults if given.get("token") != "" else replace(defaults, settings=without_token())


def without_token() -> Settings:
    """Settings that name no token."""
    return load_settings(Path("/nowhere"), environ={}, url="https://gitlab.example.com", project="42")


def recorded(state: str, server: str = "19.3") -> Examination:
    """The examination of a recorded state."""
    found = answers(state, server)
    return examination(found, token=None) if state == "no_token" else examination(found)


def ids(found: Examination) -> list[str]:
    """The ids of what was found."""
    return [one.id for one in found.findings]
