"""Makes projects of any size out of real examples and their real recordings, to see how verification grows."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Iterable
from pathlib import Path

# Short, and has a bit of everything: parameters, metrics, tags, a file, an answer that is read.
SEED = "tracking/log_first_run"
ON_A_PAGE = 10


def lane_of(name: str) -> dict[str, str]:
    """A lane such as `gitlab-19.3/mlflow-3`, as the settings of a project name it."""
    from verified_docs.lane import load_lanes

    root = Path(__file__).resolve().parent.parent
    lane = next(one for one in load_lanes(root) if one.id == name)
    return {"server": lane.server, "client": lane.client}


def make_project(root: Path, into: Path, lane: str, names: Iterable[str]) -> Path:
    """Makes a project of some real examples in one lane, one page for each ten.

    Args:
        root: The real project.
        into: A folder that is not there yet.
        lane: The lane's id.
        names: The ids of the examples.
    """
    real = json.loads((root / "cassettes" / "manifest.json").read_text("utf-8"))["recordings"]
    ids = list(names)
    for name in ids:
        for path in (f"examples/{name}.py", f"cassettes/{lane}/{name}.yaml"):
            _copy(root / path, into / path)
    return _rest(root, into, lane, {f"{lane}/{name}": real[f"{lane}/{name}"] for name in ids}, ids)


def make_synthetic(root: Path, into: Path, lane: str, count: int) -> Path:
    """Makes a project of many copies of one real example, each with a source of its own and the real recording.

    Args:
        root: The real project.
        into: A folder that is not there yet.
        lane: The lane's id.
        count: How many examples it has.
    """
    source = (root / f"examples/{SEED}.py").read_text("utf-8")
    title = next(row for row in source.splitlines() if row.startswith("# title = "))
    row = json.loads((root / "cassettes" / "manifest.json").read_text("utf-8"))["recordings"][f"{lane}/{SEED}"]
    ids = [f"made/copy_{number:04}" for number in range(1, count + 1)]
    for number, name in enumerate(ids, start=1):
        path = into / f"examples/{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.replace(title, f"{title[:-1]}, copy {number}{title[-1]}"), "utf-8")
        _copy(root / f"cassettes/{lane}/{SEED}.yaml", into / f"cassettes/{lane}/{name}.yaml")
    return _rest(root, into, lane, {f"{lane}/{name}": row for name in ids}, ids)


def _rest(root: Path, into: Path, lane: str, manifest: dict[str, dict[str, str]], ids: list[str]) -> Path:
    """Manifest, settings and pages."""
    (into / "cassettes" / "manifest.json").write_text(json.dumps({"recordings": manifest}), "utf-8")
    names = lane_of(lane)
    adapter = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["verified_docs"]["adapter"]
    settings = f'adapter = "{adapter}"\nlanes = [{{ server = "{names["server"]}", client = "{names["client"]}" }}]\n'
    (into / "pyproject.toml").write_text(f"[tool.verified_docs]\n{settings}", "utf-8")
    _copy(root / ".env.template", into / ".env.template")
    (into / "docs").mkdir()
    (into / "docs" / "index.md").write_text("# Home\n\n```python\nprint(1)\n#> 1\n```\n", "utf-8")
    for start in range(0, len(ids), ON_A_PAGE):
        shown = "\n\n".join(f'{{{{ example("{name}") }}}}' for name in ids[start : start + ON_A_PAGE])
        number = start // ON_A_PAGE + 1
        (into / "docs" / f"page-{number:03}.md").write_text(f"# Page {number}\n\n{shown}\n", "utf-8")
    return into


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
