"""A handbook of another team: scaffolded, verified, broken in many ways, put right, and built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sample import (
    CASSETTE,
    EXAMPLE,
    LANE,
    NAME,
    PAGE,
    RECORDINGS,
    evidence,
    published,
    replace_in,
    rewrite,
    run,
    verified,
)

from verified_docs.evidence import load_evidence
from verified_docs.problem import Problem
from verified_docs.scaffold import scaffold


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    root = tmp_path / "handbook"
    code, said = _init(root)
    assert code == 0, said
    return root


def _init(folder: Path, *more: str) -> tuple[int, str]:
    from typer.testing import CliRunner

    from verified_docs.cli import app

    done = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb"}).invoke(app, ["init", str(folder), *more])
    return done.exit_code, " ".join(done.output.split())


def test_what_init_makes_verifies_publishes_and_builds(handbook: Path) -> None:
    code, said = verified(handbook)
    assert (code, "verified 2 results of 1 examples and 1 fences with python-gitlab" in said) == (0, True), said
    code, said = published(handbook)
    assert code == 0, said
    page = (handbook / "build/docs/how-to/read-a-project.md").read_text("utf-8")
    assert "GitLab 18.9 · python-gitlab 8.6.0 <em>ran as shown</em>" in page
    assert "your role: DEVELOPER" in page
    published_texts = [path.read_text("utf-8") for path in (handbook / "build/docs").rglob("*.md")]
    assert not [text for text in published_texts if "MLflow" in text]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    pytest.importorskip("mkdocs", reason="the environment of MLflow 2 builds no site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    done = subprocess.run(command, cwd=handbook, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Read a project" in (handbook / "site/how-to/read-a-project/index.html").read_text("utf-8")
    code, said = run(handbook, "scan", str(handbook))
    assert code == 0, said


def test_init_makes_a_pipeline_where_it_is_asked_to(handbook: Path, tmp_path: Path) -> None:
    code, said = _init(tmp_path / "other", "--ci")
    assert code == 0, said
    names = [{path.relative_to(root).as_posix() for path in root.rglob("*")} for root in (handbook, tmp_path / "other")]
    assert names[1] - names[0] == {".gitlab-ci.yml", "templates", "templates/verified-docs.yml"}
    assert verified(tmp_path / "other")[0] == 0


def test_the_cassettes_of_the_template_are_imports_of_real_recordings(handbook: Path) -> None:
    before = {path: path.read_bytes() for path in (handbook / "cassettes").rglob("*") if path.is_file()}
    shutil.rmtree(handbook / "cassettes")
    code, said = run(handbook, "import", str(RECORDINGS))
    assert code == 0, said
    assert {path: path.read_bytes() for path in (handbook / "cassettes").rglob("*") if path.is_file()} == before


def test_init_has_the_name_that_it_is_given(tmp_path: Path) -> None:
    code, _ = _init(tmp_path / "one", "--name", "Handbook of team Ä")
    assert code == 0
    assert (tmp_path / "one/docs/index.md").read_text("utf-8").startswith("# Handbook of team Ä\n")
    assert "site_name: Handbook of team Ä\n" in (tmp_path / "one/mkdocs.yml").read_text("utf-8")
    assert not [path for path in (tmp_path / "one").rglob("*") if path.suffix == ".in"]


@pytest.mark.parametrize("name", ["", "a", "two\nrows", "a: b", "{{ x }}", "<b>bold</b>", "x" * 80, "[link](y)"])
def test_a_name_that_would_break_a_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot be the name"):
        scaffold(tmp_path / "one", name)
    assert not (tmp_path / "one").exists()


def test_init_overwrites_nothing(handbook: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    rewrite(mine / "mkdocs.yml", "mine\n")
    code, said = _init(mine)
    assert (code, "this file is there already; nothing was written" in said) == (1, True), said
    assert [path.name for path in mine.iterdir()] == ["mkdocs.yml"]
    rewrite(tmp_path / "other/notes.txt", "mine\n")
    assert _init(tmp_path / "other")[0] == 0
    assert (tmp_path / "other/notes.txt").read_text("utf-8") == "mine\n"


# --- Broken on purpose -----------------------------------------------------------------------------------------------

Break = Callable[[Path], None]
STAGES = {"verify": verified, "publish": published}


def _edit(path: str, old: str, new: str) -> Break:
    return lambda root: replace_in(root / path, old, new)


def _orphan(root: Path) -> None:
    (root / EXAMPLE).unlink()
    rewrite(root / "examples/project/other.py", "# Another.\n")


def _copy(root: Path) -> None:
    shutil.copy2(root / EXAMPLE, root / "examples/project/never_recorded.py")


RAISES = f'# [tool.verified.raises]\n# "{LANE}" = {{ type = "ValueError", match = "x" }}'
FAULTS: dict[str, tuple[str, Break, str]] = {
    "another address is asked": (
        "verify",
        _edit(EXAMPLE, 'gl.projects.get(os.environ["GITLAB_PROJECT_ID"])', "gl.projects.get(43)"),
        "is not in the recording at this place",
    ),
    "a call is gone": ("verify", _edit(EXAMPLE, "version, _ = gl.version()\n", ""), "/api/v4/version"),
    "a call is there twice": (
        "verify",
        _edit(EXAMPLE, "member = project", "gl.projects.get(42)\nmember = project"),
        "is not in the recording at this place",
    ),
    "another token is used": (
        "verify",
        _edit(EXAMPLE, 'role = "Developer"', 'role = "Maintainer"'),
        "credential",
    ),
    "a promise is wrong": (
        "verify",
        _edit(EXAMPLE, "#> your role: DEVELOPER", "#> your role: OWNER"),
        "prints something",
    ),
    "the program fails": ("verify", _edit(EXAMPLE, "member.access_level)", "member.no_such_thing)"), "AttributeError"),
    "it promises an exception": (
        "verify",
        _edit(EXAMPLE, '# scope = "api"', f'# scope = "api"\n{RAISES}'),
        "ends without the ValueError",
    ),
    "a recording is edited": ("verify", _edit(CASSETTE, "wine-quality", "beer-quality"), "was edited"),
    "a recording is cut off": (
        "verify",
        lambda root: rewrite(root / CASSETTE, (root / CASSETTE).read_text("utf-8")[:2000]),
        "cut off",
    ),
    "a recording is gone": ("verify", lambda root: (root / CASSETTE).unlink(), "is gone"),
    "an example was never recorded": ("verify", _copy, "no cassette in any lane"),
    "an example is gone": ("verify", lambda root: (root / EXAMPLE).unlink(), "no example"),
    "a lane is gone": ("verify", _edit("pyproject.toml", "GitLab 18.9", "GitLab 18.8"), "stands in no lane"),
    "a fence prints something else": ("verify", _edit("docs/index.md", "#> ready", "#> steady"), "prints something"),
    "a fence is in no language": ("verify", _edit("docs/index.md", "```python", "```pythonn"), "pythonn"),
    "a page names what is not there": ("publish", _edit(PAGE, NAME, "project/reed_project"), "reed_project"),
    "a page shows nothing": ("publish", _edit(PAGE, f'{{{{ example("{NAME}") }}}}', "Soon."), "no page"),
    "code on a page that nothing proves": (
        "publish",
        _edit(PAGE, "## Where", "```bash\ncurl https://example.com/x\n```\n\n## Where"),
        "nothing",
    ),
    "a secret stands on a page": ("publish", _edit(PAGE, "## Where", f"glpat-{'z9' * 10}\n\n## Where"), "secret"),
    "it changed after it was verified": ("publish", _edit(EXAMPLE, '# ///\n"""', '# ///\n# new\n"""'), "verif"),
}


@pytest.mark.parametrize(("stage", "fault", "words"), FAULTS.values(), ids=FAULTS)
def test_each_fault_is_told_with_its_fix_and_is_gone_when_it_is_put_right(
    stage: str, fault: Break, words: str, handbook: Path
) -> None:
    assert verified(handbook)[0] == 0
    before = {path: path.read_bytes() for path in handbook.rglob("*") if path.is_file() and "build" not in path.parts}
    fault(handbook)
    if stage == "publish" and "changed after" not in words and words != "verif":
        assert verified(handbook)[0] == 0
    code, said = STAGES[stage](handbook)
    assert code == 1, said
    assert words in said, said
    assert "fix: " in said
    for path in [path for path in handbook.rglob("*") if path.is_file() and "build" not in path.parts]:
        if path not in before:
            path.unlink()
    for path, content in before.items():
        path.write_bytes(content)
    assert verified(handbook)[0] == 0
    assert published(handbook)[0] == 0


# --- A team's own adapter --------------------------------------------------------------------------------------------


def _with_own_adapter(root: Path, module: str) -> None:
    own = "from verified_docs.gitlab_rest import GitLabREST\n\n\nclass Ours(GitLabREST):\n    server = 'GitLab'\n"
    rewrite(root / f"{module}.py", own)
    replace_in(root / "pyproject.toml", "verified_docs.gitlab_rest:GitLabREST", f"{module}:Ours")


def test_an_adapter_beside_the_settings_is_found_and_examples_do_not_see_it(handbook: Path) -> None:
    _with_own_adapter(handbook, "our_adapter")
    before = list(sys.path)
    code, said = verified(handbook)
    assert (code, sys.path) == (0, before), said
    rewrite(handbook / "nobody_imports_me.py", "")
    replace_in(handbook / "docs/index.md", 'print("ready")', 'import nobody_imports_me\nprint("ready")')
    code, said = verified(handbook)
    assert (code, "nobody_imports_me" in said) == (1, True), said


def test_a_change_of_the_adapter_runs_every_example_again(handbook: Path) -> None:
    _with_own_adapter(handbook, "an_adapter_that_changes")
    assert verified(handbook)[0] == 0
    code, said = run(handbook, "verify", "--why")
    assert (code, "nothing has changed since" in said) == (0, True), said
    rewrite(
        handbook / "an_adapter_that_changes.py", (handbook / "an_adapter_that_changes.py").read_text() + "\n# New.\n"
    )
    code, said = run(handbook, "verify", "--why")
    assert (code, "the code that examples run with changed" in said) == (0, True), said


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("", "no adapter is named"),
        ('adapter = "nowhere:Ours"', "cannot be used (No module named 'nowhere')"),
        ('adapter = "json:NoSuchClass"', "cannot be used"),
        ('adapter = "json"', "cannot be used"),
        ('adapter = "collections:OrderedDict"', "is no adapter: it has no alias, answer_headers"),
    ],
)
def test_what_is_no_adapter(setting: str, words: str, handbook: Path) -> None:
    replace_in(handbook / "pyproject.toml", 'adapter = "verified_docs.gitlab_rest:GitLabREST"', setting)
    code, said = verified(handbook)
    assert (code, words in said, "fix: " in said) == (1, True, True), said


def test_nothing_is_recorded_and_it_says_how_a_recording_comes_in(handbook: Path) -> None:
    code, said = run(handbook, "record")
    assert (code, "verified-docs record --from FILE" in said) == (1, True), said
    source = RECORDINGS / LANE / f"{NAME}.yaml"
    (handbook / CASSETTE).unlink()
    code, said = run(handbook, "record", "--from", str(source))
    assert code == 0, said
    assert verified(handbook)[0] == 0


def test_evidence_names_the_client_that_was_recorded(handbook: Path) -> None:
    assert verified(handbook)[0] == 0
    result = load_evidence(Path(evidence(handbook))).examples[NAME].results[LANE]
    assert result.client
    assert (result.client.name, result.client.version, result.requests) == ("python-gitlab", "8.6.0", 5)
