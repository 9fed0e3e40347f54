"""Compares pages that were built with those that the evidence gives now: nobody serves others by mistake."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from verified_docs.blocks import CENSUS_FILE, CENSUS_PAGE
from verified_docs.durations import load_durations
from verified_docs.evidence import load_evidence, merge
from verified_docs.lane import load_lanes
from verified_docs.problem import Problem, Problems, shown
from verified_docs.publish import publish_pages

# The day of a build stands in the map of the site, and in the head of what is packed; the census says how long it took.
_BUILD_DAY = re.compile(rb"<lastmod>[^<]*</lastmod>")
_SECONDS = re.compile(rb'(?<="seconds": )[\d.e-]+|(?<=<td>)\d+\.\d+(?=</td>\s*</tr>)|(?<=\| )\d+\.\d+(?= \|$)', re.M)
_CENSUS = f"{CENSUS_PAGE.removesuffix('.md')}/"
_SEARCH = "search/search_index.json"
_MOST = 10


def build_again(root: Path, parts: Sequence[Path], pages: Path, site: Path | None) -> None:
    """Writes the pages of some evidence, and the site of these pages.

    Args:
        root: The project's folder.
        parts: The evidence of each environment.
        pages: Where to write the pages; below the root.
        site: Where to write the site, or None to write none.

    Raises:
        Problem: The pages or the site cannot be built.
    """
    merged = merge([load_evidence(part) for part in parts], load_lanes(root), parts[0].parent)
    publish_pages(root, merged, pages, load_durations(parts))
    if site is None:
        return
    with tempfile.NamedTemporaryFile("w", dir=root, prefix=".mkdocs-", suffix=".yml", encoding="utf-8") as config:
        config.write(f"INHERIT: mkdocs.yml\ndocs_dir: {pages}\nsite_dir: {site}\n")
        config.flush()
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file", config.name]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        what = (done.stderr.strip() or done.stdout.strip()).rpartition("\n")[2]
        raise Problem(root / "mkdocs.yml", None, f"the site cannot be built: {what}", "make site", kind="site")


def check_built(expected: Path, found: Path) -> None:
    """Makes sure that a folder holds what it would hold if it were built now.

    Args:
        expected: What was built just now.
        found: What is served.

    Raises:
        Problems: One for each file that is missing, left over or another one; the first ten.
    """
    wanted, there = _files(expected), _files(found)
    differing = sorted(
        (name, what)
        for name in wanted.keys() | there.keys()
        if (what := _difference(wanted.get(name), there.get(name), name))
    )
    if differing:
        raise Problems(
            [
                Problem(found / name, None, f"{what}; {len(differing)} in all", "make site", kind="built")
                for name, what in differing[:_MOST]
            ]
        )


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in _walk(folder)}


def _walk(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise Problem(folder, None, f"there is no {shown(folder)}", "make site", kind="built")
    return (path for path in folder.rglob("*") if path.is_file())


def _difference(expected: Path | None, found: Path | None, name: str) -> str:
    if found is None:
        return "the evidence gives this file, and it is not there"
    if expected is None:
        return "the evidence gives no such file"
    one, other = _content(expected, name), _content(found, name)
    return "" if one == other else "the evidence gives another content of this file"


def _content(path: Path, name: str) -> bytes:
    """A file's content without what differs from one build to the next: its day, and how long checks took."""
    content = path.read_bytes()
    if name.startswith("sitemap.xml"):
        try:
            content = gzip.decompress(content) if name.endswith(".gz") else content
        except (OSError, EOFError):
            return content
        return _BUILD_DAY.sub(b"", content)
    if name in {CENSUS_FILE, CENSUS_PAGE} or name.startswith(_CENSUS):
        return _SECONDS.sub(b"", content)
    if name == _SEARCH:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            index = json.loads(content)
            index["docs"] = [row for row in index["docs"] if not row["location"].startswith(_CENSUS)]
            return json.dumps(index).encode()
    return content
