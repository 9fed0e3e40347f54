"""verified_docs knows nothing of this project: without its adapter, and without MLflow, it passes its own tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

# What is not there for another team.
_OURS = ("mlflow", "mlflow_gitlab", "handbook")
_BLOCK = f"""import importlib.abc, sys

class No(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {_OURS!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, No())
"""


def test_verified_docs_passes_its_own_tests_without_this_projects_adapter(tmp_path: Path) -> None:
    source, tests = tmp_path / "src", tmp_path / "tests"
    unwanted = shutil.ignore_patterns("gitlab_mlflow", "__pycache__")
    shutil.copytree(ROOT / "src/verified_docs", source / "verified_docs", ignore=unwanted)
    shutil.copytree(ROOT / "tests/own", tests, ignore=unwanted)
    (tests / "without.py").write_text(_BLOCK, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", "utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(source), str(tests)])}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "without", "-p", "no:cacheprovider", str(tests)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " skipped" not in done.stdout
