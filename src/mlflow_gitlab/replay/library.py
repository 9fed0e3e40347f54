"""Finds the recorded conversations to offer: of one lane, all or only those of some examples."""

from __future__ import annotations

import difflib
import importlib.metadata
import importlib.resources
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import mlflow_gitlab
from verified_docs.cassette import CASSETTES, Cassette, Interaction, load_cassette
from verified_docs.gitlab_mlflow import GitLabMLflow
from verified_docs.problem import Problem, Problems, shown

ADAPTER = GitLabMLflow()
HOST = f"https://{ADAPTER.host}"
_LANE = re.compile(r"^[a-z]+-(?P<server>[\d.]+)/(?P<client>[a-z]+-(?P<major>\d+))$")
# What only asks, though its method could change something.
_ASKING = ("/search", "/get-latest-versions")
_GRAPHQL = "/api/graphql"
_OWN = "project:developer:api"


@dataclass(frozen=True)
class Recorded:
    """One example's recorded conversation, ready to be asked.

    Attributes:
        example: Area and name, such as `tracking/log_first_run`.
        cassette: What was recorded.
    """

    example: str
    cassette: Cassette

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """The requests with their answers, in order."""
        return self.cassette.interactions

    @cached_property
    def writes(self) -> tuple[int, ...]:
        """The numbers of the requests that may have changed something on the server."""
        return tuple(number for number, one in enumerate(self.interactions) if not only_asks(one))

    @cached_property
    def places(self) -> dict[tuple[str, str], list[int]]:
        """Method and path to the numbers of the requests that have them."""
        found: dict[tuple[str, str], list[int]] = {}
        for number, one in enumerate(self.interactions):
            found.setdefault((one.method, plain_path(one.path)), []).append(number)
        return found

    @cached_property
    def labels(self) -> Counter[tuple[str, str]]:
        """Header and label of each credential that was sent, with how often."""
        return Counter(
            (name.lower(), match[1])
            for one in self.interactions
            for name, value in one.headers.items()
            if name.lower() in ADAPTER.credential_headers and (match := re.search(r"<(.+)>", value))
        )


@dataclass(frozen=True)
class Library:
    """What a replay offers.

    Attributes:
        lane: The lane, such as `gitlab-19.3/mlflow-3`.
        folder: Where the cassettes were read from.
        recorded: The examples, in the order in which they are preferred.
    """

    lane: str
    folder: Path
    recorded: tuple[Recorded, ...]

    @property
    def server(self) -> str:
        """Name and version of what answered, such as `GitLab 19.3.0-pre`."""
        server = self.recorded[0].cassette.provenance.server
        return f"{server.name} {server.version}"

    @property
    def client(self) -> str:
        """Name and version of what asked, such as `MLflow 3.17.2`."""
        client = self.recorded[0].cassette.provenance.client
        return f"{client.name} {client.version}"

    @property
    def recorded_on(self) -> str:
        """The day of the oldest recording."""
        return min(one.cassette.provenance.recorded_at for one in self.recorded)[:10]

    @property
    def requests(self) -> int:
        """How many requests are recorded."""
        return sum(len(one.interactions) for one in self.recorded)

    def variables(self, base: str) -> dict[str, str]:
        """The environment in which a client reaches the replay, with labels where tokens belong.

        Where examples need different tokens under one name, the one that most of their requests were sent with counts.

        Args:
            base: Address of the replay with the session, without a slash at its end.
        """
        found = {name: value.replace(HOST, base) for name, value in ADAPTER.addresses.items()}
        votes: dict[str, Counter[str]] = {}
        for recorded in self.recorded:
            for variable, label in _variables(recorded).items():
                votes.setdefault(variable, Counter())[label] += len(recorded.interactions)
        found |= {variable: f"<{count.most_common(1)[0][0]}>" for variable, count in votes.items()}
        for recorded in self.recorded:
            found |= recorded.cassette.provenance.environment
        # What asks must not go through the proxy of a company to reach this machine.
        return found | dict(ADAPTER.settings) | dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")


def _variables(recorded: Recorded) -> dict[str, str]:
    """The variables that hold the credentials of a recording, by the names of the file .env.template."""
    found: dict[str, str] = {}
    # The developer's own first: other roles only show what they are refused.
    for header, label in sorted(recorded.labels, key=lambda one: (one[1] != _OWN, -recorded.labels[one])):
        words = label.split(":")
        if words[0] == "job":
            found.setdefault("CI_JOB_TOKEN", label)
        if header != "authorization":
            found.setdefault("GITLAB_TOKEN", label)
        elif "MLFLOW_TRACKING_TOKEN" not in found:
            # A name before the label: MLflow was told a user and a password.
            found["MLFLOW_TRACKING_TOKEN"] = label if words[0] != "developer" else _OWN
        elif words[0] != "job":
            found.setdefault(f"TOKEN_{words[-1] if words[-1] != 'api' else words[-2]}".upper(), label)
    if found.get("GITLAB_TOKEN") == _OWN:
        found.setdefault("MLFLOW_TRACKING_TOKEN", _OWN)
    return found


def only_asks(one: Interaction) -> bool:
    """Whether a recorded request cannot have changed anything on the server."""
    if one.method in {"GET", "HEAD"}:
        return True
    if one.method != "POST":
        return False
    if one.path == _GRAPHQL and isinstance(one.body, str):
        return str(json.loads(one.body).get("query", "")).lstrip().startswith(("query", "{"))
    return one.path.endswith(_ASKING)


def plain_path(path: str) -> str:
    """A path in one spelling: clients encode different signs."""
    return "/".join(quote(unquote(part), safe="") for part in urlsplit(f"//host{path}").path.split("/"))


def find_folder(given: Path | None) -> Path:
    """The folder with the cassettes: the given one, the package's own, or that of the checkout around it.

    Raises:
        Problem: There is none.
    """
    if given is not None:
        if not given.is_dir():
            raise Problem(given, None, "there is no such folder", "name the folder that holds gitlab-…/mlflow-…/")
        return given
    package = Path(str(importlib.resources.files(mlflow_gitlab)))
    for folder in (package / CASSETTES, package.parents[1] / CASSETTES):
        if folder.is_dir():
            return folder
    raise Problem(
        Path(CASSETTES), None, "there are no cassettes beside this program", "mlflow-gitlab replay --cassettes FOLDER"
    )


def find_lanes(folder: Path) -> list[str]:
    """The lanes of a folder, oldest server and client first.

    Raises:
        Problem: There is none.
    """
    found = {path.relative_to(folder).as_posix() for path in folder.glob("*-*/*-*") if path.is_dir()}
    lanes = sorted((lane for lane in found if _LANE.match(lane)), key=_age)
    if not lanes:
        raise Problem(folder, None, "there is no lane in it", "name the folder that holds gitlab-…/mlflow-…/")
    return lanes


def _age(lane: str) -> tuple[list[int], int]:
    match = _LANE.match(lane)
    assert match
    return [int(part) for part in match["server"].split(".") if part], int(match["major"])


def choose_lane(folder: Path, given: str | None) -> str:
    """The lane to replay: the given one, or that of the newest GitLab with the MLflow that is installed here.

    Raises:
        Problem: There is no such lane.
    """
    lanes = find_lanes(folder)
    if given is None:
        try:
            client = f"mlflow-{importlib.metadata.version('mlflow').split('.')[0]}"
        except importlib.metadata.PackageNotFoundError:
            client = "mlflow-3"
        return next((lane for lane in reversed(lanes) if lane.endswith(f"/{client}")), lanes[-1])
    if given not in lanes:
        raise Problem(folder, None, f"there is no lane {given!r}", f"--lane takes {', '.join(lanes)}")
    return given


def load_library(folder: Path, lane: str, wanted: Sequence[str] = ()) -> Library:
    """Reads the cassettes of a lane.

    Args:
        folder: Holds the lanes.
        lane: The lane.
        wanted: Examples as `area/name` or `name`, areas, or patterns such as `tracking/log_*`; empty for all.

    Raises:
        Problem: There is no such example in this lane.
        Problems: Cassettes that are cut off or malformed.
    """
    names = sorted(
        path.relative_to(folder / lane).with_suffix("").as_posix() for path in (folder / lane).rglob("*.yaml")
    )
    if not names:
        raise Problem(folder / lane, None, "there is no cassette in it", "choose another --lane")
    chosen: dict[str, None] = {}
    for word in wanted or ("*",):
        found = [name for name in names if _is_meant(name, word)]
        if not found:
            near = difflib.get_close_matches(word, [*names, *{name.partition("/")[0] for name in names}], 3, 0.4)
            what = f"there is no recording of {word!r} in {lane}"
            raise Problem(
                folder / lane,
                None,
                what,
                f"did you mean {' or '.join(near)}?" if near else f"ls {shown(folder / lane)}/*",
            )
        chosen |= dict.fromkeys(found)
    recorded: list[Recorded] = []
    problems: list[Problem] = []
    for name in chosen:
        try:
            recorded.append(Recorded(name, load_cassette(folder / lane / f"{name}.yaml")))
        except Problem as problem:
            problems.append(problem)
    if problems:
        raise Problems(problems)
    return Library(lane, folder, tuple(recorded))


def _is_meant(name: str, word: str) -> bool:
    word = word.removeprefix("examples/").removesuffix(".py").rstrip("/")
    area, _, last = name.partition("/")
    return word in {name, area, last} or fnmatchcase(name, word)
