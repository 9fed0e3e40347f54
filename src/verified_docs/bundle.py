"""Packs the site for readers without a network: pages that open from the file system, in one archive."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

from verified_docs.file_links import make_links_lead_to_files
from verified_docs.problem import Problem, read_text
from verified_docs.scan import Report, load_exempt, scan
from verified_docs.whole import new_folder

VARIABLE = "BUNDLE"
# Lets pages of the file system search: browsers start no worker for them.
WORKER = "assets/iframe-worker.js"
# Of a server: a map for search engines, and what it answers where there is no page.
_LEFT_OUT = ("sitemap.xml", "sitemap.xml.gz", "404.html", "search/search_index.json")
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_MODE = stat.S_IFREG | 0o644


def bundle_name(root: Path) -> str:
    """The name of the archive without its ending: that of the project, and its version.

    Raises:
        Problem: `pyproject.toml` has none.
    """
    path = root / "pyproject.toml"
    try:
        project = tomllib.loads(read_text(path))["project"]
        return f"{project['name']}-{project['version']}"
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        fix = "write name and version under [project], then make bundle"
        raise Problem(path, 1, f"this names no project with a version: {error}", fix, kind="bundle") from error


def build_offline(root: Path, pages: Path, into: Path) -> None:
    """Builds the site so that it opens from the file system, with search.

    Args:
        root: The project's folder.
        pages: The pages in Markdown, as `publish` writes them.
        into: The folder to make anew.

    Raises:
        Problem: The pages are not written yet, or the site cannot be built.
        Problems: A link leads to no file.
    """
    if not pages.is_dir():
        raise Problem(pages, None, "the pages are not written yet", "make bundle", kind="bundle")
    with (
        new_folder(into) as work,
        tempfile.NamedTemporaryFile("w", dir=root, prefix=".mkdocs-", suffix=".yml", encoding="utf-8") as config,
    ):
        extra = f"extra:\n  polyfills: [{WORKER}]\n"
        config.write(f"INHERIT: mkdocs.yml\ndocs_dir: {pages}\nsite_dir: {work}\n{extra}")
        config.flush()
        # Not quietly: MkDocs then counts no warnings, and is not strict.
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", config.name]
        # The day of the build stands on no page that is left; a day of its own keeps it out of the rest.
        environment = {**os.environ, VARIABLE: "true", "SOURCE_DATE_EPOCH": "315532800"}
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or "MkDocs ended").split("\n")
            what = next((row for row in said if row.startswith(("WARNING", "ERROR"))), said[-1])
            fix = "make site, which says more"
            raise Problem(root / "mkdocs.yml", None, f"the bundle cannot be built: {what}", fix, kind="bundle")
        for name in _LEFT_OUT:
            (work / name).unlink(missing_ok=True)
        make_links_lead_to_files(work)


def pack(folder: Path, target: Path) -> int:
    """Packs a folder; the same files always give the same bytes.

    Args:
        folder: What to pack.
        target: The archive; what is in it stands in a folder of its name.

    Returns:
        Its size in bytes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    work = target.with_name(f".{target.name}.part")
    try:
        with zipfile.ZipFile(work, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for path in _files(folder):
                entry = zipfile.ZipInfo(f"{target.stem}/{path.relative_to(folder).as_posix()}", _EARLIEST)
                entry.create_system = 3
                entry.external_attr = _MODE << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes(), compresslevel=9)
        work.replace(target)
    finally:
        work.unlink(missing_ok=True)
    return target.stat().st_size


def check_secrets(root: Path, folder: Path, host: str) -> Report:
    """Looks for secrets in what is packed.

    Args:
        root: The project's folder.
        folder: What is packed.
        host: The only host that a cassette may name.

    Raises:
        Problem: There is one; the first is named.
    """
    from verified_docs.known import load_known

    # It is the site once more, under the names by which the site's exceptions go.
    files = ((f"site/{path.relative_to(folder).as_posix()}", path.read_bytes()) for path in _files(folder))
    report = scan(root, files, load_known(root), load_exempt(root), host=host)
    if report.findings:
        first = report.findings[0]
        at = folder / first.file.removeprefix("site/")
        what = f"the bundle would hold a secret ({first.said}); {len(report.findings)} in all"
        raise Problem(at, first.line, what, f"{first.fix}, then make bundle", kind="secret")
    return report


def _files(folder: Path) -> list[Path]:
    return sorted((path for path in folder.rglob("*") if path.is_file()), key=Path.as_posix)
