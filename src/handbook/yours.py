"""Puts a team's own GitLab into the commands and files that readers copy; what was recorded stays as it was."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from mlflow_gitlab.team import CONFIG, Team, load_team

# The fences that a reader copies to the own machine. Answers, outputs and Python that ran are none of them.
_COPIED = ("bash", "sh", "shell", "console", "ini", "dotenv", "env", "toml", "yaml")
_FENCE = re.compile(
    r"^(?P<indent>[ \t]*)(?P<marks>`{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=indent)(?P=marks)[ \t]*$", re.M | re.S
)
# What the recordings, and with them all examples of this site, are about.
_URL, _PATH, _ID = "https://gitlab.example.com", "acme/wine-quality", "42"


class Yours:
    """What a team set in config/mlflow-gitlab.yaml, on its pages.

    Args:
        root: The project's folder.

    Raises:
        Problem: The file cannot be read, or something in it is wrong.
    """

    def __init__(self, root: Path) -> None:
        path = root / CONFIG
        self.team = load_team(path) if path.is_file() else Team()
        self._replace = self._replacements()

    def _replacements(self) -> list[tuple[re.Pattern[str], str]]:
        server, client = self.team.gitlab, self.team.mlflow
        url = server.url or _URL
        path = str(server.project or _PATH)
        number = str(server.project_id or (path if path.isdigit() else "")) or (_ID if path == _PATH else "")
        made = f"{url}/api/v4/projects/{number or quote(path, safe='')}/ml/mlflow"
        pairs = [
            (f"{_URL}/api/v4/projects/{_ID}/ml/mlflow", client.tracking_uri or made),
            (_URL, url),
            (quote(_PATH, safe=""), quote(path, safe="")),
            (_PATH, path),
        ]
        made_of = [(re.compile(re.escape(old) + r"(?![\w.-])"), new) for old, new in pairs if old != new]
        if number != _ID:
            made_of.append((re.compile(rf"(?m)(?<=GITLAB_PROJECT_ID=){_ID}$"), number))
        return made_of

    def rewrite(self, markdown: str) -> str:
        """A page whose commands and files name the team's GitLab and project."""
        if not self._replace:
            return markdown
        return _FENCE.sub(self._fence, markdown)

    def _fence(self, match: re.Match[str]) -> str:
        words = match["info"].split()
        if not words or words[0].strip("{.}") not in _COPIED:
            return match[0]
        text = match["body"]
        for pattern, new in self._replace:
            text = pattern.sub(new.replace("\\", r"\\"), text)
        return match[0].replace(match["body"], text)

    def contact(self) -> str:
        """Whom to ask for access, in a sentence."""
        whom = self.team.contacts.access
        if not whom:
            return "Ask a Maintainer of your project."
        return f"Ask in `{whom}`, which is what your team has set in `{CONFIG.as_posix()}`."
