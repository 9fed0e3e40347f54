"""Lets MkDocs write what programs read: a Markdown twin of each page, llms.txt, robots.txt; and tunes the search."""

from __future__ import annotations

import json
import logging
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from verified_docs import found, llms
from verified_docs.found import Findable, load_findable, tune
from verified_docs.glance import LANES_FILE
from verified_docs.llms import Entry, Section
from verified_docs.problem import Problem
from verified_docs.twin import Twins, description, markdown, twin_name
from verified_docs.whole import write_whole

_log = logging.getLogger("mkdocs.hooks.verified_docs")
_LAST_MODIFIED = re.compile(r"\s*<lastmod>[^<]*</lastmod>")
_ROBOTS = "robots.txt"
# MkDocs gives the tree of pages once, before it writes any.
_navigation: dict[str, Any] = {}


def on_files(files: Any, config: Any) -> Any:
    """Announces the files that are written at the end, so that pages may link to them."""
    from mkdocs.structure.files import File

    for name in (llms.FILE, llms.FULL_FILE):
        files.append(File.generated(config, name, content=""))
    return files


def on_nav(nav: Any, config: Any, files: Any) -> None:
    """Keeps the navigation for the end of the build."""
    _navigation["items"] = nav.items
    _navigation["pages"] = [file.page for file in files.documentation_pages() if file.page is not None]


def on_env(env: Any, config: Any, files: Any) -> None:
    """Gives templates the lanes, as published."""
    path = Path(config.docs_dir) / LANES_FILE
    env.globals["lanes"] = json.loads(path.read_text("utf-8")) if path.is_file() else []


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Names the page's twin in its head."""
    here = posixpath.dirname(page.file.dest_uri) or "."
    twin = posixpath.relpath(twin_name(page.file.src_uri), here)
    # The theme takes a link[rel=alternate] for a language, and asks for its sitemap: the space keeps it from that.
    added = f'<link rel="alternate " type="text/markdown" title="This page in Markdown" href="{twin}">'
    return output.replace("</head>", f"{added}</head>", 1)


def on_post_template(output_content: str, template_name: str, config: Any) -> str:
    """Takes out of the sitemap the day of the build, on which no page changed."""
    return _LAST_MODIFIED.sub("", output_content) if template_name == "sitemap.xml" else output_content


def on_post_build(config: Any) -> None:
    """Writes what stands beside the pages."""
    docs, site = Path(config.docs_dir), Path(config.site_dir)
    pages = {page.file.src_uri: page for page in _navigation["pages"]}
    # Addresses as published, also where the pages are built for a file system.
    twins = Twins({twin_name(name): _address(name) for name in pages}, config.site_url)
    texts = {twin_name(name): twins.twin(twin_name(name), markdown(docs / name)) for name in sorted(pages)}
    for name, text in texts.items():
        write_whole(site / name, text)
    for name, target in _redirects(config).items():
        address = posixpath.relpath(target, posixpath.dirname(name) or ".")
        write_whole(site / name, f"# Moved\n\nThis page is now [here]({address}).\n")
    _write_llms(config, texts)
    write_whole(site / _ROBOTS, f"User-agent: *\nAllow: /\n\nSitemap: {config.site_url}sitemap.xml\n")
    _tune_search(docs, site, {twin_name(name).removesuffix(".md"): page.url for name, page in pages.items()})


def _address(name: str) -> str:
    folder = twin_name(name).removesuffix(".md")
    return "" if folder == "index" else f"{folder.removesuffix('/index')}/"


def _redirects(config: Any) -> dict[str, str]:
    plugin = config.plugins.get("redirects")
    return dict(plugin.config["redirect_maps"]) if plugin else {}


def _write_llms(config: Any, texts: dict[str, str]) -> None:
    told = config.extra.get("machines", {})
    site = Path(config.site_dir)
    sections: list[Section] = []
    optional = Section(llms.OPTIONAL)
    full: list[str] = []
    first = Section("About")
    for item in _navigation["items"]:
        target = first if item.is_page else Section(item.title)
        for page in _pages_of(item):
            name = twin_name(page.file.src_uri)
            text = texts[name]
            entry = Entry(str(page.title), f"{config.site_url}{name}", description(text))
            (optional if item.title in told.get("optional", ()) else target).entries.append(entry)
            if item.title not in {*told.get("optional", ()), *told.get("bulk", ())}:
                full.append(text)
        if target not in sections:
            sections.append(target)
    data = [Entry(name, f"{config.site_url}{name}", about) for name, about in told.get("data", {}).items()]
    for entry in data:
        if not (site / entry.title).is_file():
            _log.warning("extra: machines: data: there is no file %r on the site", entry.title)
    sections += [Section("Data", data), optional]
    notes = [note.strip() for note in told.get("notes", ())]
    write_whole(site / llms.FILE, llms.llms_txt(config.site_name, config.site_description or "", notes, sections))
    head = f"# {config.site_name}\n\n> {config.site_description}"
    write_whole(site / llms.FULL_FILE, llms.llms_full(head, full))


def _pages_of(item: Any) -> Iterator[Any]:
    if item.is_page:
        yield item
    for child in item.children or ():
        yield from _pages_of(child)


def _tune_search(docs: Path, site: Path, urls: dict[str, str]) -> None:
    path = docs / found.FILE
    if not path.is_file():
        return
    try:
        rows = load_findable(path, urls)
    except Problem as problem:
        _log.warning("%s", problem)
        return
    by_url = {url: rows[name] for name, url in urls.items()}
    index = site / found.INDEX
    write_whole(index, tune(index.read_text("utf-8"), lambda url: by_url.get(url, Findable())))
