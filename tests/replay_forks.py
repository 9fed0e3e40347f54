"""Runs scripts as processes of their own, with MLflow imported once for all of them."""

from __future__ import annotations

import json
import os
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any


def _child(job: dict[str, Any]) -> int:
    os.chdir(job["folder"])
    os.environ.update(job["environment"])
    for number, name in ((1, "out"), (2, "err")):
        handle = os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, number)
    sys.argv = [job["script"]]
    sys.path.insert(0, str(Path(job["script"]).parent))
    try:
        runpy.run_path(job["script"], run_name="__main__")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else bool(ended.code)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def main() -> None:
    """Forks for each job on standard input, one after another, and writes the exit codes."""
    from mlflow import MlflowClient, artifacts

    del MlflowClient, artifacts  # loaded, which is all that is wanted of them
    codes = []
    for job in json.load(sys.stdin):
        child = os.fork()
        if child == 0:
            os._exit(_child(job))
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    json.dump(codes, sys.stdout)


if __name__ == "__main__":
    main()
