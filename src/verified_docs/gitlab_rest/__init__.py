"""What verified_docs has to know of GitLab's REST API and python-gitlab: volatile values, credentials, state."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from verified_docs.adapter import Recorder
from verified_docs.cassette import Interaction
from verified_docs.example import Example
from verified_docs.gitlab_rest.stable import PLACEHOLDER, Stable, is_time
from verified_docs.problem import Problem

_KINDS = ("project", "group", "pat", "oauth", "job", "deploy", "unknown")
_ROLES = ("outsider", "guest", "planner", "reporter", "developer", "maintainer", "owner")
_NOBODY = "nobody"
# GitLab promises no order for the rows of these lists.
_UNORDERED = ("/members", "/members/all", "/variables", "/access_tokens")
_PACKAGES = "/packages/generic/"


class GitLabREST:
    """Replays recordings of GitLab's REST API with python-gitlab: a small adapter, to be read and copied."""

    server = "GitLab"
    client = "python-gitlab"
    host = "gitlab.example.com"
    credential_headers = frozenset({"authorization", "private-token", "job-token", "deploy-token"})
    request_headers = frozenset({"content-type"})
    answer_headers = frozenset({"content-type", "link", "location", "x-next-page", "x-total", "x-total-pages"})
    placeholder = PLACEHOLDER
    # python-gitlab looks at none.
    settings: Mapping[str, str] = MappingProxyType({})

    # Where the recorded GitLab and its project are.
    addresses: ClassVar[dict[str, str]] = {
        "GITLAB_URL": f"https://{host}",
        "GITLAB_PROJECT": "acme/wine-quality",
        "GITLAB_PROJECT_ID": "42",
    }

    def stabilise(
        self, interactions: Sequence[Interaction], message: str, environment: Mapping[str, str]
    ) -> tuple[list[Interaction], str, dict[str, str]]:
        """Numbers ids and times by their order, and takes out names of bots, pictures of people, and secrets."""
        stable = Stable(interactions)
        return stable.apply(), stable.text(message), {name: stable.text(value) for name, value in environment.items()}

    def comparable(self, body: Any) -> Any:
        """A request of python-gitlab has no time or id of its own: all of it counts."""
        return body

    def masked(self, body: Any) -> Any:
        """Replaces times, which follow from the order of a recording."""
        if isinstance(body, list):
            return [self.masked(item) for item in body]
        if isinstance(body, dict):
            return {key: "(volatile)" if is_time(key, value) else self.masked(value) for key, value in body.items()}
        return body

    def is_volatile_row(self, row: Any) -> bool:
        """There is none."""
        return False

    def labelled(self, credential: str) -> str:
        """Nobody invents a token here."""
        return credential

    def is_upload(self, method: str, path: str) -> bool:
        """A PUT to the generic packages stores a file."""
        return method == "PUT" and _PACKAGES in path

    def made_up(self, answer: Any) -> list[str]:
        """GitLab's REST API makes up no names but those of bots, which become stable."""
        return []

    def is_unordered(self, path: str, key: str) -> bool:
        """Members, variables and tokens come in any order."""
        return key == "" and path.rstrip("/").endswith(_UNORDERED)

    def is_download(self, method: str, path: str) -> bool:
        """A GET of a file of the generic packages."""
        return method == "GET" and _PACKAGES in path

    def is_own(self, path: str, content: bytes) -> bool:
        """What an example uploads is its own."""
        return True

    def environment(self, example: Example) -> dict[str, str]:
        """The address, the project, and the token as a label such as `<project:developer:api>`.

        Raises:
            Problem: The example names a role or a kind of token that GitLab does not have.
        """
        metadata = example.metadata
        own = f"project:{metadata.role.lower()}:{metadata.scope}"
        nobody = metadata.role.lower() == _NOBODY
        labels = metadata.tokens if nobody else {"GITLAB_TOKEN": own, **metadata.tokens}
        for variable, label in labels.items():
            for word, known in zip(label.split(":"), (_KINDS, _ROLES), strict=False):
                if word not in known:
                    raise Problem(
                        example.path,
                        example.header_line(variable) if variable in metadata.tokens else example.header_line("role"),
                        f"GitLab has no {word!r} among {', '.join(known)}",
                        f"correct role or tokens under [tool.verified], then verified-docs verify {example.id}",
                        kind="metadata",
                    )
        return {**self.addresses, **{variable: f"<{label}>" for variable, label in labels.items()}}

    def alias(self, names: Mapping[str, str], labels: Mapping[str, str]) -> Any:
        """Never asked: nothing is recorded here; see `recorder`."""
        raise NotImplementedError

    def code(self) -> list[Path]:
        """python-gitlab, which nothing here imports."""
        spec = importlib.util.find_spec("gitlab")
        return [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []

    def client_version(self) -> str:
        """The version of python-gitlab in this environment."""
        return importlib.metadata.version("python-gitlab")

    def restored(self) -> AbstractContextManager[None]:
        """python-gitlab keeps nothing between two runs: each makes its own connection."""
        return contextlib.nullcontext()

    def recorder(self, root: Path, group: str | None, project: int | None) -> Recorder:
        """Nothing is recorded here.

        Raises:
            Problem: Always; it says how a recording comes in.
        """
        raise Problem(
            root,
            None,
            "this adapter makes no places on a GitLab to record in",
            "record with vcrpy, then verified-docs record --from FILE",
            kind="recorder",
        )
