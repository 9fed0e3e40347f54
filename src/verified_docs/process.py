"""The processes in the environment of a lane: they run examples, try mutants, or serve the kernel of a notebook."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from verified_docs.adapter import load_adapter

MODULE = "verified_docs.process"
RECORD, MUTANTS, KERNEL = "record", "mutants", "kernel"


def main() -> None:
    """Serves the process that started this one: `WORK ROOT`, and for a kernel `CONNECTION_FILE JOB_FILE`."""
    work, root, *files = sys.argv[1:]
    adapter = load_adapter(Path(root))
    # Before anything loads the client, which may look at them then only.
    os.environ.update(adapter.settings)
    if work == KERNEL:
        from verified_docs.notebooks.kernel import serve

        serve(adapter, files[0], Path(files[1]))
        return
    if work == MUTANTS:
        # Libraries that compute keep threads, which a copy of the process would wait for in vain.
        os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"})
    # What examples print goes nowhere.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as replies:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if work == MUTANTS:
            from verified_docs.mutants.lab import serve as try_mutants

            try_mutants(sys.stdin, replies, adapter)
        else:
            from verified_docs.recorded_run import serve as record

            record(sys.stdin, replies, adapter)


if __name__ == "__main__":
    main()
