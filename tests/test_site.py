"""Builds the pages and the site from this run's evidence, and reads them as a browser and a reader would."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest

from conftest import ADAPTER, LANES, ROOT, rewrite
from verified_docs.census import find_fences, take_census
from verified_docs.evidence import Evidence
from verified_docs.example import load_examples
from verified_docs.known import load_known
from verified_docs.problem import Problem, Problems
from verified_docs.publish import publish_pages
from verified_docs.rules import Known
from verified_docs.scan import load_exempt, scan


class Page(HTMLParser):
    """What a test wants to know of an HTML page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.blocks = 0
        self.text = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if "id" in values:
            self.ids.add(values["id"])
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag == "link" and values.get("rel") not in {"canonical", "prev", "next"}:
            self.loads.append(values["href"])
        elif "src" in values:
            self.loads.append(values["src"])
        if "highlight" in values.get("class", "").split() and tag == "div":
            self.blocks += 1

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="session")
def html(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


# --- What is published -----------------------------------------------------------------------------------------------


def test_every_result_is_proven(evidence: Evidence) -> None:
    manifest = json.loads((ROOT / "cassettes" / "manifest.json").read_text("utf-8"))["recordings"]
    proven = {
        f"{lane}/{name}": result.cassette_sha256
        for name, proof in evidence.examples.items()
        for lane, result in proof.results.items()
        if result.verdict != "not_recorded"
    }
    assert proven == {key: row["cassette"] for key, row in manifest.items()}


def test_evidence_is_published_with_its_schema(site: Path, evidence: Evidence) -> None:
    published = json.loads((site / "evidence.json").read_text("utf-8"))
    jsonschema.validate(published, json.loads((site / "evidence.schema.json").read_text("utf-8")))
    assert Evidence.model_validate(published) == evidence


def test_examples_can_be_downloaded_as_they_ran(site: Path) -> None:
    for example in load_examples(ROOT):
        assert (site / "examples" / f"{example.id}.py").read_text("utf-8") == example.source


def test_cassettes_are_published_as_they_were_replayed(site: Path, evidence: Evidence) -> None:
    for proof in evidence.examples.values():
        for result in proof.results.values():
            if result.cassette:
                content = (site / result.cassette).read_bytes()
                assert hashlib.sha256(content).hexdigest() == result.cassette_sha256


def test_no_fence_is_lost_between_source_and_page(pages: Path, html: dict[Path, Page], site: Path) -> None:
    sources = sorted(pages.rglob("*.md"))
    assert sources
    for source in sources:
        name = source.relative_to(pages).with_suffix("")
        built = site / name.parent / ("index.html" if name.name == "index" else f"{name.name}/index.html")
        expected = len(find_fences(source, source.read_text("utf-8")))
        if name.as_posix().startswith(("reference/verified-docs", "reference/mlflow-gitlab")):
            # Here mkdocstrings adds signatures.
            assert html[built].blocks >= expected
        else:
            assert html[built].blocks == expected, name


def test_every_fence_of_the_source_reaches_the_page(pages: Path) -> None:
    for fence in take_census(ROOT / "docs"):
        published = find_fences(fence.page, (pages / fence.page.relative_to(ROOT / "docs")).read_text("utf-8"))
        assert (fence.language, fence.content) in [(one.language, one.content) for one in published]


def test_code_on_the_page_is_the_code_that_ran(pages: Path, evidence: Evidence) -> None:
    fences = [fence for page in pages.rglob("*.md") for fence in find_fences(page, page.read_text("utf-8"))]
    code = {fence.content for fence in fences if fence.language == "python"}
    texts = [fence.content for fence in fences if fence.language == "text"]
    for example in load_examples(ROOT):
        assert code & {example.code(), *map(example.code, example.sections)}, example.id
        for result in evidence.examples[example.id].results.values():
            assert result.output == "" or any(result.output in text for text in texts), example.id


def test_no_request_leaves_the_site(html: dict[Path, Page], site: Path) -> None:
    for path, page in html.items():
        for address in page.loads:
            assert not urlsplit(address).netloc, f"{path}: {address}"
            assert not address.startswith("//")
    for style in site.rglob("*.css"):
        for address in re.findall(r"(?:url\(|@import\s+)[\"']?([^\"')]+)", style.read_text("utf-8")):
            assert address.startswith("data:") or not urlsplit(address).netloc, f"{style}: {address}"


def test_every_internal_link_and_anchor_leads_somewhere(html: dict[Path, Page], site: Path) -> None:
    checked = 0
    for path, page in html.items():
        if path.name == "404.html":
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            assert target.is_relative_to(site), f"{path}: {link}"
            assert target.exists(), f"{path}: {link}"
            if parts.fragment and target.suffix == ".html":
                assert unquote(parts.fragment) in html[target].ids, f"{path}: {link}"
            checked += 1
    assert checked > 100


def test_every_page_says_what_it_needs_and_where_to_go(pages: Path) -> None:
    for page in sorted(pages.rglob("*.md")):
        text = page.read_text("utf-8")
        name = page.relative_to(pages).as_posix()
        assert text.rstrip().rpartition("\n## ")[2].startswith("Where to go next\n"), name
        if name.startswith(("how-to/", "ci/", "tutorials/", "mlflow/", "reference/setup-calls")):
            assert '!!! note "Not verified"' in text, name
            assert '!!! info "You need"' in text, name
            first = re.sub(r"^# .*\n", "", text).strip().partition("\n\n")[0]
            assert re.match(r"(Use |In this tutorial )", first), name


def test_every_task_says_what_can_go_wrong_and_shows_it() -> None:
    for page in [*(ROOT / "docs/how-to").glob("*.md"), *(ROOT / "docs/ci").glob("*.md")]:
        _, found, rest = page.read_text("utf-8").partition("\n## What can go wrong\n")
        assert found, page.name
        trouble = rest.partition("\n## ")[0]
        assert len(re.findall(r"^(?:### |- |\| )", trouble, re.M)) >= 2, page.name
        shown = re.search(r"\{\{ (?:example|exchange|answered|probes|permissions)|\]\([^)]*\.md|\]\(#", trouble)
        assert shown, f"{page.name} shows nothing of what can go wrong"


def test_every_example_is_explained_where_it_stands() -> None:
    for page in sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "reference"):
        for section in re.split(r"^#{1,4} ", page.read_text("utf-8"), flags=re.M):
            calls = re.findall(r"\{\{ example\(.*?\) (?:\| indent\(4\) )?\}\}", section)
            prose = re.sub(r"\{\{.*?\}\}|```.*?```|\A[^\n]*", "", section, flags=re.S)
            words = re.findall(r"[A-Za-z]{2,}", prose)
            assert not calls or len(words) >= 10, f"{page.name}: {section.partition(chr(10))[0]}"


def test_every_recipe_carries_a_stamp_with_all_lanes(pages: Path) -> None:
    for page in pages.rglob("*.md"):
        text = page.read_text("utf-8")
        recipes = re.split('<div class="recipe"[^>]*>', text)[1:]
        for recipe in recipes:
            stamp = recipe.partition('<div class="stamp"')[2].partition("\n</div>\n\n</div>")[0]
            for lane in LANES:
                assert f"{lane.server} · {lane.client}" in stamp
            assert re.search(r"recordings of \d{4}-\d\d-\d\d", stamp)


def test_a_script_without_the_client_says_why_lanes_are_missing(pages: Path) -> None:
    words = "It does without MLflow, and was recorded with one client only."
    assert words in (pages / "reference/setup-calls.md").read_text("utf-8")
    # This one has the client, and is not recorded with the other.
    assert words not in (pages / "how-to/migrate.md").read_text("utf-8")


def test_nothing_published_holds_a_secret(site: Path, pages: Path) -> None:
    """In no file of any kind: pages, search index, cassettes, archives, pictures, code of the theme."""
    files = {
        f"{name}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for name, folder in (("site", site), ("build/docs", pages))
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert {"site/search/search_index.json", "site/sitemap.xml.gz", "site/evidence.json"} <= files.keys()
    report = scan(ROOT, files.items(), load_known(ROOT, {}), load_exempt(ROOT), host=ADAPTER.host)
    assert [f"{one.where}: {one.said}" for one in report.findings] == []
    assert report.unused == []
    index = json.loads(files["site/search/search_index.json"])
    index["docs"][-1]["text"] += f" <code>glpat-{'Ab3dE5fG7h' * 2}</code>"
    (finding,) = scan(ROOT, [("site/search/search_index.json", json.dumps(index).encode())], Known()).findings
    assert finding.said == "GitLab token"


# --- What must not be published --------------------------------------------------------------------------------------


def refused(project: Path, evidence: Evidence) -> Problem:
    into = project / "build" / "docs"
    into.mkdir(parents=True)
    (into / "before").write_text("kept", "utf-8")
    (into / "evidence.json").write_text("{}", "utf-8")
    with pytest.raises(Problem) as caught:
        publish_pages(project, evidence, into)
    # The old pages stay, and nothing half-made lies beside them.
    assert [path.name for path in into.parent.iterdir()] == ["docs"]
    assert (into / "before").read_text("utf-8") == "kept"
    return caught.value


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '{{ example("tracking/check_connection") }}',
            '{{ example("tracking/nothing") }}',
            "no example 'tracking/nothing'",
        ),
        (
            '{{ example("tracking/check_connection") }}',
            '{{ example("tracking/check_connection", section="gone") }}',
            "no section 'gone'",
        ),
        ('{{ example("tracking/check_connection") }}', "{{ exampel() }}", "'exampel' is undefined"),
        ('{{ example("tracking/check_connection") }}', "{{ facts.nothing }}", "no attribute 'nothing'"),
        ('{{ example("tracking/check_connection") }}', "{{ example( }}", "cannot be rendered"),
    ],
)
def test_page_that_names_what_is_not_there(old: str, new: str, message: str, project: Path, evidence: Evidence) -> None:
    page = project / "docs/how-to/check-connection.md"
    text = page.read_text("utf-8")
    rewrite(page, text.replace(old, new))
    problem = refused(project, evidence)
    assert message in problem.what
    assert problem.path == page
    assert problem.line == text[: text.index(old)].count("\n") + 1


def test_example_that_changed_after_it_was_verified(project: Path, evidence: Evidence) -> None:
    path = project / "examples/tracking/check_connection.py"
    rewrite(path, path.read_text("utf-8") + "\n# later\n")
    problem = refused(project, evidence)
    assert (problem.kind, problem.path, problem.fix) == ("stale", path, "make verify")


def test_example_that_was_never_verified(project: Path, evidence: Evidence) -> None:
    path = project / "examples/tracking/another.py"
    rewrite(path, (project / "examples/tracking/check_connection.py").read_text("utf-8"))
    assert refused(project, evidence).kind == "stale"


def test_evidence_of_an_example_that_is_gone(project: Path, evidence: Evidence) -> None:
    (project / "examples/tracking/check_connection.py").unlink()
    assert refused(project, evidence).kind == "stale"


def test_example_that_no_page_of_a_task_explains(project: Path, evidence: Evidence) -> None:
    # The home page shows it too, and explains nothing.
    page = project / "docs/how-to/check-connection.md"
    rewrite(page, page.read_text("utf-8").replace('{{ example("tracking/check_connection") }}', ""))
    problem = refused(project, evidence)
    assert problem.kind == "unused-example"
    assert 'example("tracking/check_connection")' in problem.fix


@pytest.mark.parametrize(
    "text",
    [
        "{{ '```' }}python\n1/0\n{{ '```' }}\n",
        '{{ example("tracking/check_connection") | replace("connection-check", "another") }}\n',
    ],
)
def test_python_that_never_ran(text: str, project: Path, evidence: Evidence) -> None:
    page = project / "docs/how-to/autolog.md"
    rewrite(page, page.read_text("utf-8") + "\n" + text)
    problem = refused(project, evidence)
    assert (problem.kind, problem.path) == ("unverified-code", page)


def test_python_that_was_written_after_the_evidence(project: Path, evidence: Evidence) -> None:
    page = project / "docs/how-to/autolog.md"
    rewrite(page, page.read_text("utf-8") + "\n```python\nprint(2)\n```\n")
    with pytest.raises(Problems) as caught:
        publish_pages(project, evidence, project / "build" / "docs")
    assert [(problem.kind, problem.path) for problem in caught.value.found] == [("evidence", page)]


def test_an_example_in_a_comment_is_not_shown(project: Path, evidence: Evidence) -> None:
    call = '{{ example("tracking/autolog_sklearn") }}'
    page = project / "docs/how-to/autolog.md"
    rewrite(page, page.read_text("utf-8").replace(call, f"<!--\n{call}\n-->"))
    problem = refused(project, evidence)
    assert (problem.kind, problem.path) == ("census", page)
    assert "a comment with a fence in it" in problem.what


@pytest.mark.parametrize("name", ["../pyproject.toml", "tutorial/nothing.sh"])
def test_snippet_that_is_not_there(name: str, project: Path, evidence: Evidence) -> None:
    page = project / "docs/how-to/autolog.md"
    rewrite(page, page.read_text("utf-8") + f'\n{{{{ snippet("{name}") }}}}\n')
    assert refused(project, evidence).kind == "page"


def test_snippet_that_no_page_shows(project: Path, evidence: Evidence) -> None:
    rewrite(project / "snippets/tutorial/Makefile", "all:\n")
    assert refused(project, evidence).kind == "unused-snippet"


def test_secret_in_an_asset(project: Path, evidence: Evidence) -> None:
    rewrite(project / "docs/assets/x.json", '{"a": "glpat-' + "z9" * 10 + '"}')
    assert refused(project, evidence).kind == "secret"


def test_cassette_that_changed_after_it_was_replayed(project: Path, evidence: Evidence) -> None:
    path = project / "cassettes" / LANES[0].id / "tracking/check_connection.yaml"
    rewrite(path, path.read_text("utf-8") + "# later\n")
    problem = refused(project, evidence)
    assert (problem.kind, problem.path) == ("stale", path)


@pytest.mark.parametrize("into", [".", "..", "docs", "docs/how-to", "examples", "src", "mine"])
def test_only_an_earlier_result_is_replaced(into: str, project: Path, evidence: Evidence) -> None:
    (project / "mine").mkdir()
    (project / "mine" / "work.txt").write_text("precious", "utf-8")
    before = sorted(project.rglob("*"))
    with pytest.raises(Problem) as caught:
        publish_pages(project, evidence, Path(into))
    assert caught.value.kind == "target"
    assert sorted(project.rglob("*")) == before


def test_secret_on_a_page(project: Path, evidence: Evidence) -> None:
    page = project / "docs/how-to/autolog.md"
    rewrite(page, page.read_text("utf-8") + "\nglpat-" + "z9" * 10 + "\n")
    problem = refused(project, evidence)
    assert problem.kind == "secret"
    assert "z9z9" not in str(problem)


def test_publishing_twice_gives_the_same_files(evidence: Evidence, pages: Path, tmp_path: Path) -> None:
    def files(folder: Path) -> Iterator[tuple[str, bytes]]:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path.read_bytes()

    publish_pages(ROOT, evidence, tmp_path / "again")
    assert list(files(tmp_path / "again")) == list(files(pages))
