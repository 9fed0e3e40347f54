"""Shows the whole measured matrix, so that every table that is made of a part of it can be checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from html import escape

from handbook.measured import Answer, Credential, Operation, Permissions, Project
from handbook.permissions import GROUPS, hidden_lists
from handbook.table import Unmeasured, table, word

FOLDER = "permission-matrix"
NOT_TRIED = "not tried"
_TONES = {"✓": "yes", "~": "but", "✕": "no"}
# What the first part of an operation's name is about; columns stand in this order.
_AREAS = {
    "experiments": "Experiments",
    "runs": "Runs and metrics",
    "metrics": "Runs and metrics",
    "registered-models": "Models",
    "model-versions": "Versions",
    "artifacts": "Files, by MLflow",
    "packages": "Files, as packages",
    "rest": "Files, as packages",
    "graphql": "GraphQL",
    "web": "Web",
}
_LABELS = {
    "200-null": "200, with null in it (GraphQL)",
    "200-refused": "200, but not done (GraphQL)",
    "not-tried": "not tried",
    "no-role": "no role",
}
_SETTINGS = {
    "visibility": "Visibility",
    "archived": "Archived",
    "model_experiments_access_level": "Experiments",
    "model_registry_access_level": "Registry",
    "package_registry_access_level": "Package registry",
    "packages_enabled": "Packages",
}


class PermissionMatrix:
    """Every operation with every credential on every kind of project, of all GitLabs side by side.

    Args:
        measured: One for each GitLab, oldest first.
    """

    def __init__(self, measured: Sequence[Permissions]) -> None:
        self.measured = measured
        self.versions = [one.source.series for one in measured]
        self._operations: dict[str, Operation] = {}
        self._credentials: dict[str, Credential] = {}
        for one in measured:
            self._operations |= one.operations
            self._credentials |= one.credentials

    @cached_property
    def _columns(self) -> dict[str, list[str]]:
        """The operations of each area, in the order of their columns."""
        areas: dict[str, list[str]] = {area: [] for area in _AREAS.values()}
        for name in self._operations:
            part = name.partition(".")[0]
            areas.setdefault(_AREAS.get(part, part), []).append(name)
        return {area: names for area, names in areas.items() if names}

    @property
    def kinds(self) -> list[str]:
        """Every kind of project."""
        return list(dict.fromkeys(kind for one in self.measured for kind in one.projects))

    def table(self, kind: str) -> str:
        """All answers on one kind of project: a row for each credential, a column for each operation.

        Args:
            kind: The kind of project.

        Returns:
            HTML, and a sentence on the credentials that were not tried.

        Raises:
            Unmeasured: There is no such kind.
        """
        if kind not in self.kinds:
            raise Unmeasured(f"there is no kind of project {kind!r}")
        tried = [name for name in self._credentials if any(name in one.cells.get(kind, {}) for one in self.measured)]
        areas = "".join(
            f'<th scope="colgroup" colspan="{len(names)}">{escape(area)}</th>' for area, names in self._columns.items()
        )
        heads = "".join(
            f'<th scope="col"><a href="../#{_anchor("operation", name)}">{escape(name)}</a></th>'
            for name in self._places
        )
        credential = '<th scope="col" rowspan="2">Credential</th>'
        groups = "".join(f'<colgroup span="{len(names)}"></colgroup>' for names in self._columns.values())
        text = _filterable(
            f"Answers on a project of kind {kind}: {' / '.join(f'GitLab {one}' for one in self.versions)}",
            f"<colgroup></colgroup>{groups}<thead><tr>{credential}{areas}</tr><tr>{heads}</tr></thead>",
            (self._row(kind, name) for name in tried),
            ("Kind", "Role", "Status"),
            _LABELS | {word(one.kind): one.kind for one in self._credentials.values()},
            " matrix--wide",
        )
        left = [f"`{name}`" for name in self._credentials if name not in tried]
        rest = f"Not tried on this kind of project, with any operation: {', '.join(left)}." if left else ""
        return f"{text}\n\n{rest}\n"

    @cached_property
    def _places(self) -> list[str]:
        return [name for names in self._columns.values() for name in names]

    def _row(self, kind: str, name: str) -> str:
        words: dict[str, None] = {}
        cells = []
        for operation in self._places:
            answers = [
                one.answer(operation, name, kind) if operation in one.operations else None for one in self.measured
            ]
            own = " ".join(dict.fromkeys(_status(answer) for answer in answers))
            words |= dict.fromkeys(own.split())
            cells.append(f'<td data-status="{own}">{self._cell(answers)}</td>')
        one = self._credentials[name]
        head = f'<a href="../#{_anchor("credential", name)}">{escape(name)}</a> <small>{escape(_who(one))}</small>'
        return (
            f'<tr data-kind="{word(one.kind)}" data-role="{word(one.role or "no role")}"'
            f' data-status="{" ".join(words)}"><th scope="row">{head}</th>{"".join(cells)}</tr>'
        )

    def _cell(self, answers: Sequence[Answer | None]) -> str:
        """One status where the GitLabs agree, else one for each; each leads to the body that came."""
        shown = [_link(answer, _mark(answer)) if answer else NOT_TRIED for answer in answers]
        if len({_mark(answer) if answer else None for answer in answers}) > 1:
            return "/<wbr>".join(shown)
        *older, newest = zip(self.versions, answers, strict=True)
        # The same status may stand on another body.
        others = [_link(answer, version, "other") for version, answer in older if answer and answer != newest[1]]
        return " ".join([shown[-1], *others])

    def answers(self) -> str:
        """Every distinct answer once, as HTML: refusals first, by status, the most frequent first."""
        rows = sorted(self._found.items(), key=_rank)
        return _filterable(
            "Every distinct answer",
            _heads("Answer", "Status", "GitLab", "Times", "Operations", "What came back"),
            (self._answer_row(answer, where) for answer, where in rows),
            ("Status", "GitLab", "Operation"),
            _LABELS,
        )

    @cached_property
    def _found(self) -> dict[Answer, Counter[tuple[str, str]]]:
        """How often each answer came, by GitLab and operation."""
        found: dict[Answer, Counter[tuple[str, str]]] = {}
        for one in self.measured:
            for rows in one.cells.values():
                for numbers in rows.values():
                    for operation, number in zip(one.operations, numbers, strict=True):
                        if number >= 0:
                            where = found.setdefault(one.answers[number], Counter())
                            where[one.source.series, operation] += 1
        return found

    @property
    def distinct(self) -> int:
        """How many different answers came."""
        return len(self._found)

    def _answer_row(self, answer: Answer, where: Counter[tuple[str, str]]) -> str:
        versions = [one for one in self.versions if any(version == one for version, _ in where)]
        names = [name for name in self._places if any(operation == name for _, operation in where)]
        said = ", ".join(names) if len(names) <= 3 else f"{len(names)} operations"
        parts = [f"<samp>{escape(answer.body, quote=False)}</samp>" if answer.body else "an empty body"]
        if answer.body_length is not None:
            parts.append(f"cut here; {answer.body_length} characters in all")
        if answer.location is not None:
            parts.append(f"Location: <samp>{escape(answer.location)}</samp>")
        if answer.www_authenticate is not None:
            parts.append(f"WWW-Authenticate: <samp>{escape(answer.www_authenticate)}</samp>")
        mark = f'<span class="{_TONES[_mark(answer)[0]]}">{_mark(answer)}</span>'
        cells = (mark, ", ".join(versions), str(where.total()), escape(said), "<br>".join(parts))
        name = _id(answer)
        return (
            f'<tr id="{name}" data-status="{_status(answer)}" data-gitlab="{" ".join(versions)}"'
            f' data-operation="{escape(" ".join(names))}"><th scope="row"><a href="#{name}">{name}</a></th>'
            f"{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        )

    def operations(self) -> str:
        """Every operation with its route, as HTML."""
        by_area = {name: area for area, names in self._columns.items() for name in names}
        rows = []
        for name in self._places:
            one = self._operations[name]
            note = f"<br><small>{escape(one.note)}</small>" if one.note else ""
            rows.append(
                f'<tr id="{_anchor("operation", name)}" data-area="{word(by_area[name])}"'
                f' data-method="{word(one.method)}"><th scope="row">{escape(name)}</th><td>{one.method}</td>'
                f"<td><samp>{escape(one.path_template)}</samp>{note}</td><td>{escape(GROUPS[one.group])}</td></tr>"
            )
        labels = {word(area): area for area in by_area.values()}
        labels |= {word(one.method): one.method for one in self._operations.values()}
        heads = _heads("Operation", "Method", "Path", "What it is for")
        return _filterable("Operations", heads, rows, ("Area", "Method"), labels)

    def credentials(self) -> str:
        """Every credential with its scopes and how it was sent, as HTML."""
        rows = []
        for name, one in self._credentials.items():
            tried = [
                version for version, of in zip(self.versions, self.measured, strict=True) if name in of.credentials
            ]
            scopes = " ".join(f"<samp>{escape(scope)}</samp>" for scope in one.scopes) or "none"
            note = f"<br><small>{escape(one.note)}</small>" if one.note else ""
            cells = (escape(one.kind), escape(one.role or "no role"), scopes + note, escape(one.sent_as))
            rows.append(
                f'<tr id="{_anchor("credential", name)}" data-kind="{word(one.kind)}"'
                f' data-role="{word(one.role or "no role")}" data-gitlab="{" ".join(tried)}">'
                f'<th scope="row">{escape(name)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}'
                f"<td>{', '.join(tried)}</td></tr>"
            )
        heads = _heads("Credential", "Kind", "Role", "Scopes or permissions", "Sent as", "GitLab")
        labels = _LABELS | {word(one.kind): one.kind for one in self._credentials.values()}
        return _filterable("Credentials", heads, rows, ("Kind", "Role", "GitLab"), labels)

    def projects(self) -> str:
        """Every kind of project with its settings and a link to its table, in Markdown."""
        rows = []
        for kind in self.kinds:
            found = [one.projects[kind] for one in self.measured if kind in one.projects]
            count = sum(
                number >= 0 for one in self.measured for row in one.cells.get(kind, {}).values() for number in row
            )
            notes = dict.fromkeys(one.note for one in found if one.note)
            name = f"[{kind}]({FOLDER}/{kind}.md){''.join(f'<br><small>{note}</small>' for note in notes)}"
            rows.append([name, *(_setting(found, key) for key in _SETTINGS), _members(found), str(count)])
        return table(["Kind", *_SETTINGS.values(), "Members", "Requests"], rows)


def _filterable(
    caption: str, head: str, rows: Iterable[str], filters: Sequence[str], labels: dict[str, str], kind: str = ""
) -> str:
    """A table that can be scrolled and filtered; without blank lines, so that Markdown takes it as it is."""
    name = escape(caption)
    needed = {word: label for word, label in labels.items() if word != label}
    return (
        f'<div class="filterable" data-search-exclude data-filters="{",".join(filters)}"'
        f' data-labels="{escape(json.dumps(needed))}">\n'
        f'<div class="matrix{kind}" role="region" tabindex="0" aria-label="{name}">\n'
        f'<table class="matrix__table"><caption>{name}</caption>{head}\n<tbody>\n'
        + "\n".join(rows)
        + "\n</tbody></table>\n</div>\n</div>"
    )


def _rank(row: tuple[Answer, Counter[tuple[str, str]]]) -> tuple[bool, bool, int, int]:
    answer, where = row
    # What GraphQL refuses with 200 stands after what says so in its status.
    return answer.ok, answer.status == 200, answer.status, -where.total()


def _heads(*names: str) -> str:
    return f"<thead><tr>{''.join(f'<th scope="col">{name}</th>' for name in names)}</tr></thead>"


def _mark(answer: Answer) -> str:
    if not answer.ok:
        return f"✕ {answer.status}"
    return f"{'~' if hidden_lists(answer) else '✓'} {answer.status}"


def _status(answer: Answer | None) -> str:
    """The word that a filter knows an answer by: its status, and what GraphQL means by a 200."""
    if answer is None:
        return word(NOT_TRIED)
    if answer.status == 200:
        return "200-refused" if not answer.ok else "200-null" if hidden_lists(answer) else "200"
    return str(answer.status)


def _link(answer: Answer, text: str, kind: str | None = None) -> str:
    return f'<a class="{kind or _TONES[text[0]]}" href="../answers/#{_id(answer)}">{text}</a>'


def _id(answer: Answer) -> str:
    """The anchor of an answer: made of what it says, so that a link stays good when others come."""
    return "a" + hashlib.sha256(answer.model_dump_json(exclude_none=True).encode()).hexdigest()[:10]


def _anchor(kind: str, name: str) -> str:
    return f"{kind}-{re.sub(r'[^a-zA-Z0-9]+', '-', name)}"


def _who(one: Credential) -> str:
    """Kind, role, scopes and way of sending, in few words."""
    scopes = ", ".join(one.scopes) if len(one.scopes) <= 2 else f"{len(one.scopes)} permissions"
    return "; ".join(filter(None, (one.kind, one.role or "no role", scopes, f"sent as {one.sent_as}")))


def _setting(projects: Sequence[Project], key: str) -> str:
    """One setting, or one for each GitLab where they differ."""
    words = {None: "not recorded", True: "yes", False: "no"}
    found = dict.fromkeys(words.get(value, str(value)) for value in (getattr(one, key) for one in projects))
    return "/".join(found)


def _members(projects: Sequence[Project]) -> str:
    return "/".join(dict.fromkeys(", ".join(one.members) or "none" for one in projects))
