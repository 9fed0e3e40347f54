"""Answers who may do what, from the measured permissions, as tables for the pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from handbook.measured import Answer, Permissions
from handbook.table import Unmeasured, cell, table

PRIVATE = "private"
GROUPS = {
    "experiments read": "Read experiments",
    "experiments search": "Search experiments",
    "experiments write": "Write experiments",
    "runs read": "Read runs",
    "metric history": "Read the history of a metric",
    "runs write": "Write runs",
    "runs search": "Search runs",
    "registry write": "Write models and versions",
    "registry read": "Read models and versions",
    "registry read by POST": "Ask for the latest version",
    "registry delete with package": "Delete a model that has versions",
    "artifact proxy": "List and download files with MLflow",
    "package upload": "Upload files",
    "package download": "Download files as a package",
    "rest": "List packages",
    "graphql read": "Read with GraphQL",
    "graphql delete": "Delete with GraphQL",
    "web": "Download an experiment's CSV",
}
_DELETIONS = {
    "runs.delete": "a run",
    "experiments.delete": "an experiment",
    "registered-models.delete-empty": "a model without versions",
    "graphql.mlModelDelete-empty": "a model without versions, with GraphQL",
    "registered-models.delete-with-version": "a model with a version",
    "graphql.mlModelDelete-with-version": "a model with a version, with GraphQL",
    "graphql.mlModelVersionDelete": "one version, with GraphQL",
}
_LISTS = {"mlModels": "models", "mlExperiments": "experiments"}
_GID = re.compile(r"(?<=gid://gitlab/)(\w+::\w+)/\d+")

# One outcome for each GitLab, oldest first; None where it was not tried.
Outcome = tuple[Answer | None, ...]


@dataclass(frozen=True)
class Persona:
    """Somebody, or something, that uses GitLab in one way.

    Attributes:
        name: What people call it.
        does: What it does.
        operations: The operations that this takes.
    """

    name: str
    does: str
    operations: tuple[str, ...]


_READ = ("experiments.get", "experiments.get-by-name", "runs.get", "registered-models.get", "model-versions.get")
_FILES = ("artifacts.list", "artifacts.list-candidate", "artifacts.download", "artifacts.download-candidate")
_LOG = (
    "experiments.create",
    "runs.create",
    "runs.update",
    "runs.log-metric",
    "runs.log-parameter",
    "runs.log-batch",
    "runs.set-tag",
    "packages.upload-candidate",
)
_SEARCH = ("experiments.search", "runs.search")
_REGISTER = ("registered-models.create", "registered-models.get", "model-versions.create", "packages.upload-version")
_LOAD = (
    "registered-models.alias",
    "registered-models.get",
    "model-versions.get",
    "model-versions.get-download-uri",
    "artifacts.list",
    "artifacts.download",
)
_TIDY = (
    "runs.delete",
    "experiments.delete",
    "registered-models.delete-with-version",
    "graphql.mlModelVersionDelete",
    "graphql.mlModelDelete-with-version",
)
PERSONAS = (
    Persona("Reader", "opens runs, models and files whose names or ids are known", _READ + _FILES),
    Persona("Analyst", "reads, and searches runs and experiments", _READ + _FILES + _SEARCH),
    Persona("Data scientist", "logs runs and files, and searches them", _READ + _FILES + _SEARCH + _LOG),
    Persona("CI job", "trains, logs, and registers a version with its files", _READ + _LOG + _REGISTER),
    Persona("Deployer", "loads a pinned version, `models:/name@1.0.0`", _LOAD),
    Persona("Maintainer", "deletes runs, experiments, versions and models", _TIDY),
)
_ROLES = ("guest", "planner", "reporter", "developer", "maintainer", "owner")
# Personal tokens: the only kind that was measured with every role and with both scopes.
_LADDER = tuple(f"pat:{role}:{scope}" for role in _ROLES for scope in ("read_api", "api"))


class Matrix:
    """The measured permissions of several GitLabs, side by side.

    Args:
        measured: One for each GitLab, oldest first.
    """

    def __init__(self, measured: Sequence[Permissions]) -> None:
        self.measured = measured
        self.versions = [one.source.series for one in measured]

    @cached_property
    def operations(self) -> dict[str, str]:
        """Every operation, and the group that it belongs to."""
        found = {name: row.group for one in self.measured for name, row in one.operations.items()}
        # Measured as a read of runs, but one of the GitLabs does not have it at all.
        return found | {name: "metric history" for name in found if name == "metrics.get-history"}

    @property
    def count(self) -> int:
        """How many requests were made."""
        return sum(one.count for one in self.measured)

    def outcome(self, operation: str, credential: str, project: str = PRIVATE) -> Outcome:
        """What each GitLab answered.

        Raises:
            Unmeasured: None of them was asked this.
        """
        if operation not in self.operations:
            raise Unmeasured(f"there is no operation {operation!r}")
        found = tuple(one.answer(operation, credential, project) for one in self.measured)
        if not any(found):
            raise Unmeasured(f"{operation!r} was not tried with {credential!r} on a project of kind {project!r}")
        return found

    def answered(self, operation: str, credential: str, project: str = PRIVATE, version: str | None = None) -> str:
        """Status and body of one answer, for a sentence; the same in every GitLab, or that of one.

        Raises:
            Unmeasured: It was not tried, or the GitLabs disagree.
        """
        found = self._answers(operation, credential, project, version)
        if len(found) != 1:
            raise Unmeasured(f"the GitLabs disagree about {operation!r} with {credential!r} on {project!r}: {found}")
        ((status, body),) = found
        return f"{status} `{body}`" if body else str(status)

    def status(self, operation: str, credential: str, project: str = PRIVATE) -> int:
        """The status of one answer, the same in every GitLab.

        Raises:
            Unmeasured: It was not tried, or the GitLabs disagree.
        """
        found = {status for status, _ in self._answers(operation, credential, project, None)}
        if len(found) != 1:
            raise Unmeasured(f"the GitLabs disagree about {operation!r} with {credential!r} on {project!r}: {found}")
        return found.pop()

    def _answers(self, operation: str, credential: str, project: str, version: str | None) -> set[tuple[int, str]]:
        outcome = zip(self.versions, self.outcome(operation, credential, project), strict=True)
        return {(one.status, _body(one)) for name, one in outcome if one and version in {None, name}}

    def by_role(self, credentials: dict[str, str], project: str = PRIVATE, groups: Iterable[str] | None = None) -> str:
        """A table of operations, one column for each credential.

        Args:
            credentials: Column heading to credential.
            project: The kind of project.
            groups: The groups of operations to show; all if None.

        Returns:
            Markdown. Operations of a group share a row where they share every outcome.
        """
        columns = [(heading, credential, project) for heading, credential in credentials.items()]
        return self._table(columns, groups)

    def by_project(self, credential: str, projects: dict[str, str], groups: Iterable[str] | None = None) -> str:
        """A table of operations with one credential, one column for each kind of project."""
        columns = [(heading, credential, project) for heading, project in projects.items()]
        return self._table(columns, groups)

    def _table(self, columns: list[tuple[str, str, str]], groups: Iterable[str] | None) -> str:
        wanted = set(GROUPS if groups is None else groups)
        if unknown := wanted - set(self.operations.values()):
            raise Unmeasured(f"there is no group {sorted(unknown)[0]!r}")
        rows: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for operation, group in self.operations.items():
            if group in wanted:
                cells = tuple(
                    self._cell([self.outcome(operation, credential, project)]) for _, credential, project in columns
                )
                rows.setdefault((group, cells), []).append(operation)
        headings = ["Operation", *(heading for heading, _, _ in columns)]
        return table(headings, ([_row(group, names), *cells] for (group, cells), names in rows.items()))

    def by_credential(
        self, credentials: dict[str, str], columns: dict[str, Sequence[str]], project: str = PRIVATE
    ) -> str:
        """A table of credentials, one column for each set of operations.

        Args:
            credentials: Row heading, in Markdown, to credential.
            columns: Column heading to groups of operations.
            project: The kind of project.
        """
        rows = []
        for heading, credential in credentials.items():
            cells = []
            for groups in columns.values():
                operations = [name for name, group in self.operations.items() if group in groups]
                cells.append(self._cell([self.outcome(name, credential, project) for name in operations]))
            rows.append([heading, *cells])
        return table(["Credential", *columns], rows)

    def scopes(self, credential: str) -> str:
        """The scopes or permissions of a credential, as a list for a table.

        Raises:
            Unmeasured: There is no such credential.
        """
        if credential not in self.measured[-1].credentials:
            raise Unmeasured(f"there is no credential {credential!r}")
        scopes = self.measured[-1].credentials[credential].scopes
        return " ".join(f"`{scope}`" for scope in scopes if " " not in scope)

    def deletions(self, columns: dict[str, tuple[str, str]]) -> str:
        """A table of everything that can be deleted.

        Args:
            columns: Column heading to a credential and a kind of project.
        """
        rows = (
            [
                f"{words}<br><small>{name}</small>",
                *(self._cell([self.outcome(name, credential, kind)]) for credential, kind in columns.values()),
            ]
            for name, words in _DELETIONS.items()
        )
        return table(["To delete", *columns], rows)

    def _cell(self, outcomes: Sequence[Outcome]) -> str:
        """The outcomes of one or more operations, and what an older GitLab did otherwise."""
        by_version = [
            tuple(dict.fromkeys(_mark(answer) for answer in answers if answer is not None))
            for answers in zip(*outcomes, strict=True)
        ]
        text = " ".join(by_version[-1]) or "–"
        for place, version in enumerate(self.versions[:-1]):
            differs = any(one[place] and _mark(one[place]) != _mark(one[-1]) for one in outcomes)
            if differs:
                text += f"<br><small>{version}: {' '.join(by_version[place])}</small>"
        return text

    def differences(self) -> str:
        """A table of everything that the GitLabs answer differently to the same credential, as the tables show it."""
        found: dict[tuple[str, tuple[str, ...]], dict[tuple[str, str], None]] = {}
        for project, by_credential in self.measured[-1].cells.items():
            for credential in by_credential:
                for operation, group in self.operations.items():
                    answers = [one.answer(operation, credential, project) for one in self.measured]
                    marks = tuple(_mark(one) for one in answers if one)
                    if None not in answers and len(set(marks)) > 1:
                        found.setdefault((group, marks), {})[project, credential] = None
        # Groups that differ alike, for the same credentials on the same projects, share a row.
        rows: dict[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], list[str]] = {}
        for (group, marks), pairs in found.items():
            rows.setdefault((marks, tuple(pairs)), []).append(GROUPS[group])
        headings = ["Operation", "Project: credential", *(f"GitLab {one}" for one in self.versions)]
        return table(headings, (["; ".join(groups), _some(where), *marks] for (marks, where), groups in rows.items()))

    def least(self, persona: Persona) -> tuple[str, str]:
        """The lowest classic personal token that may do all that a persona does, and why the next lower may not.

        Returns:
            A credential, and a refusal in Markdown; the refusal is empty where nothing weaker was measured.

        Raises:
            Unmeasured: No measured token may do all of it.
        """
        known = [credential for credential in _LADDER if self._was_tried(credential)]
        weaker = ""
        for credential in known:
            refused = next((name for name in persona.operations if not self._may(name, credential)), None)
            if refused is None:
                return credential, weaker
            _, role, scope = credential.split(":")
            answer = self._cell([self.outcome(refused, credential)])
            weaker = f"{role.capitalize()} with `{scope}`: `{refused}` answers {answer}"
        raise Unmeasured(f"no measured token may do what a {persona.name} does")

    def _was_tried(self, credential: str) -> bool:
        return all(credential in one.cells[PRIVATE] for one in self.measured)

    def _may(self, operation: str, credential: str) -> bool:
        return all(answer is not None and answer.ok for answer in self.outcome(operation, credential))

    def personas(self) -> str:
        """A table of personas with the weakest token that suffices."""
        rows = []
        for persona in PERSONAS:
            credential, weaker = self.least(persona)
            _, role, scope = credential.split(":")
            why = weaker or "nothing lower was measured"
            rows.append([f"**{persona.name}**", persona.does, role.capitalize(), f"`{scope}`", why])
        return table(["Who", "What it does", "Role", "Scope", "One step lower"], rows)


def _row(group: str, operations: Sequence[str]) -> str:
    """The words for a group, and the operations that are meant: each first part once."""
    by_part: dict[str, list[str]] = {}
    for name in operations:
        part, _, rest = name.partition(".")
        by_part.setdefault(part, []).append(rest)
    names = "; ".join(f"{part}: {', '.join(rest)}" for part, rest in by_part.items())
    return f"{GROUPS[group]}<br><small>{names}</small>"


def _some(pairs: Sequence[tuple[str, str]]) -> str:
    """Up to nine pairs of project and credential by name, or how many there are."""
    projects = dict.fromkeys(project for project, _ in pairs)
    if len(pairs) > 9:
        return f"{len(pairs)} combinations, on {len(projects)} kinds of projects"
    named = {project: [credential for of, credential in pairs if of == project] for project in projects}
    return "; ".join(f"{one}: {', '.join(f'`{name}`' for name in names)}" for one, names in named.items())


def hidden_lists(answer: Answer) -> list[str]:
    """The lists that GraphQL answers with null: it does not say that it hides them."""
    return [name for name in _LISTS if f'"{name}":null' in (answer.body or "")]


def _mark(answer: Answer | None) -> str:
    """One outcome: a sign, and the status; GraphQL has 200 for everything, and null for what it hides."""
    if answer is None:
        return "–"
    hidden = hidden_lists(answer)
    if answer.ok and hidden:
        seen = [words for name, words in _LISTS.items() if name not in hidden]
        return cell("but", f"✓ only {seen[0]}") if seen else cell("no", "✕ null")
    kind, sign = ("yes", "✓") if answer.ok else ("no", "✕")
    status = "error" if not answer.ok and answer.status == 200 else answer.status
    return cell(kind, f"{sign} {status}")


def _body(answer: Answer) -> str:
    """A body on one line, ids taken out; only JSON is worth quoting."""
    try:
        json.loads(answer.body or "")
    except ValueError:
        return ""
    return _GID.sub(r"\1/…", answer.body or "")
