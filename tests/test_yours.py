"""A team's own GitLab stands in what readers copy, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import ROOT, rewrite
from handbook.usage import usage
from handbook.yours import Yours
from mlflow_gitlab.team import CONFIG
from verified_docs.census import find_fences
from verified_docs.evidence import Evidence
from verified_docs.exchange import NotThere
from verified_docs.publish import publish_pages

THEIRS = r"""
gitlab: {url: "https://git.team.test/lab", project: ml\team/models, project_id: 7}
contacts: {access: "#help"}
"""
PAGE = """
```bash
export MLFLOW_TRACKING_URI=https://gitlab.example.com/api/v4/projects/42/ml/mlflow
curl "https://gitlab.example.com/api/v4/projects/acme%2Fwine-quality"
```

!!! note

    ```dotenv title=".env"
    GITLAB_PROJECT=acme/wine-quality
    GITLAB_PROJECT_ID=42
    KEEP=42
    ```

```http
GET /api/v4/projects/42 HTTP/1.1
Host: https://gitlab.example.com
```

```python
url = "https://gitlab.example.com"
```

In prose, `https://gitlab.example.com` is what was recorded.
"""


def yours(folder: Path, text: str) -> Yours:
    rewrite(folder / CONFIG, text)
    return Yours(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / CONFIG).parent.mkdir()
    return tmp_path


def test_commands_and_files_name_the_gitlab_of_the_team(folder: Path) -> None:
    page = yours(folder, THEIRS).rewrite(PAGE)
    bash, dotenv, http, python = find_fences(folder / "page.md", page)
    assert bash.content == (
        "export MLFLOW_TRACKING_URI=https://git.team.test/lab/api/v4/projects/7/ml/mlflow\n"
        'curl "https://git.team.test/lab/api/v4/projects/ml%5Cteam%2Fmodels"\n'
    )
    assert dotenv.content == "GITLAB_PROJECT=ml\\team/models\nGITLAB_PROJECT_ID=7\nKEEP=42\n"
    before = find_fences(folder / "page.md", PAGE)
    assert (http.content, python.content) == (before[2].content, before[3].content)
    assert page.splitlines()[-1] == PAGE.splitlines()[-1]


def test_a_path_alone_is_encoded_in_the_address(folder: Path) -> None:
    page = yours(folder, 'gitlab: {url: "https://git.team.test", project: team/models}\n').rewrite(PAGE)
    assert "https://git.team.test/api/v4/projects/team%2Fmodels/ml/mlflow" in page
    assert "GITLAB_PROJECT_ID=\n" in page


def test_the_example_team_changes_nothing() -> None:
    assert Yours(ROOT).rewrite(PAGE) == PAGE


def test_a_longer_name_is_another_host(folder: Path) -> None:
    page = "```bash\ncurl https://gitlab.example.community/ https://gitlab.example.com/x\n```\n"
    found = yours(folder, 'gitlab: {url: "https://git.team.test"}\n').rewrite(page)
    assert found == "```bash\ncurl https://gitlab.example.community/ https://git.team.test/x\n```\n"


def test_readers_are_told_whom_to_ask(folder: Path) -> None:
    assert "`#help`" in yours(folder, THEIRS).contact()
    assert yours(folder, "").contact() == "Ask a Maintainer of your project."


def test_the_published_site_follows_the_team_and_keeps_what_was_recorded(
    project: Path, evidence: Evidence, tmp_path: Path
) -> None:
    rewrite(project / CONFIG, THEIRS)
    publish_pages(project, evidence, tmp_path / "pages")
    tutorial = (tmp_path / "pages/tutorials/first-run.md").read_text("utf-8")
    assert "MLFLOW_TRACKING_URI=https://git.team.test/lab/api/v4/projects/7/ml/mlflow" in tutorial
    # What was recorded keeps its host.
    assert "https://gitlab.example.com" in (
        tmp_path / "pages/cassettes/gitlab-19.3/mlflow-3/tracking/log_first_run.yaml"
    ).read_text("utf-8")
    assert "`#help`" in (tmp_path / "pages/mlflow/authentication.md").read_text("utf-8")
    copied = ("bash", "sh", "dotenv", "toml", "yaml")
    for path in sorted((tmp_path / "pages").rglob("*.md")):
        for one in find_fences(path, path.read_text("utf-8")):
            if one.language in copied:
                assert "gitlab.example.com" not in one.content, (path, one.line)


def test_a_page_shows_a_command_as_its_own_help_does() -> None:
    shown = usage("mlflow-gitlab settings")
    assert shown.startswith("`mlflow-gitlab settings [OPTIONS]`")
    assert "| `--schema` | Print the JSON Schema of the team's file. |" in shown
    assert "mlflow-gitlab doctor scan" in usage("mlflow-gitlab doctor scan")
    for line in ("mlflow-gitlab fly", "mlflow-gitlab settings deeper"):
        with pytest.raises(NotThere, match="there is no command"):
            usage(line)
