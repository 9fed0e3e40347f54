"""Writes what verification found as a Code Quality report, which a merge request shows beside the changed lines."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from verified_docs.problem import Problem, Problems
from verified_docs.whole import write_whole

_CHECK = "verified-docs"
# Each of them keeps the pages from being published.
_SEVERITY = "major"


@contextmanager
def reported(path: Path | None, root: Path) -> Iterator[list[Problem]]:
    """Collects the problems of a block and writes them when it ends, also where it ends with a problem.

    Args:
        path: Where to write the report, or None to write none.
        root: The project's folder.

    Yields:
        The list to put problems into.
    """
    found: list[Problem] = []
    raised: list[Problem] = []
    try:
        yield found
    except (Problem, Problems) as error:
        raised = error.found if isinstance(error, Problems) else [error]
        raise
    finally:
        if path:
            # A mistyped option is in no file of the project.
            write_whole(path, report([one for one in [*found, *raised] if one.kind != "usage"], root))


def report(problems: Iterable[Problem], root: Path) -> str:
    """The report: one entry for each problem, and no entries where all is well.

    Args:
        problems: What was found, in any order.
        root: The project's folder. Paths are relative to the repository that it is in.
    """
    root = root.resolve()
    base = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    seen: Counter[str] = Counter()
    rows = []
    for one in sorted(problems, key=lambda one: (str(one.path), one.line or 0, one.kind, one.what, one.fix)):
        path = _relative(one.path, root, base)
        # A line that moves is still the same problem; two that say the same are told apart by their order.
        identity = "\0".join((one.kind, path, one.what))
        seen[identity] += 1
        rows.append(
            {
                "description": f"{one.what} (fix: {one.fix})",
                "check_name": f"{_CHECK}/{one.kind}",
                "fingerprint": hashlib.sha256(f"{identity}\0{seen[identity]}".encode()).hexdigest()[:32],
                "severity": _SEVERITY,
                "location": {"path": path, "lines": {"begin": one.line or 1}},
            }
        )
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def _relative(path: Path, root: Path, base: Path) -> str:
    whole = (root / path).resolve()
    return whole.relative_to(base).as_posix() if whole.is_relative_to(base) else path.as_posix()
