"""What was verified holds as long as nothing changes that it depends on, and not a moment longer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from conftest import ADAPTER, LANES_HERE, ROOT, rewrite
from test_command import small
from verified_docs.cli import app
from verified_docs.example import load_example
from verified_docs.gitlab_mlflow import GitLabMLflow
from verified_docs.mutants.gates import Job
from verified_docs.mutants.lab import Lab
from verified_docs.results import FOLDER, Digests, Results

RUN = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb"})
NAME = "tracking/check_connection"
EXAMPLE = f"examples/{NAME}.py"
LANE = LANES_HERE[-1]
CASSETTE = f"cassettes/{LANE.id}/{NAME}.yaml"
STORE = FOLDER / f"{LANE.environment}.json"


def run(project: Path, *arguments: str) -> Any:
    return RUN.invoke(app, ["verify", *arguments, "--root", str(project)])


def ran(project: Path, *arguments: str) -> list[str]:
    """What ran, with the reason of it."""
    done = run(project, "--why", *arguments)
    assert done.exit_code == 0, done.output
    return [row.removeprefix("runs: ") for row in done.output.splitlines() if row.startswith("runs: ")]


@pytest.fixture
def verified(project: Path) -> Path:
    """A small project that was verified once."""
    assert len(ran(small(project))) == len(LANES_HERE) + 1
    return project


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    rewrite(path, text.replace(old, new))


# --- A run of everything ---------------------------------------------------------------------------------------------


def test_unchanged_gives_the_same_evidence_and_loads_no_client(verified: Path) -> None:
    first, second = verified / "build/one.json", verified / "build/two.json"
    assert run(verified, "--fresh", "--evidence", str(first)).exit_code == 0
    program = (
        "import sys; from verified_docs.cli import app\n"
        f"sys.argv = ['verified-docs', 'verify', '--root', {str(verified)!r}, '--evidence', {str(second)!r}]\n"
        "try: app()\nexcept SystemExit as end: assert not end.code, end.code\n"
        "for name in ('mlflow', 'numpy', 'vcr', 'pytest'): assert name not in sys.modules, name\n"
    )
    environment = os.environ | GitLabMLflow.settings | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "nothing has changed since an earlier run" in done.stdout
    assert second.read_bytes() == first.read_bytes()
    assert second.with_name("two.durations.json").exists()


def test_only_what_changed_runs(verified: Path) -> None:
    assert ran(verified) == []
    replace_in(verified / "docs/index.md", "# Home", "# House")
    assert ran(verified) == []
    replace_in(verified / "docs/index.md", "print(1)\n#> 1", "print(2)\n#> 2")
    (why,) = ran(verified)
    assert why.startswith("the fence ")
    assert why.endswith(" of docs/index.md, because nothing is known of it")
    # A comment changes what readers copy.
    rewrite(verified / EXAMPLE, (verified / EXAMPLE).read_text("utf-8") + "\n# The end.\n")
    assert ran(verified) == [f"{NAME} in {lane}, because the example changed" for lane in LANES_HERE]


def test_an_example_that_was_run_alone_need_not_run_again(verified: Path) -> None:
    rewrite(verified / EXAMPLE, (verified / EXAMPLE).read_text("utf-8") + "\n# The end.\n")
    assert len(ran(verified, NAME)) == len(LANES_HERE)
    assert ran(verified, NAME) == []
    assert ran(verified) == []


def test_fresh_runs_everything_and_is_remembered(verified: Path) -> None:
    assert len(ran(verified, "--fresh")) == len(LANES_HERE) + 1
    assert len(ran(verified, "--fresh", NAME)) == len(LANES_HERE)
    assert ran(verified) == []


def test_what_fails_is_not_remembered(verified: Path) -> None:
    good = (verified / EXAMPLE).read_text("utf-8")
    replace_in(verified / EXAMPLE, "is {experiment", "was {experiment")
    for _ in range(2):
        done = run(verified)
        assert (done.exit_code, "prints something else" in done.output) == (1, True)
    rewrite(verified / EXAMPLE, good)
    assert len(ran(verified)) == len(LANES_HERE)


def test_a_failure_without_a_change_is_believed(verified: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something that no hash sees makes it fail once: the earlier result is not taken after that."""
    from verified_docs import verify as module
    from verified_docs.problem import Problem

    def fail(*_: Any, **__: Any) -> Any:
        raise Problem(Path("x"), None, "the moon is full", "make verify")

    with monkeypatch.context() as patch:
        patch.setattr(module, "verify", fail)
        assert run(verified, "--fresh", NAME).exit_code == 1
    assert len(ran(verified)) == len(LANES_HERE)


def test_quarantine_is_told_each_time(verified: Path) -> None:
    add = ["quarantine", "add", NAME, "--reason", "the server is moved", "--owner", "team", "--until", "2026-12-24"]
    assert RUN.invoke(app, [*add, "--today", "2026-12-01", "--root", str(verified)]).exit_code == 0
    for _ in range(2):
        done = run(verified, "--today", "2026-12-02")
        assert (done.exit_code, "in quarantine" in done.output) == (0, True), done.output
    done = run(verified, "--today", "2026-12-25")
    assert (done.exit_code, "ended" in done.output) == (1, True), done.output


# --- What it depends on ----------------------------------------------------------------------------------------------


def example_changes(root: Path) -> None:
    replace_in(root / EXAMPLE, "connection-check", "another-name")


def cassette_changes(root: Path) -> None:
    replace_in(root / CASSETTE, "status:", "status:  ")


def lock_changes(root: Path) -> None:
    rewrite(root / "requirements" / f"{LANE.environment}.txt", "# another\n")


def lane_changes(root: Path) -> None:
    replace_in(root / "pyproject.toml", f'server = "{LANE.server}"', 'server = "GitLab 99.9"')


FAULTS = [example_changes, cassette_changes, lock_changes, lane_changes]


@pytest.mark.parametrize("fault", FAULTS)
def test_red_does_not_turn_green(fault: Callable[[Path], None], verified: Path) -> None:
    assert run(verified).exit_code == 0
    fault(verified)
    assert run(verified).exit_code == 1
    assert run(verified).exit_code == 1


PARTS = {"the example": "1", "its cassette": "2"}


def store(root: Path, *, fresh: bool = False) -> Results:
    return Results(root, "mlflow-9", [root / "client"], fresh=fresh)


def kept(root: Path) -> Path:
    results = store(root)
    results.keep("an example", PARTS, {"output": "yes"})
    results.save()
    return results.path


@pytest.mark.parametrize("part", PARTS)
def test_each_part_counts(part: str, tmp_path: Path) -> None:
    kept(tmp_path)
    assert store(tmp_path).find("an example", PARTS) == {"output": "yes"}
    assert store(tmp_path).find("an example", PARTS | {part: "3"}) is None
    assert store(tmp_path).why("an example", PARTS | {part: "3"}) == f"{part} changed"
    assert store(tmp_path).find("another", PARTS) is None
    assert store(tmp_path, fresh=True).find("an example", PARTS) is None


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("client/store.py", "the code that examples run with changed"),
        ("client/data/models.json", "the code that examples run with changed"),
        ("requirements/mlflow-9.txt", "the lock changed"),
    ],
)
def test_each_file_of_the_environment_counts(path: str, why: str, tmp_path: Path) -> None:
    rewrite(tmp_path / path, "one")
    kept(tmp_path)
    assert store(tmp_path).why("an example", PARTS) == ""
    rewrite(tmp_path / path, "two")
    assert store(tmp_path).why("an example", PARTS) == why
    (tmp_path / path).unlink()
    assert store(tmp_path).why("an example", PARTS) == why


def test_interpreter_packages_and_harness_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version", "3.99")
        assert store(tmp_path).why("an example", PARTS) == "Python changed"
    (tmp_path / "site-packages/numpy-99.0.dist-info").mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(tmp_path / "site-packages"))
        assert store(tmp_path).why("an example", PARTS) == "the installed packages changed"
    with monkeypatch.context() as patch:
        patch.setattr("verified_docs.results.__file__", str(tmp_path / "nowhere/results.py"))
        assert store(tmp_path).why("an example", PARTS) == "verified_docs itself changed"
    assert store(tmp_path).why("an example", PARTS) == ""


def test_the_code_of_the_client_is_that_which_is_imported() -> None:
    import mlflow

    assert Path(mlflow.__file__).parent in ADAPTER.code()
    assert ROOT / "src/mlflow_gitlab" in ADAPTER.code()


# --- A store that is not what was written ----------------------------------------------------------------------------


def test_an_edited_result_is_not_taken(verified: Path) -> None:
    path = verified / STORE
    document = json.loads(path.read_text("utf-8"))
    name = f"{NAME} in {LANE}"
    document["entries"][name]["value"]["result"]["output"] = "what nobody printed\n"
    del document["entries"]["everything"]
    path.write_text(json.dumps(document), "utf-8")
    assert ran(verified) == [f"{name}, because what is kept of it was cut off or edited"]


def test_a_result_of_another_example_is_not_taken(tmp_path: Path) -> None:
    path = kept(tmp_path)
    document = json.loads(path.read_text("utf-8"))
    document["entries"]["another"] = document["entries"]["an example"]
    path.write_text(json.dumps(document), "utf-8")
    assert store(tmp_path).find("another", PARTS) is None
    assert store(tmp_path).find("an example", PARTS) == {"output": "yes"}


@given(data=st.data())
def test_no_damage_gives_another_result_or_ends_in_an_error(data: st.DataObject, tmp_path_factory: Any) -> None:
    root = tmp_path_factory.mktemp("results")
    path = kept(root)
    text = path.read_bytes()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    path.write_bytes(text[:start] + data.draw(st.binary(max_size=20)) + text[end:])
    assert store(root).find("an example", PARTS) in (None, {"output": "yes"})


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 3, "entries": []}', '{"version": 0}', "null", "[" * 9999]
)
def test_a_store_of_another_form_is_no_store(text: str, tmp_path: Path) -> None:
    for path in ((written := kept(tmp_path)), written.with_suffix(".digests.json")):
        path.write_text(text, "utf-8")
        results = store(tmp_path)
        results.find("an example", PARTS)
        results.keep("an example", PARTS, 1)
        results.save()
        assert store(tmp_path).find("an example", PARTS) == 1


def test_what_is_gone_is_forgotten(verified: Path) -> None:
    names = set(json.loads((verified / STORE).read_text("utf-8"))["entries"])
    replace_in(verified / "docs/index.md", "print(1)\n#> 1", "print(2)\n#> 2")
    assert run(verified).exit_code == 0
    after = set(json.loads((verified / STORE).read_text("utf-8"))["entries"])
    assert len(names - after) == len(after - names) == 1


# --- Hashes that are remembered --------------------------------------------------------------------------------------


def old(path: Path) -> None:
    """Makes a file look as if it had not been touched for an hour; only its change time says otherwise."""
    seconds = path.stat().st_mtime - 3600
    os.utime(path, (seconds, seconds))


def test_a_hash_is_remembered_only_for_a_file_that_nobody_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, memory = tmp_path / "a.py", tmp_path / "digests.json"
    rewrite(path, "one")
    first = Digests(memory)
    digest = first.of(path)
    first.save()
    # It was written within the tick of the clock: the next look reads it again.
    assert not memory.exists()
    monkeypatch.setattr("verified_docs.results._TICK", -(10**12))
    again = Digests(memory)
    assert again.of(path) == digest
    again.save()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda self: pytest.fail(f"{self} is read again") if self == path else b"{}")
        patch.setattr("verified_docs.results._read", lambda _: json.loads(memory.read_text("utf-8")))
        assert Digests(memory).of(path) == digest
    rewrite(path, "two")
    old(path)
    assert Digests(memory).of(path) != digest


def test_names_and_contents_of_a_folder_count(tmp_path: Path) -> None:
    memory = tmp_path / "digests.json"
    top = tmp_path / "top"
    rewrite(top / "a.py", "one")
    rewrite(top / "__pycache__/a.pyc", "x")
    rewrite(top / "b.txt", "x")
    seen = [Digests(memory).of_all(top, (".py",))]
    rewrite(top / "__pycache__/a.pyc", "y")
    rewrite(top / "b.txt", "y")
    assert Digests(memory).of_all(top, (".py",)) == seen[0]
    for change in (
        lambda: rewrite(top / "a.py", "two"),
        lambda: (top / "a.py").rename(top / "c.py"),
        lambda: rewrite(top / "deep/d.py", ""),
        lambda: (top / "c.py").unlink(),
    ):
        change()
        seen.append(Digests(memory).of_all(top, (".py",)))
    assert len(set(seen)) == len(seen)
    assert Digests(memory).of_all(tmp_path / "nothing") == ""


# --- The checker of the checker --------------------------------------------------------------------------------------


def test_results_that_ignore_cassettes_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(NAME, {CASSETTE: "broken"}, ("results",), NAME, (LANE.id,))
    with Lab(ROOT, ADAPTER) as lab:
        assert lab.attempt(job)["kind"] == "results"
        monkeypatch.setattr("verified_docs.results.INPUTS", ("docs", "examples"))
        assert lab.attempt(job)["kind"] == "results"
    name, parts = Results(ROOT, "x", []).of_example(load_example(ROOT / EXAMPLE, ROOT), LANE)
    monkeypatch.setattr(Results, "of_example", lambda *_: (name, {"the example": parts["the example"]}))
    with Lab(ROOT, ADAPTER) as lab:
        assert lab.attempt(job) == {}
