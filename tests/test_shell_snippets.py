"""Every shell snippet of the site runs, against the replay server or offline, or says why it cannot run here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conftest import LANES_HERE, ROOT, rewrite
from mlflow_gitlab.replay.library import load_library
from mlflow_gitlab.replay.server import ReplayServer
from mlflow_gitlab.team import CONFIG
from scripted_gitlab import ScriptedGitLab
from verified_docs.census import take_census

SHELLS = {"bash", "sh", "shell", "console"}
FIRST_RUN = "tracking/log_first_run"


@dataclass(frozen=True)
class Ran:
    """A snippet that runs here.

    Attributes:
        says: What it has to print.
        offers: The recordings that it talks to; none for a snippet that needs no server.
        before: Snippets and commands that the page has before it, in the same shell.
        code: The exit code that the page promises.
        asks: What is typed at its questions; the snippet then runs against a recorded GitLab that keeps state.
        project: Whether it runs in a copy of this project, on the day after its recordings.
    """

    says: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    before: str = ""
    code: int = 0
    asks: str | None = None
    makes: str = ""
    project: bool = False


@dataclass(frozen=True)
class Not:
    """A snippet that cannot run here, and why."""

    why: str


INSTALLS = Not("it installs packages from an index")
TEAM = "members: [{ username: reporter, role: Reporter, days: 39 }]\nmlflow: { experiment: wine-classifier }\n"
RECORDS = Not("it records a GitLab: test_record_page runs it against one on loopback")
HANDBOOK = Not("test_tutorial_handbook runs it in a handbook, in the order of the page")
SETTINGS = "cp settings.env .env"
# The rows of scan_allow are about files of the program and of the tests.
REPOSITORY = f"cp -r {ROOT / 'src'} {ROOT / 'tests'} {ROOT / '.gitignore'} . && git init -q && git add -A"
ARCHIVE = "mkdir mlflow-on-gitlab-verified-0; cp first_run.py mlflow-on-gitlab-verified-0/index.html; "
ARCHIVE += "python3 -m zipfile --create mlflow-on-gitlab-verified-0.zip mlflow-on-gitlab-verified-0; "
ARCHIVE += "rm -r mlflow-on-gitlab-verified-0"
ROWS: dict[str, Ran | Not] = {
    "commands/install.sh": INSTALLS,
    "commands/mutants.sh": Not("it breaks a whole project, in both environments: test_mutants runs the command"),
    "commands/keyring.sh": Not("it asks for a token at the terminal and writes to the keyring of the system"),
    "commands/settings.sh": Ran(says=("tracking_uri", "environment MLFLOW_TRACKING_URI"), offers=(FIRST_RUN,)),
    "commands/schema.sh": Ran(before="mkdir -p config", makes="config/mlflow-gitlab.schema.json"),
    "commands/run.sh": Ran(says=("first-run FINISHED",), offers=(FIRST_RUN,)),
    "commands/replay-run.sh": Ran(says=("first-run FINISHED",)),
    "commands/replay.sh": Not("it stays open until Ctrl-C; the tests of the command start and stop it"),
    "commands/replay-client.sh": Ran(says=("first-run FINISHED",), offers=(FIRST_RUN,)),
    "commands/replay-curl.sh": Ran(says=("RESOURCE_DOES_NOT_EXIST",), offers=(FIRST_RUN,)),
    "commands/census-lower.sh": Not("it edits the ceiling of the project: test_census_blocks runs it"),
    "commands/doctor.sh": Ran(says=("no-experiment",), offers=("doctor/developer",)),
    "commands/doctor-write.sh": Not("no recording has the nine reads of the doctor and its writes in one session"),
    "commands/scan.sh": Ran(),
    "commands/setup-plan.sh": Ran(says=("make the token mlflow",), code=1, asks=""),
    "commands/setup-script.sh": Ran(says=("make the token mlflow",), code=1, asks=""),
    "commands/setup-json.sh": Ran(code=1, asks="", makes="plan.json"),
    "commands/setup.sh": Not("its requests hold days that count from that of the recording: test_setup_run runs it"),
    "commands/teardown-plan.sh": Ran(says=("Nothing to do",), asks=""),
    "commands/teardown.sh": Ran(says=("Nothing to do",), asks=""),
    "commands/teardown-json.sh": Ran(asks="", makes="result.json"),
    "contribute/cached.sh": Not("it verifies the whole project; test_results does so with a small one"),
    "contribute/check-one.sh": Not("it needs make and both environments: test_watch verifies an example in both"),
    "contribute/bench.sh": Not("it measures for an hour: test_speed runs the parts on small projects"),
    "contribute/hook.sh": INSTALLS,
    "contribute/new-mlflow-lock.sh": INSTALLS,
    "contribute/new-mlflow-record.sh": RECORDS,
    "contribute/new-mlflow-verify.sh": Not("it verifies the whole project: test_new_lane does so with a small one"),
    "contribute/record-all.sh": RECORDS,
    "contribute/record-choice.sh": RECORDS,
    "contribute/record-lane.sh": RECORDS,
    "contribute/record-look.sh": RECORDS,
    "contribute/record-one.sh": RECORDS,
    "contribute/record-settings.sh": RECORDS,
    "contribute/scan.sh": Ran(says=("no secret in",), before=REPOSITORY, project=True),
    "contribute/scan-some.sh": Ran(says=("no secret in", '"findings": []'), before=REPOSITORY, project=True),
    "contribute/shards.sh": Not("it verifies the whole project: test_shard runs the same commands on a small one"),
    "contribute/watch.sh": Not("it stays open until Ctrl-C: test_watch starts the command and stops it"),
    "handbook/check.sh": HANDBOOK,
    "handbook/init.sh": HANDBOOK,
    "handbook/install.sh": INSTALLS,
    "handbook/own-example.sh": HANDBOOK,
    "handbook/own-page.sh": HANDBOOK,
    "handbook/record-file.sh": HANDBOOK,
    "handbook/record.sh": HANDBOOK,
    "handbook/serve.sh": Not("it stays open until Ctrl-C: test_handbook builds the same site"),
    "handbook/settings.sh": Not("it reads a token from the terminal: test_tutorial_handbook sets the same variables"),
    "handbook/site.sh": Not("it builds a site: test_handbook does so, in an environment that can"),
    "handbook/test.sh": HANDBOOK,
    "handbook/update.sh": HANDBOOK,
    "install/check-version.sh": Ran(says=("mlflow, version",)),
    "install/lock.sh": INSTALLS,
    "install/two-environments.sh": INSTALLS,
    "offline/bundle.sh": Not("it verifies and builds the whole site: test_bundle runs the command that packs it"),
    "offline/sum.sh": Ran(says=("mlflow-on-gitlab-verified-0.zip",), before=ARCHIVE),
    "offline/unpack.sh": Ran(before=ARCHIVE, makes="mlflow-on-gitlab-verified-0/index.html"),
    "proof/addresses.sh": Not("it needs the built site and asks other sites: test_links and test_addresses run both"),
    "proof/drift.sh": Ran(says=("no drift",), before="mkdir build; cp -r cassettes build/scratch", project=True),
    "proof/freshness.sh": Ran(says=("2 days old, promised 180 days",), before="mkdir build", project=True),
    "proof/quarantine.sh": Ran(says=("@team",), project=True),
    "setup/install-python-gitlab.sh": INSTALLS,
    "setup/look-at-address.sh": Ran(says=("/api/v4/projects/42/ml/mlflow",), offers=(FIRST_RUN,)),
    "setup/read-token.sh": Not("it reads a token from the terminal"),
    "setup/run-with-uv.sh": INSTALLS,
    "tutorial/install-mlflow-2.sh": INSTALLS,
    "tutorial/install-mlflow-3.sh": INSTALLS,
    "tutorial/load-settings.sh": Ran(before=SETTINGS),
    "tutorial/protect-settings.sh": Ran(before=SETTINGS),
    "tutorial/run.sh": Ran(says=("first-run FINISHED",), offers=(FIRST_RUN,)),
}


def snippets() -> list[str]:
    found = (ROOT / "snippets").rglob("*.sh")
    return sorted(path.relative_to(ROOT / "snippets").as_posix() for path in found)


def test_every_shell_snippet_has_a_row_and_every_row_a_snippet() -> None:
    assert snippets() == sorted(ROWS)


def test_pages_have_no_shell_of_their_own() -> None:
    own = [(fence.page, fence.line) for fence in take_census(ROOT / "docs") if fence.language in SHELLS]
    assert own == [], "write it as a file below snippets/, so that it is run"


@pytest.fixture
def variables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What points a snippet to its server: a replay, or a recorded GitLab that keeps state."""
    row: Ran = request.param
    if row.asks is not None:
        rewrite(tmp_path / CONFIG, TEAM)
        with ScriptedGitLab() as gitlab:
            yield {"GITLAB_URL": gitlab.url, "GITLAB_PROJECT": "acme/wine-quality", "GITLAB_TOKEN": gitlab.admin}
    elif row.offers:
        server = ReplayServer(load_library(ROOT / "cassettes", LANES_HERE[-1].id, row.offers), 0, lambda line: None)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server.library.variables(server.base("me"))
        server.shutdown()
        server.server_close()
    else:
        yield {}


RUNS = {name: row for name, row in ROWS.items() if isinstance(row, Ran)}


@pytest.mark.parametrize(("name", "variables"), RUNS.items(), ids=list(RUNS), indirect=["variables"])
def test_a_shell_snippet_does_what_its_page_says(
    name: str, variables: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    row = RUNS[name]
    folder = tmp_path
    if row.project:
        folder = request.getfixturevalue("project")
        variables["VERIFIED_DOCS_TODAY"] = "2026-11-24"
    shutil.copy(ROOT / f"examples/{FIRST_RUN}.py", tmp_path / "first_run.py")
    shutil.copy(ROOT / "snippets/tutorial/settings.env", tmp_path)
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    text = (ROOT / "snippets" / name).read_text("utf-8")
    if "replay --env" in text:
        # The server of this test is at a free port, not at the one that the page has.
        port = urlsplit(variables["GITLAB_URL"]).port
        text = text.replace("replay --env", f"replay --port {port} --env")
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)} | variables
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{row.before}\n{text}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        input=row.asks,
    )
    assert done.returncode == row.code, done.stderr
    for words in row.says:
        assert words in done.stdout
    assert not row.makes or (tmp_path / row.makes).stat().st_size > 0


def test_the_settings_are_loaded_and_protected(tmp_path: Path) -> None:
    shutil.copy(ROOT / "snippets/tutorial/settings.env", tmp_path / ".env")
    load = (ROOT / "snippets/tutorial/load-settings.sh").read_text("utf-8")
    protect = (ROOT / "snippets/tutorial/protect-settings.sh").read_text("utf-8")
    code = f"{protect}{load}python -c 'import os; print(os.environ[\"MLFLOW_DISABLE_TELEMETRY\"])'"
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "true\n"
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert ".env" in (tmp_path / ".gitignore").read_text("utf-8").splitlines()
