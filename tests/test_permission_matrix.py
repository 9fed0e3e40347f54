"""Reads the published matrix with a reader of its own, and compares every cell with the measured files."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jinja2
import markdown  # type: ignore[import-untyped]
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs/reference/permission-matrix"
FILES = {
    version: json.loads((ROOT / f"measured/permissions-{version}.json").read_text("utf-8"))
    for version in ("18.9", "19.3")
}
KINDS = list(FILES["19.3"]["projects"])

# --- The independent reader: plain JSON and HTML, nothing of the code that made the pages -----------------------------


@dataclass
class Cell:
    """One cell: its text, its attributes, and where its links lead."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Row:
    attributes: dict[str, str]
    cells: list[Cell] = field(default_factory=list)


class Tables(HTMLParser):
    """The rows of every table of class `matrix__table`, head and body apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.head: list[Row] = []
        self.body: list[Row] = []
        self.boxes: list[dict[str, str]] = []
        self.prose = ""
        self._rows: list[Row] | None = None
        self._cell: Cell | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if "filterable" in attributes.get("class", "").split():
            self.boxes.append(attributes)
        if tag in {"thead", "tbody"}:
            self._rows = self.head if tag == "thead" else self.body
        elif tag == "tr" and self._rows is not None:
            self._rows.append(Row(attributes))
        elif tag in {"td", "th"} and self._rows is not None:
            self._cell = Cell(tag, attributes)
            self._rows[-1].cells.append(self._cell)
        elif tag == "a" and self._cell is not None:
            self._cell.links.append((attributes["href"], ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._cell = None
        elif tag == "table":
            self._rows = None

    def handle_data(self, data: str) -> None:
        if self._cell is None:
            self.prose += data
            return
        self._cell.text += data
        if self._cell.links:
            href, text = self._cell.links[-1]
            self._cell.links[-1] = (href, text + data)


def measured(files: dict[str, Any], version: str, kind: str, credential: str, operation: str) -> dict[str, Any] | None:
    data = files[version]
    numbers = data["cells"].get(kind, {}).get(credential)
    if numbers is None:
        return None
    number = numbers[list(data["operations"]).index(operation)]
    return None if number == -1 else data["answers"][number]


def mark(answer: dict[str, Any] | None) -> str:
    if answer is None:
        return "not tried"
    hides = re.search(r'"(mlModels|mlExperiments)":null', answer["body"])
    sign = "✕" if not answer["ok"] else "~" if hides else "✓"
    return f"{sign} {answer['status']}"


def expected(answers: dict[str, dict[str, Any] | None]) -> str:
    """The text of a cell: one mark where they agree, else one for each; and whose body is another one."""
    marks = [mark(answer) for answer in answers.values()]
    if len(set(marks)) > 1:
        return "/".join(marks)
    *_, newest = answers.values()
    others = [version for version, answer in answers.items() if answer != newest]
    return " ".join([marks[-1], *others])


# --- The pages, rendered as the site renders them ---------------------------------------------------------------------


def rendered(name: str, root: Path = ROOT) -> str:
    from handbook.pages import functions

    text = (ROOT / "docs" / name).read_text("utf-8").removeprefix("---\nhide: [toc]\n---\n")
    context = functions(root)(name, "../" * name.count("/"))
    extensions = ["attr_list", "md_in_html", "tables", "toc", "admonition"]
    return str(markdown.markdown(jinja2.Template(text).render(context), extensions=extensions))


@cache
def page(name: str) -> Tables:
    return Tables(rendered(f"reference/permission-matrix{name}.md"))


@cache
def answer_rows() -> dict[str, Row]:
    return {row.attributes["id"]: row for row in page("/answers").body}


def operations_of(tables: Tables) -> list[str]:
    """The operations, in the order of their columns."""
    return [cell.text for cell in tables.head[1].cells]


def name_of(row: Row) -> str:
    return row.cells[0].links[0][1].split()[0]


def said(row: Row) -> str:
    """What an answer's row says came back."""
    return row.cells[5].text


def as_said(answer: dict[str, Any]) -> str:
    parts = [answer["body"] or "an empty body"]
    if "body_length" in answer:
        parts.append(f"cut here; {answer['body_length']} characters in all")
    if "location" in answer:
        parts.append(f"Location: {answer['location']}")
    if "www_authenticate" in answer:
        parts.append(f"WWW-Authenticate: {answer['www_authenticate']}")
    return "".join(parts)


@pytest.mark.parametrize("kind", KINDS)
def test_every_cell_says_what_was_measured_and_leads_to_its_body(kind: str) -> None:
    tables = page(f"/{kind}")
    names = operations_of(tables)
    assert sorted(names) == sorted(FILES["19.3"]["operations"])
    tried = {name for data in FILES.values() for name in data["cells"].get(kind, {})}
    assert sorted(name_of(row) for row in tables.body) == sorted(tried)
    compared = 0
    for row in tables.body:
        assert row.cells[0].attributes["scope"] == "row"
        cells = row.cells[1:]
        assert len(cells) == len(names)
        for operation, cell in zip(names, cells, strict=True):
            answers = {version: measured(FILES, version, kind, name_of(row), operation) for version in FILES}
            assert cell.text == expected(answers), (kind, name_of(row), operation)
            assert cell.text.strip()
            # Every body that came can be reached from the cell, and no other.
            bodies = {as_said(one) for one in answers.values() if one}
            linked = {said(answer_rows()[href.removeprefix("../answers/#")]) for href, _ in cell.links}
            assert linked == bodies, (kind, name_of(row), operation)
            compared += 1
    assert compared == len(tried) * 43


@pytest.mark.parametrize("kind", KINDS)
def test_a_credential_without_a_row_is_named_as_not_tried(kind: str) -> None:
    tables = page(f"/{kind}")
    rows = {name_of(row) for row in tables.body}
    _, _, rest = tables.prose.partition("Not tried on this kind of project, with any operation: ")
    named = set(re.split(r", |\.\s", rest.partition("\n")[0] + "\n"))
    assert rows | (named & set(FILES["19.3"]["credentials"])) == set(FILES["19.3"]["credentials"])
    assert not rows & named


def test_every_request_is_in_some_cell() -> None:
    statuses = sum(
        len(cell.text.split("/")) if "/" in cell.text else len(FILES)
        for kind in KINDS
        for row in page(f"/{kind}").body
        for cell in row.cells[1:]
    )
    untried = sum(cell.text.count("not tried") for kind in KINDS for row in page(f"/{kind}").body for cell in row.cells)
    requests = sum(
        n >= 0 for data in FILES.values() for rows in data["cells"].values() for row in rows.values() for n in row
    )
    assert statuses - untried == requests == 9933


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_found_by_what_its_cells_say(kind: str) -> None:
    for row in page(f"/{kind}").body:
        credential = FILES["19.3"]["credentials"][name_of(row)]
        assert row.attributes["data-kind"] == credential["kind"].replace(" ", "-")
        assert row.attributes["data-role"].replace("-", " ") == (credential.get("role") or "no role").replace(",", "")
        found = {word for cell in row.cells[1:] for word in cell.attributes["data-status"].split()}
        assert set(row.attributes["data-status"].split()) == found
        for cell in row.cells[1:]:
            numbers = set(re.findall(r"[✓✕~] (\d{3})", cell.text)) | {"not"} & set(cell.text.split())
            assert {word.partition("-")[0] for word in cell.attributes["data-status"].split()} == numbers
            refused = "✕ 200" in cell.text
            assert ("200-refused" in cell.attributes["data-status"].split()) == refused


def test_every_distinct_answer_stands_once() -> None:
    rows = page("/answers").body
    assert len(answer_rows()) == len(rows)
    distinct = {json.dumps(answer, sort_keys=True) for data in FILES.values() for answer in data["answers"]}
    assert len(rows) == len(distinct)
    counts: dict[str, int] = {}
    came: dict[str, set[str]] = {}
    asked: dict[str, set[str]] = {}
    for version, data in FILES.items():
        for by_credential in data["cells"].values():
            for numbers in by_credential.values():
                for operation, number in zip(data["operations"], numbers, strict=True):
                    if number >= 0:
                        key = json.dumps(data["answers"][number], sort_keys=True)
                        counts[key] = counts.get(key, 0) + 1
                        came.setdefault(key, set()).add(version)
                        asked.setdefault(key, set()).add(operation)
    wanted = sorted(
        (
            mark(json.loads(key)),
            ", ".join(sorted(came[key])),
            str(counts[key]),
            as_said(json.loads(key)),
            sorted(asked[key]),
        )
        for key in counts
    )
    shown = sorted(
        (*(cell.text for cell in row.cells[1:4]), said(row), sorted(row.attributes["data-operation"].split()))
        for row in rows
    )
    assert [tuple(row) for row in shown] == wanted
    assert all(cell.text.strip() for row in rows for cell in row.cells)


def test_the_overview_describes_all_and_its_anchors_are_those_that_the_tables_lead_to() -> None:
    tables = page("")
    ids = {row.attributes["id"] for row in tables.body if "id" in row.attributes}
    leads = {
        href.removeprefix("../#")
        for kind in KINDS
        for row in [*page(f"/{kind}").head, *page(f"/{kind}").body]
        for cell in row.cells
        for href, _ in cell.links
        if href.startswith("../#")
    }
    assert leads == ids
    assert len(ids) == len(FILES["19.3"]["operations"]) + len(FILES["19.3"]["credentials"])
    by_id = {row.attributes["id"]: row for row in tables.body if "id" in row.attributes}
    for name, operation in FILES["19.3"]["operations"].items():
        row = by_id["operation-" + re.sub(r"[^a-zA-Z0-9]+", "-", name)]
        assert [cell.text for cell in row.cells[:2]] == [name, operation["method"]]
        assert row.cells[2].text == operation["path_template"] + operation.get("note", "")
    for name, credential in FILES["19.3"]["credentials"].items():
        row = by_id["credential-" + re.sub(r"[^a-zA-Z0-9]+", "-", name)]
        versions = ", ".join(version for version, data in FILES.items() if name in data["credentials"])
        assert [row.cells[0].text, row.cells[1].text, row.cells[4].text, row.cells[5].text] == [
            name,
            credential["kind"],
            credential["sent_as"],
            versions,
        ]
        assert row.cells[3].text == (" ".join(credential["scopes"]) or "none")


def test_every_kind_has_a_page_and_every_page_a_kind() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.md")) == sorted([*KINDS, "answers"])
    overview = (ROOT / "docs/reference/permission-matrix.md").read_text("utf-8")
    for name in set(re.findall(r"^\| `(\w+)` \|", overview.partition("## The JSON files")[2], re.M)):
        assert name in FILES["19.3"]
    for kind in KINDS:
        assert f'permission_matrix.table("{kind}")' in (FOLDER / f"{kind}.md").read_text("utf-8")
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert all(f"reference/permission-matrix/{path.name}\n" in navigation for path in FOLDER.glob("*.md"))


@pytest.mark.parametrize("name", ["", "/answers", *(f"/{kind}" for kind in KINDS)])
def test_tables_can_be_reached_named_and_filtered(name: str) -> None:
    text = rendered(f"reference/permission-matrix{name}.md")
    regions = re.findall(r'<div class="matrix[^"]*" role="region" tabindex="0" aria-label="([^"]+)">', text)
    captions = re.findall(r"<caption>([^<]+)</caption>", text)
    assert regions == captions != []
    for box in page(name).boxes:
        labels = json.loads(box["data-labels"])
        assert all(isinstance(label, str) for label in labels.values())
        for title in box["data-filters"].split(","):
            assert any(f"data-{title.lower()}" in row.attributes for row in page(name).body)
    assert html.unescape(text).count("{{") == 0


# --- Broken data ------------------------------------------------------------------------------------------------------


def broken(root: Path, change: Callable[[Any], Any] | None, text: str = "") -> Path:
    """A copy of the project's data in which one file was changed, with a manifest that takes it."""
    shutil.copytree(ROOT / "measured", root / "measured")
    path = root / "measured/permissions-19.3.json"
    data = json.loads(path.read_text("utf-8"))
    path.write_text(text if change is None else json.dumps(change(data) or data), "utf-8")
    manifest = root / "measured/manifest.json"
    known = json.loads(manifest.read_text("utf-8"))
    known[path.name] = sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(known), "utf-8")
    return path


def test_another_status_makes_another_page(tmp_path: Path) -> None:
    from handbook.measured import load_permissions
    from handbook.permission_matrix import PermissionMatrix

    def change(data: Any) -> None:
        data["answers"].append({"status": 418, "ok": False, "body": '{"message":"418 <teapot> & more"}'})
        data["cells"]["private"]["anonymous"][3] = len(data["answers"]) - 1

    broken(tmp_path, change)
    before = PermissionMatrix(load_permissions(ROOT))
    after = PermissionMatrix(load_permissions(tmp_path))
    old, new = Tables(before.table("private")), Tables(after.table("private"))
    operation = list(FILES["19.3"]["operations"])[3]
    column = operations_of(new).index(operation) + 1
    differing = [
        (name_of(one), place)
        for one, other in zip(old.body, new.body, strict=True)
        for place, (a, b) in enumerate(zip(one.cells, other.cells, strict=True))
        if a.text != b.text
    ]
    assert differing == [("anonymous", column)]
    cell = new.body[0].cells[column]
    assert cell.text == "✕ 401/✕ 418"
    assert cell.attributes["data-status"] == "401 418"
    rows = {row.attributes["id"]: row for row in Tables(after.answers()).body}
    assert said(rows[cell.links[1][0].removeprefix("../answers/#")]) == '{"message":"418 <teapot> & more"}'
    # The other kinds stay as they were.
    assert before.table("missing") == after.table("missing")


def test_an_answer_that_was_not_tried_is_said_to_be(tmp_path: Path) -> None:
    from handbook.measured import load_permissions
    from handbook.permission_matrix import PermissionMatrix

    broken(tmp_path, lambda data: data["cells"]["private"]["anonymous"].__setitem__(3, -1))
    new = Tables(PermissionMatrix(load_permissions(tmp_path)).table("private"))
    operation = list(FILES["19.3"]["operations"])[3]
    assert new.body[0].cells[operations_of(new).index(operation) + 1].text == "✕ 401/not tried"


FAULTS: list[tuple[str, Callable[[Any], Any], str, str]] = [
    ("unknown status", lambda data: data["answers"][5].update(status=999), "/answers/5/status", "less than or equal"),
    ("status as a word", lambda data: data["answers"][5].update(status="fine"), "/answers/5/status", "valid integer"),
    (
        "a credential that nothing describes",
        lambda data: data["cells"]["private"].update({"pat:Emperor/~:api": data["cells"]["private"]["anonymous"]}),
        "/cells/private/pat:Emperor~1~0:api",
        "which nothing describes",
    ),
    (
        "a credential whose description is gone",
        lambda data: data["credentials"].pop("anonymous") and None,
        "/cells/private/anonymous",
        "'anonymous', which nothing describes",
    ),
    (
        "a project that nothing describes",
        lambda data: data["cells"].update(moon={}),
        "/cells/moon",
        "'moon', which nothing describes",
    ),
    (
        "an answer that is not there",
        lambda data: data["cells"]["private"]["anonymous"].__setitem__(3, 9999),
        "/cells/private/anonymous/3",
        "no answer with the number 9999",
    ),
    (
        "a number that is a word",
        lambda data: data["cells"]["private"]["anonymous"].__setitem__(3, "x"),
        "/cells/private/anonymous/3",
        "valid integer",
    ),
    (
        "a row that is too short",
        lambda data: data["cells"]["private"]["anonymous"].pop() and None,
        "/cells/private/anonymous",
        "it has 42 numbers for 43",
    ),
    ("a field that nobody knows", lambda data: data["answers"][0].update(extra=1), "/answers/0/extra", "extra"),
    ("no cells", lambda data: data.pop("cells") and None, "/cells", "required"),
]


@pytest.mark.parametrize(("_what", "change", "pointer", "message"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_broken_data_stops_the_build_with_its_place(
    _what: str, change: Callable[[Any], Any], pointer: str, message: str, tmp_path: Path
) -> None:
    from handbook.pages import functions
    from verified_docs.problem import Problem

    path = broken(tmp_path, change)
    with pytest.raises(Problem) as caught:
        functions(tmp_path)
    assert (caught.value.path, caught.value.kind) == (path, "measured")
    assert f"({pointer}: " in caught.value.what
    assert message in caught.value.what


@pytest.mark.parametrize("text", ["", "{", '{"source": ', "[]", "3", '{"a": NaN}'])
def test_malformed_json_stops_the_build(text: str, tmp_path: Path) -> None:
    from handbook.pages import functions
    from verified_docs.problem import Problem

    path = broken(tmp_path, None, text)
    with pytest.raises(Problem, match="cut off or malformed") as caught:
        functions(tmp_path)
    assert caught.value.path == path


def test_the_place_of_a_body_is_the_place_in_the_file() -> None:
    from handbook.measured import Coverage, validated
    from verified_docs.problem import Problem

    path = ROOT / "measured/coverage-gitlab19.3-mlflow3.json"
    data = json.loads(path.read_text("utf-8"))
    name = next(name for name, probe in data["probes"].items() if probe.get("exchanges"))
    data["probes"][name]["exchanges"][0]["request"] = 5
    with pytest.raises(Problem) as caught:
        validated(path, lambda: Coverage.model_validate_json(json.dumps(data)))
    pointer = f"/probes/{name.replace('~', '~0').replace('/', '~1')}/exchanges/0/request"
    assert f"({pointer}: " in caught.value.what


def test_a_kind_that_is_not_there() -> None:
    from handbook.measured import load_permissions
    from handbook.permission_matrix import PermissionMatrix
    from handbook.table import Unmeasured

    with pytest.raises(Unmeasured, match="no kind of project 'moon'"):
        PermissionMatrix(load_permissions(ROOT)).table("moon")


def test_the_scripts_of_the_filter_are_small_and_loaded() -> None:
    script = (ROOT / "docs/assets/filter.js").read_bytes()
    assert len(script) < 4096
    assert not re.search(rb"fetch|XMLHttpRequest|localStorage|sessionStorage|cookie|innerHTML|import\(", script)
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert "assets/filter.js" in yaml.safe_load(re.search(r"^extra_javascript: (.*)$", text, re.M)[1])  # type: ignore[index]
