"""What tests share: the project, its lanes and examples, and the evidence that a whole run writes."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from verified_docs.cassette import Cassette, Echo, Interaction, cassette_path, load_cassette
from verified_docs.census import Fence
from verified_docs.evidence import Evidence, Result, gather, load_evidence, merge, write_evidence
from verified_docs.example import Example, load_example, load_examples
from verified_docs.gitlab_mlflow import GitLabMLflow
from verified_docs.isolation import no_network
from verified_docs.lane import Lane, load_lanes
from verified_docs.problem import Problem
from verified_docs.verify import verify

with contextlib.suppress(ModuleNotFoundError):  # the MLflow 2 environment only runs examples
    from hypothesis import settings

    # No timed asserts, and the same cases in every run: a merge request turns red for its own change only.
    settings.register_profile("project", deadline=None, derandomize=True, database=None)
    settings.load_profile("project")

# Before anything imports MLflow: it would look up its maker's host for usage statistics.
os.environ.update(GitLabMLflow.settings)
# And before anything loads NumPy: examples do without this as well, see `isolation`.
os.environ.pop("OPENBLAS_CORETYPE", None)
# And before anything asks the keyring of whoever runs the tests.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

ROOT = Path(__file__).resolve().parent.parent
ADAPTER = GitLabMLflow()
LANES = load_lanes(ROOT)
LANES_HERE = [lane for lane in LANES if lane.client_version == ADAPTER.client_version()]

Results = dict[tuple[str, str], tuple[Example, Lane, Result]]
_results = pytest.StashKey[Results]()
_fences = pytest.StashKey[list[Fence]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--evidence", type=Path, help="Where to write what was proven, if all of it was.")
    parser.addoption("--golden-update", action="store_true", help="Rewrite the golden files of messages.")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_results] = {}
    config.stash[_fences] = []
    path: Path | None = config.getoption("--evidence")
    if path is not None:
        path.unlink(missing_ok=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    path: Path | None = session.config.getoption("--evidence")
    results = session.config.stash[_results]
    fences = session.config.stash[_fences]
    # Evidence of a part would pass for the whole.
    whole = len(results) == len(load_examples(ROOT)) * len(LANES_HERE)
    if path is not None and exitstatus == 0 and whole:
        write_evidence(path, gather(ROOT, LANES_HERE, results.values(), fences))


# Addresses that nobody owns: the tests of the guard itself try these on purpose.
ON_PURPOSE = ("192.0.2.1", "2001:db8::1", "gitlab.example.com", "the program ")


@pytest.fixture(scope="session", autouse=True)
def nothing_leaves_this_machine() -> Iterator[None]:
    """The whole run opens no socket but loopback: anything else is refused, and fails the run."""
    with no_network(programs=False) as attempts:
        yield
    assert [attempt for attempt in attempts if not any(known in attempt for known in ON_PURPOSE)] == []


@pytest.fixture(autouse=True)
def each_test_leaves_the_environment_as_it_was() -> Iterator[None]:
    """MLflow 3 keeps its tracking address in a variable, which the next test would take for the reader's own."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


PARTS = [ROOT / "build" / "evidence" / f"{name}.json" for name in sorted({lane.environment for lane in LANES})]


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    """What `make verify` or the first half of `make test` proved."""
    return merge([load_evidence(path) for path in PARTS], LANES, PARTS[0].parent)


@pytest.fixture(scope="session")
def pages(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages in Markdown, from this run's evidence."""
    from verified_docs.publish import publish_pages

    folder = tmp_path_factory.mktemp("pages") / "docs"
    publish_pages(ROOT, evidence, folder)
    return folder


@pytest.fixture(scope="session")
def site(pages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    folder = tmp_path_factory.mktemp("site")
    config = folder / "mkdocs.yml"
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    text = text.replace("docs_dir: build/docs", f"docs_dir: {pages}").replace(
        "site_dir: site", f"site_dir: {folder / 'site'}"
    )
    text = text.replace("custom_dir: overrides", f"custom_dir: {ROOT / 'overrides'}")
    text = text.replace("hooks: [src/", f"hooks: [{ROOT / 'src'}/")
    text = text.replace("custom_template: src/", f"custom_template: {ROOT / 'src'}/")
    config.write_text(text.replace("paths: [src]", f"paths: [{ROOT / 'src'}]"), "utf-8")
    # In this process, so that the guard of the test run sees what the build tries to load.
    build(load_config(config_file=str(config), strict=True))
    return folder / "site"


@pytest.fixture
def results(request: pytest.FixtureRequest) -> Results:
    """The results of this session so far."""
    return request.config.stash[_results]


@pytest.fixture
def ran(request: pytest.FixtureRequest) -> list[Fence]:
    """The fences that ran in this session so far."""
    return request.config.stash[_fences]


@pytest.fixture
def newest() -> Lane:
    """The newest server's lane with the client of this environment."""
    return LANES_HERE[-1]


@pytest.fixture
def edited() -> Callable[..., Example]:
    """Gives an example with some of its text replaced, in memory."""

    def edit(example_id: str, *replacements: tuple[str, str]) -> Example:
        path = ROOT / "examples" / f"{example_id}.py"
        source = path.read_text("utf-8")
        for old, new in replacements:
            assert old in source, f"{old!r} is not in {path}"
            source = source.replace(old, new)
        return load_example(path, ROOT, source)

    return edit


@pytest.fixture
def recorded(newest: Lane) -> Callable[[str], Cassette]:
    """Gives an example's cassette in the newest lane."""
    return lambda example_id: load_cassette(cassette_path(ROOT, newest, example_id))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that a test may break."""
    copy = tmp_path / "project"
    copy.mkdir()
    for name in ("docs", "examples", "overrides", "snippets", "cassettes", "measured", "config", "mutants", "bench"):
        shutil.copytree(ROOT / name, copy / name)
    for name in ("pyproject.toml", "mkdocs.yml", ".env.template", "quarantine.yaml"):
        if (ROOT / name).exists() or name != "quarantine.yaml":
            shutil.copy2(ROOT / name, copy / name)
    return copy


def rewrite(path: Path, text: str) -> None:
    """Gives a file another text, or makes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


Edit = Callable[..., Example]
Recorded = Callable[[str], Cassette]


def fault(example: Example, cassette: Cassette | None = None, lane: Lane | None = None) -> Problem:
    """The problem that verifying ends with; a test fails if there is none."""
    with pytest.raises(Problem) as caught:
        verify(example, lane or LANES_HERE[-1], ROOT, ADAPTER, cassette=cassette)
    return caught.value


def line_of(example: Example, text: str) -> int:
    return next(n for n, row in enumerate(example.source.splitlines(), 1) if text in row)


def renumbered(cassette: Cassette, kept: tuple[Interaction, ...]) -> tuple[Interaction, ...]:
    """Keeps echoes pointing at their uploads after interactions were taken out."""
    places = {id(one): number for number, one in enumerate(kept)}
    return tuple(
        replace(one, answer=replace(one.answer, index=places[id(cassette.interactions[one.answer.index])]))
        if isinstance(one.answer, Echo)
        else one
        for one in kept
    )


# --- In a browser: a folder served on loopback, and Chromium driven by playwright ------------------------------------

Serve = Callable[[Path], AbstractContextManager[str]]


class _LikeAHost(SimpleHTTPRequestHandler):
    """Answers as hosts of static sites do: what is not there gets the site's own page, with status 404."""

    def log_message(self, *_: Any) -> None:
        """Says nothing: a test run has its own output."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        own = Path(self.directory) / "404.html"
        if code != HTTPStatus.NOT_FOUND or not own.exists():
            super().send_error(code, message, explain)
            return
        body = own.read_bytes()
        self.send_response(code, message)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_LikeAHost, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def serve() -> Serve:
    """Serves a folder on loopback, and gives its address."""
    return _served


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: make setup")
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next((path for name in names if (path := shutil.which(name))), None)
    if chromium is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        started = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield started
        started.close()
