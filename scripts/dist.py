"""Builds what a release has, so that the same commit always gives the same bytes: `dist.py [ARCHIVE …]`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUMS = "SHA256SUMS"


def dist(root: Path, into: Path, archives: list[Path]) -> Path:
    """Makes the folder of a release anew.

    Args:
        root: The project's folder.
        into: Where.
        archives: What is taken along as it is.

    Returns:
        The file of sums.
    """
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    # hatchling writes this time into every archive; without it, each build would have its own.
    when = os.environ.get("SOURCE_DATE_EPOCH") or _commit_time(root)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(into)]
    subprocess.run(command, cwd=root, check=True, stdout=sys.stderr, env=os.environ | {"SOURCE_DATE_EPOCH": when})
    for archive in archives:
        shutil.copyfile(archive, into / archive.name)
    rows = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(into.iterdir())]
    (into / SUMS).write_text("".join(rows), "utf-8")
    return into / SUMS


def _commit_time(root: Path) -> str:
    command = ["git", "log", "-1", "--format=%ct"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    print(dist(ROOT, ROOT / "dist", [Path(name) for name in sys.argv[1:]]).read_text("utf-8"), end="")
